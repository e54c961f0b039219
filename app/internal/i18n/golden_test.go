package i18n

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"balise/diagnostics"
	"balise/diagnostics/cause"
)

// The golden files hold, for every fault of the knowledge base, the whole of what a person reads. They are there
// to be read: who changes a text reads it again in its place, with its facts filled in.
//
//	go test ./app/internal/i18n -run Golden -update

var update = flag.Bool("update", false, "write the golden files anew")

// sample is a value for every place that a text has.
func sample(key string) (diagnostics.Fact, bool) {
	list := []diagnostics.Fact{
		diagnostics.Text("service", "ERP"), diagnostics.Text("endpoint", "desk"), diagnostics.Text("volume", "home"),
		diagnostics.Text("printer", "Accueil"), diagnostics.Text("speed", "10 Mb/s"), diagnostics.Text("share", "Documents"),
		diagnostics.Text("unit", "backup"), diagnostics.Text("program", "Calc"), diagnostics.Text("agent", "GLPI Agent"),
		diagnostics.Text("device", "Logitech C920"), diagnostics.Text("top", "backup"), diagnostics.Text("host", "files"),
		diagnostics.Text("name", "Documents"), diagnostics.Text("disk", "sda"), diagnostics.Text("use", "vpn"),
		diagnostics.Int("free_bytes", 312_400_000, "B"), diagnostics.Int("available_bytes", 412_000_000, "B"),
		diagnostics.Int("connect", 420, "ms"), diagnostics.Float("gap", 41*86400, "s"), diagnostics.Int("took", 4200, "ms"),
		diagnostics.Int("days", 40, "d"), diagnostics.Int("days_left", 9, "d"), diagnostics.Int("busy_percent", 97, "%"),
		diagnostics.Float("free_percent", 3.5, "%"), diagnostics.Int("loss", 12, "%"), diagnostics.Int("strength", 24, "%"),
		diagnostics.Int("jitter", 85, "ms"), diagnostics.Int("boot", 240, "s"), diagnostics.Int("crashes", 3, ""),
		diagnostics.Int("failed", 2, ""), diagnostics.Int("security", 4, ""), diagnostics.Int("updates", 12, ""),
		diagnostics.Text("used_by", "Firefox"), diagnostics.Int("volume_percent", 3, "%"),
		diagnostics.Float("temperature", 92, "°C"), diagnostics.Float("expired_since", 4*3600, "s"),
		diagnostics.Int("connect_loaded", 1400, "ms"), diagnostics.Float("start", 240, "s"),
		diagnostics.Float("await", 310, "ms"), diagnostics.Int("cycles", 1250, ""),
		diagnostics.Int("charge_percent", 7, "%"), diagnostics.Int("wear_percent", 45, "%"),
		diagnostics.Int("oldest_job_s", 1900, "s"), diagnostics.Int("times", 4, ""),
		diagnostics.Int("security_updates", 4, ""), diagnostics.Int("remaining", 1800, "s"), diagnostics.Int("charge", 7, "%"), diagnostics.Int("jobs", 2, ""),
	}
	at := slices.IndexFunc(list, func(f diagnostics.Fact) bool { return f.Key == key })
	if at < 0 {
		return diagnostics.Fact{}, false
	}
	return list[at], true
}

