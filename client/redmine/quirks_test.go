package redmine

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"balise/client"
	"balise/client/clienttest/suite"
	"balise/client/clienttest/technician"
)

// Redmine's answers have no issue numbers of their own for what follows: each was seen on 5.0.4, call by call.

func (f *fake) tech() technician.Redmine {
	return technician.Redmine{URL: f.URL, Credential: client.Credential{Kind: "token", Token: "tech-key"}}
}

func TestContract(t *testing.T) {
	t.Parallel() // the suite waits for clocks
	for name, change := range map[string]func(*fake){
		"as Debian starts it":  func(*fake) {},
		"behind a web server":  func(f *fake) { f.date = true },
		"field no filter":      func(f *fake) { f.noFilter = true },
		"field dropped":        func(f *fake) { f.dropField = true },
		"newest journal first": func(f *fake) { f.newestFirst = true },
		"before 5.0":           func(f *fake) { f.old = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, change)
			as := func(key string) func(*testing.T) client.Driver {
				return func(*testing.T) client.Driver { return f.driver(key) }
			}
			suite.Run(t, suite.Desk{
				Alice: as("alice-key"), Bob: as("bob-key"), Stranger: as("wrong"), Technician: f.tech(), AliceIs: "alice",
			})
		})
	}
}

func create(t *testing.T, d *Driver, dr client.Draft) client.Receipt {
	t.Helper()
	rec, err := d.Create(t.Context(), dr, client.Receipt{})
	if err != nil || len(rec.Pending) > 0 {
		t.Fatalf("create: %+v, %v", rec, err)
	}
	return rec
}

// Redmine: 204 to a status_id that the user may not set. The reply is there, the state is not, and this is said.
func TestReopenThatIsDropped(t *testing.T) {
	for name, change := range map[string]func(*fake){
		"no right":             func(f *fake) { f.dropStatus = true },
		"a field is wanted":    func(f *fake) { f.needsField = true },
		"dropped, before 5.0":  func(f *fake) { f.dropStatus, f.old = true, true },
		"422 and before 5.0":   func(f *fake) { f.needsField, f.old = true, true },
		"not in the work flow": func(f *fake) { f.dropStatus, f.needsField = true, true },
	} {
		f := newFake(t, change)
		d := f.driver("alice-key")
		id := create(t, d, suite.Draft("x", "y")).Ref.ID
		if err := f.tech().SetStatus(t.Context(), id, client.StatusResolved); err != nil {
			t.Fatal(err)
		}
		out := client.Outgoing{ClientRef: client.NewClientRef(), Text: "again", Reopen: true}
		rec, err := d.Reply(t.Context(), id, out)
		if err != nil || rec.Changed["status"] != "not reopened" {
			t.Errorf("%s: %+v, %v", name, rec, err)
		}
		if _, err := d.FindReply(t.Context(), id, out.ClientRef); err != nil {
			t.Errorf("%s: the reply: %v", name, err)
		}
		if err := d.CloseTicket(t.Context(), id); err == nil {
			t.Errorf("%s: closed, it says", name)
		}
	}
}

// Redmine: 204 to notes of a user without add_issue_notes. A reply that was not kept must not pass for sent.
func TestReplyThatIsDropped(t *testing.T) {
	f := newFake(t, func(f *fake) { f.dropNotes = true })
	d := f.driver("alice-key")
	id := create(t, d, suite.Draft("x", "y")).Ref.ID
	_, err := d.Reply(t.Context(), id, client.Outgoing{ClientRef: client.NewClientRef(), Text: "lost"})
	if !errors.Is(err, client.ErrForbidden) {
		t.Errorf("%v, want ErrForbidden", err)
	}
}

// Redmine: 204, and nobody can look: the outcome is unknown, never a success.
func TestReplyThatCannotBeVerified(t *testing.T) {
	f := newFake(t)
	d := f.driver("alice-key")
	id := create(t, d, suite.Draft("x", "y")).Ref.ID
	put := false
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if put = put || r.Method == http.MethodPut; put && r.Method == http.MethodGet {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		return false
	}
	_, err := d.Reply(t.Context(), id, client.Outgoing{ClientRef: client.NewClientRef(), Text: "there"})
	if !errors.Is(err, client.ErrUnknownOutcome) {
		t.Errorf("%v, want ErrUnknownOutcome", err)
	}
}

