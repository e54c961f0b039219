//go:build unix

package outbox_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"balise/client"
	"balise/client/clienttest/badmanners"
	"balise/client/desk"
	"balise/client/outbox"
	"balise/client/relay"
	"balise/client/rt"
	"balise/client/transport"
)

// childEnv carries the orders of the process that is to be killed.
const childEnv = "BALISE_OUTBOX_CHILD"

// orders is what the child does: open the outbox in Dir, store a report if Add, send until it is sent, and
// kill itself, as a power cut would, when it passes the step boundary KillAt.
type orders struct {
	Dir, Kind, URL, Token, Ref, KillAt string
	Add, Retry                         bool
}

func TestMain(m *testing.M) {
	if raw := os.Getenv(childEnv); raw != "" {
		var o orders
		if err := json.Unmarshal([]byte(raw), &o); err != nil {
			panic(err)
		}
		if err := o.obey(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func (o orders) obey() error {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(o.Dir, "balise.db")+
		"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	box, err := outbox.Open(ctx, outbox.Params{
		DB: db, Dir: filepath.Join(o.Dir, "outbox"),
		Driver: func(context.Context) (client.Driver, error) { return newDriver(o.Kind, o.URL, o.Token) },
		Hook: func(point string) {
			if point == o.KillAt {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // the signal is on its way; nothing more may happen
			}
		},
	})
	if err != nil {
		return err
	}
	ref := client.ClientRef(o.Ref)
	if o.Add {
		if _, err := box.AddTicket(ctx, report(ref)); err != nil {
			return err
		}
	}
	if o.Retry {
		if _, err := box.Retry(ctx, ref); err != nil {
			return err
		}
	}
	go box.Run(ctx)
	it, err := box.Wait(ctx, ref)
	if err != nil || it.State != outbox.Sent {
		why := outbox.Reason{}
		if it.Reason != nil {
			why = *it.Reason
		}
		return fmt.Errorf("at rest as %s: %+v, %v", it.State, why, err)
	}
	return nil
}

func newDriver(kind, url, token string) (client.Driver, error) {
	t, err := transport.New(transport.Params{BaseURL: url, UserAgent: "Balise/test", Proxy: "direct"})
	if err != nil {
		return nil, err
	}
	cred := client.Credential{Kind: "token", Token: token}
	if kind == "rt" {
		return rt.New(rt.Params{URL: url, Credential: cred, Queue: "Helpdesk", Transport: t}), nil
	}
	return relay.New(relay.Params{URL: url, Credential: cred, Transport: t}), nil
}

// files are the attachments: a real report's shapes, the last one large enough to be cut in the middle.
var files = []struct{ name, mime, text string }{
	{"report.html", "text/html", "<!doctype html><p>é</p>"},
	{"report.json", "application/json", `{"schema":1}`},
	{"screenshot.png", "image/png", "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\xffé", 200_000)},
}

func report(ref client.ClientRef) client.Draft {
	d := client.Draft{ClientRef: ref, Subject: "Écran noir 🖥", Text: "Rien ne marche.\n\nRef " + string(ref)}
	for _, f := range files {
		d.Attachments = append(d.Attachments, client.Upload{
			Name: f.name, MIME: f.mime, Size: int64(len(f.text)),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(f.text)), nil },
		})
	}
	return d
}

// target is a desk to crash against.
type target struct {
	kind, url, token string
}

func practiceDesk(t *testing.T) target {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan desk.Info, 1)
	done := make(chan error, 1)
	state := t.TempDir()
	if err := os.Chmod(state, 0o700); err != nil {
		t.Fatal(err)
	}
	go func() {
		done <- desk.Run(ctx, desk.Params{StateDir: state, Ready: func(i desk.Info) { ready <- i }})
	}()
	t.Cleanup(func() { cancel(); <-done })
	select {
	case i := <-ready:
		return target{"relay", i.URL, i.ClientToken}
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
	return target{}
}

func realRT(t *testing.T) target {
	t.Helper()
	file := os.Getenv("BALISE_TEST_RT")
	if file == "" {
		t.Skip("needs a real RT: packaging/test starts one, or BALISE_TEST_RT=<file printed by packaging/desks/rt5/start.sh>")
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		env[k] = v
	}
	tg := target{"rt", env["RT_URL"], env["RT_ALICE_TOKEN"]}
	if tg.url == "" || tg.token == "" {
		t.Fatalf("%s names no RT_URL or RT_ALICE_TOKEN", file)
	}
	return tg
}

// killPoint is a moment at which the process dies: at a step boundary of its own, or while the desk's side
// of the conversation is in a given state.
type killPoint struct {
	name  string
	hook  string
	fault badmanners.Fault // the process is killed as soon as a request meets this fault
	after time.Duration    // ... plus this
	// unaccepted: the user had not been told that the report is safe.
	unaccepted bool
	quick      bool // also in the quick loop
}

