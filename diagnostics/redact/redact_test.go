package redact

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"balise/diagnostics"
)

func TestFactByClass(t *testing.T) {
	r := New(Params{Key: []byte("k"), Known: seeded()})
	for _, c := range []struct {
		fact diagnostics.Fact
		want any // nil: withheld
	}{
		{diagnostics.Text("state", "stopped"), "stopped"},
		{diagnostics.Int("free", 12, "B"), int64(12)},
		{diagnostics.Float("x", 1.5, ""), 1.5},
		{diagnostics.Bool("b", true), true},
		{diagnostics.Identifier("name", "PC-ZOE-01", diagnostics.Machine, diagnostics.KindHost), "PC-ZOE-01"},
		{diagnostics.Fact{Key: "k", Value: "v"}, nil},
		{diagnostics.Fact{Key: "k", Value: "v", Class: "new"}, nil},
		{diagnostics.Fact{Key: "k", Value: "v", Class: diagnostics.Secret}, nil},
		{diagnostics.Fact{Key: "k", Value: 17.0, Class: diagnostics.Personal}, nil},
		{diagnostics.Fact{Key: "k", Value: map[string]any{"a": "b"}, Class: diagnostics.Plain}, nil},
		{diagnostics.Fact{Key: "k", Value: nil, Class: diagnostics.Plain}, nil},
	} {
		got, ok := r.Fact(c.fact)
		if ok != (c.want != nil) || ok && got.Value != c.want {
			t.Errorf("%+v gives %v, %v", c.fact, got.Value, ok)
		}
	}
	// A plain fact that holds a name by mistake is masked all the same.
	if f, _ := r.Fact(diagnostics.Text("state", "owned by Zünïk")); strings.Contains(f.Value.(string), "ünïk") {
		t.Errorf("a plain fact leaks: %v", f.Value)
	}
}

// TestOneAliasEverywhere: fact, other name, words, URL and a second run with the same key agree; another
// ticket does not.
func TestOneAliasEverywhere(t *testing.T) {
	mask := func(key, text string) string { return New(Params{Key: []byte(key), Known: seeded()}).Words(text) }
	r := New(Params{Key: []byte("k"), Known: seeded()})
	f, _ := r.Fact(diagnostics.Identifier("host", "srv-fichiers", diagnostics.Infra, diagnostics.KindHost))
	alias := f.Value.(string)
	for _, text := range []string{
		"srv-fichiers", "SRV-FICHIERS", "srv-fichiers.example-corp.lan", "srv-fichiers.siege.example-corp.lan.",
	} {
		if got := strings.TrimSuffix(mask("k", text), "."); got != alias {
			t.Errorf("%q is %q, the fact is %q", text, got, alias)
		}
	}
	u, _ := r.Fact(diagnostics.Identifier("url", "https://srv-fichiers:8443/a?b=c", diagnostics.Infra, diagnostics.KindURL))
	if want := "https://" + alias + ":8443/…"; u.Value != want {
		t.Errorf("URL is %v, want %q", u.Value, want)
	}
	if mask("other", "srv-fichiers") == alias {
		t.Error("two tickets share an alias")
	}
	if a, b := mask("k", "Zünïk"), mask("k", "Zoé-Anne Ünïkova"); a != b {
		t.Errorf("one person has two aliases: %q, %q", a, b)
	}
	ip := func(v string) string {
		f, _ := r.Fact(diagnostics.Identifier("ip", v, diagnostics.Infra, diagnostics.KindIP))
		return f.Value.(string)
	}
	a, b, c := ip("192.168.40.12"), ip("192.168.40.13/24"), ip("192.168.41.12")
	if !strings.HasPrefix(b, a[:len("ip4-private-xxxx.")]) || strings.HasPrefix(c, a[:len("ip4-private-xxxx.")]) {
		t.Errorf("subnets are lost: %q %q %q", a, b, c)
	}
	if got := mask("k", "ping 192.168.40.12"); got != "ping "+a {
		t.Errorf("words say %q, facts %q", got, a)
	}
}

func TestMachineName(t *testing.T) {
	const text = "PC-ZOE-01 is slow, INV-004217"
	shown := New(Params{Key: []byte("k"), Known: seeded()})
	if got := shown.Words(text); got != text {
		t.Errorf("shown: %q", got)
	}
	if leaks, _ := shown.Scan(strings.NewReader(text)); len(leaks) != 0 {
		t.Errorf("shown: %v", leaks)
	}
	hidden := New(Params{Key: []byte("k"), Known: seeded(), WithholdMachine: true})
	if got := hidden.Words(text); strings.Contains(got, "ZOE") || strings.Contains(got, "004217") {
		t.Errorf("hidden: %q", got)
	}
	if leaks, _ := hidden.Scan(strings.NewReader(text)); len(leaks) != 2 {
		t.Errorf("hidden: %v", leaks)
	}
}

