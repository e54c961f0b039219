package redmine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"balise/client"
	"balise/client/clienttest/badmanners"
	"balise/client/clienttest/suite"
	"balise/client/clienttest/technician"
	"balise/client/transport"
)

// server is the real Redmine that packaging/desks/redmine/start.sh started.
type server map[string]string

func live(t *testing.T) server {
	t.Helper()
	path := os.Getenv("BALISE_TEST_REDMINE")
	if path == "" {
		t.Skip("needs a real Redmine: packaging/desks/redmine/start.sh DIR >redmine.env, then " +
			"BALISE_TEST_REDMINE=$PWD/redmine.env")
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	env := server{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if k, v, ok := strings.Cut(sc.Text(), "="); ok {
			env[k] = v
		}
	}
	if env["REDMINE_URL"] == "" || env["REDMINE_ALICE_TOKEN"] == "" {
		t.Fatalf("%s has no REDMINE_URL or no REDMINE_ALICE_TOKEN", path)
	}
	return env
}

// driver makes a driver for the real Redmine; change adapts its settings.
func (e server) driver(t *testing.T, cred client.Credential, change ...func(*Params)) *Driver {
	t.Helper()
	tr, err := transport.New(transport.Params{BaseURL: e["REDMINE_URL"], Proxy: "direct", UserAgent: "Balise/test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	p := Params{
		Credential: cred, Queue: e["REDMINE_QUEUE"], Tracker: "Support", RefField: e["REDMINE_REF_FIELD"],
		Transport: tr,
	}
	for _, c := range change {
		c(&p)
	}
	return New(p)
}

func (e server) token(user string) client.Credential {
	return client.Credential{Kind: "token", Token: e["REDMINE_"+strings.ToUpper(user)+"_TOKEN"]}
}

func (e server) basic(user string) client.Credential {
	return client.Credential{
		Kind: "basic", User: user, Password: e["REDMINE_"+strings.ToUpper(user)+"_PASSWORD"],
	}
}

func (e server) tech() technician.Redmine {
	return technician.Redmine{URL: e["REDMINE_URL"], Credential: e.token("tech")}
}

// writes: an upload is nobody's until an issue names it.
func writes(r *http.Request) bool {
	return badmanners.Posts(r) && !strings.HasSuffix(r.URL.Path, "/uploads.json")
}

func TestConformance(t *testing.T) {
	e := live(t)
	for name, tc := range map[string]struct {
		cred   func(string) client.Credential
		change func(*Params)
		faults bool // a minute; the outcome does not depend on the settings
	}{
		"key, custom field":    {e.token, func(*Params) {}, false},
		"password, in subject": {e.basic, func(p *Params) { p.RefField = "" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			through := func(t *testing.T, url string) client.Driver {
				e := maps.Clone(e)
				e["REDMINE_URL"] = url
				return e.driver(t, tc.cred("alice"), tc.change)
			}
			if !tc.faults {
				through = nil
			}
			suite.Run(t, suite.Desk{
				Alice:    func(t *testing.T) client.Driver { return e.driver(t, tc.cred("alice"), tc.change) },
				Bob:      func(t *testing.T) client.Driver { return e.driver(t, tc.cred("bob"), tc.change) },
				Stranger: func(t *testing.T) client.Driver { return e.driver(t, stranger(tc.cred("alice").Kind)) },
				AliceIs:  "Alice Été", Technician: e.tech(),
				URL: e["REDMINE_URL"], Through: through, Writes: writes,
			})
		})
	}
}

// stranger is somebody whose credential has the right form and is wrong.
func stranger(kind string) client.Credential {
	if kind == "basic" {
		return client.Credential{Kind: kind, User: "alice", Password: "wrong"}
	}
	return client.Credential{Kind: kind, Token: strings.Repeat("0", 40)}
}

// TestPlainReporter is Redmine's stock Reporter, in a project without our field: may write, may change nothing.
func TestPlainReporter(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"), func(p *Params) { p.Queue = e["REDMINE_QUEUE_PLAIN"] })
	dr := suite.Draft("Plain", "x")
	id := create(t, d, dr).Ref.ID
	if found, err := d.FindByClientRef(t.Context(), dr.ClientRef); err != nil || found.ID != id {
		t.Errorf("found %+v, %v", found, err)
	}
	if err := e.tech().SetStatus(t.Context(), id, client.StatusResolved); err != nil {
		t.Fatal(err)
	}
	out := client.Outgoing{ClientRef: client.NewClientRef(), Text: "again", Reopen: true}
	rec, err := d.Reply(t.Context(), id, out)
	if err != nil || rec.Changed["status"] != "not reopened" {
		t.Errorf("reply: %+v, %v", rec, err)
	}
	tk, err := d.Get(t.Context(), id, client.Validator{})
	if err != nil || tk.Status != client.StatusResolved {
		t.Errorf("%q, %v", tk.Status, err)
	}
	if err := d.CloseTicket(t.Context(), id); !errors.Is(err, client.ErrForbidden) {
		t.Errorf("close: %v, want ErrForbidden", err)
	}
}

func TestFilesOfTheRealDesk(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"))
	rec := create(t, d, suite.Draft("Files", "x",
		suite.Bytes("tool.exe", "application/octet-stream", []byte("MZ\x00")),
		suite.Bytes("huge.bin", "", bytes.Repeat([]byte{7}, 21<<20)),
		suite.Bytes("l'été 100%.txt", "text/plain; charset=utf-16", []byte("caf\xe9\r\n\x00")),
		suite.Bytes("same.txt", "text/plain", []byte("1")), suite.Bytes("same.txt", "text/plain", []byte("22")),
	))
	for name, want := range map[string]string{
		"tool.exe": "as tool.exe.txt", "huge.bin": "refused", "l'été 100%.txt": "renamed", "same.txt": "",
	} {
		if rec.Changed[name] != want {
			t.Errorf("changed[%q] = %q, want %q", name, rec.Changed[name], want)
		}
	}
	v, err := e.tech().Look(t.Context(), rec.Ref.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range v.Files {
		got = append(got, fmt.Sprintf("%s %d", f.Name, len(f.Data)))
	}
	slices.Sort(got)
	want := []string{"l_été 100_.txt 7", "same.txt 1", "same.txt 2", "tool.exe.txt 3"}
	if !slices.Equal(got, want) {
		t.Errorf("the desk holds %q, want %q", got, want)
	}
}

// Redmine makes two entries of a private note with a file: the note, which it hides, and the file, which it shows to
// everybody, on its own pages too.
func TestPrivateNoteWithAFile(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"))
	id := create(t, d, suite.Draft("Private", "x")).Ref.ID
	var up struct{ Upload struct{ Token string } }
	if err := e.tech().Call(t.Context(), "POST", "/uploads.json?filename=secret.txt", []byte("secret"), &up); err != nil {
		t.Fatal(err)
	}
	err := e.tech().Update(t.Context(), id, map[string]any{
		"notes": "INTERNAL", "private_notes": true,
		"uploads": []any{map[string]string{"token": up.Upload.Token, "filename": "secret.txt"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	msgs, err := d.Thread(t.Context(), id)
	if err != nil || strings.Contains(fmt.Sprintf("%+v", msgs), "INTERNAL") {
		t.Errorf("%+v, %v", msgs, err)
	}
	if len(msgs) != 2 || msgs[1].FromMe || msgs[1].Text != "" || len(msgs[1].Attachments) != 1 {
		t.Errorf("%+v", msgs)
	}
}

func TestRefusalsOfTheRealDesk(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"), func(p *Params) { p.Queue = "Nowhere" })
	_, err := d.Create(t.Context(), suite.Draft("x", "x"), client.Receipt{})
	var invalid *client.InvalidError
	if !errors.As(err, &invalid) || !strings.Contains(invalid.Message, "helpdesk") ||
		errors.Is(err, client.ErrUnknownOutcome) {
		t.Errorf("unknown project: %v, want a refusal that names those there are", err)
	}
	tr, err := transport.New(transport.Params{BaseURL: e["REDMINE_URL"] + "/login", Proxy: "direct"})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = New(Params{Credential: e.token("alice"), Transport: tr}).Probe(t.Context())
	if !errors.Is(err, client.ErrNotADesk) {
		t.Errorf("wrong address: %v, want ErrNotADesk", err)
	}
	// By its name, and the user's only one among two: none.
	named := e.driver(t, e.token("alice"), func(p *Params) { p.Queue = "Helpdesk" })
	create(t, named, suite.Draft("by name", "x"))
	none := e.driver(t, e.token("alice"), func(p *Params) { p.Queue = "" })
	if _, err := none.Create(t.Context(), suite.Draft("x", "x"), client.Receipt{}); !errors.As(err, &invalid) {
		t.Errorf("no project: %v, want a refusal", err)
	}
}

// The real Redmine searches dates in UTC whatever the user's zone is, and misses nothing.
func TestSearchesInTheUsersZoneMissNothing(t *testing.T) {
	e := live(t)
	for _, user := range []string{"alice", "bob"} { // Paris and Los Angeles
		d := e.driver(t, e.token(user))
		create(t, d, suite.Draft("zone", "x"))
		first, err := d.List(t.Context(), client.ListQuery{IncludeClosed: true, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		id := create(t, d, suite.Draft("zone", "x")).Ref.ID
		page, err := d.List(t.Context(), client.ListQuery{IncludeClosed: true, Since: first.Now})
		if err != nil || !slices.ContainsFunc(page.Tickets, func(t client.Ticket) bool { return t.ID == id }) {
			t.Errorf("%s: issue %s is not among those changed since %v: %v", user, id, first.Now, err)
		}
		if len(page.Tickets) > 10 {
			t.Errorf("%s: %d issues changed since %v", user, len(page.Tickets), first.Now)
		}
	}
}
