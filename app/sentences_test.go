//go:build linux

// Bad days, from the terminal: the real program (this test's own binary plays it, children included) speaks to
// a practice desk through a proxy with bad manners. For each trouble the person reads what happened and what to
// do next, in French and in English; the report is on the disk, can be carried as a file, and the desk has it
// exactly once when the trouble is over.
//
//	no network                  TestWithoutARouteTheReportWaitsAndArrivesOnce (e2e, a namespace without a route)
//	no DNS                      TestTroubles/no_name
//	desk down                   TestTroubles/desk_down
//	401, 403, 500               TestTroubles/unauthorized, /forbidden, /server_error
//	429 with Retry-After        TestTroubles/throttled
//	HTML login page with 200    TestTroubles/login_page
//	body cut in the middle      TestTroubles/answer_cut, TestAnswerLostOnceStored
//	100 MB answer               TestTroubles/huge_answer, TestAnswerLostOnceStored
//	TLS not trusted             TestTroubles/not_trusted
//	clock wrong                 TestTroubles/clock_wrong
//	disk full                   TestDiskFull (root: a small disk of its own)
//	state file corrupt          TestStateCorrupt
//	keyring absent              TestNoKeyringNoBusNoDisplay
//	keyring locked              TestKeyring (e2e, a desktop with gnome-keyring)
//	no display, no session bus  TestNoKeyringNoBusNoDisplay; with a desktop TestNoDisplay, TestNoSessionBus (e2e)
//	no tray host                TestNoTrayHost (e2e, a desktop whose panel is gone)
//	no OpenGL                   TestNoOpenGL (e2e, a display without GLX); TestWhyThereIsNoWindow
//	5 MB description            TestFiveMegabytes; in the window TestAFiveMegabytePasteIsCutWithASentence
//	50 MB attachment            TestLargeFiles
//	control characters, RTL     TestHostileNames
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/client/clienttest/badmanners"
	"balise/client/desk"
)

// TestMain makes the test binary the program that its tests run.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") || os.Getenv("BALISE_TEST_MAIN") != "" {
		os.Exit(run())
	}
	code := m.Run()
	stopDesk()
	os.Exit(code)
}

// theDesk is one practice desk for all tests of this file; each asks for its own subject only.
var theDesk struct {
	once   sync.Once
	info   desk.Info
	err    error
	cancel context.CancelFunc
	done   chan error
	dir    string
}

func stopDesk() {
	if theDesk.cancel != nil {
		theDesk.cancel()
		<-theDesk.done
		os.RemoveAll(theDesk.dir)
	}
}

func practiceDesk(t *testing.T) desk.Info {
	t.Helper()
	d := &theDesk
	d.once.Do(func() {
		if d.dir, d.err = os.MkdirTemp("", "balise-desk"); d.err != nil { // 0700
			return
		}
		var ctx context.Context
		ctx, d.cancel = context.WithCancel(context.Background())
		d.done = make(chan error, 1)
		ready := make(chan desk.Info, 1)
		go func() { d.done <- desk.Run(ctx, desk.Params{StateDir: d.dir, Ready: func(i desk.Info) { ready <- i }}) }()
		select {
		case d.info = <-ready:
		case <-time.After(20 * time.Second):
			d.err = errors.New("the practice desk does not start")
		}
	})
	if d.err != nil {
		t.Fatal(d.err)
	}
	return d.info
}

// home is one person's computer: a state, settings, and a way to the desk that can be troubled.
type home struct {
	t     *testing.T
	dir   string
	desk  desk.Info
	proxy *badmanners.Proxy
	env   []string
	stdin io.Reader
}

func newHome(t *testing.T) *home {
	t.Helper()
	h := &home{t: t, dir: t.TempDir(), desk: practiceDesk(t)}
	p, err := badmanners.New(h.desk.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	h.proxy = p
	// Nothing of the machine that the test runs on: no display, no bus, no keyring.
	h.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + h.dir, "LANG=C.UTF-8", "XDG_CONFIG_HOME=" + filepath.Join(h.dir, "config"),
		"XDG_RUNTIME_DIR=" + h.dir, "DBUS_SESSION_BUS_ADDRESS=", "BALISE_STATE_DIR=" + h.state(),
		"BALISE_DESK_TOKEN=" + h.desk.ClientToken,
	}
	return h
}

func (h *home) state() string { return filepath.Join(h.dir, "state") }

