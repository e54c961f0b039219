package pack

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func acme(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestParse(t *testing.T) {
	f, err := Parse("acme.yaml", acme(t))
	if err != nil {
		t.Fatal(err)
	}
	c := f.Checks[0]
	if f.Pack.Version != "2026.11.1" || f.Pack.MinClient != "0.1" || c.Timeout != 4*time.Second || len(c.Outcomes) != 3 ||
		c.With["contains"] != "OK" || f.Contacts[0].Phone != "+33 1 99 00 00 00" ||
		f.Pack.Expires.Format(time.DateOnly) != "2027-06-30" || f.Repairs[0].Helps["acme.erp/slow"] != 0.5 ||
		f.Repairs[0].Steps[2].WaitFor.Max != 2*time.Minute || f.Faults[1].Text["fr"].Now != "Patientez un peu." {
		t.Errorf("%+v", f)
	}
	if p := f.source.problem("checks[0].outcomes[1].if", "x"); p.Place() != "acme.yaml:26:14" {
		t.Errorf("the second outcome stands at %s", p.Place())
	}
}

// Each mistake is found where it stands.
func TestParseProblems(t *testing.T) {
	head := "api: balise/v1\npack: {id: a, version: 1, publisher: a, title: {en: A}, languages: [en]}\n"
	tests := []struct{ name, text, at, code string }{
		{"unknown key", head + "chekcs: []\n", "p.yaml:3:1", "unknown_key"},
		{"unknown key deep", head + "contacts:\n  - name: {en: A}\n    fax: 1\n", "p.yaml:5:5", "unknown_key"},
		{"twice", head + "api: balise/v1\n", "p.yaml:3:1", "twice"},
		{"twice in flow", head + "vars: {a: b, a: c}\n", "p.yaml:3:14", "twice"},
		{"empty list", head + "checks: []\n", "p.yaml:3:9", "empty_list"},
		{"empty mapping", head + "vars: {}\n", "p.yaml:3:7", "empty_list"},
		{"no value", head + "checks:\n", "p.yaml:3:", "no_value"},
		{"list wanted", head + "checks: x\n", "p.yaml:3:9", "wrong_type"},
		{"mapping wanted", head + "branding: [x]\n", "p.yaml:3:11", "wrong_type"},
		{"text wanted", head + "vars: {a: [b]}\n", "p.yaml:3:11", "wrong_type"},
		{"yes for text", head + "vars: {a: true}\n", "p.yaml:3:11", "wrong_type"},
		{"day", "api: balise/v1\npack: {id: a, version: 1, publisher: a, title: {en: A}, languages: [en], expires: soon}\n", "p.yaml:2:83", "wrong_type"},
		{"missing", "api: balise/v1\npack:\n  id: a\n  version: 1\n  title: {en: A}\n  languages: [en]\n", "p.yaml:3:3", "missing"},
		{"anchor", head + "vars: {a: &x b, c: *x}\n", "p.yaml:3:11", "no_anchors"},
		{"merge", head + "vars:\n  <<: {a: b}\n", "p.yaml:4:3", "no_anchors"},
		{"tag", head + "vars: {a: !!str 1}\n", "p.yaml:3:11", "no_tags"},
		{"complex key", head + "? [a]\n: b\n", "p.yaml:3:1", "complex_key"},
		{"second document", head + "---\napi: x\n", "p.yaml:4:", "second_document"},
		{"not yaml", head + "vars: {a: b\n", "p.yaml:", "syntax"},
		{"a tab", head + "vars:\n\ta: b\n", "p.yaml:4:1", "tab"},
		{"empty", "# nothing\n", "p.yaml", "empty"},
		{"a list", "- a\n", "p.yaml:1:1", "wrong_type"},
		{"not UTF-8", "api: \xff\n", "p.yaml", "not_utf8"},
		{"too large", head + "# " + strings.Repeat("x", MaxFile), "p.yaml", "too_large"},
		{"deep brackets", head + "vars: " + strings.Repeat("[", 200_000), "p.yaml:3:", "too_deep"},
		{"deep mappings", head + "vars: " + strings.Repeat("{a: ", 10_000), "p.yaml:3:", "too_deep"},
		{"deep dashes", head + strings.Repeat("- ", 10_000) + "a\n", "p.yaml:3:", "too_deep"},
		{"deep blocks", head + stairs(300), "p.yaml:", "too_deep"},
		{"blank lines", head + "vars: {a: |\n" + strings.Repeat("\n", 30) + " b}\n", "p.yaml:2", "too_blank"},
		{"many values", head + "vars: [" + strings.Repeat("1,", 100_000) + "1]\n", "p.yaml", "too_many_values"},
		{"billion laughs", laughs, "p.yaml:1:4", "no_anchors"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("p.yaml", []byte(tt.text))
			var all Problems
			if !errors.As(err, &all) {
				t.Fatalf("have %v", err)
			}
			for _, p := range all {
				if p.Code == tt.code && strings.HasPrefix(p.Place(), tt.at) {
					return
				}
			}
			t.Errorf("want %s at %s, have\n%v", tt.code, tt.at, err)
		})
	}
}

// stairs is a block mapping that many levels deep.
func stairs(levels int) string {
	var s strings.Builder
	for i := range levels {
		s.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return s.String()
}

const laughs = `a: &a ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]
`

func TestAllProblemsAreTold(t *testing.T) {
	_, err := Parse("p.yaml", []byte("api: 1\npack: {id: a, colour: red}\nchecks: []\nvars: {a: b, a: c}\n"))
	var all Problems
	if !errors.As(err, &all) || len(all) != 7 {
		t.Fatalf("want seven problems, have\n%v", err)
	}
	if all[0].Line != 2 || all[len(all)-1].Line != 4 {
		t.Errorf("not in the order of the text:\n%v", err)
	}
}

func TestATypingMistakeGetsAHint(t *testing.T) {
	_, err := Parse("p.yaml", []byte("api: balise/v1\npack: {idd: a}\nsymptom: []\n"))
	var all Problems
	if !errors.As(err, &all) {
		t.Fatal(err)
	}
	hints := ""
	for _, p := range all {
		hints += " " + p.Args["near"]
	}
	if !strings.Contains(hints, "id") || !strings.Contains(hints, "symptoms") {
		t.Errorf("hints %q", hints)
	}
}

// Texts that the YAML reader alone would spend minutes or gigabytes on are refused, or read, soon: the test's own
// deadline is the measure.
func TestHostileRepeats(t *testing.T) {
	for _, unit := range []string{"\n", "\r", " \n", "\r\n", "[", "{a: ", "- ", "? ", "a: b\n", "k: >-\n  x\n\n", "\\", "&a ", "!", "'", "\u00e9: \u00e9\n"} {
		for _, head := range []string{"", "a: |\n", "a: >\n ", "a: \"", "["} {
			raw := head + strings.Repeat(unit, (MaxFile-len(head))/len(unit))
			if _, err := Parse("p.yaml", []byte(raw)); err == nil {
				t.Errorf("%q and many %q are taken for a pack", head, unit)
			}
		}
	}
}