// Redmine: an issue's author is who is signed in; author_id is passed over without a word. We never send one.
func TestRequesterIsNotSent(t *testing.T) {
	f := newFake(t)
	dr := suite.Draft("x", "y")
	dr.Category, dr.Priority, dr.Fields = "application", 5, map[string]string{"Nobody knows": "x"}
	rec := create(t, f.driver("alice-key"), dr)
	body := f.last["POST /issues.json"]
	if strings.Contains(body, "author") || !strings.Contains(body, `"category_id":1`) ||
		!strings.Contains(body, `"priority_id":"5"`) || rec.Changed["category"] != "" {
		t.Errorf("%s, %v", body, rec.Changed)
	}
	dr = suite.Draft("x", "y")
	dr.Category = "Plumbing"
	if rec := create(t, f.driver("alice-key"), dr); rec.Changed["category"] != "unknown" {
		t.Errorf("%v", rec.Changed)
	}
}

// Redmine: refused files (attachment_extensions_denied, attachment_max_size) are 422 at the upload. A small one travels
// as .txt, a large one stays behind, the ticket is made, and all of it is said.
func TestRefusedFiles(t *testing.T) {
	f := newFake(t, func(f *fake) { f.limit = 2 << 20 })
	d := f.driver("alice-key")
	dr := suite.Draft("x", "y",
		suite.Bytes("tool.exe", "application/octet-stream", []byte("MZ\x00")), suite.Bytes("empty.log", "text/plain", nil),
		suite.Bytes("huge.bin", "", bytes.Repeat([]byte{1}, 3<<20)), suite.Bytes("l'été.txt", "text/plain", []byte("x")))
	rec := create(t, d, dr)
	for name, want := range map[string]string{
		"tool.exe": "as tool.exe.txt", "empty.log": "empty", "huge.bin": "refused", "l'été.txt": "renamed",
	} {
		if rec.Changed[name] != want {
			t.Errorf("changed[%q] = %q, want %q", name, rec.Changed[name], want)
		}
	}
	v, err := f.tech().Look(t.Context(), rec.Ref.ID)
	if err != nil || len(v.Files) != 2 || v.Files[0].Name != "tool.exe.txt" || string(v.Files[0].Data) != "MZ\x00" {
		t.Errorf("%+v, %v", v.Files, err)
	}
	// Asked again, nothing is sent twice.
	if rec, err = d.Create(t.Context(), dr, client.Receipt{Ref: rec.Ref}); err != nil || len(rec.Pending) > 0 {
		t.Errorf("%+v, %v", rec, err)
	}
	if v, _ = f.tech().Look(t.Context(), rec.Ref.ID); len(v.Files) != 2 {
		t.Errorf("%d files after a repeat", len(v.Files))
	}
}

// Redmine: files come before the issue. Whatever becomes of an upload, no issue was made, and sending again is safe.
func TestUploadThatIsLost(t *testing.T) {
	f := newFake(t)
	d := f.driver("alice-key")
	dr := suite.Draft("x", "y", suite.Bytes("a.png", "image/png", []byte("png")))
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/uploads.json" {
			w.WriteHeader(http.StatusBadGateway)
		}
		return r.URL.Path == "/uploads.json"
	}
	_, err := d.Create(t.Context(), dr, client.Receipt{})
	if !errors.Is(err, client.ErrUnreachable) || errors.Is(err, client.ErrUnknownOutcome) || len(f.issues) > 0 {
		t.Errorf("%v, %d issues", err, len(f.issues))
	}
	// A token of an earlier try that went stale is a 422: the files are sent again.
	f.before = nil
	rec, err := d.Create(t.Context(), dr, client.Receipt{Tokens: map[string]string{"0:a.png": "999.abc"}})
	if err != nil || len(rec.Pending) > 0 || len(f.issues) != 1 {
		t.Errorf("%+v, %v, %d issues", rec, err, len(f.issues))
	}
}

// Redmine: a filter that is not one ("used as a filter" is off) is passed over, and the answer is everything.
func TestUnknownFilterFindsNothing(t *testing.T) {
	f := newFake(t, func(f *fake) { f.noFilter = true })
	d := f.driver("alice-key")
	create(t, d, suite.Draft("another", "y"))
	if got, err := d.FindByClientRef(t.Context(), client.NewClientRef()); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("found %+v, %v", got, err)
	}
}