// settings writes the user's own; without more, the desk is the one behind the proxy.
func (h *home) settings(lang string, more ...string) {
	h.t.Helper()
	if len(more) == 0 {
		more = []string{"url: " + h.proxy.URL}
	}
	text := "language: " + lang + "\ndesk:\n  kind: relay\n  " + strings.Join(more, "\n  ") + "\n"
	file := filepath.Join(h.dir, "config", "balise", "config.yaml")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		h.t.Fatal(err)
	}
}

// run runs one command. What people read comes back without line breaks.
func (h *home) run(args ...string) (code int, stdout, stderr string) {
	h.t.Helper()
	self, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = h.env, h.stdin, &out, &errs
	h.stdin = nil
	if len(args) == 0 {
		cmd.Env = append(cmd.Env, "BALISE_TEST_MAIN=1")
	}
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
		h.t.Fatalf("balise %q: %v", args, err)
	}
	if bytes.ContainsAny(out.Bytes(), "\x1b\x07") || bytes.Contains(out.Bytes(), []byte("\u202e")) {
		h.t.Errorf("balise %q steers the terminal: %q", args, out.String())
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// sent is what report --json says.
type sent struct {
	Ref    string `json:"ref"`
	Number string `json:"number"`
	State  string `json:"state"`
	Code   string `json:"code"`
	Reason *struct {
		Code string            `json:"code"`
		Args map[string]string `json:"args"`
		What string            `json:"what"`
		Next string            `json:"next"`
	} `json:"reason"`
}

func (h *home) report(args ...string) (sent, int) {
	h.t.Helper()
	code, out, errs := h.run(append([]string{"report", "--no-checks", "--yes", "--json"}, args...)...)
	var s sent
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		h.t.Fatalf("report: exit %d: %v\n%s%s", code, err, out, errs)
	}
	return s, code
}

// words is the sentence of a code in one language, as people should read it.
func words(t *testing.T, lang, code string, args map[string]string) (what, next string) {
	t.Helper()
	what, next = i18n.New(lang).Error(code, args)
	if !i18n.New(lang).Has("error."+code+".what") || next == "" || strings.ContainsAny(what+next, "{}…") {
		t.Fatalf("%s has no sentence in %s: %q %q", code, lang, what, next)
	}
	return what, next
}

// says compares without line breaks and without no-break spaces.
func says(text, want string) bool {
	return strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(want), " "))
}

