package outbox

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"balise/client"
)

// bench is an outbox with a clock that tests move, opened again after every simulated crash.
type bench struct {
	t    *testing.T
	dir  string
	desk *fakeDesk
	now  time.Time
	hook func(string)
	db   *sql.DB
	box  *Outbox
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), desk: newFakeDesk(), now: time.Unix(1_790_000_000, 0)}
	b.open()
	return b
}

func (b *bench) open() {
	b.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.dir, "x.db")+"?_pragma=synchronous(off)")
	if err != nil {
		b.t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.t.Cleanup(func() { db.Close() })
	b.db = db
	b.box, err = Open(b.t.Context(), Params{
		DB: db, Dir: filepath.Join(b.dir, "files"),
		Driver:  func(context.Context) (client.Driver, error) { return b.desk, nil },
		Explain: func(err error) Reason { return Reason{Code: "test", Detail: err.Error()} },
		Now:     func() time.Time { return b.now },
		Jitter:  func() float64 { return 1 },
		Hook: func(p string) {
			if b.hook != nil {
				b.hook(p)
			}
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// crashed is what a hook panics with; the disk keeps what was written, the memory is gone.
type crashed struct{}

// survive runs f and reopens everything if it "crashed".
func (b *bench) survive(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(crashed); !ok {
				panic(r)
			}
			b.db.Close()
			hook := b.hook
			b.hook = nil // the new process gets to its feet; what it then does may crash again
			b.open()
			b.hook = hook
			err = errors.New("crashed")
		}
	}()
	return f()
}

// run lets the sender work, moving the clock from one due time to the next, until nothing is left to do.
func (b *bench) run(steps int) {
	b.t.Helper()
	for range steps {
		var next time.Time
		err := b.survive(func() (err error) { next, err = b.box.sendDue(b.t.Context()); return err })
		if err != nil {
			continue
		}
		if next.IsZero() {
			return
		}
		b.now = b.now.Add(max(next.Sub(b.now), time.Millisecond))
	}
	b.t.Fatalf("the outbox did not come to rest; calls %v", b.desk.calls)
}

func draft(files ...client.Upload) client.Draft {
	return client.Draft{
		ClientRef: client.NewClientRef(), Subject: "Écran noir", Text: "Rien ne marche", Attachments: files,
	}
}

func (b *bench) add(d client.Draft) Item {
	b.t.Helper()
	it, err := b.box.AddTicket(b.t.Context(), d)
	if err != nil {
		b.t.Fatal(err)
	}
	return it
}

func (b *bench) item(ref client.ClientRef) Item {
	b.t.Helper()
	it, err := b.box.Item(b.t.Context(), ref)
	if err != nil {
		b.t.Fatal(err)
	}
	return it
}

func TestSendOnce(t *testing.T) {
	b := newBench(t)
	it := b.add(draft(upload("a.txt", "alpha"), upload("b.txt", "beta")))
	if it.State != Waiting || it.Bytes != int64(len("Rien ne marche")+9) {
		t.Errorf("after AddTicket: %+v", it)
	}
	b.run(10)
	got := b.item(it.Ref)
	if got.State != Sent || got.Ticket.Number != "#1" || len(b.desk.tickets) != 1 {
		t.Fatalf("%+v, %d tickets", got, len(b.desk.tickets))
	}
	if f := b.desk.tickets["1"].files; f["a.txt"] != "alpha" || f["b.txt"] != "beta" {
		t.Errorf("files %v", f)
	}
	if _, err := os.Stat(b.box.folder(it.Ref)); !errors.Is(err, os.ErrNotExist) {
		t.Error("content stays on disk after delivery")
	}
	var content string
	b.db.QueryRow(`SELECT content FROM outbox`).Scan(&content)
	if content != "" {
		t.Error("text stays in the database after delivery")
	}
}

func TestDecisions(t *testing.T) {
	lookTwice := []string{"create", "probe", "find", "probe", "find", "create"}
	tests := []struct {
		name   string
		faults []fault // of the calls, in order; then fine
		calls  []string
		state  State
	}{
		{"unreachable is repeated", []fault{unreachable}, []string{"create", "create"}, Sent},
		{"what failed here was not sent", []fault{local}, []string{"create", "create"}, Sent},
		{"throttled waits and repeats", []fault{throttled}, []string{"create", "create"}, Sent},
		{"signed out waits and repeats", []fault{unauthorized}, []string{"create", "create"}, Sent},
		{"a lost request is looked for twice", []fault{lostRequest}, lookTwice, Sent},
		{"a portal's page proves nothing", []fault{notADesk}, lookTwice, Sent},
		{"a lost answer is adopted", []fault{lostAnswer}, []string{"create", "probe", "find", "create"}, Sent},
		{"missing files are completed", []fault{lostMidFiles}, []string{"create", "probe", "find", "create"}, Sent},
		{"a clear no is final", []fault{invalid}, []string{"create"}, Refused},
		{
			"no look-up, no repeat",
			[]fault{lostRequest, unreachable, fine, unreachable},
			[]string{"create", "probe", "probe", "find", "probe", "find", "probe", "find", "create"},
			Sent,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			n := 0
			b.desk.fault = func(string) fault {
				if n++; n <= len(tt.faults) {
					return tt.faults[n-1]
				}
				return fine
			}
			it := b.add(draft(upload("a", "1"), upload("b", "2")))
			b.run(30)
			if b.item(it.Ref).State != tt.state {
				t.Errorf("state %s, want %s", b.item(it.Ref).State, tt.state)
			}
			if fmt.Sprint(b.desk.calls) != fmt.Sprint(tt.calls) {
				t.Errorf("calls %v\nwant  %v", b.desk.calls, tt.calls)
			}
			if tt.state == Refused {
				return
			}
			if len(b.desk.tickets) != 1 || len(b.desk.tickets["1"].files) != 2 {
				t.Errorf("%d tickets, calls %v", len(b.desk.tickets), b.desk.calls)
			}
		})
	}
}

func TestNobodyCanTell(t *testing.T) {
	b := newBench(t)
	b.desk.caps.CreateIdem = client.IdemNone
	first := true
	b.desk.fault = func(call string) fault {
		if call == "create" && first {
			first = false
			return lostRequest
		}
		return fine
	}
	it := b.add(draft())
	b.run(10)
	if got := b.item(it.Ref); got.State != Refused || len(b.desk.tickets) != 0 {
		t.Fatalf("%+v", got)
	}
	// The user says that it did not arrive.
	if _, err := b.box.Retry(t.Context(), it.Ref); err != nil {
		t.Fatal(err)
	}
	b.run(10)
	if got := b.item(it.Ref); got.State != Sent || len(b.desk.tickets) != 1 {
		t.Fatalf("after retry: %+v", got)
	}
}

func TestFlushNeitherRushesAVerdictNorAThrottle(t *testing.T) {
	b := newBench(t)
	lost := true
	b.desk.fault = func(call string) fault {
		if call == "create" && lost {
			lost = false
			return lostRequest
		}
		return fine
	}
	b.add(draft())
	for range 5 { // five impatient clicks within the verify delay
		if _, err := b.box.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(b.desk.calls, "create"); n != 1 {
		t.Errorf("%d creates although the outcome was open", n)
	}
	b.run(10)
	if len(b.desk.tickets) != 1 {
		t.Errorf("%d tickets", len(b.desk.tickets))
	}

	b = newBench(t)
	b.desk.fault = func(string) fault { return throttled }
	b.add(draft())
	for range 5 {
		if _, err := b.box.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.desk.calls) != 1 {
		t.Errorf("a throttled desk was called %d times", len(b.desk.calls))
	}
}

// A desk that breaks on every report and does not keep it is not sent the whole report again and again.
func TestADeskThatAlwaysFailsIsLeftAlone(t *testing.T) {
	for _, idem := range []client.Idempotency{client.IdemKey, client.IdemSearch, client.IdemSearchLag} {
		b := newBench(t)
		b.desk.caps.CreateIdem = idem
		b.desk.fault = func(call string) fault {
			if call == "create" {
				return lostRequest
			}
			return fine
		}
		b.add(draft())
		for end := b.now.Add(time.Hour); b.now.Before(end); {
			next, err := b.box.sendDue(t.Context())
			if err != nil || next.IsZero() {
				t.Fatalf("%s: %v, next %v", idem, err, next)
			}
			b.now = b.now.Add(max(next.Sub(b.now), time.Millisecond))
		}
		if n := count(b.desk.calls, "create"); n < 2 || n > 12 {
			t.Errorf("%s: sent %d times within an hour", idem, n)
		}
	}
}

func TestClockSetBack(t *testing.T) {
	b := newBench(t)
	b.desk.fault = func(string) fault { return unreachable }
	it := b.add(draft())
	if _, err := b.box.sendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.desk.fault = func(string) fault { return fine }
	b.now = b.now.Add(-30 * 24 * time.Hour)
	if _, err := b.box.sendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.item(it.Ref); got.State != Sent {
		t.Errorf("a clock set back silenced the sender: %+v", got)
	}
}

func TestRepliesKeepTheirOrder(t *testing.T) {
	b := newBench(t)
	b.add(draft())
	b.run(10)
	ticket := client.Ref{ID: "1", Number: "#1"}
	for i := range 5 {
		m := client.Outgoing{ClientRef: client.NewClientRef(), Text: fmt.Sprint(i)}
		if _, err := b.box.AddReply(t.Context(), ticket, "s", m); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	b.desk.fault = randomFaults(r, 0.4)
	b.run(500)
	got := ""
	for _, m := range b.desk.tickets["1"].replies {
		got += m.Text
	}
	if got != "01234" {
		t.Errorf("replies arrived as %q", got)
	}
}

var seeds = flag.Int("seeds", 60, "how many random runs TestNothingLostNothingTwice makes")

// TestNothingLostNothingTwice crashes at random step boundaries while the desk misbehaves at random.
func TestNothingLostNothingTwice(t *testing.T) {
	for seed := range *seeds {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { oneWorstDay(t, uint64(seed)) }) {
			t.Logf("replay: go test ./client/outbox -run TestNothingLostNothingTwice/%d$ -seeds %d", seed, seed+1)
		}
	}
}

func oneWorstDay(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 99))
	b := newBench(t)
	b.desk.fault = randomFaults(r, 0.35)
	b.hook = func(string) {
		if r.Float64() < 0.08 {
			panic(crashed{})
		}
	}
	accepted := map[client.ClientRef]bool{}
	for range 4 {
		d := draft(upload("a", "alpha"), upload("b", "beta"), upload("c", "gamma"))
		err := b.survive(func() error { _, err := b.box.AddTicket(t.Context(), d); return err })
		accepted[d.ClientRef] = err == nil
		_ = b.survive(func() error { _, err := b.box.sendDue(t.Context()); return err })
	}
	b.run(2000)
	b.hook, b.desk.fault = nil, func(string) fault { return fine }
	for ref, ok := range accepted {
		ids := b.desk.byRef[ref]
		if len(ids) > 1 {
			t.Errorf("%s became %d tickets", ref, len(ids))
		}
		if ok && (len(ids) != 1 || len(b.desk.tickets[ids[0]].files) != 3) {
			t.Errorf("%s was accepted and became %d tickets", ref, len(ids))
		}
		it, err := b.box.Item(t.Context(), ref)
		if len(ids) == 0 && err == nil && it.State != Draft {
			t.Errorf("%s is at rest as %s without a ticket", ref, it.State)
		}
	}
}