// Redmine: without the REST API everybody is told 403, whatever the credential.
func TestRestSwitchedOff(t *testing.T) {
	f := newFake(t, func(f *fake) { f.restOff = true })
	_, _, err := f.driver("alice-key").Probe(t.Context())
	if !errors.Is(err, client.ErrForbidden) || !strings.Contains(err.Error(), "REST API") {
		t.Errorf("%v", err)
	}
}

// Redmine: the password is needed once; the key that comes with the account is used from then on.
func TestPasswordTravelsOnce(t *testing.T) {
	f := newFake(t)
	basics := 0
	f.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if _, _, ok := r.BasicAuth(); ok {
			basics++
		}
		return false
	}
	d := f.driver("", func(p *Params) {
		p.Credential = client.Credential{Kind: "basic", User: "alice", Password: "alice-secret"}
	})
	if _, who, err := d.Probe(t.Context()); err != nil || who.ID != "alice" {
		t.Fatalf("%+v, %v", who, err)
	}
	create(t, d, suite.Draft("x", "y"))
	if basics != 1 {
		t.Errorf("the password travelled %d times", basics)
	}
}

func TestStatesOfTheInstallation(t *testing.T) {
	f := newFake(t)
	d := f.driver("alice-key")
	id := create(t, d, suite.Draft("x", "y")).Ref.ID
	f.issues[0].status = 7
	tk, err := d.Get(t.Context(), id, client.Validator{})
	if err != nil || tk.Status != client.StatusUnknown || tk.RawStatus != "On Ice" {
		t.Errorf("%q %q, %v", tk.Status, tk.RawStatus, err)
	}
	mapped := f.driver("alice-key", func(p *Params) {
		p.StatusMap = map[string]client.Status{"on ice": client.StatusPending}
	})
	if tk, err = mapped.Get(t.Context(), id, client.Validator{}); err != nil || tk.Status != client.StatusPending {
		t.Errorf("%q, %v", tk.Status, err)
	}
	f.issues[0].status = 6 // rejected: marked as closed
	if tk, err = d.Get(t.Context(), id, client.Validator{}); err != nil || tk.Status != client.StatusClosed ||
		tk.Actions.Close != client.No || tk.Actions.Reopen != client.No {
		t.Errorf("%q %+v, %v", tk.Status, tk.Actions, err)
	}
}

func TestNewsAreNotices(t *testing.T) {
	f := newFake(t)
	got, err := f.driver("alice-key").Notices(t.Context())
	if err != nil || len(got) != 1 || got[0].Title != "Printers" || !strings.Contains(got[0].Text, "noon") {
		t.Errorf("%+v, %v", got, err)
	}
}

// Redmine's lists carry whole descriptions: a page over the limit is read in smaller ones.
func TestListOfLongDescriptions(t *testing.T) {
	f := newFake(t)
	d := f.driver("alice-key")
	for range 6 {
		create(t, d, suite.Draft("long", strings.Repeat("é", 600<<10)))
	}
	seen := map[string]bool{}
	for q := (client.ListQuery{IncludeClosed: true, Limit: 100}); ; {
		page, err := d.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, tk := range page.Tickets {
			seen[tk.ID] = true
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d of 6", len(seen))
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for _, body := range []string{
		"", "null", "{}", "[]", `{"issue":null}`, `{"issues":null}`, `{"user":{}}`, `{"upload":{}}`,
	} {
		f := newFake(t)
		d := f.driver("alice-key")
		id := create(t, d, suite.Draft("x", "y")).Ref.ID
		f.before = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(body))
			return true
		}
		for _, d := range []*Driver{d, f.driver("alice-key")} {
			if _, err := d.Get(t.Context(), id, client.Validator{}); err == nil || errors.Is(err, client.ErrNotFound) {
				t.Errorf("%s: get: %v", body, err)
			}
			_, err := d.FindByClientRef(t.Context(), client.NewClientRef())
			if err == nil || errors.Is(err, client.ErrNotFound) {
				t.Errorf("%s: find: %v", body, err)
			}
			rec, err := d.Create(t.Context(), suite.Draft("x", "y"), client.Receipt{})
			if err == nil || rec.Ref.ID != "" {
				t.Errorf("%s: create: %+v, %v", body, rec, err)
			}
		}
	}
}
