package symptom

import (
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"balise/diagnostics/pack"
)

func TestSlipsOfTheFingerAreForgiven(t *testing.T) {
	x := index(t)
	for text, want := range map[string]string{
		"imprimente":                        "printing",
		"le wifi marche po":                 "wifi",
		"aucune conection internet":         "internet",
		"conexion internet perdue":          "internet",
		"mon conpte et verouiller":          "password",
		"limprimante bourre":                "printing",
		"jentends rien":                     "sound",
		"my pasword dosnt work":             "password",
		"outlok wont send emials":           "mail",
		"baterie qui se charge pa":          "battery",
		"L’IMPRIMANTE N’IMPRIME PAS":        "printing",
		"le re\u0301seau ne marche pas":     "internet", // an accent of its own
		"ma camèra ne marche pas":           "camera",
		"shraed drive is gone":              "shared_drive",
		"ﬁchier supprimé par erreur":        "deleted_file", // letters joined
		"ＶＰＮ":                               "vpn",
		"vid\u00e9o qui saccade en réunion": "meetings",
	} {
		if found := x.Match(text, "fr"); len(found) == 0 || found[0].ID != want {
			t.Errorf("%q wants %s and finds %s", text, want, told(found))
		}
	}
}

func TestNoFitIsAnAnswer(t *testing.T) {
	x := index(t)
	for _, text := range []string{
		"", "   ", "?!", "bonjour", "hello, thank you very much", "it does not work", "ça marche pas", "j'ai un problème",
		"help",
		"qui gagne le match ce dimanche", "the weather is lovely in Lisbon", "12345", "日本語", "zzzz qqqq xxxx",
	} {
		if found := x.Match(text, "en"); len(found) > 0 {
			t.Errorf("%q finds %s", text, told(found))
		}
	}
}

// What is no matter for the desk finds nothing, mostly: a single rare word of a phrase is no reason.
func TestOtherMattersAreLeftAlone(t *testing.T) {
	x := index(t)
	raw, err := os.ReadFile("testdata/elsewhere.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := yaml.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for _, text := range list {
		if found := x.Match(text, "fr"); len(found) > 0 {
			wrong++
			t.Logf("%q finds %s", text, told(found))
		}
	}
	if len(list) < 20 || wrong*4 > len(list) {
		t.Errorf("%d of %d find something", wrong, len(list))
	}
}

func TestDenialAndWellnessCount(t *testing.T) {
	x := index(t)
	for _, c := range []struct{ text, first, not string }{
		{"internet works fine, the vpn does not connect", "vpn", "internet"},
		{"le wifi marche bien mais l'imprimante n'imprime pas", "printing", "wifi"},
		{"I can't hear them", "sound", ""},
		{"they can't hear me", "microphone", ""},
		{"je les entends pas", "sound", ""},
		{"ils ne m'entendent pas", "microphone", ""},
	} {
		found := x.Match(c.text, "en")
		if len(found) == 0 || found[0].ID != c.first {
			t.Errorf("%q wants %s and finds %s", c.text, c.first, told(found))
		}
		near := func(m Match) bool { return m.ID == c.not && m.Score > found[0].Score*0.8 }
		if slices.ContainsFunc(found, near) {
			t.Errorf("%q is well, and is found nearly as good as what is not: %s", c.not, told(found))
		}
	}
}

func TestMatchesAreExplained(t *testing.T) {
	x := index(t)
	text := "Depuis hier L'Imprimente fait un BOURAGE"
	found := x.Match(text, "fr")
	if len(found) == 0 || found[0].ID != "printing" || !slices.Contains(found[0].Words, "Imprimente") ||
		!slices.Contains(found[0].Words, "BOURAGE") || found[0].Phrase == "" {
		t.Fatalf("have %+v", found)
	}
	for _, m := range found {
		if m.Score <= 0 || m.Score >= 1 {
			t.Errorf("%s: score %v", m.ID, m.Score)
		}
		for _, w := range m.Words {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q does not stand in the text", m.ID, w)
			}
		}
	}
}