func TestHalfWrittenReportKeepsItsWords(t *testing.T) {
	b := newBench(t)
	d := draft(upload("a", "alpha"), upload("b", "beta"))
	b.hook = func(p string) {
		if p == "add.file" {
			panic(crashed{})
		}
	}
	_ = b.survive(func() error { _, err := b.box.AddTicket(t.Context(), d); return err })
	b.hook = nil
	it := b.item(d.ClientRef)
	if it.State != Draft || it.Reason == nil || it.Reason.Code != "outbox.incomplete" {
		t.Fatalf("%+v", it)
	}
	if _, err := b.box.Retry(t.Context(), d.ClientRef); err != nil {
		t.Fatal(err)
	}
	b.run(10)
	if got := b.desk.tickets["1"]; got == nil || got.draft.Text != d.Text {
		t.Errorf("the words were lost: %+v", got)
	}
}

func TestExportRetryDiscard(t *testing.T) {
	b := newBench(t)
	b.desk.fault = func(string) fault { return unreachable }
	it := b.add(draft(upload("../../etc/passwd", "alpha")))
	b.run1()
	var buf bytes.Buffer
	if err := b.box.Export(t.Context(), it.Ref, &buf); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, f := range z.File {
		rc, _ := f.Open()
		raw, _ := io.ReadAll(rc)
		names[f.Name] = string(raw)
	}
	if names["1-passwd"] != "alpha" || !bytes.Contains([]byte(names["message.txt"]), []byte(it.Ref.Code())) {
		t.Errorf("export holds %v", names)
	}
	if err := b.box.Discard(t.Context(), it.Ref); err != nil {
		t.Fatal(err)
	}
	if _, err := b.box.Item(t.Context(), it.Ref); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	for _, err := range []error{
		b.box.Discard(t.Context(), it.Ref), b.box.Export(t.Context(), it.Ref, io.Discard),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
	b.desk.fault = func(string) fault { return fine }
	sent := b.add(draft())
	b.run(5)
	if err := b.box.Discard(t.Context(), sent.Ref); !errors.Is(err, ErrState) {
		t.Errorf("discard of what was sent: %v", err)
	}
}

func (b *bench) run1() {
	b.t.Helper()
	if _, err := b.box.sendDue(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func TestWaitReturnsWithTheTicket(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- b.box.Run(ctx) }()
	it := b.add(draft())
	got, err := b.box.Wait(ctx, it.Ref)
	if err != nil || got.State != Sent {
		t.Errorf("%+v, %v", got, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestUnreadableAttachmentIsToldAtOnce(t *testing.T) {
	b := newBench(t)
	d := draft(client.Upload{Name: "gone", Open: func() (io.ReadCloser, error) { return nil, os.ErrNotExist }})
	if _, err := b.box.AddTicket(t.Context(), d); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if items, _ := b.box.Items(t.Context(), true); len(items) != 0 {
		t.Errorf("a report that was not accepted is in the outbox: %+v", items)
	}
}

func count(calls []string, name string) (n int) {
	for _, c := range calls {
		if c == name {
			n++
		}
	}
	return n
}
