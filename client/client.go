// Package client is the seam between Balise and a service desk.
//
// A Driver speaks one desk's REST API on behalf of the signed-in end user. What an installation can do
// is in Caps, what this user may do to this ticket now is in Ticket.Actions. Nothing that a desk answers
// is trusted: not as markup, not as a link, not as a file name.
//
// Sending follows one protocol for all desks (package outbox): mint a ClientRef, write everything to
// disk, send once, and after any doubt look for the reference before sending again.
package client

import (
	"context"
	"io"
	"time"
)

// Ref names a remote ticket. ID addresses the API, Number is what people read.
type Ref struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	WebURL string `json:"web_url,omitempty"`
}

// Person is somebody at either side of a ticket.
type Person struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Status is the unified state of a ticket.
type Status string

// The statuses. A state that a driver does not know is StatusUnknown and shown raw, never guessed closed.
const (
	StatusUnknown  Status = "unknown"
	StatusNew      Status = "new"      // received, nobody on it
	StatusOpen     Status = "open"     // being worked on, or parked by the desk for its own reasons
	StatusPending  Status = "pending"  // waiting for the user
	StatusResolved Status = "resolved" // answer given, the user can still object
	StatusClosed   Status = "closed"   // final for this desk
)

// Priority is 1 (low) to 5 (critical); 0 lets the desk decide.
type Priority int

// Tri is yes, no, or "the desk cannot say before you try".
type Tri string

// The three answers.
const (
	Maybe Tri = "maybe"
	Yes   Tri = "yes"
	No    Tri = "no"
)

// Actions is what this user may do to this ticket now.
type Actions struct {
	Reply  Tri `json:"reply"`
	Close  Tri `json:"close"`
	Reopen Tri `json:"reopen"`
	Rate   Tri `json:"rate"`
}

// Ticket is one ticket as the desk shows it to its requester.
type Ticket struct {
	Ref
	Subject   string    `json:"subject"`
	Status    Status    `json:"status"`
	RawStatus string    `json:"raw_status"` // the desk's own word, shown beside Status
	Assignee  Person    `json:"assignee"`   // empty when hidden or unassigned
	Queue     string    `json:"queue,omitempty"`
	Level     int       `json:"level,omitempty"`
	Priority  Priority  `json:"priority,omitempty"`
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
	Actions   Actions   `json:"actions"`
	Rating    *Rating   `json:"rating,omitempty"`
	Validator Validator `json:"validator"` // to be handed back to Get
	ClientRef ClientRef `json:"client_ref,omitempty"`
}

// Message is one public entry of a ticket's thread. Text is plain and safe to show; drivers turn a desk's
// HTML into it (see package transport).
type Message struct {
	ID          string       `json:"id"`
	From        Person       `json:"from"`
	FromMe      bool         `json:"from_me"`
	At          time.Time    `json:"at"`
	Text        string       `json:"text"`
	Attachments []Attachment `json:"attachments,omitempty"`
	// StatusNote is the new state of a change of state: a Status, or the desk's own word for one that has none.
	// Its From is empty when the desk changed it by itself. Beside a Text, it is what the message brought about.
	StatusNote string `json:"status_note,omitempty"`
}

// foldWithin is how soon a change of state follows the reply that caused it.
const foldWithin = 10 * time.Second

// FoldReopened makes one entry of a reply of the user's and the change of state that it caused. Somebody
// else's change right after it stays an entry.
func FoldReopened(thread []Message) []Message {
	var out []Message
	for _, m := range thread {
		if n := len(out); n > 0 && m.Text == "" && m.StatusNote != "" && (m.FromMe || m.From == Person{}) {
			last := &out[n-1]
			if last.FromMe && last.Text != "" && last.StatusNote == "" && n > 1 &&
				m.At.Sub(last.At).Abs() <= foldWithin {
				last.StatusNote = m.StatusNote
				continue
			}
		}
		out = append(out, m)
	}
	return out
}

// Attachment is a file on a ticket. Name comes from outside: see SafeName before it meets a disk.
type Attachment struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	MIME   string `json:"mime"`
	Size   int64  `json:"size"`
	Handle string `json:"handle,omitempty"` // opaque, owned by the driver
}

// Validator makes a conditional Get possible.
type Validator struct {
	ETag string `json:"etag,omitempty"`
}

// Page is one page of tickets.
type Page struct {
	Tickets []Ticket `json:"tickets"`
	Next    string   `json:"next,omitempty"` // opaque cursor, "" is the end
	// Exact is false when the desk could only sort, not filter, by Since.
	Exact bool `json:"exact"`
	// Now is the desk's clock at the time of the answer (its Date header), to be used as the next Since.
	Now time.Time `json:"now"`
}

// ListQuery selects tickets of the signed-in user.
type ListQuery struct {
	Since         time.Time // on the desk's clock; zero is "all"
	IncludeClosed bool
	Cursor        string
	Limit         int
}

// Draft is a ticket to be.
type Draft struct {
	ClientRef   ClientRef         `json:"client_ref"`
	Subject     string            `json:"subject"`
	Text        string            `json:"text"` // plain; each driver renders it to what the desk wants
	Queue       string            `json:"queue,omitempty"`
	Category    string            `json:"category,omitempty"`
	Level       int               `json:"level,omitempty"`
	Priority    Priority          `json:"priority,omitempty"`
	Fields      map[string]string `json:"fields,omitempty"` // admin-mapped extra fields
	Attachments []Upload          `json:"attachments,omitempty"`
}

