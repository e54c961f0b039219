package symptom

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"balise/diagnostics/cause"
	"balise/diagnostics/pack"
	"balise/diagnostics/pack/join"
)

// What is built into the everyday packs: whatever they name exists, and every text is there, in both languages.

var update = flag.Bool("update", false, "write the golden files anew")

// causes are all codes that a pattern can name.
func causes(t *testing.T) []string {
	t.Helper()
	kb, err := cause.Core()
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for code := range kb.Causes {
		codes = append(codes, code)
	}
	for code := range kb.Unseen {
		codes = append(codes, code)
	}
	return codes
}

func TestEverydayPacksHaveNoMistake(t *testing.T) {
	vocabulary, err := join.Vocabulary("1.0")
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := join.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	set := pack.Load(pack.Params{Embedded: embedded, Vocabulary: vocabulary})
	for _, r := range set.Refused {
		t.Errorf("%s: %s %v", r.Path, r.Reason, r.Problems)
	}
	if symptoms, forms := everyday(t); len(set.Symptoms) != len(symptoms) || len(set.Forms) != len(forms) {
		t.Errorf("%d symptoms and %d forms are taken, of %d and %d", len(set.Symptoms), len(set.Forms), len(symptoms), len(forms))
	}
}

func TestSymptomsAreComplete(t *testing.T) {
	symptoms, forms := everyday(t)
	if len(symptoms) < 20 {
		t.Errorf("%d symptoms; people report at least 20", len(symptoms))
	}
	kb, err := cause.Core()
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]string{}
	for _, q := range kb.Questions {
		asked[q.ID] = "the core"
	}
	ids := map[string]bool{}
	for _, s := range symptoms {
		if ids[s.ID] {
			t.Errorf("%s stands twice", s.ID)
		}
		ids[s.ID] = true
		request := s.Form != ""
		if n := len(s.Questions); n < 2 || n > 3 {
			t.Errorf("%s: %d questions instead of two or three", s.ID, n)
		}
		if len(s.Tests) == 0 && !request || len(s.Factors) == 0 || len(s.Technician) == 0 {
			t.Errorf("%s: tests %v, factors %v, technician %v", s.ID, s.Tests, s.Factors, s.Technician)
		}
		if !slices.Contains([]string{"low", "medium", "high"}, s.Urgency) || s.Queue != "" {
			t.Errorf("%s: urgency %q, queue %q", s.ID, s.Urgency, s.Queue)
		}
		if request && !slices.ContainsFunc(forms, func(f pack.Form) bool { return f.ID == s.Form }) {
			t.Errorf("%s: there is no form %q", s.ID, s.Form)
		}
		for _, q := range s.Questions {
			id := join.QuestionID(s.ID, q.ID)
			if by, twice := asked[id]; twice {
				t.Errorf("%s: the question %s is asked by %s too", s.ID, id, by)
			}
			asked[id] = s.ID
			evidence := 0
			for _, o := range q.Options {
				if len(o.Factors) > 0 {
					evidence++
				}
			}
			if evidence < 2 {
				t.Errorf("%s: %s: %d answers are evidence; one alone tells nothing", s.ID, q.ID, evidence)
			}
		}
	}
	kinds := map[string]bool{}
	for _, f := range forms {
		kinds[f.Kind] = true
	}
	for _, kind := range []string{"software", "equipment", "access"} {
		if !kinds[kind] {
			t.Errorf("there is no form for %s", kind)
		}
	}
}

func TestEveryFactorIsOfSomeCause(t *testing.T) {
	codes := causes(t)
	symptoms, _ := everyday(t)
	for _, s := range symptoms {
		tables := map[string]map[string]float64{s.ID: s.Factors}
		for _, q := range s.Questions {
			for _, o := range q.Options {
				tables[q.ID+"/"+o.ID] = o.Factors
			}
		}
		for where, table := range tables {
			for pattern, factor := range table {
				head, open := strings.CutSuffix(pattern, "*")
				if !slices.ContainsFunc(codes, func(c string) bool { return c == pattern || open && strings.HasPrefix(c, head) }) {
					t.Errorf("%s: %q matches no cause", where, pattern)
				}
				if factor <= 0 || factor > 20 {
					t.Errorf("%s: %q: a factor of %v", where, pattern, factor)
				}
			}
		}
	}
}

