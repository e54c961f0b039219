package i18n

import (
	"strings"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/cause"
)

func TestSentences(t *testing.T) {
	for _, c := range []struct {
		cause string
		facts []diagnostics.Fact
		fr    string
		en    string
	}{
		{
			cause: "net.gateway/silent",
			fr:    "Votre box ou le routeur du réseau ne répond plus.",
			en:    "Your router no longer answers.",
		},
		{
			cause: "net.portal/sign_in",
			fr:    "Ce réseau demande que vous vous connectiez sur sa page d’accueil.",
			en:    "This network wants you to sign in on its welcome page.",
		},
		{
			cause: "time.skew/ahead", facts: []diagnostics.Fact{diagnostics.Float("gap", 41*86400+5, "s")},
			fr: "L’horloge de votre ordinateur avance de 41 jours.",
			en: "Your computer's clock is 41 days ahead.",
		},
		{
			cause: "time.skew/behind", facts: []diagnostics.Fact{diagnostics.Float("gap", 95, "s")},
			fr: "L’horloge de votre ordinateur retarde de 95 secondes.",
			en: "Your computer's clock is 95 seconds behind.",
		},
		{
			cause: "net.dns.servers/first_dead",
			fr:    "Le premier serveur de noms (DNS) ne répond pas\u00a0: chaque site met plusieurs secondes à s’ouvrir.",
			en:    "The first name server (DNS) does not answer: each site takes several seconds to open.",
		},
		{
			cause: "svc.reach.erp/refused", facts: []diagnostics.Fact{diagnostics.Text("service", "ERP")},
			fr: "Le service «\u00a0ERP\u00a0» refuse les connexions\u00a0: il est sans doute arrêté.",
			en: "The service “ERP” refuses connections: it is probably stopped.",
		},
		{
			cause: "net.tls/expired", facts: []diagnostics.Fact{diagnostics.Text("endpoint", "desk")},
			fr: "Le certificat de sécurité de «\u00a0centre de services\u00a0» a expiré.",
			en: "The security certificate of “service desk” has expired.",
		},
		{
			cause: "disk.space/full",
			facts: []diagnostics.Fact{
				diagnostics.Text("volume", "system"), diagnostics.Int("free_bytes", 312_400_000, "B"),
			},
			fr: "Le disque est plein (disque du système)\u00a0: il ne reste que 312\u00a0Mo.",
			en: "The disk is full (system disk): only 312 MB is left.",
		},
		{
			cause: "perf.memory/low", facts: []diagnostics.Fact{{Key: "available_bytes", Value: 1.25e9, Unit: "B"}},
			fr: "La mémoire de votre ordinateur est presque épuisée\u00a0: il reste 1,2\u00a0Go.",
			en: "Your computer's memory is nearly used up: 1.2 GB is left.",
		},
		{ // a fact that was withheld leaves no raw place behind
			cause: "print.queue/paused",
			fr:    "La file d’impression de «\u00a0…\u00a0» est en pause.",
			en:    "The print queue of “…” is paused.",
		},
		{
			cause: "svc.reach.a-service-that-came-later/invented",
			fr:    "svc.reach.a-service-that-came-later/invented", en: "svc.reach.a-service-that-came-later/invented",
		},
		{
			cause: "healthy",
			fr:    "Aucun problème trouvé\u00a0: tout ce que Balise sait vérifier fonctionne.",
			en:    "No problem found: everything that Balise can check works.",
		},
	} {
		d := cause.Diagnosis{Cause: diagnostics.Cause(c.cause), Facts: c.facts}
		if got := New("fr").Diagnosis(d).Sentence; got != c.fr {
			t.Errorf("%s:\n%q\n%q", c.cause, got, c.fr)
		}
		if got := New("en").Diagnosis(d).Sentence; got != c.en {
			t.Errorf("%s:\n%q\n%q", c.cause, got, c.en)
		}
	}
}

