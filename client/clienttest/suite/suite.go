// Package suite is the conformance suite that every driver passes against its real desk: what a requester sends
// is what the desk holds, what the desk's people say to him is what he reads, and nothing else.
//
// A desk is shown from three sides: the requester's, a second requester's who must see nothing of the
// first, and a technician's. Tests run it with Run; the program beside it runs it with Check, on any live
// installation, with as many sides as its caller can show.
package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"balise/client"
)

// Technician is the desk's own side, spoken without the driver under test.
type Technician interface {
	// Reply answers the requester.
	Reply(ctx context.Context, id, text string) error
	// Note writes what the requester must never see.
	Note(ctx context.Context, id, text string) error
	// SetStatus returns client.ErrUnsupported for a status that the desk does not have.
	SetStatus(ctx context.Context, id string, s client.Status) error
	// Look reads a ticket as the desk holds it.
	Look(ctx context.Context, id string) (View, error)
}

// View is a ticket as the desk's people see it.
type View struct {
	Subject   string
	Text      string // of the first message
	Requester string // name, address or id
	Status    string // the desk's word
	Files     []File // of the whole ticket
}

// File is an attachment on the desk.
type File struct {
	Name string
	Data []byte
}

// timeout is for one step against a desk on this machine.
const timeout = 60 * time.Second

func stepCtx(t T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	return ctx
}

