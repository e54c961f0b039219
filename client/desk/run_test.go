package desk

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/client"
	"balise/client/relay"
	"balise/client/transport"
)

// safeBuffer is a log that a test reads while the desk writes.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// start runs a desk; stop ends it and returns what Run returned.
func start(t *testing.T, p Params) (info Info, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan Info, 1), make(chan error, 1)
	p.Ready = func(i Info) { ready <- i }
	go func() { done <- Run(ctx, p) }()
	select {
	case info = <-ready:
	case err := <-done:
		cancel()
		t.Fatalf("run: %v", err)
	case <-time.After(20 * time.Second):
		cancel()
		t.Fatal("the desk is not ready")
	}
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() { stop() })
	return info, stop
}

func driverTo(t *testing.T, info Info) *relay.Driver {
	t.Helper()
	tr, err := transport.New(transport.Params{BaseURL: info.URL, Proxy: "direct"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return relay.New(relay.Params{
		URL: info.URL, Transport: tr, Credential: client.Credential{Kind: "token", Token: info.ClientToken},
	}).(*relay.Driver)
}

func TestRunKeepsPortSecretsAndTickets(t *testing.T) {
	t.Parallel() // it waits for a lock
	state := t.TempDir()
	if _, err := Lookup(state); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("lookup before the first start: %v", err)
	}
	var log safeBuffer
	params := Params{StateDir: state, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	first, stop := start(t, params)
	found, err := Lookup(state)
	if err != nil || found != first {
		t.Fatalf("lookup: %#v, %v; want %#v", found, err, first)
	}
	rec, err := driverTo(t, first).Create(t.Context(),
		client.Draft{ClientRef: client.NewClientRef(), Subject: "kept", Text: "x"}, client.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	link, err := TechnicianLink(t.Context(), found)
	if err != nil || !strings.HasPrefix(link, first.URL+"/enter?code=") {
		t.Fatalf("link %q, %v", link, err)
	}
	if err := Run(t.Context(), Params{StateDir: state}); !errors.Is(err, ErrRunning) {
		t.Errorf("a second desk on the same state: %v, want ErrRunning", err)
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if _, err := Lookup(state); !errors.Is(err, ErrNotRunning) {
		t.Errorf("lookup after the end: %v", err)
	}

	second, _ := start(t, params)
	if second.URL != first.URL || second.ClientToken != first.ClientToken {
		t.Errorf("second start: %v, first %v", second, first)
	}
	if tk, err := driverTo(t, second).Get(t.Context(), rec.Ref.ID, client.Validator{}); err != nil || tk.Subject != "kept" {
		t.Errorf("the ticket after a restart: %+v, %v", tk, err)
	}
	key, err := readSecret(folder(state), technicianFile)
	if err != nil || key == first.ClientToken {
		t.Fatalf("technician key: %v; the same as the client's: %v", err, key == first.ClientToken)
	}
	code := link[strings.Index(link, "=")+1:]
	for _, secret := range []string{key, first.ClientToken, code} {
		if strings.Contains(log.String(), secret) {
			t.Error("a secret stands in the log")
		}
	}
	for _, text := range []string{first.String(), first.GoString(), first.LogValue().String()} {
		if strings.Contains(text, first.ClientToken) {
			t.Errorf("Info prints its token: %s", text)
		}
	}
}

func TestRunFilesArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // the folder's ACL guards it there, not a mode
	}
	state := t.TempDir()
	info, _ := start(t, Params{StateDir: state})
	_, err := driverTo(t, info).Create(t.Context(), client.Draft{
		ClientRef: client.NewClientRef(), Subject: "x", Text: "x", Attachments: []client.Upload{upload("a.txt", "abc")},
	}, client.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(folder(state), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRunTakesAnotherPortWhenItsOwnIsTaken(t *testing.T) {
	state := t.TempDir()
	first, stop := start(t, Params{StateDir: state})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	squatter, err := net.Listen("tcp", strings.TrimPrefix(first.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer squatter.Close()
	second, _ := start(t, Params{StateDir: state})
	if second.URL == first.URL {
		t.Error("two on one port")
	}
}

func TestRunServesThisComputerOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.168.1.10:8080", "example.org:80", "8080"} {
		if err := Run(t.Context(), Params{StateDir: t.TempDir(), Listen: address}); err == nil {
			t.Errorf("listens on %s", address)
		}
	}
	info, _ := start(t, Params{StateDir: t.TempDir(), Listen: "127.0.0.1:0"})
	port := info.URL[strings.LastIndex(info.URL, ":"):]
	for host, want := range map[string]int{
		"127.0.0.1" + port: http.StatusOK, "localhost" + port: http.StatusOK, "[::1]" + port: http.StatusOK,
		"evil.example" + port: http.StatusMisdirectedRequest, "127.0.0.1": http.StatusMisdirectedRequest,
		"127.0.0.1:1": http.StatusMisdirectedRequest, "127.0.0.1.evil.example" + port: http.StatusMisdirectedRequest,
		"localhost.evil.example" + port: http.StatusMisdirectedRequest, "10.0.0.1" + port: http.StatusMisdirectedRequest,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, info.URL+"/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		req.Header.Set("Authorization", "Bearer "+info.ClientToken)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("Host %q: %s, want %d", host, resp.Status, want)
		}
	}
}

func TestRunMovesADamagedDatabaseAside(t *testing.T) {
	state := t.TempDir()
	info, stop := start(t, Params{StateDir: state})
	_, err := driverTo(t, info).Create(t.Context(), client.Draft{
		ClientRef: client.NewClientRef(), Subject: "x", Text: "x", Attachments: []client.Upload{upload("a.txt", "precious")},
	}, client.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder(state), databaseFile)
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	var log safeBuffer
	info, _ = start(t, Params{StateDir: state, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if info.MovedAside == "" || !strings.Contains(log.String(), info.MovedAside) {
		t.Fatalf("moved aside %q, log %s", info.MovedAside, log.String())
	}
	if raw, err := os.ReadFile(info.MovedAside); err != nil || !bytes.HasPrefix(raw, []byte("not a database")) {
		t.Errorf("the damaged file is not kept: %v", err)
	}
	kept, err := filepath.Glob(info.MovedAside + "-files/*.bin")
	if err != nil || len(kept) != 1 {
		t.Errorf("its files are not kept: %v, %v", kept, err)
	}
	if page, err := driverTo(t, info).List(t.Context(), client.ListQuery{}); err != nil || len(page.Tickets) != 0 {
		t.Errorf("the new database: %+v, %v", page, err)
	}
}

func TestLookupDoesNotBelieveAFileThatACrashLeft(t *testing.T) {
	state := t.TempDir()
	_, stop := start(t, Params{StateDir: state})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	left := []byte(`{"url":"http://127.0.0.1:1","pid":1}`)
	if err := writeFile(folder(state), infoFile, left); err != nil {
		t.Fatal(err)
	}
	if info, err := Lookup(state); !errors.Is(err, ErrNotRunning) {
		t.Errorf("lookup: %v, %v", info, err)
	}
}

func TestTechnicianLinkSendsTheKeyNowhereElse(t *testing.T) {
	state := t.TempDir()
	start(t, Params{StateDir: state})
	for _, u := range []string{"http://example.org", "https://127.0.0.1:1", "http://127.0.0.1.example.org:80", ""} {
		if link, err := TechnicianLink(t.Context(), Info{URL: u, StateDir: state}); err == nil {
			t.Errorf("asked %s: %s", u, link)
		}
	}
}

func upload(name, data string) client.Upload { return uploadAs(name, "text/plain", data) }
