package desk

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"balise/assets"
	"balise/client"
)

func TestPageSpeaksTwoLanguages(t *testing.T) {
	d := newTestDesk(t)
	ref := fillDesk(t, d)
	b := d.technician()
	missing := regexp.MustCompile(`practice\.[a-z_]+\.[a-z_.]+|\{[a-z]+\}`)
	for accept, want := range map[string]string{
		"": "en", "en-GB,en;q=0.8": "en", "fr-CA,fr;q=0.9,en;q=0.5": "fr", "de,fr;q=0.8": "fr", "zh": "en", "nonsense;;": "en",
		"en;q=0.1,fr;q=0.9": "fr",
	} {
		b.lang = accept
		if _, page := b.get("/"); !strings.Contains(page, `<html lang="`+want+`">`) {
			t.Errorf("Accept-Language %q: not %s", accept, want)
		}
	}
	for _, b.lang = range []string{"en", "fr"} {
		for _, path := range []string{"/?status=all", "/tickets/" + ref.ID, "/notices", "/nothing", "/tickets/1005?done=answer"} {
			if _, page := b.get(path); missing.MatchString(strings.ReplaceAll(page, "{}", "")) {
				t.Errorf("%s in %s: no text for %q", path, b.lang, missing.FindString(page))
			}
		}
	}
	if _, page := b.get("/tickets/" + ref.ID); !strings.Contains(page, "Centre d’essai\u00a0: les tickets restent sur cet ordinateur") {
		t.Error("the French page does not say that tickets stay here")
	}
}

func TestQueueFilters(t *testing.T) {
	d := newTestDesk(t)
	ref := fillDesk(t, d)
	tk, err := d.driver("alice-token").Get(t.Context(), ref.ID, client.Validator{})
	if err != nil {
		t.Fatal(err)
	}
	b := d.technician()
	row := regexp.MustCompile(`<td class="num"><a href="/tickets/(\d+)"`)
	for query, want := range map[string]string{
		"": "1007 1005 1003 1002 1001", "?status=all": "1007 1006 1005 1004 1003 1002 1001",
		"?status=resolved": "1004", "?level=2": "1007 1003", "?level=9": "1007 1005 1003 1002 1001",
		"?category=printing": "1001", "?q=1004": "1004", "?q=%231004": "1004", "?q=" + tk.ClientRef.Code(): "1007",
		"?q=" + strings.ToLower(string(tk.ClientRef)): "1007", "?q=third+floor": "1007", "?q=100%25": "", "?q=%27+OR+1": "",
		"?status=all&page=1": "", "?status=nonsense": "1007 1005 1003 1002 1001",
	} {
		var got []string
		_, page := b.get("/" + query)
		for _, m := range row.FindAllStringSubmatch(page, -1) {
			got = append(got, m[1])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("queue%s: %v, want %s", query, got, want)
		}
	}
}

func TestBlocks(t *testing.T) {
	got := blocks("DIAGNOSIS: it is the cable.\n- a fact\n\nWHAT WAS SAID\nHello\n\nworld\n\nÉTAT DES ESSAIS\n- x\n\nOld style\n---------\ny")
	want := []block{
		{Lead: true, Text: "DIAGNOSIS: it is the cable."},
		{Text: "- a fact"},
		{Heading: true, Text: "WHAT WAS SAID"},
		{Text: "Hello"},
		{Text: "world"},
		{Heading: true, Text: "ÉTAT DES ESSAIS"},
		{Text: "- x"},
		{Heading: true, Text: "Old style"},
		{Text: "y"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := blocks("Hello,\nit is broken."); len(got) != 1 || got[0].Lead || got[0].Heading {
		t.Errorf("plain words: %+v", got)
	}
	if got := blocks("\n\n \n"); len(got) != 0 {
		t.Errorf("nothing: %+v", got)
	}
}

func FuzzBlocks(f *testing.F) {
	for _, s := range []string{"", "\n\n", "A\n---\n", sampleText, "---", "ABC\n\n---\n\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, b := range blocks(text) {
			if b.Text == "" || !strings.Contains(strings.ReplaceAll(text, "\r\n", "\n"), b.Text) {
				t.Errorf("%q is not in %q", b.Text, text)
			}
		}
	})
}

func TestEveryCategoryHasAName(t *testing.T) {
	named := regexp.MustCompile(`category:\s*([a-z_]+)`)
	var languages []*texts
	for _, lang := range []string{"en", "fr"} {
		words, err := loadTexts(lang)
		if err != nil {
			t.Fatal(err)
		}
		languages = append(languages, words)
	}
	found := 0
	err := fs.WalkDir(assets.FS, "packs", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(assets.FS, path)
		if err != nil {
			return err
		}
		for _, m := range named.FindAllStringSubmatch(string(raw), -1) {
			found++
			for _, words := range languages {
				if words.Or("category."+m[1], "") == "" {
					t.Errorf("%s: the category %s has no name in %s", path, m[1], words.lang)
				}
			}
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("%d categories read, %v", found, err)
	}
}