// One mistyped letter in one word of what a pack says: the symptom stays among the first three.
func TestPhrasesSurviveASlip(t *testing.T) {
	symptoms, _ := everyday(t)
	x := index(t)
	r := rand.New(rand.NewPCG(1, 2))
	played, lost := 0, 0
	for _, s := range symptoms {
		for _, lang := range []string{"en", "fr"} {
			for _, text := range s.Says[lang] {
				if len(strings.Fields(text)) < 3 {
					continue
				}
				played++
				if at := place(x.Match(slip(r, text), lang), []string{s.ID}); at < 0 || at > 2 {
					lost++
				}
			}
		}
	}
	t.Logf("%d of %d lost", lost, played)
	if played < 500 || lost*100 > 5*played {
		t.Errorf("%d of %d are lost by one slip", lost, played)
	}
}

// slip mistypes the longest word of a text: a letter left out, doubled, or swapped with the next.
func slip(r *rand.Rand, text string) string {
	words := strings.Fields(text)
	at := 0
	for i, w := range words {
		if len(w) > len(words[at]) {
			at = i
		}
	}
	w := []rune(words[at])
	if len(w) < shortest {
		return text
	}
	i := 1 + r.IntN(len(w)-2)
	switch r.IntN(3) {
	case 0:
		w = slices.Delete(w, i, i+1)
	case 1:
		w = slices.Insert(w, i, w[i])
	default:
		w[i], w[i+1] = w[i+1], w[i]
	}
	words[at] = string(w)
	return strings.Join(words, " ")
}

func TestTheSameTextAlwaysGivesTheSame(t *testing.T) {
	symptoms, _ := everyday(t)
	x := index(t)
	again, err := New(symptoms)
	if err != nil {
		t.Fatal(err)
	}
	list := sentences(t, "tuning.yaml")
	want := make([][]Match, len(list))
	for i, s := range list {
		want[i] = x.Match(s.Text, s.Lang)
		if have := again.Match(s.Text, s.Lang); !reflect.DeepEqual(have, want[i]) {
			t.Fatalf("%q: another index finds %s instead of %s", s.Text, told(have), told(want[i]))
		}
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i, s := range list {
				if have := x.Match(s.Text, s.Lang); !reflect.DeepEqual(have, want[i]) {
					t.Errorf("%q: differs when several ask", s.Text)
				}
			}
		})
	}
	all.Wait()
}

func TestLongTextsAreBounded(t *testing.T) {
	x := index(t)
	for name, text := range map[string]string{
		"words":  strings.Repeat("mon imprimante ne marche pas et ", 1<<20/32),
		"letter": strings.Repeat("a", 1<<20),
		"accent": "e" + strings.Repeat("\u0301", 1<<19),
		"quotes": strings.Repeat("'", 1<<20),
		"broken": strings.Repeat("\xff", 1<<20),
		"dots":   strings.Repeat(". ", 1<<19),
		"other":  strings.Repeat("imprimqnte imprikante ", 1<<20/22),
	} {
		found := x.Match(text, "fr")
		if name == "words" && (len(found) == 0 || found[0].ID != "printing") {
			t.Errorf("%s: %s", name, told(found))
		}
		x.Suggest(text, "fr", found)
	}
}

