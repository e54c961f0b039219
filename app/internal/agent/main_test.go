package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"balise/app/internal/config"
	"balise/app/internal/incident"
	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/client/desk"
	"balise/client/secret"
	"balise/diagnostics"
	"balise/diagnostics/checks"
	"balise/diagnostics/snapshot"
)

// TestMain makes the test binary its own children: the real practice desk and the real report, and stand-ins
// for what depends on the machine.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "desk" {
		os.Exit(playDesk())
	}
	if len(os.Args) > 1 && os.Args[1] == "agent" {
		os.Exit(playAgent())
	}
	if len(os.Args) > 2 && os.Args[1] == "internal" {
		if err := play(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// noDesk is a file that keeps the practice desk from starting.
const noDesk = "no-desk"

func playDesk() int {
	dir := os.Getenv("BALISE_STATE_DIR")
	if _, err := os.Stat(filepath.Join(dir, noDesk)); err == nil {
		fmt.Fprintln(os.Stderr, "no desk today")
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := desk.Run(ctx, desk.Params{StateDir: dir}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// realChildren names the children that are the real ones: "probe,snapshot".
const realChildren = "REAL_CHILDREN_FOR_TESTS"

// playAgent is a whole agent in a process of its own: BALISE_STATE_DIR and the settings' file beside it.
func playAgent() int {
	dir := os.Getenv("BALISE_STATE_DIR")
	exe, err := os.Executable()
	if err != nil {
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	a, err := New(Params{
		StateDir: dir, Socket: os.Getenv("SOCKET_FOR_TESTS"), Version: "test", Self: []string{exe}, Resident: true,
		Settings: FileSettings(config.Params{UserFile: filepath.Join(dir, "config.yaml")}),
		ChildEnv: []string{realChildren + "=probe,snapshot"},
	})
	if err == nil {
		err = errors.Join(a.Run(ctx), a.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func play(part string) error {
	children := os.Getenv(realChildren)
	if part == "probe" && strings.Contains(children, part) {
		return checks.RunChild(context.Background(), os.Stdin, os.Stdout)
	}
	if part == "snapshot" && strings.Contains(children, part) {
		return snapshot.RunChild(context.Background(), os.Stdin, os.Stdout)
	}
	switch part {
	case "probe":
		return playProbe()
	case "snapshot":
		return json.NewEncoder(os.Stdout).Encode(snapshot.Answer{
			Snapshot: &snapshot.Snapshot{Version: snapshot.Version, Hostname: "pc-1234", Taken: time.Now()},
			Groups:   []diagnostics.Group{{ID: "system", Facts: []diagnostics.Fact{diagnostics.Text("os", "Test")}}},
		})
	case "capture":
		if os.Getenv("BALISE_TEST_CAPTURE") == "deny" {
			fmt.Fprintln(os.Stderr, "noise\n"+`{"code":"screenshot.denied","detail":"no"}`)
			os.Exit(1)
		}
		_, err := os.Stdout.Write(picture())
		return err
	case "render":
		return incident.RunChild(context.Background(), os.Stdin, os.Stdout)
	}
	return fmt.Errorf("no child %q", part)
}

func playProbe() error {
	var req checks.Request
	if err := json.NewDecoder(os.Stdin).Decode(&req); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	// Not in the order of the catalogue: results come as they finish.
	results := []diagnostics.Result{
		{
			ID: "disk.space", Status: diagnostics.Fail, Cause: "disk.space/full", Severity: diagnostics.Blocks,
			Facts: []diagnostics.Fact{diagnostics.Int("free_percent", 1, "%")},
		},
		{ID: "net.link", Status: diagnostics.Pass},
	}
	if os.Getenv("BALISE_TEST_PROBE") == "well" {
		results = []diagnostics.Result{
			{ID: "disk.space", Status: diagnostics.Pass}, {ID: "net.link", Status: diagnostics.Pass},
		}
	}
	if err := out.Encode(diagnostics.Event{Kind: diagnostics.RunStarted, Total: len(results)}); err != nil {
		return err
	}
	for _, r := range results {
		r.Started = time.Now()
		if err := out.Encode(diagnostics.Event{Kind: diagnostics.CheckFinished, ID: r.ID, Result: &r}); err != nil {
			return err
		}
	}
	if os.Getenv("BALISE_TEST_PROBE") == "hang" {
		time.Sleep(time.Hour)
	}
	return out.Encode(diagnostics.Event{Kind: diagnostics.RunFinished})
}

func picture() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for x := range 64 {
		img.Set(x, x%48, color.RGBA{R: 200, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// bell is a notifier that remembers.
type bell struct {
	mu        sync.Mutex
	notes     []Note
	withdrawn []string
}

func (b *bell) Show(_ context.Context, n Note) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes = append(b.notes, n)
	return nil
}

func (b *bell) Withdraw(_ context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.withdrawn = append(b.withdrawn, key)
	return nil
}

func (b *bell) rung() []Note {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Note(nil), b.notes...)
}

// ring is a keyring in memory; err replaces every answer.
type ring struct {
	mu    sync.Mutex
	items map[string]client.Credential
	err   error
	asked int
}

func (r *ring) Get(_ context.Context, account string) (client.Credential, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.err != nil {
		return client.Credential{}, r.err
	}
	c, ok := r.items[account]
	if !ok {
		return c, secret.ErrNone
	}
	return c, nil
}

func (r *ring) Set(_ context.Context, account string, c client.Credential) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	r.items[account] = c
	return nil
}

func (r *ring) Delete(_ context.Context, account string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.items, account)
	return r.err
}

// bench is one agent in a folder of its own, with all that a test may want to look at.
type bench struct {
	*Agent
	dir  string
	bell *bell
	ring *ring
}

func params(t *testing.T, settings string) (Params, *bench) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{dir: t.TempDir(), bell: &bell{}, ring: &ring{items: map[string]client.Credential{}}}
	user := filepath.Join(b.dir, "config", "config.yaml")
	if err := os.MkdirAll(filepath.Dir(user), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(user, []byte("language: en\n"+settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return Params{
		StateDir: filepath.Join(b.dir, "state"), Version: "test", Self: []string{exe}, Notifier: b.bell,
		Secrets: b.ring, Settings: FileSettings(config.Params{UserFile: user}), Log: logTo(t),
	}, b
}

func start(t *testing.T, p Params, b *bench) *bench {
	t.Helper()
	a, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	b.Agent = a
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// resident starts the loop as well.
func resident(t *testing.T, p Params, b *bench) *bench {
	t.Helper()
	p.Resident = true
	start(t, p, b)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return b
}

func logTo(t *testing.T) *slog.Logger {
	if !testing.Verbose() {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

func (b *bench) open(t *testing.T, shot bool) api.Incident {
	t.Helper()
	inc, err := b.OpenIncident(t.Context(), api.OpenRequest{Screenshot: shot})
	if err != nil {
		t.Fatal(err)
	}
	return inc
}

// within waits for something to become true.
func within(t *testing.T, d time.Duration, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatalf("not within %s: %s", d, what)
}
