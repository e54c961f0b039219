package i18n

import (
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
)

// TestEveryChangeHasWords wants a sentence for every code, with all facts and with none.
func TestEveryChangeHasWords(t *testing.T) {
	facts := []diagnostics.Fact{
		diagnostics.Int("before", 3, ""), diagnostics.Int("after", 2, ""), diagnostics.Text("printer", "p"),
		{Key: "names", Value: []string{"a", "b"}, Class: diagnostics.Plain},
	}
	for _, lang := range Languages {
		p := New(lang)
		for _, code := range diagnostics.ChangeCodes() {
			full := p.Change(diagnostics.Change{Code: code, Facts: facts})
			bare := p.Change(diagnostics.Change{Code: code})
			for _, s := range []string{full, bare} {
				if strings.Contains(s, "change.") || strings.ContainsAny(s, "{}…") || !strings.HasSuffix(s, ".") {
					t.Errorf("%s %s: %q", lang, code, s)
				}
			}
		}
		at := time.Date(2026, 11, 22, 9, 5, 0, 0, time.UTC)
		s := p.ChangeWhen(diagnostics.Change{Code: diagnostics.ChangeRestarted, At: at}, time.UTC)
		if !strings.Contains(s, "22") || !strings.Contains(s, "09:05") {
			t.Errorf("%s: %q", lang, s)
		}
	}
	if s := New("fr").Change(diagnostics.Change{Code: "gravity.changed"}); s != "gravity.changed" {
		t.Errorf("have %q", s)
	}
}
