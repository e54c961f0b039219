package probes

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/pack"
)

// look runs one probe as the child does, with data that went through JSON, and gives all its facts.
func look(t *testing.T, name string, with map[string]any, p Params) (values, diagnostics.Outcome) {
	t.Helper()
	k, ok := find(name)
	if !ok {
		t.Fatalf("no probe %s", name)
	}
	c := Check{ID: "acme.x", Probe: name, With: with, Outcomes: []Outcome{{If: "true", Status: diagnostics.Pass}}}
	for _, f := range k.facts {
		c.Facts = append(c.Facts, f.key)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	c = Check{}
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	out := Make([]Check{c}, p)[0].Run(t.Context(), 0)
	seen := values{}
	for _, f := range out.Facts {
		seen[f.Key] = f.Value
	}
	return seen, out
}

func expect(t *testing.T, name string, with map[string]any, want values) {
	t.Helper()
	seen, out := look(t, name, with, Params{})
	for key, v := range want {
		if got, ok := seen[key]; got != v || !ok && v != nil {
			t.Errorf("%s %v: %s is %v, want %v (%s %s)", name, with, key, got, v, out.Status, out.Detail)
		}
	}
}

func listen(t *testing.T) (open, closed string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed = gone.Addr().String()
	_ = gone.Close()
	return l.Addr().String(), closed
}

func TestTCP(t *testing.T) {
	open, closed := listen(t)
	expect(t, "tcp", map[string]any{"target": open}, values{"tcp.open": true, "tcp.err": nil})
	expect(t, "tcp", map[string]any{"target": closed}, values{"tcp.open": false, "tcp.err": "refused", "tcp.ms": nil})
	expect(t, "tls", map[string]any{"target": closed}, values{"tcp.open": false, "tls.valid": false})
	expect(t, "ipp", map[string]any{"target": closed}, values{"ipp.answered": false, "ipp.err": "refused"})
	expect(t, "smtp", map[string]any{"target": closed}, values{"mail.answered": false, "mail.err": "refused"})
	expect(t, "imap", map[string]any{"target": closed, "security": "starttls"}, values{"mail.answered": false})
	expect(t, "https", map[string]any{"url": "https://" + closed},
		values{"http.answered": false, "http.err": "refused", "http.status": nil})
}

func TestHTTPS(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte("all is well here"))
	}))
	defer srv.Close()
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	raw := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(ca, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	seen, _ := look(t, "https", map[string]any{"url": srv.URL + "/down", "contains": "well"}, Params{CAFile: ca})
	if seen["http.status"] != int64(503) || seen["http.contains"] != true || seen["http.answered"] != true {
		t.Errorf("%v", seen)
	}
	if d, ok := seen["tls.days"].(int64); !ok || d < 1 {
		t.Errorf("%v", seen)
	}
	// Without the settings' CA file nobody vouches for this server.
	seen, _ = look(t, "https", map[string]any{"url": srv.URL}, Params{})
	if seen["http.err"] != "tls" || seen["tls.err"] != "untrusted" || seen["http.answered"] != false {
		t.Errorf("%v", seen)
	}
	target := strings.TrimPrefix(srv.URL, "https://")
	seen, _ = look(t, "tls", map[string]any{"target": target}, Params{CAFile: ca})
	if seen["tls.valid"] != true || seen["tcp.open"] != true {
		t.Errorf("%v", seen)
	}
	seen, _ = look(t, "tls", map[string]any{"target": target, "name": "other.example"}, Params{CAFile: ca})
	if seen["tls.valid"] != false || seen["tls.err"] != "name" {
		t.Errorf("%v", seen)
	}
	_, out := look(t, "https", map[string]any{"url": srv.URL}, Params{CAFile: "/nonexistent"})
	if out.Status != diagnostics.Unknown || out.Detail != "config.desk.ca_file" {
		t.Errorf("%+v", out)
	}
}

func TestDNS(t *testing.T) {
	expect(t, "dns", map[string]any{"name": "localhost"}, values{"dns.found": true})
	_, out := look(t, "dns", map[string]any{"name": "x.example", "server": "not an address"}, Params{})
	if out.Status != diagnostics.Unknown {
		t.Errorf("%+v", out)
	}
}