// Upload is a file to send. Open is a function, not a reader: a repeat must read it again.
type Upload struct {
	Name string                        `json:"name"`
	MIME string                        `json:"mime"`
	Size int64                         `json:"size"`
	Open func() (io.ReadCloser, error) `json:"-"`
}

// Outgoing is a reply to be. It has a reference of its own, so that it too is never sent twice.
type Outgoing struct {
	ClientRef   ClientRef `json:"client_ref"`
	Text        string    `json:"text"`
	Attachments []Upload  `json:"attachments,omitempty"`
	// Reopen asks for the ticket to be open afterwards; how is the driver's business.
	Reopen bool `json:"reopen,omitempty"`
}

// Receipt is what a desk gave for a draft or a reply. It is returned beside an error too when the desk is
// known to have stored something.
type Receipt struct {
	Ref Ref `json:"ref"`
	// Pending names uploads that are not on the ticket yet; Create called again with this receipt goes on
	// with them.
	Pending []string `json:"pending,omitempty"`
	// Tokens lets a later attempt skip the uploads that already went through.
	Tokens map[string]string `json:"tokens,omitempty"`
	// Changed names uploads that travel in another form than asked ("notes.txt": recoded by the desk).
	Changed map[string]string `json:"changed,omitempty"`
}

// Rating is the user's satisfaction, Value of Max.
type Rating struct {
	Value   int    `json:"value"`
	Max     int    `json:"max"`
	Comment string `json:"comment,omitempty"`
}

// Idempotency is how a desk protects from a doubled ticket.
type Idempotency string

// The ways.
const (
	IdemNone      Idempotency = "none"
	IdemSearch    Idempotency = "search"     // our reference can be searched, consistent at once
	IdemSearchLag Idempotency = "search_lag" // the same behind an index: wait before concluding
	IdemKey       Idempotency = "key"        // the desk itself recognises a repeated key
)

// Caps is what an installation can do. It is read by Probe, for every sign-in.
type Caps struct {
	Product            string        `json:"product"`
	Version            string        `json:"version,omitempty"`
	AuthKinds          []string      `json:"auth_kinds,omitempty"` // "token", "basic"
	CanReply           bool          `json:"can_reply"`
	CanClose           bool          `json:"can_close"`
	CanReopen          bool          `json:"can_reopen"`
	ReopenByReply      bool          `json:"reopen_by_reply"`
	CanRate            bool          `json:"can_rate"`
	RateMax            int           `json:"rate_max,omitempty"`
	HasNotices         bool          `json:"has_notices"`
	MaxAttachmentBytes int64         `json:"max_attachment_bytes,omitempty"` // 0 is unknown
	CreateIdem         Idempotency   `json:"create_idem"`
	ReplyIdem          Idempotency   `json:"reply_idem"`
	Delta              bool          `json:"delta"`       // has a "changed since" filter
	Conditional        bool          `json:"conditional"` // ETag and 304 on one ticket
	VerifyAfterWrite   bool          `json:"verify_after_write"`
	MinPoll            time.Duration `json:"min_poll"`
	// Practice says that tickets stay on this computer.
	Practice bool `json:"practice,omitempty"`
}

// Driver speaks one desk's API as the signed-in user. Every method honours ctx; every error is one of
// this package's typed errors or wraps one.
type Driver interface {
	// Probe says what this installation can do and who is signed in.
	Probe(ctx context.Context) (Caps, Person, error)
	// Create makes a ticket, once. resume is the zero Receipt, or what an earlier call returned. With
	// resume.Ref.ID set the ticket exists: Create then never makes another, it looks which of d's attachments
	// are on it and adds those that are missing.
	Create(ctx context.Context, d Draft, resume Receipt) (Receipt, error)
	// FindByClientRef looks for a ticket that was made with this reference; ErrNotFound if none.
	FindByClientRef(ctx context.Context, ref ClientRef) (Ref, error)
	List(ctx context.Context, q ListQuery) (Page, error)
	// Get returns ErrNotModified when the validator still holds.
	Get(ctx context.Context, id string, v Validator) (Ticket, error)
	Thread(ctx context.Context, id string) ([]Message, error)
	Reply(ctx context.Context, id string, m Outgoing) (Receipt, error)
	// FindReply looks in the thread for a reply with this reference; ErrNotFound if none.
	FindReply(ctx context.Context, id string, ref ClientRef) (Receipt, error)
	// Download writes the attachment's bytes to w, at most limit of them, else ErrTooLarge.
	Download(ctx context.Context, a Attachment, w io.Writer, limit int64) error
}

// Rater is a desk that takes ratings; confirmed by Caps.CanRate.
type Rater interface {
	Rate(ctx context.Context, id string, r Rating) error
}

// Closer is a desk on which a requester may end his own ticket; confirmed by Caps.CanClose and Actions.Close.
type Closer interface {
	// CloseTicket returns ErrForbidden where the desk said yes and did nothing.
	CloseTicket(ctx context.Context, id string) error
}

// Announcer is a desk that publishes notices of known outages; confirmed by Caps.HasNotices.
type Announcer interface {
	Notices(ctx context.Context) ([]Notice, error)
}

// Notice is a known outage or maintenance.
type Notice struct {
	ID    string    `json:"id"`
	Title string    `json:"title"`
	Text  string    `json:"text"`
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}
