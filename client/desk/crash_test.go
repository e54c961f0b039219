package desk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/client"
	"balise/client/relay"
)

// crashState makes this test program a practice desk: the child that TestKilledDesk kills.
const crashState = "BALISE_TEST_DESK_STATE"

func TestMain(m *testing.M) {
	if state := os.Getenv(crashState); state != "" {
		err := Run(context.Background(), Params{StateDir: state, Ready: func(i Info) { fmt.Println(i.URL) }})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// startChild runs a desk in a process of its own.
func startChild(t *testing.T, state string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashState+"="+state)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the child does not start: %v", err)
	}
	return cmd
}

// What the desk said it stored is there after kill -9, whole; what it did not say is there whole or not at
// all; and the same keys again make no second ticket.
func TestKilledDesk(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	var drafts []client.Draft
	answered := map[client.ClientRef]client.Ref{}
	for round := range 4 {
		child := startChild(t, state)
		info, err := Lookup(state)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(20+30*round)*time.Millisecond, func() { _ = child.Process.Kill() })
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 6 {
			dr := client.Draft{
				ClientRef: client.NewClientRef(), Subject: fmt.Sprintf("%d.%d", round, i), Text: "x",
				Attachments: []client.Upload{upload("a", strings.Repeat("a", 200_000)), upload("b", "b")},
			}
			drafts = append(drafts, dr)
			driver := driverTo(t, info)
			wg.Go(func() {
				if rec, err := driver.Create(t.Context(), dr, client.Receipt{}); err == nil {
					mu.Lock()
					answered[dr.ClientRef] = rec.Ref
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		_ = child.Wait()
		if _, err := Lookup(state); !errors.Is(err, ErrNotRunning) {
			t.Errorf("lookup after the kill: %v", err)
		}
	}
	info, stop := start(t, Params{StateDir: state})
	d := driverTo(t, info)
	for _, dr := range drafts {
		checkAfterCrash(t, d, dr, answered[dr.ClientRef])
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s, _, err := openStore(t.Context(), filepath.Join(folder(state), databaseFile), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if n, f := count(t, s, "tickets"), count(t, s, "files"); n != len(drafts) || f != 2*len(drafts) {
		t.Errorf("%d tickets and %d files, want %d and %d", n, f, len(drafts), 2*len(drafts))
	}
	if left := leftovers(t, s); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Logf("%d of %d were answered before a kill", len(answered), len(drafts))
}

func checkAfterCrash(t *testing.T, d *relay.Driver, dr client.Draft, said client.Ref) {
	t.Helper()
	found, err := d.FindByClientRef(t.Context(), dr.ClientRef)
	if said.ID != "" && (err != nil || found.ID != said.ID) {
		t.Errorf("%s: the desk said %s, now %s, %v", dr.Subject, said.ID, found.ID, err)
	}
	if err != nil && !errors.Is(err, client.ErrNotFound) {
		t.Errorf("%s: %v", dr.Subject, err)
	}
	rec, err2 := d.Create(t.Context(), dr, client.Receipt{})
	if err2 != nil || err == nil && rec.Ref.ID != found.ID {
		t.Errorf("%s: sent again: %+v, %v; was %+v", dr.Subject, rec, err2, found)
	}
	msgs, err := d.Thread(t.Context(), rec.Ref.ID)
	if err != nil || len(msgs) != 1 || len(msgs[0].Attachments) != 2 {
		t.Fatalf("%s: thread %+v, %v", dr.Subject, msgs, err)
	}
	for i, a := range msgs[0].Attachments {
		var got strings.Builder
		err := d.Download(t.Context(), a, &got, relay.MaxFileBytes)
		if err != nil || int64(got.Len()) != dr.Attachments[i].Size {
			t.Errorf("%s: file %s has %d bytes, %v", dr.Subject, a.Name, got.Len(), err)
		}
	}
}