func TestFiles(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "conf"))
	write := func(name, text string) string {
		t.Helper()
		full := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return full
	}
	file := write("conf/acme.ini", "# a\nserver = old\nserver=\"new\"\nport: 7\n")
	old := time.Now().Add(-50 * time.Hour)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	expect(t, "file.exists", map[string]any{"path": file}, values{"file.exists": true, "file.kind": "file", "file.bytes": int64(38)})
	expect(t, "file.exists", map[string]any{"path": "conf", "base": "home"}, values{"file.kind": "folder"})
	expect(t, "file.exists", map[string]any{"path": file + "x"}, values{"file.exists": false, "file.bytes": nil})
	expect(t, "file.age", map[string]any{"path": file}, values{"file.days": int64(2), "file.hours": int64(50)})
	for key, want := range map[string]values{
		"server": {"kv.found": true, "kv.equal": true, "kv.value": "new"},
		"port":   {"kv.found": true, "kv.equal": false, "kv.value": "7"},
		"absent": {"kv.found": false, "kv.equal": false, "kv.value": nil},
	} {
		expect(t, "kv.compare", map[string]any{"path": file, "key": key, "value": "new"}, want)
	}
	_, out := look(t, "kv.compare", map[string]any{"path": file, "key": "server"}, Params{})
	for _, f := range out.Facts {
		if f.Key == "kv.value" && f.Class != diagnostics.Secret {
			t.Errorf("a settings file's value would leave: %+v", f)
		}
	}
	for name, with := range map[string]map[string]any{
		"leaves its folder": {"path": "../x", "base": "home"}, "relative": {"path": "x"}, "no base": {"path": "x", "base": "y"},
	} {
		if _, out := look(t, "file.exists", with, Params{}); out.Status != diagnostics.Unknown || out.Detail != "pack.path" {
			t.Errorf("%s: %+v", name, out)
		}
	}
	if _, out := look(t, "kv.compare", map[string]any{"path": home, "key": "a"}, Params{}); out.Detail != "pack.file" {
		t.Errorf("a folder was read: %+v", out)
	}
	expect(t, "cert.file", map[string]any{"path": file + "x"}, values{"cert.exists": false})
}

func TestThisComputer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	self := filepath.Base(os.Args[0])
	expect(t, "proc", map[string]any{"name": self[:min(len(self), 15)]}, values{})
	expect(t, "proc", map[string]any{"name": "no-such-program"}, values{"proc.running": false, "proc.count": int64(0)})
	expect(t, "mount", map[string]any{"path": "/"}, values{"mount.mounted": true})
	expect(t, "mount", map[string]any{"path": "/no/such/folder"}, values{"mount.mounted": false})
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/no/such/bus")
	expect(t, "dbus.property", map[string]any{
		"name": "org.acme", "path": "/org/acme", "interface": "org.acme", "property": "State",
	}, values{"dbus.answered": false})
	if _, err := os.Stat("/var/lib/dpkg/status"); err == nil {
		expect(t, "pkg.version", map[string]any{"name": "base-files", "at_least": "1"},
			values{"pkg.installed": true, "pkg.recent": true})
		expect(t, "pkg.version", map[string]any{"name": "base-files", "at_least": "9999"}, values{"pkg.recent": false})
		expect(t, "pkg.version", map[string]any{"name": "no-such-package"}, values{"pkg.installed": false})
	}
	if _, out := look(t, "reg.value", map[string]any{"key": `HKLM\X`}, Params{}); out.Status != diagnostics.NA {
		t.Errorf("%+v", out)
	}
}

func TestExecNeedsTheSwitch(t *testing.T) {
	c := Check{
		ID: "acme.x", Probe: "exec", With: map[string]any{"path": "/bin/true"},
		Outcomes: []Outcome{{If: "true", Status: diagnostics.Pass}},
	}
	if out := Make([]Check{c}, Params{})[0].Run(t.Context(), 0); out.Detail != "pack.exec_forbidden" {
		t.Fatalf("%+v", out)
	}
	of := Of(pack.Check{Probe: "tcp"}, true)
	if of.Exec {
		t.Fatal("a probe that is not exec may start programs")
	}
	c.Exec, c.With = true, map[string]any{"path": "/bin/sh", "args": []string{"-c", "true"}}
	if out := Make([]Check{c}, Params{})[0].Run(t.Context(), 0); out.Detail != "pack.exec_refused" && runtime.GOOS != "windows" {
		t.Fatalf("%+v", out)
	}
}

func TestWhatAProgramMaySay(t *testing.T) {
	for raw, good := range map[string]bool{
		"": true, "\n": true, `{}`: true, `{"state": "all_well", "value": 3.5, "limit": 4, "yes": true, "text": "a b"}`: true,
		`{"state": "All well"}`: false, `{"secret": 1}`: false, `{"value": "3"}`: false, `{} {}`: false, `[]`: false,
		`{"text": "a\nb"}`: false, `{"text": "` + strings.Repeat("x", 201) + `"}`: false, `{`: false,
	} {
		if _, err := understood([]byte(raw)); (err == nil) != good {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func FuzzKeyValue(f *testing.F) {
	f.Add([]byte("a=1\nb: \"2\"\n;x"), "a")
	f.Add([]byte("=\n==\n\""), "")
	f.Fuzz(func(t *testing.T, raw []byte, key string) {
		if v, _ := keyValue(raw, key); len(v) > len(raw) {
			t.Fatal(v)
		}
	})
}

func FuzzUnderstood(f *testing.F) {
	f.Add([]byte(`{"state": "a", "value": 1e308}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if s, err := understood(raw); err == nil && len(s.State)+len(s.Text) > maxState+maxSaid {
			t.Fatal(s)
		}
	})
}
