package desk

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/client"
	"balise/client/relay"
)

func uploadAs(name, mime, data string) client.Upload {
	return client.Upload{
		Name: name, MIME: mime, Size: int64(len(data)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(data)), nil },
	}
}

// leftovers are the files in the store's folders that no ticket names.
func leftovers(t *testing.T, s *store) []string {
	t.Helper()
	var all []string
	for _, dir := range []string{s.spool, s.files} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			var n int
			if e.IsDir() {
				continue
			}
			err := s.db.QueryRow(`SELECT count(*) FROM files WHERE stored = ?`, e.Name()).Scan(&n)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				all = append(all, e.Name())
			}
		}
	}
	return all
}

func count(t *testing.T, s *store, table string) (n int) {
	t.Helper()
	if err := s.db.QueryRow(`SELECT count(*) FROM ` + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOneKeyOneTicketHoweverManyAtOnce(t *testing.T) {
	d := newTestDesk(t)
	dr := client.Draft{
		ClientRef: client.NewClientRef(), Subject: "at once", Text: "x",
		Attachments: []client.Upload{upload("a.txt", strings.Repeat("a", 100_000)), upload("b.txt", "b")},
	}
	const senders = 12
	refs := make([]client.Ref, senders)
	var wg sync.WaitGroup
	for i := range senders {
		driver := d.driver("alice-token")
		wg.Go(func() {
			rec, err := driver.Create(t.Context(), dr, client.Receipt{})
			if err != nil {
				t.Errorf("sender %d: %v", i, err)
			}
			refs[i] = rec.Ref
		})
	}
	wg.Wait()
	for _, r := range refs {
		if r != refs[0] {
			t.Errorf("receipts differ: %+v, %+v", r, refs[0])
		}
	}
	if n, f := count(t, d.store, "tickets"), count(t, d.store, "files"); n != 1 || f != 2 {
		t.Errorf("%d tickets and %d files, want 1 and 2", n, f)
	}
	if left := leftovers(t, d.store); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}

	reply := client.Outgoing{ClientRef: client.NewClientRef(), Text: "again", Attachments: dr.Attachments[:1]}
	for range senders {
		driver := d.driver("alice-token")
		wg.Go(func() {
			if _, err := driver.Reply(t.Context(), refs[0].ID, reply); err != nil {
				t.Errorf("reply: %v", err)
			}
		})
	}
	wg.Wait()
	if n := count(t, d.store, "messages"); n != 2 {
		t.Errorf("%d messages, want the ticket's and one reply", n)
	}
}

func TestOneKeyForOtherContentIsRefused(t *testing.T) {
	d := newTestDesk(t)
	a := d.driver("alice-token")
	dr := client.Draft{ClientRef: client.NewClientRef(), Subject: "s", Text: "x", Attachments: []client.Upload{upload("a", "1")}}
	if _, err := a.Create(t.Context(), dr, client.Receipt{}); err != nil {
		t.Fatal(err)
	}
	var invalid *client.InvalidError
	for name, change := range map[string]func(*client.Draft){
		"text":       func(x *client.Draft) { x.Text = "y" },
		"subject":    func(x *client.Draft) { x.Subject = "t" },
		"file bytes": func(x *client.Draft) { x.Attachments = []client.Upload{upload("a", "2")} },
		"file name":  func(x *client.Draft) { x.Attachments = []client.Upload{upload("b", "1")} },
		"no file":    func(x *client.Draft) { x.Attachments = nil },
	} {
		other := dr
		change(&other)
		if _, err := a.Create(t.Context(), other, client.Receipt{}); !errors.As(err, &invalid) {
			t.Errorf("other %s: %v, want a refusal", name, err)
		}
	}
	// Another person's key is another key.
	if _, err := d.driver("bob-token").Create(t.Context(), dr, client.Receipt{}); err != nil {
		t.Errorf("Bob with the same key: %v", err)
	}
	if n := count(t, d.store, "tickets"); n != 2 {
		t.Errorf("%d tickets, want Alice's and Bob's", n)
	}
	if left := leftovers(t, d.store); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestInternalNotesLeaveNoTrace(t *testing.T) {
	d := newTestDesk(t)
	a := d.driver("alice-token")
	ref := d.made(client.Draft{Subject: "s", Text: "x"})
	before, err := a.Get(t.Context(), ref.ID, client.Validator{})
	if err != nil {
		t.Fatal(err)
	}
	b := d.technician()
	resp, _ := b.answer(ref.ID, map[string]string{"text": "SECRET-NOTE", "kind": "note", "status": "closed"},
		map[string]string{"secret.txt": "SECRET-FILE"})
	if resp.StatusCode != 303 {
		t.Fatalf("note: %s", resp.Status)
	}
	if _, err := a.Get(t.Context(), ref.ID, before.Validator); !errors.Is(err, client.ErrNotModified) {
		t.Errorf("a note changes the ETag or the ticket: %v", err)
	}
	page, err := a.List(t.Context(), client.ListQuery{Since: before.Updated.Add(time.Millisecond), IncludeClosed: true})
	if err != nil || len(page.Tickets) != 0 {
		t.Errorf("a note makes the ticket changed: %+v, %v", page.Tickets, err)
	}
	msgs, err := a.Thread(t.Context(), ref.ID)
	if err != nil || len(msgs) != 1 || len(msgs[0].Attachments) != 0 {
		t.Errorf("thread: %+v, %v", msgs, err)
	}
	for id := range 20 {
		handle := ref.ID + "/" + string(rune('0'+id))
		var got strings.Builder
		if err := a.Download(t.Context(), client.Attachment{Handle: handle}, &got, 1<<20); err == nil {
			t.Errorf("attachment %s of a note is given out: %q", handle, got.String())
		}
	}
	if _, page := b.get("/tickets/" + ref.ID); !strings.Contains(page, "SECRET-NOTE") || !strings.Contains(page, "secret.txt") {
		t.Error("the technician does not see the note")
	}
}

func TestReplyRatingAndStates(t *testing.T) {
	d := newTestDesk(t)
	a := d.driver("alice-token")
	status := func(id string) client.Status {
		t.Helper()
		tk, err := a.Get(t.Context(), id, client.Validator{})
		if err != nil {
			t.Fatal(err)
		}
		return tk.Status
	}
	for from, want := range map[client.Status]client.Status{
		client.StatusNew: client.StatusNew, client.StatusOpen: client.StatusOpen,
		client.StatusPending: client.StatusOpen, client.StatusResolved: client.StatusOpen,
	} {
		ref := d.made(client.Draft{Subject: "s", Text: "x"})
		id, _ := number(ref.ID)
		if err := d.changeStatus(t.Context(), id, "T", from); err != nil {
			t.Fatal(err)
		}
		err := a.Rate(t.Context(), ref.ID, client.Rating{Value: 5, Max: 5, Comment: "thanks"})
		var invalid *client.InvalidError
		if from == client.StatusResolved && err != nil || from != client.StatusResolved && !errors.As(err, &invalid) {
			t.Errorf("rate while %s: %v", from, err)
		}
		if got := status(ref.ID); got != from {
			t.Errorf("a rating made %s out of %s", got, from)
		}
		if _, err := a.Reply(t.Context(), ref.ID, client.Outgoing{ClientRef: client.NewClientRef(), Text: "more"}); err != nil {
			t.Fatal(err)
		}
		if got := status(ref.ID); got != want {
			t.Errorf("reply while %s: now %s, want %s", from, got, want)
		}
	}
	ref := d.made(client.Draft{Subject: "s", Text: "x"})
	id, _ := number(ref.ID)
	if err := d.changeStatus(t.Context(), id, "T", client.StatusClosed); err != nil {
		t.Fatal(err)
	}
	_, err := a.Reply(t.Context(), ref.ID, client.Outgoing{ClientRef: client.NewClientRef(), Text: "more", Reopen: true})
	var invalid *client.InvalidError
	if !errors.As(err, &invalid) {
		t.Errorf("reply to a closed ticket: %v, want a refusal", err)
	}
	for _, r := range []client.Rating{{Value: 0, Max: 5}, {Value: 6, Max: 5}, {Value: 1, Max: 2}, {Value: 3, Max: 10}} {
		if err := a.Rate(t.Context(), ref.ID, r); !errors.As(err, &invalid) {
			t.Errorf("rating %+v: %v, want a refusal", r, err)
		}
	}
}

func TestFullDiskIsToldAndStoresNothing(t *testing.T) {
	d := newTestDesk(t)
	a := d.driver("alice-token")
	ref := d.made(client.Draft{Subject: "s", Text: "x"})
	tech := d.technician()
	// One connection, because the limit is its own, not the file's.
	d.db.SetMaxOpenConns(1)
	if _, err := d.db.Exec(`PRAGMA max_page_count = 1`); err != nil { // SQLite raises it to what is there
		t.Fatal(err)
	}
	big := client.Draft{
		ClientRef: client.NewClientRef(), Subject: "s", Text: strings.Repeat("full ", 100_000),
		Attachments: []client.Upload{upload("a.txt", "abc")},
	}
	_, err := a.Create(t.Context(), big, client.Receipt{})
	var wait *client.ThrottledError
	if !errors.Is(err, client.ErrFull) || !errors.As(err, &wait) || wait.RetryAfter <= 0 {
		t.Errorf("create on a full disk: %v, want ErrFull with a time to come back", err)
	}
	if errors.Is(err, client.ErrUnknownOutcome) {
		t.Errorf("it is known that nothing was stored: %v", err)
	}
	_, err = a.Reply(t.Context(), ref.ID, client.Outgoing{ClientRef: client.NewClientRef(), Text: big.Text})
	if !errors.Is(err, client.ErrFull) {
		t.Errorf("reply on a full disk: %v, want ErrFull", err)
	}
	resp, page := tech.answer(ref.ID, map[string]string{"text": big.Text}, nil)
	if resp.StatusCode != 507 || !strings.Contains(page, "The disk is full") {
		t.Errorf("the page on a full disk: %s", resp.Status)
	}
	if n, f := count(t, d.store, "tickets"), count(t, d.store, "files"); n != 1 || f != 0 {
		t.Errorf("%d tickets and %d files, want 1 and 0", n, f)
	}
	if left := leftovers(t, d.store); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := d.db.Exec(`PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Create(t.Context(), big, client.Receipt{}); err != nil {
		t.Errorf("create after room was made: %v", err)
	}
}

func TestStartSweepsWhatACrashLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desk.db")
	s, _, err := openStore(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	spooled, err := relay.Spool(s.spool, strings.NewReader("kept"), "kept.txt", "text/plain")
	if err != nil {
		t.Fatal(err)
	}
	who := client.Person{ID: "a", Name: "A"}
	stored, err := s.Create(t.Context(), who, relay.NewTicket{
		Draft: client.Draft{ClientRef: client.NewClientRef(), Subject: "s"}, Files: []relay.File{spooled}, Digest: "d",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(s.spool, "upload-1"), filepath.Join(s.files, "ORPHAN.bin")} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.close()
	if s, _, err = openStore(t.Context(), path, time.Now); err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if left := leftovers(t, s); len(left) != 0 {
		t.Errorf("not swept: %v", left)
	}
	a, body, err := s.Open(t.Context(), who, stored.Ref.ID, "1")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || string(got) != "kept" || a.Name != "kept.txt" {
		t.Errorf("the ticket's own file: %q %+v, %v", got, a, err)
	}
}

func TestUpdatedMovesOnThoughTheClockIsSetBack(t *testing.T) {
	d := newTestDesk(t)
	ref := d.made(client.Draft{Subject: "s", Text: "x"})
	a := d.driver("alice-token")
	before, err := a.Get(t.Context(), ref.ID, client.Validator{})
	if err != nil {
		t.Fatal(err)
	}
	d.now = func() time.Time { return time.Now().Add(-48 * time.Hour) }
	id, _ := number(ref.ID)
	if err := d.store.answer(context.Background(), id, "T", answer{Text: "hello"}); err != nil {
		t.Fatal(err)
	}
	after, err := a.Get(t.Context(), ref.ID, before.Validator)
	if err != nil || !after.Updated.After(before.Updated) {
		t.Errorf("updated %v, before %v, %v", after.Updated, before.Updated, err)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("1.2.3")
	f.Add("'; DROP TABLE tickets")
	f.Add("1.2")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(text)
		if err != nil {
			return
		}
		if again, err := parseCursor(c.String()); err != nil || again != c {
			t.Errorf("%q: %+v, then %+v, %v", text, c, again, err)
		}
	})
}
