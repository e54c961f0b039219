package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
)

// seeded is a computer with awkward names.
func seeded() Known {
	k := fromIdentity(probe.Identity{
		UserName: "zünïk", FullName: "Zoé-Anne Ünïkova", Home: "/home/zünïk",
		Hostnames: []string{"PC-ZOE-01.siege.example-corp.lan", "Le PC de Zoé"},
		MACs:      []string{"3c:22:fb:0a:1b:2c", "9e:11:22:33:44:55"},
		Addresses: []string{
			"192.168.40.77", "1.12.34.56", "100.64.7.9", "fd00::2", "2001:db8::1", "fe80::3e22:fbff:fe0a:1b2c",
		},
		SearchDomains: []string{"siege.example-corp.lan", "example-corp.lan"},
		Serials: []string{
			"4C4C4544-0047-5810-8053-C7C04F4E3333", "CNU1234XYZ", "3d1219c7c4c5404aaa1f6d2a48adfda4", "S4EVNX0M123456",
		},
		AssetTag: "INV-004217",
	}, "tok-5f1c9e77ab-Q", "Pa$$ wörd<&>\"'")
	k.Learn([]diagnostics.Fact{
		diagnostics.Identifier("printer", "Compta 2e étage", diagnostics.Infra, diagnostics.KindPrinter),
		diagnostics.Identifier("host", "srv-fichiers", diagnostics.Infra, diagnostics.KindHost),
		diagnostics.Identifier("url", "https://intra.example-corp.com:8443/app?x=1", diagnostics.Infra, diagnostics.KindURL),
	})
	return k
}

// canaries are known identifiers as they are written, each in all the notations in which logs write it.
var canaries = []string{
	"zünïk", "ZÜNÏK", "Zünïk", "zunik", "Zoé-Anne Ünïkova", "ZOÉ-ANNE ÜNÏKOVA", "Ünïkova Zoé-Anne", "Ünïkova", "Unikova",
	"Zoé-Anne.Ünïkova", "/home/zünïk", "/home/zünïk/Documents/a.odt", `CORP\zünïk`, "zünïk@host",
	"PC-ZOE-01", "pc-zoe-01", "PC-ZOE-01.siege.example-corp.lan", "Le PC de Zoé", "siege.example-corp.lan",
	"example-corp.lan", "3c:22:fb:0a:1b:2c", "3C-22-FB-0A-1B-2C", "3c22.fb0a.1b2c", "3C22FB0A1B2C", "enx3c22fb0a1b2c",
	"9e:11:22:33:44:55", "192.168.40.77", "192-168-40-77", "1.12.34.56", "100.64.7.9", "fd00::2", "2001:db8::1",
	"2001:0db8:0000:0000:0000:0000:0000:0001", "fe80::3e22:fbff:fe0a:1b2c", "::ffff:192.168.40.77",
	"4C4C4544-0047-5810-8053-C7C04F4E3333", "CNU1234XYZ", "cnu1234xyz",
	"3d1219c7c4c5404aaa1f6d2a48adfda4", "3d1219c7-c4c5-404a-aa1f-6d2a48adfda4", "S4EVNX0M123456", "INV-004217",
	"tok-5f1c9e77ab-Q", "Pa$$ wörd<&>\"'", "Compta 2e étage", "srv-fichiers", "SRV-FICHIERS", "srv-fichiers.example-corp.lan",
	"intra.example-corp.com",
}

// cores are what must not be found in any spelling once a canary was in the text.
var cores = []string{
	"zünïk", "zunik", "ünïkova", "unikova", "zoe-01", "le pc de zoé", "example-corp", "siege.", "0a:1b:2c", "0a-1b-2c",
	"fb0a.1b2c", "fb0a1b2c", "22:33:44", "40.77", "40-77", "12.34.56", "64.7.9", "fd00::2", "db8::1", "0db8", "fe0a:1b2c",
	"0047-5810", "4544", "cnu1234xyz", "c4c5404aaa", "c4c5-404a", "x0m123456", "004217", "5f1c9e77", "wörd", "compta 2e",
	"srv-fichiers",
}

// texts in which canaries stand.
var frames = []func(string) string{
	func(s string) string { return s },
	func(s string) string { return "connect to " + s + ": refused" },
	func(s string) string { return "(" + s + ")," },
	func(s string) string { return "user=" + s + " pid=12\nnext line" },
	func(s string) string { return `{"name":` + jsonOf(s) + `}` },
	func(s string) string { return "x=" + s + "&y=2" },
}

