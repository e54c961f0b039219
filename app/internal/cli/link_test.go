package cli

import (
	"strings"
	"testing"
)

func TestParseLink(t *testing.T) {
	for link, want := range map[string]string{
		"balise:": "", "balise://": "", "BALISE:describe": "", "balise://describe": "", "balise://describe/": "",
		"balise:describe?symptom=acme.erp_slow":   "acme.erp_slow",
		"balise://describe/?symptom=printer_mute": "printer_mute",
	} {
		if have, ok := parseLink(link); !ok || have != want {
			t.Errorf("%s: %q %v", link, have, ok)
		}
	}
	for _, link := range []string{
		"", "describe", "balise", "balise:check", "balise:report", "balise://describe?run=disk.clean_user", "balise:describe?",
		"balise:describe?symptom=", "balise:describe?symptom=../x", "balise:describe?symptom=a&run=b", "balise:describe?symptom=a%20b",
		"balise:describe?symptom=A", "balise:describe#x", "balise:describe/check", "balise:?symptom=a", "balise:///describe",
		"balise:describe?symptom=--json", "balise:describe?symptom=a\nb", "balise:repair/run", "balise:describe?symptom=a?b",
		"balise:describe?symptom=" + strings.Repeat("a", 65),
	} {
		if symptom, ok := parseLink(link); ok {
			t.Errorf("%q opens %q", link, symptom)
		}
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add("balise:describe?symptom=acme.erp_slow")
	f.Fuzz(func(t *testing.T, link string) {
		if symptom, ok := parseLink(link); ok && symptom != "" && !symptomID.MatchString(symptom) {
			t.Errorf("%q gives %q", link, symptom)
		}
	})
}
