package notify

import (
	"strings"
	"testing"
)

func TestPlainKeepsWordsOnly(t *testing.T) {
	for in, want := range map[string]string{
		"Réponse reçue — é à ü":       "Réponse reçue — é à ü",
		"two\nlines\tand  spaces":     "two lines and spaces",
		"esc\x1b[31m\x07\u009b":       "esc[31m",
		"turned \u202eback\u2066":     "turned back",
		"\xff\xfebroken":              "broken",
		strings.Repeat("é", 200):      strings.Repeat("é", 119) + "…",
		"   ":                         "",
		"العربية stays, marks \u200f": "العربية stays, marks",
	} {
		if got := plain(in, maxTitle); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestMarkupIsShownAsText(t *testing.T) {
	if got := markup(`<a href="x">&'</a>`); got != "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;" {
		t.Error(got)
	}
}