func TestEverySymptomIsFoundByItsOwnWords(t *testing.T) {
	symptoms, _ := everyday(t)
	x := index(t)
	for _, s := range symptoms {
		for _, lang := range []string{"en", "fr"} {
			for _, text := range append([]string{s.Title[lang]}, s.Says[lang]...) {
				found := x.Match(text, lang)
				if len(found) == 0 || found[0].ID != s.ID && !shared(symptoms, text, lang) {
					t.Errorf("%s: %q finds %s", s.ID, text, told(found))
				}
			}
		}
	}
}

// shared tells whether several symptoms say the same.
func shared(symptoms []pack.Symptom, text, lang string) bool {
	n := 0
	for _, s := range symptoms {
		if slices.Contains(s.Says[lang], text) {
			n++
		}
	}
	return n > 1
}

// read gives all that people and technicians read of the packs, in one language.
func read(t *testing.T, lang string) []string {
	t.Helper()
	symptoms, forms := everyday(t)
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, s := range symptoms {
		add("%s\n    %s", s.ID, s.Title[lang])
		for _, q := range s.Questions {
			add("    %s", q.Text[lang])
			for _, o := range q.Options {
				add("        %s", o.Text[lang])
			}
		}
		add("    > %s", s.Technician[lang])
	}
	for _, f := range forms {
		add("%s\n    %s\n    %s", f.ID, f.Title[lang], f.Intro[lang])
		for _, d := range f.Fields {
			add("    - %s", d.Label[lang])
			for _, o := range d.Options {
				add("        %s", o.Text[lang])
			}
		}
	}
	return lines
}

// The golden files are there to be read: who changes a text reads it again in its place.
//
//	go test ./diagnostics/symptom -run Golden -update
func TestGoldenTexts(t *testing.T) {
	for _, lang := range []string{"en", "fr"} {
		name := "testdata/read_" + lang + ".txt"
		got := strings.Join(read(t, lang), "\n") + "\n"
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		have, should := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range max(len(have), len(should)) {
			if i >= len(have) || i >= len(should) || have[i] != should[i] {
				t.Fatalf("%s differs at line %d: read it aloud, then run this with -update", name, i+1)
			}
		}
	}
}

// frenchSlip finds an ordinary space where French wants one that does not break, and a typewriter's apostrophe.
var frenchSlip = regexp.MustCompile(` [:;?!%»]|« |[\p{L}]'[\p{L}]|"|[\p{L}][?!;]|[\p{L}]:( |$)|  `)

var (
	jargon = regexp.MustCompile(`(?i)\b(DHCP|TCP|UDP|MTU|DNS|TLS|SSL|CUPS|IMAP|SMTP|SMB|NFS|Kerberos|systemd|daemon|timeout|` +
		`gateway|passerelle|latence|spooler|kernel|noyau)\b`)
	blame = regexp.MustCompile(`(?i)\b(you forgot|your fault|you should have|you must|simply|obviously|invalid|fatal|` +
		`votre faute|vous devez|il suffit|simplement|évidemment|invalide)\b`)
)

func TestTextsArePlainKindAndTypeset(t *testing.T) {
	for _, lang := range []string{"en", "fr"} {
		for _, text := range read(t, lang) {
			for _, line := range strings.Split(text, "\n") {
				forPeople := !strings.HasPrefix(line, "    > ")
				line = strings.TrimSpace(line)
				if slip := frenchSlip.FindString(line); lang == "fr" && slip != "" {
					t.Errorf("%q in %s", slip, line)
				}
				if lang == "en" && (strings.Contains(line, "’") || strings.Contains(line, " ?")) {
					t.Errorf("typeset as French: %s", line)
				}
				if n := utf8.RuneCountInString(line); forPeople && n > 120 {
					t.Errorf("%d characters: %s", n, line)
				}
				if bad := jargon.FindString(line) + blame.FindString(line); bad != "" {
					t.Errorf("says %q: %s", bad, line)
				}
			}
		}
	}
}
