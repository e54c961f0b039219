package i18n

import (
	"testing"

	"balise/diagnostics/pack/probes"
)

// What a pack's probe finds has a name in every language: it stands in tickets.
func TestFactsOfProbesHaveNames(t *testing.T) {
	for _, p := range probes.Vocabulary() {
		for key := range p.Facts {
			for _, lang := range Languages {
				if !New(lang).Has("fact." + key) {
					t.Errorf("%s: fact.%s of the probe %s has no name", lang, key, p.Name)
				}
			}
		}
	}
}

func TestWordsOfPacksDoNotReplaceOurs(t *testing.T) {
	p := New("en").With(map[string]string{"check.acme.erp.name": "ERP", "check.net.link.name": "Pay here"})
	if p.Check("acme.erp") != "ERP" || p.Check("net.link") == "Pay here" || p.Lang() != "en" {
		t.Errorf("%q %q", p.Check("acme.erp"), p.Check("net.link"))
	}
	if New("en").Has("check.acme.erp.name") {
		t.Error("a pack's words stay behind")
	}
}