func jsonOf(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

// encodings are the forms in which a program may write a text. decode gives it back where the result is opaque.
var encodings = []struct {
	name   string
	encode func(string) string
}{
	{"plain", func(s string) string { return s }},
	{"upper", strings.ToUpper},
	{"lower", strings.ToLower},
	{"query", url.QueryEscape},
	{"path", url.PathEscape},
	{"json", func(s string) string { return strings.Trim(jsonASCII(s), `"`) }},
	{"html", html.EscapeString},
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("..." + s + ".")) }},
	{"base64 shifted", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("." + s + "..")) }},
	{"hex", func(s string) string { return hex.EncodeToString([]byte("= " + s)) }},
	{"utf-16le", func(s string) string { le, _ := utf16Bytes(" " + s + " "); return le }},
}

// TestScanFindsEveryCanary: whatever the encoding, the last look sees it.
func TestScanFindsEveryCanary(t *testing.T) {
	k := seeded()
	r := New(Params{Known: k, WithholdMachine: true})
	missed, total := 0, 0
	for _, c := range canaries {
		for _, e := range encodings {
			if (e.name == "upper" || e.name == "lower") && isSecretCanary(c) {
				continue // another case is another password
			}
			total++
			leaks, err := r.Scan(strings.NewReader("a " + e.encode(c) + " b"))
			if err != nil {
				t.Fatal(err)
			}
			if len(leaks) == 0 {
				missed++
				t.Errorf("%s of %q is not seen", e.name, c)
			}
		}
	}
	t.Logf("%d canaries in %d forms, %d missed", len(canaries), total, missed)
}

func isSecretCanary(c string) bool {
	return strings.HasPrefix(c, "tok-") || strings.HasPrefix(c, "Pa$$")
}

// TestNothingSurvives: text and words give none of a canary's core.
func TestNothingSurvives(t *testing.T) {
	r := New(Params{Key: []byte("k"), Known: seeded(), WithholdMachine: true})
	for _, c := range canaries {
		for i, frame := range frames {
			for name, got := range map[string]string{"text": r.Text(frame(c)), "words": r.Words(frame(c))} {
				low := strings.ToLower(got)
				for _, core := range cores {
					if strings.Contains(low, core) {
						t.Errorf("frame %d: %s of %q leaks %q: %q", i, name, c, core, got)
					}
				}
				if leaks, _ := r.Scan(strings.NewReader(got)); len(leaks) > 0 {
					t.Errorf("frame %d: %s of %q: scan finds %v in %q", i, name, c, leaks, got)
				}
			}
		}
	}
}

// TestUnknownIdentifiers: what the computer does not know but shape tells.
func TestUnknownIdentifiers(t *testing.T) {
	r := New(Params{Key: []byte("k")})
	for in, gone := range map[string]string{
		"peer 1.99.34.56 down":                                 "99.34",
		"abc-10.159.14.1 refused":                              "159.14",
		"from 100.64.0.5:443":                                  "64.0.5",
		"http://10.9.8.7/x":                                    "9.8.7",
		"ip-10-9-8-7.ec2":                                      "10-9-8-7",
		"addr fd12:3456::9 gone":                               "3456::9",
		"[2001:db8:1::5]:443":                                  "db8:1",
		"::ffff:10.9.8.7 mapped":                               "9.8.7",
		"mac 00:1a:2b:3c:4d:5e":                                "3c:4d:5e",
		"mac 00-1A-2B-3C-4D-5E":                                "3c-4d-5e",
		"mac 001a.2b3c.4d5e":                                   "2b3c",
		"/home/bob/notes":                                      "bob",
		`C:\Users\bob\notes`:                                   "bob",
		"/Users/alice/Library":                                 "alice",
		`\\srv-secret\share\x`:                                 "srv-secret",
		"lookup nas.maison.lan failed":                         "nas.maison",
		"printer.local":                                        "printer.local",
		"Serial Number: ABC12345":                              "abc12345",
		"n° de série : PF0ABCDE":                               "pf0abcde",
		"IBAN FR14 2004 1010 0505 0001 3M02 606":               "1010 0505",
		"carte 4539 1488 0343 6467":                            "1488 0343",
		"écrire à jean.dupont@exemple.fr":                      "dupont",
		"tél. 01 23 45 67 89":                                  "45 67",
		"tél. +33 6 12 34 56 78":                               "34 56",
		"Authorization: Bearer abcdef0123456789":               "abcdef0123",
		"token ghp_abcdefghijklmnopqrstuvwxyz0123":             "ghp_",
		"key sk-proj-abcdefghijklmnop1234":                     "sk-proj",
		"aws AKIAIOSFODNN7EXAMPLE":                             "akiaios",
		"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig12345678": "eyj",
		"password=hunter2":                                     "hunter2",
		"export API_KEY=abcd1234":                              "abcd1234",
		"run --password hunter2 --token=abc":                   "hunter2",
		"mysql://root:s3cret@db/x":                             "s3cret",
		"https://u:p4ss@host/":                                 "p4ss",
		"Set-Cookie: sid=abcdef; Path=/":                       "abcdef",
		"mon mot de passe est Soleil2024":                      "soleil",
		"mdp : Azerty123!":                                     "azerty",
		"my password is hunter2":                               "hunter2",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----": "miiabc",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz":                          "b3blbnnz",
		"glpat-abcdefghij0123456789":                                             "glpat",
		"Wifi key: Bl0ue-F1sh":                                                   "bl0ue",
	} {
		if got := strings.ToLower(r.Text(in)); strings.Contains(got, gone) {
			t.Errorf("%q leaks: %q", in, got)
		}
	}
}