// Bytes makes an upload of memory.
func Bytes(name, mime string, data []byte) client.Upload {
	return client.Upload{
		Name: name, MIME: mime, Size: int64(len(data)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	}
}

// Draft makes a draft with a fresh reference.
func Draft(subject, text string, files ...client.Upload) client.Draft {
	return client.Draft{ClientRef: client.NewClientRef(), Subject: subject, Text: text, Attachments: files}
}

func (s *suite) probe(t T) {
	caps, me, err := s.Alice.Probe(stepCtx(t))
	if err != nil {
		t.Fatalf("probe: %v", err)
	}
	if caps.Product == "" || len(caps.AuthKinds) == 0 || caps.CreateIdem == "" || caps.MinPoll <= 0 {
		t.Errorf("caps say too little: %+v", caps)
	}
	if me.Name == "" && me.Email == "" && me.ID == "" {
		t.Error("the desk does not say who is signed in")
	}
	s.caps, s.person = caps, me
	if s.Stranger != nil {
		if _, _, err := s.Stranger.Probe(stepCtx(t)); !errors.Is(err, client.ErrUnauthorized) {
			t.Errorf("a stranger's probe: %v, want ErrUnauthorized", err)
		}
	}
}

// made creates a ticket and fails the test if that fails.
func (s *suite) made(t T, d client.Draft) client.Ref {
	t.Helper()
	rec, err := s.Alice.Create(stepCtx(t), d, client.Receipt{})
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	if rec.Ref.ID == "" || rec.Ref.Number == "" || len(rec.Pending) > 0 {
		t.Fatalf("create: receipt %+v", rec)
	}
	s.tickets = append(s.tickets, rec.Ref.Number)
	return rec.Ref
}

func png() []byte {
	out := []byte("\x89PNG\r\n\x1a\n")
	for i := range 3000 {
		out = append(out, byte(i*7), byte(i>>3))
	}
	return out
}

func (s *suite) create(t T) {
	files := []client.Upload{
		Bytes("report.html", "text/html", []byte("<!DOCTYPE html>\r\n<p>été \u202e 😀</p>\n")),
		Bytes("report.json", "application/json", []byte("{\"a\":\"é\"}\r\n")),
		Bytes("écran 画面 שלום.png", "image/png", png()),
		Bytes("notes.txt", "text/plain", []byte("caf\xe9 \x00 \r\nlatin-1, NUL and CRLF\r")),
	}
	text := "Bonjour,\n\nL'écran se fige — 画面 😀 👩‍💻\n<b>not markup</b> & \"quotes\"\n\tعربي"
	d := Draft("Écran gelé — 画面 😀", text, files...)
	d.Priority = 4
	ref := s.made(t, d)

	found, err := s.Alice.FindByClientRef(stepCtx(t), d.ClientRef)
	if err != nil || found.ID != ref.ID {
		t.Errorf("find by reference: %+v, %v; want ticket %s", found, err, ref.ID)
	}
	tk, err := s.Alice.Get(stepCtx(t), ref.ID, client.Validator{})
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	if tk.Subject != d.Subject || tk.Status != client.StatusNew || tk.ClientRef != d.ClientRef {
		t.Errorf("ticket %+v", tk)
	}
	if age := time.Since(tk.Created); age > 5*time.Minute || age < -5*time.Minute {
		t.Errorf("created %v", tk.Created)
	}
	if s.Technician != nil {
		s.sameOnDesk(t, ref.ID, d)
	}
	s.sameInThread(t, ref.ID, d)
}

// sameOnDesk compares with what the technician sees.
func (s *suite) sameOnDesk(t T, id string, d client.Draft) {
	t.Helper()
	v, err := s.Technician.Look(stepCtx(t), id)
	if err != nil {
		t.Fatalf("look: %v", err)
	}
	if !strings.HasPrefix(v.Subject, d.Subject) || !strings.HasPrefix(v.Text, d.Text) {
		t.Errorf("the desk holds subject %q and text %q", v.Subject, v.Text)
	}
	if !strings.Contains(v.Subject+v.Text, string(d.ClientRef)) {
		t.Errorf("the reference is nowhere to be read: %q, %q", v.Subject, v.Text)
	}
	if s.AliceIs != "" && v.Requester != s.AliceIs {
		t.Errorf("requester %q, want %q", v.Requester, s.AliceIs)
	}
	for _, u := range d.Attachments {
		if !slices.ContainsFunc(v.Files, func(f File) bool {
			return f.Name == u.Name && bytes.Equal(f.Data, read(t, u))
		}) {
			t.Errorf("the desk does not hold %q byte for byte; it has %s", u.Name, listing(v.Files))
		}
	}
}

func listing(files []File) string {
	var out []string
	for _, f := range files {
		out = append(out, fmt.Sprintf("%q %d bytes", f.Name, len(f.Data)))
	}
	return strings.Join(out, ", ")
}

func read(t T, u client.Upload) []byte {
	t.Helper()
	f, err := u.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sameInThread compares with what the requester reads back.
func (s *suite) sameInThread(t T, id string, d client.Draft) {
	t.Helper()
	msgs, err := s.Alice.Thread(stepCtx(t), id)
	if err != nil || len(msgs) == 0 {
		t.Fatalf("thread: %d messages, %v", len(msgs), err)
	}
	first := msgs[0]
	if !first.FromMe || !strings.HasPrefix(first.Text, d.Text) || first.At.IsZero() {
		t.Errorf("first message: from me %v, at %v, %q", first.FromMe, first.At, first.Text)
	}
	for _, u := range d.Attachments {
		i := slices.IndexFunc(first.Attachments, func(a client.Attachment) bool { return a.Name == u.Name })
		if i < 0 {
			t.Errorf("%q is not in the thread: %+v", u.Name, first.Attachments)
			continue
		}
		a := first.Attachments[i]
		var got bytes.Buffer
		if err := s.Alice.Download(stepCtx(t), a, &got, u.Size); err != nil || !bytes.Equal(got.Bytes(), read(t, u)) {
			t.Errorf("download %q: %d bytes, %v", u.Name, got.Len(), err)
		}
		if a.Size = 0; u.Size > 1 { // a desk may understate a size
			err = s.Alice.Download(stepCtx(t), a, io.Discard, u.Size-1)
			if !errors.Is(err, client.ErrTooLarge) {
				t.Errorf("download %q over the limit: %v, want ErrTooLarge", u.Name, err)
			}
		}
	}
}

func (s *suite) privacy(t T) {
	d := Draft("Private of Alice", "secret of Alice", Bytes("private.bin", "application/octet-stream", png()))
	ref := s.made(t, d)
	msgs, err := s.Alice.Thread(stepCtx(t), ref.ID)
	if err != nil || len(msgs) == 0 || len(msgs[0].Attachments) == 0 {
		t.Fatalf("thread: %v, %+v", err, msgs)
	}
	closed := func(what string, err error) {
		t.Helper()
		var invalid *client.InvalidError
		if !errors.Is(err, client.ErrForbidden) && !errors.Is(err, client.ErrNotFound) && !errors.As(err, &invalid) {
			t.Errorf("Bob's %s: %v, want a refusal", what, err)
		}
	}
	_, err = s.Bob.Get(stepCtx(t), ref.ID, client.Validator{})
	closed("get", err)
	_, err = s.Bob.FindByClientRef(stepCtx(t), d.ClientRef)
	closed("find", err)
	closed("download", s.Bob.Download(stepCtx(t), msgs[0].Attachments[0], io.Discard, 1<<20))
	_, err = s.Bob.Reply(stepCtx(t), ref.ID, client.Outgoing{ClientRef: client.NewClientRef(), Text: "intruder"})
	closed("reply", err)
	if got, err := s.Bob.Thread(stepCtx(t), ref.ID); err == nil && len(got) > 0 {
		t.Errorf("Bob reads Alice's thread: %+v", got)
	}
	page, err := s.Bob.List(stepCtx(t), client.ListQuery{IncludeClosed: true, Limit: 100})
	if err != nil {
		t.Errorf("Bob's list: %v", err)
	}
	for _, tk := range page.Tickets {
		if tk.ID == ref.ID {
			t.Error("Bob's list has Alice's ticket")
		}
	}
}

func (s *suite) conversation(t T) {
	ref := s.made(t, Draft("Conversation", "first"))
	const asked = "Pouvez-vous redémarrer ? 画面"
	want := 2
	if s.Technician != nil {
		must(t, s.Technician.Reply(stepCtx(t), ref.ID, asked))
		must(t, s.Technician.Note(stepCtx(t), ref.ID, "INTERNAL-NOTE-OF-THE-DESK"))
		want = 3
	}
	out := client.Outgoing{
		ClientRef: client.NewClientRef(), Text: "Oui, fait.\n<i>à bientôt</i> 😀",
		Attachments: []client.Upload{Bytes("après.png", "image/png", png())},
	}
	if _, err := s.Alice.FindReply(stepCtx(t), ref.ID, out.ClientRef); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("find a reply that was not sent: %v, want ErrNotFound", err)
	}
	rec, err := s.Alice.Reply(stepCtx(t), ref.ID, out)
	if err != nil || rec.Ref.ID != ref.ID || len(rec.Pending) > 0 {
		t.Fatalf("reply: %+v, %v", rec, err)
	}
	if rec, err := s.Alice.FindReply(stepCtx(t), ref.ID, out.ClientRef); err != nil || rec.Ref.ID != ref.ID {
		t.Errorf("find the reply: %+v, %v", rec, err)
	}
	if _, err := s.Alice.FindByClientRef(stepCtx(t), out.ClientRef); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("a reply's reference names a ticket: %v", err)
	}
	msgs, err := s.Alice.Thread(stepCtx(t), ref.ID)
	if err != nil {
		t.Fatal(err)
	}
	var said []client.Message
	ids := map[string]bool{}
	for _, m := range msgs {
		if strings.Contains(fmt.Sprintf("%+v", m), "INTERNAL-NOTE") {
			t.Errorf("the internal note is in the thread: %+v", m)
		}
		if ids[m.ID] || m.ID == "" {
			t.Errorf("message id %q is not its own", m.ID)
		}
		ids[m.ID] = true
		if m.Text != "" {
			said = append(said, m)
		}
	}
	if len(said) != want {
		t.Fatalf("%d messages with text, want %d: %+v", len(said), want, said)
	}
	if s.Technician != nil && (said[1].FromMe || said[1].Text != asked || said[1].From.Name == "") {
		t.Errorf("the technician's answer: %+v", said[1])
	}
	own := said[want-1]
	if !own.FromMe || own.Text != out.Text {
		t.Errorf("own reply: from me %v, %q, want %q", own.FromMe, own.Text, out.Text)
	}
	if len(own.Attachments) != 1 || own.Attachments[0].Name != "après.png" {
		t.Errorf("own reply's files: %+v", own.Attachments)
	}
}

func must(t T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