// TestEverydayNames: a user called like a word of our reports does not make every report a leak.
func TestEverydayNames(t *testing.T) {
	var k Known
	k.Add("printer", diagnostics.Personal, diagnostics.KindUser)
	k.Add("root", diagnostics.Personal, diagnostics.KindUser)
	r := New(Params{Key: []byte("k"), Known: k})
	if got := r.Words("the printer is out of paper, root cause unknown"); strings.Contains(got, "user-") {
		t.Error(got)
	}
	if got := r.Words("/home/printer/x"); !strings.Contains(got, "user-") {
		t.Error(got)
	}
}

// TestASecretCostsItsSentence: in a paragraph the complaint around a password survives.
func TestASecretCostsItsSentence(t *testing.T) {
	r := New(Params{Key: []byte("k"), Dropped: "[…]"})
	const text = "Bonjour, depuis ce matin plus rien ne s'imprime. J'ai redémarré deux fois, sans succès. " +
		"Mon mot de passe est Soleil2024, si cela aide. C'est urgent, merci de me rappeler avant midi."
	want := "Bonjour, depuis ce matin plus rien ne s'imprime. J'ai redémarré deux fois, sans succès. […] " +
		"C'est urgent, merci de me rappeler avant midi."
	if got := r.Words(text); got != want {
		t.Errorf("%q", got)
	}
	long := strings.Repeat("é", 400) + " password=hunter2 " + strings.Repeat("à", 400)
	if got := r.Words(long); strings.Contains(got, "hunter2") || strings.Contains(got, "\uFFFD") || !strings.Contains(got, "éé") {
		t.Errorf("%q", got)
	}
}

// TestCodes: a message in a plain fact is looked into, a version is not.
func TestCodes(t *testing.T) {
	var k Known
	k.Add("gitlab", diagnostics.Infra, diagnostics.KindHost)
	k.Labels = []string{"GitLab"}
	r := New(Params{Key: []byte("k"), Known: k})
	for _, same := range []string{"1.4.2.1", "6.1.0-28-amd64", "svc.reach.gitlab/timeout", "ECONNREFUSED"} {
		if got := r.Code(same); got != same {
			t.Errorf("%q became %q", same, got)
		}
	}
	if got := r.Code("dial tcp 10.9.8.7:53: i/o timeout"); strings.Contains(got, "10.9") {
		t.Error(got)
	}
}

func TestCleanTakesWhatHides(t *testing.T) {
	got := Clean("a\x00b\u202Egnp.exe\u200Bc\r\nd\te\xff\u2066f")
	if want := "abgnp.exec\nd\te\uFFFDf"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if family := "👩\u200D👧"; Clean(family) != family {
		t.Error("a joined emoji is broken")
	}
}

// prose is text of about n bytes with everything that makes redaction work.
func prose(n int) string {
	words := strings.Fields("le serveur 10.1.2.3 ne répond pas user=zünïk password: forgotten 12:34:56 a::b - : . \n eyJ sk-")
	var b strings.Builder
	rnd := rand.New(rand.NewPCG(1, 2))
	for b.Len() < n {
		b.WriteString(words[rnd.IntN(len(words))])
		b.WriteByte(" \n"[rnd.IntN(12)/11])
	}
	return b.String()
}

// TestHardTextsEnd: a matcher that backtracks would still be at it when the test run is over.
func TestHardTextsEnd(t *testing.T) {
	r := New(Params{Key: []byte("k"), Known: seeded()})
	for _, hard := range []string{"a", ":", ".", "1.", "0:", "-1", "@a", "=", `\\`, "%20", "é"} {
		r.Words(strings.Repeat(hard, 1<<12))
	}
}

// BenchmarkWords shows that the time is linear: MB/s stays the same when the text grows fourfold.
func BenchmarkWords(b *testing.B) {
	r := New(Params{Key: []byte("k"), Known: seeded()})
	for _, kb := range []int{32, 128, 512} {
		text := prose(kb << 10)
		b.Run(fmt.Sprintf("%dkB", kb), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r.Words(text)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	for _, c := range canaries {
		f.Add("x " + c + " y")
	}
	f.Add("\xff\xfe\x00")
	r := New(Params{Key: []byte("k"), Known: seeded(), WithholdMachine: true})
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{r.Text(s), r.Words(s)} {
			leaks, err := r.Scan(strings.NewReader(got))
			if err != nil || len(leaks) > 0 {
				t.Errorf("%q gives %q: %v %v", s, got, leaks, err)
			}
		}
	})
}
