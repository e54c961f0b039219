package rt

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"balise/client"
	"balise/client/clienttest/suite"
)

const scripts = "../../packaging/desks/rt5/"

// ownRT starts an RT of the test's own: the shared one must not be killed under other tests.
func ownRT(t *testing.T, dir string) server {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), scripts+"start.sh", dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("start RT: %v", err)
	}
	e := server{}
	for line := range strings.Lines(string(out)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			e[k] = v
		}
	}
	return e
}

func stopRT(t *testing.T, dir, how string) {
	t.Helper()
	if out, err := exec.Command(scripts+"stop.sh", dir, how).CombinedOutput(); err != nil {
		t.Errorf("stop RT: %v %s", err, out)
	}
}

// RT is killed while it stores a ticket, at different moments; it comes back, and what the outbox does then
// must end in one ticket with all its files.
func TestDeskThatDiesWhileStoring(t *testing.T) {
	live(t)
	dir, err := os.MkdirTemp("", "rt-crash")
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "rt") // --wipe removes it
	t.Cleanup(func() { os.Remove(filepath.Dir(dir)) })
	e := ownRT(t, dir)
	t.Cleanup(func() { stopRT(t, dir, "--wipe") })
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MB take RT a second
	for _, after := range []time.Duration{100, 400, 550, 800} {
		after *= time.Millisecond
		d := e.driver(t, e.token("alice"), func(p *Params) { p.RefField = "" })
		if _, _, err := d.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		dr := suite.Draft("crash", "x",
			suite.Bytes("a.bin", octets, big), suite.Bytes("b.png", "image/png", big[:99]))
		var first client.Receipt
		sent := make(chan error, 1)
		go func() {
			var err error
			first, err = d.Create(t.Context(), dr, client.Receipt{})
			sent <- err
		}()
		time.Sleep(after)
		stopRT(t, dir, "--kill")
		err := <-sent
		ownRT(t, dir)
		ref, look := d.FindByClientRef(t.Context(), dr.ClientRef)
		t.Logf("killed after %v: create %q %v; look-up %v", after, first.Ref.ID, err, look)
		if look == nil && first.Ref.ID == "" && !errors.Is(err, client.ErrUnknownOutcome) {
			t.Errorf("killed after %v: stored, and Create said %v", after, err)
		}
		rec, err := d.Create(t.Context(), dr, client.Receipt{Ref: ref})
		if err != nil || len(rec.Pending) > 0 || len(rec.Changed) > 0 {
			t.Errorf("killed after %v: the second try: %+v, %v", after, rec, err)
		}
		exactlyOne(t, e, dr)
	}
}

func exactlyOne(t *testing.T, e server, dr client.Draft) {
	t.Helper()
	var list struct{ Items []struct{ ID text } }
	query := url.QueryEscape("Subject LIKE '" + string(dr.ClientRef) + "'")
	if err := (technician{e}).call(t.Context(), "GET", "/tickets?query="+query, nil, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 {
		t.Fatalf("%d tickets for one report", len(list.Items))
	}
	v, err := technician{e}.Look(t.Context(), string(list.Items[0].ID))
	if err != nil || len(v.Files) != len(dr.Attachments) || v.Requester != "alice" {
		t.Fatalf("requester %q, %d files, %v", v.Requester, len(v.Files), err)
	}
	for i, u := range dr.Attachments {
		f, err := u.Open()
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(f)
		if err != nil || v.Files[i].Name != u.Name || !bytes.Equal(v.Files[i].Data, want) {
			t.Errorf("file %q is not what was sent", v.Files[i].Name)
		}
	}
}
