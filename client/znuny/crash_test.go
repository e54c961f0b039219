package znuny

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"balise/client"
	"balise/client/clienttest/suite"
)

const scripts = "../../packaging/desks/znuny/"

func script(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(scripts+name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v %s", name, err, out)
	}
}

// Znuny is killed while it stores a ticket, at different moments; it comes back, and what the create protocol does
// then must end in one ticket with all its files.
func TestDeskThatDiesWhileStoring(t *testing.T) {
	live(t)
	top, err := os.MkdirTemp("", "znuny-crash")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(top, 0o755); err != nil { // the database has a user of its own
		t.Fatal(err)
	}
	dir := filepath.Join(top, "znuny")
	t.Cleanup(func() { script(t, "stop.sh", dir, "--wipe"); os.Remove(top) })
	file := filepath.Join(top, "env")
	start := func() server {
		out, err := exec.CommandContext(t.Context(), scripts+"start.sh", dir).Output()
		if err != nil {
			t.Fatalf("start Znuny: %v", err)
		}
		if err := os.WriteFile(file, out, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("BALISE_TEST_ZNUNY", file)
		return live(t)
	}
	t.Cleanup(func() { os.Remove(file) })
	e := start()
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	for _, after := range []time.Duration{100, 300, 500, 650, 800} {
		after *= time.Millisecond
		d := e.as(t, "alice")
		if _, _, err := d.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		dr := suite.Draft("crash", "x", suite.Bytes("a.bin", "", big), suite.Bytes("b.png", "image/png", big[:99]))
		var first client.Receipt
		sent := make(chan error, 1)
		go func() {
			var err error
			first, err = d.Create(t.Context(), dr, client.Receipt{})
			sent <- err
		}()
		time.Sleep(after) // chooses the moment; every outcome is right that keeps the promise
		script(t, "stop.sh", dir, "--kill")
		err := <-sent
		e = start()
		ref, look := d.FindByClientRef(t.Context(), dr.ClientRef)
		t.Logf("killed after %v: create %q %v; look-up %v", after, first.Ref.ID, err, look)
		if look == nil && first.Ref.ID == "" && !errors.Is(err, client.ErrUnknownOutcome) {
			t.Errorf("killed after %v: stored, and Create said %v", after, err)
		}
		if look != nil && !errors.Is(look, client.ErrNotFound) {
			t.Fatalf("killed after %v: the look-up: %v", after, look)
		}
		rec, err := d.Create(t.Context(), dr, client.Receipt{Ref: ref})
		if err != nil || len(rec.Pending) > 0 {
			t.Errorf("killed after %v: the second try: %+v, %v", after, rec, err)
		}
		v, err := e.tech().Look(t.Context(), rec.Ref.ID)
		if err != nil || v.Requester != "alice" || len(v.Files) != 2 {
			t.Errorf("killed after %v: requester %q, %d files, %v", after, v.Requester, len(v.Files), err)
		}
		var found answer
		err = e.tech().Call(t.Context(), "POST", "/Ticket/Search", map[string]any{
			"DynamicField_BaliseRef": map[string]string{"Equals": string(dr.ClientRef)},
		}, &found)
		if err != nil || len(found.TicketID) != 1 {
			t.Errorf("killed after %v: %d tickets for one report, %v", after, len(found.TicketID), err)
		}
	}
}