var killPoints = []killPoint{
	{name: "words stored", hook: "add.row", unaccepted: true},
	{name: "first file stored", hook: "add.file", unaccepted: true},
	{name: "all files stored", hook: "add.files"},
	{name: "report accepted", hook: "add.committed"},
	{name: "before the claim", hook: "create.claim"},
	{name: "claimed", hook: "create.claimed"},
	{name: "connected", fault: badmanners.Fault{Manner: badmanners.Silence, Match: creates}},
	{name: "half the request sent", fault: badmanners.Fault{Manner: badmanners.CutDuringRequest, Match: creates}},
	{name: "stored, unanswered", fault: badmanners.Fault{Manner: badmanners.StoredThenSilence, Match: creates}, after: time.Second},
	{name: "stored after the death", fault: badmanners.Fault{Manner: badmanners.Delay, Wait: 2 * time.Second, Match: creates}, after: 500 * time.Millisecond},
	{name: "half the answer read", fault: badmanners.Fault{Manner: badmanners.Drip, Wait: 50 * time.Millisecond, Match: creates}, after: 1500 * time.Millisecond},
	{name: "answered", hook: "create.answered", quick: true},
	{name: "before the receipt is stored", hook: "settle.begin"},
	{name: "receipt stored", hook: "settle.saved", quick: true},
	{name: "files deleted", hook: "forget.files"},
	{name: "all done", hook: "settle.forgotten"},
}

func TestKilledAtEveryStep(t *testing.T) {
	for _, kind := range []string{"practice", "rt"} {
		t.Run(kind, func(t *testing.T) {
			var tg target
			if kind == "rt" {
				tg = realRT(t)
			} else {
				tg = practiceDesk(t)
			}
			for _, k := range killPoints {
				if !k.quick && os.Getenv("BALISE_TEST_RT") == "" {
					continue // the whole list takes minutes; packaging/test runs it against both desks
				}
				t.Run(k.name, func(t *testing.T) {
					t.Parallel()
					killAndRecover(t, tg, k)
				})
			}
		})
	}
}

func killAndRecover(t *testing.T, tg target, k killPoint) {
	proxy, err := badmanners.New(tg.url)
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	ref := client.NewClientRef()
	o := orders{
		Dir: t.TempDir(), Kind: tg.kind, URL: proxy.URL, Token: tg.token, Ref: string(ref),
		Add: true, KillAt: k.hook,
	}
	cmd, output := start(t, o, proxy, k)
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the process was not killed (%v): %s", err, output)
	}
	proxy.Set()
	if k.fault.Manner == badmanners.Delay {
		time.Sleep(k.fault.Wait) // what the dead process sent arrives at last
	}
	again := orders{Dir: o.Dir, Kind: o.Kind, URL: tg.url, Token: o.Token, Ref: o.Ref, Retry: k.unaccepted}
	cmd, output = start(t, again, nil, killPoint{})
	if err := cmd.Wait(); err != nil {
		t.Fatalf("after the restart: %v: %s", err, output)
	}
	exactlyOneTicket(t, tg, ref, !k.unaccepted)
}

// start runs this test binary as the child. With a fault to meet, the child is killed when it has met it.
func start(t *testing.T, o orders, proxy *badmanners.Proxy, k killPoint) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	output := &bytes.Buffer{}
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(raw))
	cmd.Stdout, cmd.Stderr = output, output
	met := make(chan struct{}, 8)
	if k.fault.Manner != "" {
		match := k.fault.Match
		fault := k.fault
		fault.Match = func(r *http.Request) bool {
			if !match(r) {
				return false
			}
			met <- struct{}{}
			return true
		}
		proxy.Set(fault)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if k.fault.Manner != "" {
		go func() {
			select {
			case <-met:
				time.Sleep(k.after)
				cmd.Process.Kill()
			case <-ctx.Done():
			}
		}()
	}
	return cmd, output
}

// exactlyOneTicket looks at the desk as the user would: one ticket with the reference, each attachment once,
// byte for byte.
func exactlyOneTicket(t *testing.T, tg target, ref client.ClientRef, whole bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := newDriver(tg.kind, tg.url, tg.token)
	if err != nil {
		t.Fatal(err)
	}
	found, err := d.FindByClientRef(ctx, ref)
	if err != nil {
		t.Fatalf("no ticket: %v", err)
	}
	if n := ticketsWith(ctx, t, d, ref); n != 1 {
		t.Fatalf("%d tickets with %s", n, ref)
	}
	thread, err := d.Thread(ctx, found.ID)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]int{}
	for _, m := range thread {
		for _, a := range m.Attachments {
			h := sha256.New()
			if err := d.Download(ctx, a, h, 64<<20); err != nil {
				t.Fatal(err)
			}
			have[a.Name+" "+hex.EncodeToString(h.Sum(nil))]++
		}
	}
	for _, f := range files {
		sum := sha256.Sum256([]byte(f.text))
		key := f.name + " " + hex.EncodeToString(sum[:])
		if n := have[key]; n > 1 || whole && n != 1 {
			t.Errorf("%s is on the ticket %d times", f.name, n)
		}
		delete(have, key)
	}
	if len(have) > 0 {
		t.Errorf("also on the ticket: %v", have)
	}
}

// ticketsWith counts by reading the whole list: FindByClientRef would hide a second ticket.
func ticketsWith(ctx context.Context, t *testing.T, d client.Driver, ref client.ClientRef) (n int) {
	t.Helper()
	q := client.ListQuery{IncludeClosed: true, Limit: 100}
	for range 50 {
		page, err := d.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, tk := range page.Tickets {
			if tk.ClientRef == ref || strings.Contains(tk.Subject, string(ref)) {
				n++
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return n
		}
	}
	t.Fatal("the list does not end: " + strconv.Itoa(n))
	return n
}

func creates(r *http.Request) bool {
	return r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/ticket") || strings.HasSuffix(r.URL.Path, "/v1/tickets"))
}