func TestDiagnosisSaysWhatWorksAndWhatElse(t *testing.T) {
	d := cause.Diagnosis{
		Cause: "disk.space/full", Confidence: cause.Confirmed, Actor: cause.You,
		RuledOut: []string{"link", "internet", "printing"},
		Also: []cause.Also{{
			Cause: "sys.uptime/long", Facts: []diagnostics.Fact{diagnostics.Int("days", 40, "d")},
		}},
	}
	fr := New("fr").Diagnosis(d)
	if fr.RuledOut != "Fonctionnent bien\u00a0: le réseau local, l’accès à Internet et l’impression." {
		t.Error(fr.RuledOut)
	}
	if fr.Also != "À noter aussi\u00a0: Votre ordinateur n’a pas redémarré depuis 40 jours." {
		t.Error(fr.Also)
	}
	if fr.Confidence != "confirmé" || fr.Actor != "Vous pouvez agir vous-même." {
		t.Error(fr.Confidence, fr.Actor)
	}
}

// Every name that a diagnosis can hold has a text, in both languages.
func TestEveryWordOfTheDiagnosisExists(t *testing.T) {
	kb, err := cause.Core()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range Languages {
		p := New(lang)
		want := func(key string) {
			if !p.Has(key) {
				t.Errorf("%s: no %q", lang, key)
			}
		}
		for _, a := range kb.Areas {
			want("area." + a.ID)
		}
		for _, c := range []cause.Confidence{cause.Confirmed, cause.Likely, cause.Possible, cause.Unsure} {
			want("confidence." + string(c))
		}
		for _, a := range []cause.Actor{cause.You, cause.Box, cause.Provider, cause.IT, cause.Service} {
			want("actor." + string(a))
		}
		for _, s := range []diagnostics.Status{"pass", "warn", "fail", "skip", "na", "unknown"} {
			want("check.status." + string(s))
		}
		for id := range kb.Checks {
			if name := p.Check(id); name == id {
				t.Errorf("%s: the check %q has no name", lang, id)
			}
		}
		if got := p.Check("svc.reach.erp"); !strings.Contains(got, "erp") {
			t.Error(got)
		}
	}
}

// A sentence may only use places that both languages use, and every typographic space of French must be
// there.
func TestCauseTextsAgreeAndFrenchIsTypeset(t *testing.T) {
	kb, err := cause.Core()
	if err != nil {
		t.Fatal(err)
	}
	for code, e := range kb.Causes {
		fr, en := e.Text["fr"], e.Text["en"]
		for _, pair := range [][2]string{{fr.Sentence, en.Sentence}, {fr.Breaks, en.Breaks}, {fr.Now, en.Now}} {
			if a, b := places(pair[0]), places(pair[1]); a != b {
				t.Errorf("%s: French uses %q, English %q", code, a, b)
			}
		}
		for _, text := range []string{fr.Short, fr.Sentence, fr.Breaks, fr.Now} {
			for _, bad := range []string{" :", " ;", " ?", " !", "« ", " »", " %", "  "} {
				if strings.Contains(text, bad) {
					t.Errorf("%s: %q has an ordinary space in %q", code, text, bad)
				}
			}
		}
		for _, text := range []string{fr.Sentence, fr.Now, en.Sentence, en.Now} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q is no sentence", code, text)
			}
		}
	}
}

func places(text string) string {
	return strings.Join(placeholder.FindAllString(text, -1), " ")
}

func TestQuantities(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		fr   string
		en   string
	}{
		{0, "s", "0 seconde", "0 seconds"},
		{119, "s", "119 secondes", "119 seconds"},
		{120, "s", "2 minutes", "2 minutes"},
		{5400, "s", "90 minutes", "90 minutes"},
		{7200, "s", "2 heures", "2 hours"},
		{86400, "s", "1 jour", "1 day"},
		{-400 * 86400, "s", "400 jours", "400 days"},
		{999, "B", "999\u00a0octets", "999 bytes"},
		{2.5e12, "B", "2,5\u00a0To", "2.5 TB"},
		{42, "ms", "42\u00a0ms", "42\u00a0ms"},
		{999, "ms", "999\u00a0ms", "999\u00a0ms"},
		{4200, "ms", "4,2\u00a0s", "4.2\u00a0s"},
		{97.25, "%", "97\u00a0%", "97 %"},
		{4.5, "%", "4,5\u00a0%", "4.5 %"},
		{3, "", "3", "3"},
	} {
		if fr := New("fr").Quantity(c.v, c.unit); fr != c.fr {
			t.Errorf("%v %s: %q, want %q", c.v, c.unit, fr, c.fr)
		}
		if en := New("en").Quantity(c.v, c.unit); en != c.en {
			t.Errorf("%v %s: %q, want %q", c.v, c.unit, en, c.en)
		}
	}
}