// TestShortNames: a name of three letters goes where a name must stand, and nowhere else.
func TestShortNames(t *testing.T) {
	k := fromIdentity(probe.Identity{UserName: "bob", Home: "/home/bob", Hostnames: []string{"vm"}})
	r := New(Params{Key: []byte("k"), Known: k, WithholdMachine: true})
	for _, s := range []string{
		"user=bob", "login: bob", "for user bob from", "/home/bob/x", `C:\Users\bob\x`, "bob@pc", `CORP\bob`, "ssh bob@vm",
		"host=vm", `"user":"bob"`, "utilisateur bob",
	} {
		if got := r.Text(s); strings.Contains(got, "bob") || strings.Contains(got, "vm") {
			t.Errorf("%q gives %q", s, got)
		}
	}
	for _, s := range []string{"the vm is slow", "a bob haircut", "bobine", "kvm"} {
		if got := r.Words(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// TestNoOverRedaction: what only looks like an identifier stays.
func TestNoOverRedaction(t *testing.T) {
	clean := []string{
		"version 120.0.6099.109", "Firefox 128.5.0esr", "kernel 6.1.0-28-amd64", "v1.2.3.4", "Chrome/120.0.0.1 Safari/537.36",
		"libc6_2.36-9+deb12u9", "build 1.2.3.4", "10.0.19045.3803", "net::ERR_CONNECTION_REFUSED", "std::vector<int>",
		"de::Add", "12:34:56", "2026-11-20T13:58:12Z", "13:58", "error 0x80070005", "HTTP 503", "127.0.0.1:631", "::1",
		"0.0.0.0", "8.8.8.8", "255.255.255.255", "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "commit 72577fd0",
		"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0ba22cd15d6c15b0f00a08", "Intel(R) Core(TM) i5-12500T",
		"/usr/lib/cups/backend/ipp", "/dev/sda1", "/etc/resolv.conf", "C:/Windows/System32", "firefox-esr", "eth0", "wlp2s0",
		"Mot de passe : refusé", "Password: forgotten", "mot de passe oublié", "my password does not work",
		"le mot de passe est refusé", "the token is invalid", "the cookie banner", "My PIN is not accepted", "code d'erreur : E51",
		"ECONNREFUSED", "www.example.com", "https://www.example.com/help", "3 × 4 = 12", "16,5 Go", "1920x1080", "-40 °C",
		"5.10.0", "2.4.6.8.10", "mailbox", "Je n'arrive plus à imprimer 😕", "zoé", "%20", "a.b.c.d", "rev 1.0.0.7",
		"net.dns.system/timeout", "print.queue", "client-error-not-authorized", "media-empty-error", "E: Unable to locate",
		"Office 16.0.17231.20236", "driver 31.0.15.4633", "firmware 1.4.2.1", "9876543210", "serial port COM3",
		"host key verification", "user interface", "session bus", "Driver={SQL}", "08:00-18:00", "[2/5]", "1/2", "n° 4",
	}
	changed := 0
	r := New(Params{Key: []byte("k"), Known: seeded()})
	for _, s := range clean {
		if got := r.Text(s); got != s {
			changed++
			t.Errorf("%q became %q", s, got)
		}
	}
	t.Logf("%d of %d clean texts changed", changed, len(clean))
}