// spoken is what a person reads of a cause: at most four lines.
func spoken(t *testing.T, p *Printer, code string) []string {
	t.Helper()
	c := diagnostics.Cause(strings.Replace(code, ".*/", ".erp/", 1))
	d := cause.Diagnosis{Cause: c, Confidence: cause.Confirmed, RuledOut: []string{"link", "internet", "names"}}
	if family, _, _ := strings.Cut(code, "."); slices.Contains([]string{"net", "time", "svc", "mail", "share"}, family) {
		d.RuledOut = []string{"disk", "speed", "printing"}
	}
	text := p.causeText(c)
	for _, place := range placeholder.FindAllString(text.Sentence+text.Breaks+text.Now, -1) {
		key := strings.Trim(place, "{}")
		f, ok := sample(key)
		if !ok {
			t.Errorf("%s: no sample for {%s}: add one to sample()", code, key)
		}
		d.Facts = append(d.Facts, f)
	}
	out := p.Diagnosis(d)
	var lines []string
	for _, line := range []string{out.Sentence, out.Breaks, out.RuledOut, out.Now} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func causeCodes(t *testing.T) []string {
	t.Helper()
	kb, err := cause.Core()
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for code := range kb.Causes {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

func TestGoldenTexts(t *testing.T) {
	for _, lang := range Languages {
		p := New(lang)
		var b strings.Builder
		for _, code := range causeCodes(t) {
			b.WriteString(code + "\n")
			for _, line := range spoken(t, p, code) {
				b.WriteString("    " + line + "\n")
			}
		}
		name := filepath.Join("testdata", "spoken_"+lang+".txt")
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Split(b.String(), "\n"), strings.Split(string(raw), "\n"); !slices.Equal(got, want) {
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Errorf("%s line %d:\nhave %s\nwant %s", name, i+1, got[i], want[i])
					break
				}
			}
			t.Error("a text has changed: read it aloud, then run go test ./app/internal/i18n -run Golden -update")
		}
	}
}

// Words that people who do not work in computing do not use, and that say nothing to them. A technical word is
// allowed in brackets behind the plain one: whoever calls the desk can then say it.
var jargon = map[string]*regexp.Regexp{
	"en": words("DHCP", "TCP", "UDP", "SYN", "ARP", "MTU", "ICMP", "NXDOMAIN", "SERVFAIL", "TLS", "SSL", "DNS", "PAC", "CUPS",
		"daemon", "inodes?", "I/O", "SMART", "gateway", "resolver", "kernel", "packets?", "RTT", "latency", "jitter",
		"mount(ed)?", "spooler", "Kerberos", "unit", "rfkill", "sink", "source", "timeout", "host", "systemd", "PipeWire",
		"PulseAudio", "NVMe", "PSI", "swap", "bufferbloat", "MIME", "stderr", "exit code", "SMTP", "IMAP", "SMB", "NFS"),
	"fr": words("DHCP", "TCP", "UDP", "SYN", "ARP", "MTU", "ICMP", "NXDOMAIN", "SERVFAIL", "TLS", "SSL", "DNS", "PAC", "CUPS",
		"démon", "socket", "inodes?", "E/S", "SMART", "passerelle", "résolveur", "noyau", "paquets réseau", "RTT", "latence",
		"gigue", "mont(er|é|ée|age)", "spouleur", "spooler", "Kerberos", "unité", "rfkill", "timeout", "hôte", "systemd",
		"PipeWire", "PulseAudio", "NVMe", "PSI", "swap", "bufferbloat", "port", "SMTP", "IMAP", "SMB", "NFS"),
}

// Words that put the blame on the reader, or talk down.
var blame = map[string]*regexp.Regexp{
	"en": words("you forgot", "your fault", "your mistake", "you should have", "you must", "simply", "obviously",
		"invalid", "illegal", "fatal", "user error"),
	"fr": words("vous avez oublié", "votre faute", "votre erreur", "vous auriez dû", "vous devez", "il suffit", "simplement",
		"évidemment", "invalide", "illégal", "fatal[e]?", "tu", "ton", "tes", "toi"),
}

func words(list ...string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(^|[^\p{L}])(` + strings.Join(list, "|") + `)([^\p{L}]|$)`)
}

var inBrackets = regexp.MustCompile(`\([^)]*\)`)

// longest is about two lines of a window; a person reads four of them, not four paragraphs.
const longest = 170

func TestSpokenTextsArePlainShortAndKind(t *testing.T) {
	for _, lang := range Languages {
		p := New(lang)
		for _, code := range causeCodes(t) {
			lines := spoken(t, p, code)
			if len(lines) > 4 {
				t.Errorf("%s %s: %d lines", lang, code, len(lines))
			}
			for _, line := range lines {
				if n := utf8.RuneCountInString(line); n > longest || strings.Contains(line, "\n") {
					t.Errorf("%s %s: %d characters: %s", lang, code, n, line)
				}
				if m := jargon[lang].FindStringSubmatch(inBrackets.ReplaceAllString(line, "")); m != nil {
					t.Errorf("%s %s: says %q: %s", lang, code, m[2], line)
				}
				if m := blame[lang].FindStringSubmatch(line); m != nil {
					t.Errorf("%s %s: says %q: %s", lang, code, m[2], line)
				}
				if strings.ContainsAny(line, "{}…") {
					t.Errorf("%s %s: has a hole: %s", lang, code, line)
				}
			}
		}
	}
}

// frenchSlip finds an ordinary space where French wants one that does not break, and a typewriter's apostrophe.
var frenchSlip = regexp.MustCompile(` [:;?!%»]|« |[\p{L}]'[\p{L}]|"|[\p{L}][?!;]|[\p{L}]:( |$)|  `)

func TestFrenchIsTypeset(t *testing.T) {
	p := New("fr")
	for _, code := range causeCodes(t) {
		for _, line := range append(spoken(t, p, code), p.Cause(diagnostics.Cause(code))) {
			if slip := frenchSlip.FindString(line); slip != "" {
				t.Errorf("%s: %q in %s", code, slip, line)
			}
		}
	}
	for key, text := range p.texts {
		if strings.HasPrefix(key, "question.") || strings.HasPrefix(key, "diagnosis.") {
			if slip := frenchSlip.FindString(text); slip != "" {
				t.Errorf("%s: %q in %s", key, slip, text)
			}
		}
	}
}

func TestQuestionsAreAskedInWords(t *testing.T) {
	kb, err := cause.Core()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range Languages {
		p := New(lang)
		for _, q := range kb.Questions {
			if text := p.Question(q.ID); text == q.ID || !strings.HasSuffix(text, "?") {
				t.Errorf("%s: the question %q reads %q", lang, q.ID, text)
			}
			for _, o := range q.Options {
				if text := p.Option(q.ID, o.ID); text == o.ID || text == "" {
					t.Errorf("%s: the answer %q to %q has no words", lang, o.ID, q.ID)
				}
			}
		}
	}
}
