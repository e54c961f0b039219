package redmine

import (
	"bytes"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/client"
	"balise/client/clienttest/suite"
)

const scripts = "../../packaging/desks/redmine/"

// ownRedmine starts a Redmine of the test's own: the shared one must not be killed under other tests.
func ownRedmine(t *testing.T, dir string) server {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), scripts+"start.sh", dir).Output()
	if err != nil {
		t.Fatalf("start Redmine: %v", err)
	}
	e := server{}
	for line := range strings.Lines(string(out)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			e[k] = v
		}
	}
	return e
}

func stopRedmine(t *testing.T, dir, how string) {
	t.Helper()
	if out, err := exec.Command(scripts+"stop.sh", dir, how).CombinedOutput(); err != nil {
		t.Errorf("stop Redmine: %v %s", err, out)
	}
}

// Redmine is killed while it stores an issue, at different moments; it comes back, and what the outbox does then must
// end in one issue with all its files.
func TestDeskThatDiesWhileStoring(t *testing.T) {
	live(t)
	parent, err := os.MkdirTemp("", "redmine-crash")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "redmine") // --wipe removes it
	t.Cleanup(func() { os.Remove(parent) })
	e := ownRedmine(t, dir)
	t.Cleanup(func() { stopRedmine(t, dir, "--wipe") })
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	for _, after := range []time.Duration{50, 150, 250, 400} {
		after *= time.Millisecond
		d := e.driver(t, e.token("alice"), func(p *Params) { p.RefField = "" })
		if _, _, err := d.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		dr := suite.Draft("crash", "x", suite.Bytes("a.bin", octets, big), suite.Bytes("b.png", "image/png", big[:99]))
		var first client.Receipt
		sent := make(chan error, 1)
		go func() {
			var err error
			first, err = d.Create(t.Context(), dr, client.Receipt{})
			sent <- err
		}()
		time.Sleep(after) // the moment of the kill, not a wait for something
		stopRedmine(t, dir, "--kill")
		err := <-sent
		ownRedmine(t, dir)
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
	var list struct{ Issues []struct{ ID id } }
	query := url.Values{"status_id": {"*"}, "subject": {"~" + string(dr.ClientRef)}}.Encode()
	if err := e.tech().Call(t.Context(), "GET", "/issues.json?"+query, nil, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Issues) != 1 {
		t.Fatalf("%d issues for one report", len(list.Issues))
	}
	v, err := e.tech().Look(t.Context(), list.Issues[0].ID.String())
	if err != nil || len(v.Files) != len(dr.Attachments) || v.Requester != "Alice Été" {
		t.Fatalf("requester %q, %d files, %v", v.Requester, len(v.Files), err)
	}
	for _, u := range dr.Attachments {
		if !slices.ContainsFunc(v.Files, func(f suite.File) bool { return f.Name == u.Name && int64(len(f.Data)) == u.Size }) {
			t.Errorf("file %q is not what was sent", u.Name)
		}
	}
}
