package i18n

import (
	"regexp"
	"slices"
	"testing"

	"balise/diagnostics/cause"
)

var place = regexp.MustCompile(`\{[a-z_]+\}`)

func TestLanguagesAreComplete(t *testing.T) {
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range Languages {
		for _, b := range Languages {
			for key, text := range all[a] {
				other, ok := all[b][key]
				if !ok {
					t.Errorf("%s has %q, %s has not", a, key, b)
					continue
				}
				if text == "" {
					t.Errorf("%s: %q is empty", a, key)
				}
				mine, theirs := place.FindAllString(text, -1), place.FindAllString(other, -1)
				slices.Sort(mine)
				slices.Sort(theirs)
				if !slices.Equal(slices.Compact(mine), slices.Compact(theirs)) {
					t.Errorf("%q: %s uses %v, %s uses %v", key, a, mine, b, theirs)
				}
			}
		}
	}
}

func TestPlaces(t *testing.T) {
	p := New("fr")
	if got := p.T("status.pending"); got != "En attente de vous" {
		t.Error(got)
	}
	if got := p.T("no.such.key"); got != "no.such.key" {
		t.Error(got)
	}
	if New("de").Lang() != "en" {
		t.Error("an unknown language is not English")
	}
}

// torn finds a French sign that a line could begin with, or a quote or a unit torn from its word.
var torn = regexp.MustCompile(`[^\s] [;?!»%]|[\p{L}\p{N})}»…] :(\s|$)|« |\p{L}[;?!»]|«\p{L}|\p{L}'\p{L}|\.\.\.`)

func TestFrenchSignsStayWithTheirWords(t *testing.T) {
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for key, text := range all["fr"] {
		if at := torn.FindString(text); at != "" {
			t.Errorf("%s: %q in %q", key, at, text)
		}
	}
	kb, err := cause.Core()
	if err != nil {
		t.Fatal(err)
	}
	for code, e := range kb.Causes {
		x := e.Text["fr"]
		for _, text := range []string{x.Short, x.Sentence, x.Breaks, x.Now} {
			if at := torn.FindString(text); at != "" {
				t.Errorf("%s: %q in %q", code, at, text)
			}
		}
	}
}