// wantWords holds a text for people to the sentence of a code.
func (h *home) wantWords(text, lang, code string, args map[string]string) {
	h.t.Helper()
	what, next := words(h.t, lang, code, args)
	for _, want := range []string{what, next} {
		if !says(text, want) {
			h.t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

// wantCarried holds the export of a report to the words of its user.
func (h *home) wantCarried(ref, text string) {
	h.t.Helper()
	file := filepath.Join(h.t.TempDir(), "carry.zip")
	if code, out, errs := h.run("outbox", "export", ref, file); code != 0 {
		h.t.Fatalf("export: exit %d: %s%s", code, out, errs)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		h.t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open("message.txt")
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	if raw, err := io.ReadAll(f); err != nil || !bytes.Contains(raw, []byte(text)) {
		h.t.Errorf("%q is not in the file to carry (%v):\n%s", text, err, raw)
	}
}

// wantOnce holds the desk to one ticket of that subject, and this computer to nothing that waits.
func (h *home) wantOnce(subject string) {
	h.t.Helper()
	var list struct {
		Tickets []struct {
			Subject string `json:"subject"`
		} `json:"tickets"`
		Outbox  []json.RawMessage `json:"outbox"`
		Problem json.RawMessage   `json:"problem"`
	}
	_, out, errs := h.run("tickets", "--json")
	if err := json.Unmarshal([]byte(out), &list); err != nil || string(list.Problem) != "null" {
		h.t.Fatalf("tickets: %v, %s\n%s%s", err, list.Problem, out, errs)
	}
	n := 0
	for _, ticket := range list.Tickets {
		if ticket.Subject == subject {
			n++
		}
	}
	if n != 1 || len(list.Outbox) != 0 {
		h.t.Errorf("%d tickets %q on the desk, %d in the outbox", n, subject, len(list.Outbox))
	}
}

// trouble is one bad day on the way to the desk.
type trouble struct {
	name  string
	fault badmanners.Fault
	// desk are the lines of the settings that bring the trouble, where it is not the proxy.
	desk  func(*home) []string
	code  string
	state string
	exit  int
	// list is how `tickets` ends meanwhile: the desk has never answered, and "none" would be a guess.
	list int
}

func TestTroubles(t *testing.T) {
	manner := func(m badmanners.Manner) badmanners.Fault { return badmanners.Fault{Manner: m} }
	for _, c := range []trouble{
		{name: "no name", desk: lines("url: http://balise..example/"), code: api.CodeDeskName, list: 3},
		{name: "desk down", fault: manner(badmanners.RefuseConnection), code: api.CodeDeskUnreachable, list: 3},
		{name: "unauthorized", fault: manner(badmanners.Unauthorized), code: api.CodeDeskUnauthorized, list: 4},
		{name: "forbidden", desk: forbidding, code: api.CodeDeskForbidden, state: "refused", exit: 4},
		{name: "forbidden on the way", fault: manner(badmanners.Forbidden), code: api.CodeDeskNotADesk, list: 3},
		{
			name:  "throttled",
			fault: badmanners.Fault{Manner: badmanners.Throttle, Wait: 40 * time.Second}, code: api.CodeDeskThrottled,
			list: 3,
		},
		{name: "server error", fault: manner(badmanners.ServerError), code: api.CodeDeskUnavailable, list: 3},
		{name: "login page", fault: manner(badmanners.LoginPage), code: api.CodeDeskNotADesk, list: 3},
		{name: "redirect", fault: manner(badmanners.Redirect), code: api.CodeDeskNotADesk, list: 3},
		{name: "answer cut", fault: manner(badmanners.StoredThenCutBody), code: api.CodeDeskAnswer, list: 3},
		{name: "huge answer", fault: manner(badmanners.HugeAnswer), code: api.CodeDeskAnswer, list: 3},
		{name: "not trusted", desk: secured(time.Now().Add(-time.Hour), false), code: api.CodeDeskTLS, list: 3},
		{name: "clock wrong", desk: secured(time.Now().Add(24*time.Hour), true), code: api.CodeDeskClock, list: 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.play(newHome(t))
		})
	}
}

func (c trouble) play(h *home) {
	h.t.Helper()
	subject, text := "Trouble: "+c.name, "Rien ne va plus, à moins que…"
	state := "queued"
	if c.state != "" {
		state = c.state
	}
	more := []string(nil)
	if c.desk != nil {
		more = c.desk(h)
	} else {
		h.proxy.Set(c.fault)
	}
	h.settings("fr", more...)
	got, exit := h.report("--subject", subject, "--description", text)
	if got.State != state || exit != c.exit || len(got.Code) != 7 || got.Reason == nil || got.Reason.Code != c.code {
		h.t.Fatalf("exit %d: %+v %+v", exit, got, got.Reason)
	}
	what, next := words(h.t, "fr", c.code, got.Reason.Args)
	if got.Reason.What != what || got.Reason.Next != next {
		h.t.Errorf("have %q %q\nwant %q %q", got.Reason.What, got.Reason.Next, what, next)
	}
	h.settings("en", more...)
	_, out, _ := h.run("outbox")
	h.wantWords(out, "en", c.code, got.Reason.Args)
	if !strings.Contains(out, got.Code) {
		h.t.Errorf("the code %s is not in:\n%s", got.Code, out)
	}
	h.wantCarried(got.Ref, text)
	if exit, out, _ := h.run("tickets"); exit != c.list || strings.Contains(out, "You have no tickets") {
		h.t.Errorf("tickets: exit %d: %s", exit, out)
	}

	h.proxy.Set()
	h.settings("en")
	if exit, out, errs := h.run("outbox", "retry", got.Ref); exit != 0 {
		h.t.Errorf("retry: exit %d: %s%s", exit, out, errs)
	}
	h.wantOnce(subject)
}

func lines(s ...string) func(*home) []string { return func(*home) []string { return s } }

// forbidding is the desk itself saying 403 to a new ticket; a 403 that does not speak its protocol is somebody
// else's.
func forbidding(h *home) []string {
	h.t.Helper()
	target, err := url.Parse(h.desk.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(target)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			r.Host = target.Host
			pass.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"code":"forbidden","title":"Not allowed","status":403}`)
	}))
	h.t.Cleanup(s.Close)
	return []string{"url: " + s.URL}
}

// secured stands a TLS desk before the real one, whose certificate begins at from; trusted puts it into the
// settings.
func secured(from time.Time, trusted bool) func(*home) []string {
	return func(h *home) []string {
		h.t.Helper()
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			h.t.Fatal(err)
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "desk"}, NotBefore: from,
			NotAfter: from.Add(48 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			IsCA: true, BasicConstraintsValid: true,
		}
		der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
		if err != nil {
			h.t.Fatal(err)
		}
		target, err := url.Parse(h.desk.URL)
		if err != nil {
			h.t.Fatal(err)
		}
		s := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(target))
		s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		h.t.Cleanup(s.Close)
		out := []string{"url: " + s.URL}
		if trusted {
			file := filepath.Join(h.dir, "ca.pem")
			raw := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
			if err := os.WriteFile(file, raw, 0o600); err != nil {
				h.t.Fatal(err)
			}
			out = append(out, "ca_file: "+file)
		}
		return out
	}
}

// TestAnswerLostOnceStored: the desk stored the ticket and its answer was lost. The same command asks and ends
// with the number; there is one ticket.
func TestAnswerLostOnceStored(t *testing.T) {
	for _, m := range []badmanners.Manner{
		badmanners.StoredThenCutBody, badmanners.StoredThenHuge, badmanners.StoredThenHTML, badmanners.StoredThen502,
	} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			h.settings("fr")
			h.proxy.Set(badmanners.Fault{Manner: m, Match: badmanners.Posts, Times: 1})
			got, exit := h.report("--subject", "Lost: "+string(m))
			if got.State != "sent" || got.Number == "" || exit != 0 {
				t.Errorf("exit %d: %+v %+v", exit, got, got.Reason)
			}
			h.wantOnce("Lost: " + string(m))
		})
	}
}

func TestNoKeyringNoBusNoDisplay(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	for lang, want := range map[string]string{"en": "There is no display here", "fr": "Il n’y a pas d’écran ici"} {
		h.settings(lang)
		code, out, errs := h.run()
		if code != 3 || out != "" || !says(errs, want) || !strings.Contains(errs, "balise report") {
			t.Errorf("balise alone: exit %d: %s%s", code, out, errs)
		}
	}
	token := h.env[len(h.env)-1]
	h.env = h.env[:len(h.env)-1]
	for _, lang := range []string{"en", "fr"} {
		h.settings(lang)
		h.stdin = strings.NewReader(h.desk.ClientToken + "\n")
		code, out, errs := h.run("sign-in", "--token-stdin")
		if code != 3 || out != "" {
			t.Errorf("sign-in: exit %d: %s%s", code, out, errs)
		}
		h.wantWords(errs, lang, api.CodeKeyringAbsent, nil)
		if !strings.Contains(errs, "BALISE_DESK_TOKEN") {
			t.Errorf("the way out is not named: %s", errs)
		}
	}
	_, out, errs := h.run("report", "--subject", "No keyring", "--screenshot", "--no-checks", "--yes")
	h.wantWords(out, "fr", api.CodeDeskNoCredential, nil)
	h.wantWords(errs, "fr", api.CodeNoDisplay, nil)
	h.settings("en")
	_, out, _ = h.run("outbox")
	h.wantWords(out, "en", api.CodeDeskNoCredential, nil)
	h.env = append(h.env, token)
	if code, out, errs := h.run("outbox", "--flush"); code != 0 {
		t.Errorf("flush: exit %d: %s%s", code, out, errs)
	}
	h.wantOnce("No keyring")
}

// TestStateCorrupt: what was in the file is put aside, the person is told, and Balise works on.
func TestStateCorrupt(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	for _, lang := range []string{"en", "fr"} {
		h.settings(lang)
		h.proxy.Set(badmanners.Fault{Manner: badmanners.RefuseConnection})
		waits, _ := h.report("--subject", "Waits while the file breaks")
		if waits.State != "queued" {
			t.Fatalf("%+v", waits)
		}
		h.proxy.Set()
		for _, f := range []string{"balise.db", "balise.db-wal"} {
			junk := bytes.Repeat([]byte("not a database "), 1000)
			if err := os.WriteFile(filepath.Join(h.state(), f), junk, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		code, out, errs := h.run("report", "--subject", "Corrupt "+lang, "--no-checks", "--yes")
		if code != 0 || strings.Contains(errs, "level=") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		h.wantWords(errs, lang, api.CodeStateMoved, nil)
		h.wantOnce("Corrupt " + lang)
		kept, err := filepath.Glob(filepath.Join(h.state(), "balise.db.corrupt-*.files", waits.Ref, "*"))
		if err != nil || len(kept) < 2 {
			t.Errorf("of the report that waited there is left: %v %v", kept, err)
		}
	}
}

func TestFiveMegabytes(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	text := strings.Repeat("Encore une ligne de ce qui ne va pas.\n", 5<<20/38)
	for _, lang := range []string{"en", "fr"} {
		h.settings(lang)
		h.stdin = strings.NewReader(text)
		code, out, errs := h.run("report", "--subject", "Long", "--description", "-", "--no-checks", "--yes")
		if code == 0 || out != "" {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		h.wantWords(errs, lang, api.CodeTextTooLong, map[string]string{"limit": "1 MiB"})
	}
	file := filepath.Join(h.dir, "long.txt") // what the sentence says to do
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, exit := h.report("--subject", "Long text", "--attach", file); exit != 0 || got.State != "sent" {
		t.Errorf("exit %d: %+v", exit, got)
	}
	h.wantOnce("Long text")
}

func TestLargeFiles(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.settings("fr")
	file := filepath.Join(h.dir, "vidéo.bin")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 50<<20)); err != nil {
		t.Fatal(err)
	}
	if got, exit := h.report("--subject", "50 MB", "--attach", file); exit != 0 || got.State != "sent" {
		t.Errorf("50 MB: exit %d: %+v", exit, got)
	}
	h.wantOnce("50 MB")
	if err := os.Truncate(file, 70<<20); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "fr"} {
		h.settings(lang)
		code, out, errs := h.run("report", "--subject", "70 MB", "--attach", file, "--no-checks", "--yes")
		what, next := words(t, lang, api.CodeAttachTooLarge, map[string]string{"file": "vidéo.bin", "limit": "64 MiB"})
		if code == 0 || !says(errs, next) {
			t.Errorf("70 MB: exit %d: %s%s\nwant %s %s", code, out, errs, what, next)
		}
	}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	file := filepath.Join(h.dir, "facture\u202egpj.exe\x1b[2J")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "fr"} {
		h.settings(lang)
		h.proxy.Set(badmanners.Fault{Manner: badmanners.RefuseConnection})
		got, _ := h.report("--subject", "Hostile "+lang+"\x1b]0;own\x07 \u202etxet", "--attach", file)
		if got.State != "queued" {
			t.Fatalf("%+v", got)
		}
		_, out, _ := h.run("outbox") // run looks for what steers
		h.wantWords(out, lang, api.CodeDeskUnreachable, nil)
		h.proxy.Set()
		if code, out, errs := h.run("outbox", "retry", got.Ref); code != 0 {
			t.Errorf("retry: exit %d: %s%s", code, out, errs)
		}
		code, out, errs := h.run("tickets", "show", got.Ref)
		if code != 0 || !strings.Contains(out, "Hostile "+lang) || !strings.Contains(out, "facture") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
	}
}

// TestDiskFull: nothing can be stored, which is said; with room again the same command sends.
func TestDiskFull(t *testing.T) {
	if os.Getenv("BALISE_TEST_ROOT") == "" {
		t.Skip("needs a small disk of its own: BALISE_TEST_ROOT=1 as root, as packaging/test does")
	}
	h := newHome(t)
	h.settings("en")
	if err := os.MkdirAll(h.state(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", h.state(), "tmpfs", 0, "size=8m,mode=700"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(h.state(), syscall.MNT_DETACH) })
	h.proxy.Set(badmanners.Fault{Manner: badmanners.RefuseConnection})
	first, _ := h.report("--subject", "Before the disk was full")
	if first.State != "queued" {
		t.Fatalf("%+v", first)
	}
	large := filepath.Join(h.dir, "large.log") // more than what Balise keeps free for a report
	if err := os.WriteFile(large, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(h.state(), "full")
	f, err := os.Create(full)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 16, 1 << 10, 1} {
		for piece := make([]byte, size); err == nil; {
			_, err = f.Write(piece)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
	f.Close()
	for _, lang := range []string{"en", "fr"} {
		h.settings(lang)
		code, out, errs := h.run("report", "--subject", "Full", "--attach", large, "--no-checks", "--yes")
		if code != 3 || out != "" {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		h.wantWords(errs, lang, api.CodeDiskFull, nil)
	}
	if _, out, _ := h.run("outbox", "--json"); strings.Contains(out, `"Full"`) {
		t.Errorf("what was refused is half there:\n%s", out)
	}
	if got, _ := h.report("--subject", "In the reserve"); got.State != "queued" {
		t.Errorf("without a file there is room kept: %+v", got)
	}
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	h.proxy.Set()
	if code, out, errs := h.run("outbox", "--flush"); code != 0 {
		t.Errorf("flush: exit %d: %s%s", code, out, errs)
	}
	h.wantOnce("Before the disk was full")
	h.wantOnce("In the reserve")
	if got, _ := h.report("--subject", "Full", "--attach", large); got.State != "sent" {
		t.Errorf("with room again: %+v", got)
	}
	h.wantOnce("Full")
}