func TestPacksWithOddWordsAreTaken(t *testing.T) {
	x, err := New([]pack.Symptom{
		{ID: "empty", Says: map[string][]string{}},
		{ID: "odd", Title: pack.Text{"en": "!"}, Says: map[string][]string{
			"en": {"", "…", "a", "not", "日本 日本", strings.Repeat("x", 5000)},
		}},
		{ID: "twin", Says: map[string][]string{"en": {"flux capacitor"}}},
		{ID: "twin2", Says: map[string][]string{"en": {"flux capacitor"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if found := x.Match("the flux capacitor is broken", "en"); len(found) != 2 || found[0].ID != "twin" {
		t.Errorf("have %s", told(found))
	}
	if none, err := New(nil); err != nil || len(none.Match("anything at all", "en")) > 0 {
		t.Error("no symptoms, and one is found")
	}
}

func TestSuggestionsDoNotFlicker(t *testing.T) {
	x := index(t)
	for _, s := range sentences(t, "tuning.yaml") {
		if len(s.Symptom) == 0 {
			continue
		}
		var shown []Match
		changes := 0
		runes := []rune(s.Text)
		for n := 1; n <= len(runes); n++ {
			next := x.Suggest(string(runes[:n]), s.Lang, shown)
			if len(shown) > 0 {
				if inWord := wordRune(runes[n-1]); len(next) == 0 && inWord {
					t.Errorf("%q: gone in the middle of a word", string(runes[:n]))
				}
				if len(next) > 0 && next[0].ID != shown[0].ID {
					changes++
				}
			}
			shown = next
		}
		if words := len(strings.Fields(s.Text)); changes > 2+words/3 {
			t.Errorf("%q: the first suggestion changes %d times in %d words", s.Text, changes, words)
		}
		if at := place(shown, s.Symptom); at < 0 || at > 2 {
			t.Errorf("%q: typed to its end it is at %d", s.Text, at+1)
		}
	}
}

func TestSuggestionsCompleteAWord(t *testing.T) {
	x := index(t)
	found := x.Suggest("mon impri", "fr", nil)
	if len(found) == 0 || found[0].ID != "printing" || !slices.Contains(found[0].Words, "impri") {
		t.Errorf("have %s", told(found))
	}
	if again := x.Suggest("mon impri", "fr", found); again[0].ID != "printing" {
		t.Errorf("have %s", told(again))
	}
}

func FuzzMatch(f *testing.F) {
	for _, s := range []string{
		"le wifi marche po", "I can't", "l'", "n't", "’t", "\xff'", "e\u0301", "qu'qu'", "a\x00b", strings.Repeat("can't ", 50),
	} {
		f.Add(s, "fr")
	}
	symptoms, _ := everyday(f)
	x, err := New(symptoms)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, lang string) {
		found := x.Match(text, lang)
		seen := map[string]bool{}
		last := 1.0
		for _, m := range found {
			if m.Score <= 0 || m.Score > last || seen[m.ID] {
				t.Fatalf("%q: %+v", text, found)
			}
			seen[m.ID], last = true, m.Score
			for _, w := range m.Words {
				if !strings.Contains(text, w) || utf8.ValidString(text) && !utf8.ValidString(w) {
					t.Fatalf("%q is explained by %q", text, w)
				}
			}
		}
		if again := x.Match(text, lang); !reflect.DeepEqual(found, again) {
			t.Fatalf("%q: %+v and then %+v", text, found, again)
		}
		x.Suggest(text, lang, found)
	})
}

// The measure is a look for every phrase in the text, which finds next to nothing: "times-a-scan" says how much more
// a match costs.
func BenchmarkMatch(b *testing.B) {
	symptoms, _ := everyday(b)
	x := index(b)
	list := sentences(b, "tuning.yaml")
	scan := func(text string) (n int) {
		text = strings.ToLower(text)
		for _, s := range symptoms {
			for _, lang := range []string{"en", "fr"} {
				for _, p := range s.Says[lang] {
					if strings.Contains(text, p) {
						n++
					}
				}
			}
		}
		return n
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		x.Match(list[i%len(list)].Text, list[i%len(list)].Lang)
		i++
	}
	b.StopTimer()
	perMatch := float64(b.Elapsed()) / float64(i)
	began, hits := time.Now(), 0
	for range 20 {
		for _, s := range list {
			hits += scan(s.Text)
		}
	}
	if hits == 0 {
		b.Fatal("the scan finds nothing at all")
	}
	b.ReportMetric(perMatch/(float64(time.Since(began))/float64(20*len(list))), "times-a-scan")
}

func BenchmarkNew(b *testing.B) {
	symptoms, _ := everyday(b)
	for b.Loop() {
		if _, err := New(symptoms); err != nil {
			b.Fatal(err)
		}
	}
}
