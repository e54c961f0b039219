// Package outbox keeps reports and replies until a desk has them: never lost, never twice.
//
// Everything is on disk, fsynced, before the first byte leaves. One sender works through it. A request
// whose outcome is not known is never repeated before the desk has been asked whether it holds our
// reference already; see protocol.go, which is a pure function of what happened.
//
// Content is deleted once the desk has it. The row stays: reference, number, title, sizes.
package outbox

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"balise/client"
)

// State is where an item stands, in words that a person can read.
type State string

// The states.
const (
	Draft   State = "draft"   // being written to disk, or found half-written after a power cut
	Waiting State = "waiting" // safe on disk, to be sent at Next
	Sending State = "sending" // on its way, or its outcome is being looked up
	Sent    State = "sent"
	Refused State = "refused" // the desk said no; Reason says why
)

// Kind tells a ticket from a reply.
type Kind string

// The kinds.
const (
	Ticket Kind = "ticket"
	Reply  Kind = "reply"
)

// Reason is why an item waits or was refused, as a code with arguments for the texts.
type Reason struct {
	Code   string            `json:"code"`
	Args   map[string]string `json:"args,omitempty"`
	Detail string            `json:"detail,omitempty"`
}

// Item is one report or reply.
type Item struct {
	Ref     client.ClientRef
	Kind    Kind
	Ticket  client.Ref // for a reply: the ticket; for a sent ticket: what the desk made of it
	Subject string
	State   State
	Created time.Time
	Next    time.Time // when it is tried again
	Tries   int
	Bytes   int64 // text and attachments
	Files   []File
	Receipt client.Receipt
	Reason  *Reason
	SentAt  time.Time

	phase   phase
	asked   int       // how often the desk said that it does not hold our reference
	askedAt time.Time // when it said so last, as far as that answer counted
	hold    time.Time // the desk asked not to be called before; not even Flush does
}

// File is one stored attachment.
type File struct {
	Name string `json:"name"`
	MIME string `json:"mime"`
	Size int64  `json:"size"`
}

// The errors of this package; everything else is a database or file error.
var (
	ErrNotFound = errors.New("not in the outbox")
	ErrState    = errors.New("not possible in this state")
)

// Params configures an Outbox.
type Params struct {
	// DB is the agent's one SQLite file; the outbox makes its own tables in it.
	DB *sql.DB
	// Dir holds the attachments, one folder an item; made 0700.
	Dir string
	// Driver gives the desk as it is configured and signed in now. Its error is the reason to wait.
	Driver func(context.Context) (client.Driver, error)
	// Explain turns an error into a reason; it must not return a nil map entry with a secret.
	Explain func(error) Reason
	// OnChange is told of every change of an item's state, outside any lock.
	OnChange func(Item)
	Log      *slog.Logger
	// Now and Jitter are replaced in tests. Jitter returns a factor around 1.
	Now    func() time.Time
	Jitter func() float64
	// Hook is called at every step boundary, for the crash tests; nil otherwise.
	Hook func(point string)
	// VerifyDelay is how long to wait between two look-ups of a request whose outcome is unknown, before
	// it may be sent again. The zero value chooses by the size of what was sent.
	VerifyDelay func(bytes int64) time.Duration
}

// Outbox is the queue. Use Open.
type Outbox struct {
	p    Params
	kick chan struct{} // something became due
	send sync.Mutex    // one sender at a time

	mu      sync.Mutex
	busy    map[client.ClientRef]bool // being sent, retried or discarded right now
	waiters map[client.ClientRef][]chan struct{}
}

// Open makes the tables, cleans what a crash left half-written, and returns the outbox. It sends nothing.
func Open(ctx context.Context, p Params) (*Outbox, error) {
	p.defaults()
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return nil, err
	}
	o := &Outbox{
		p: p, kick: make(chan struct{}, 1),
		busy: map[client.ClientRef]bool{}, waiters: map[client.ClientRef][]chan struct{}{},
	}
	if err := o.migrate(ctx); err != nil {
		return nil, err
	}
	if err := o.recover(ctx); err != nil {
		return nil, err
	}
	return o, nil
}

func (p *Params) defaults() {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Jitter == nil {
		p.Jitter = func() float64 { return 0.75 + rand.Float64()/2 }
	}
	if p.Hook == nil {
		p.Hook = func(string) {}
	}
	if p.OnChange == nil {
		p.OnChange = func(Item) {}
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Explain == nil {
		p.Explain = func(err error) Reason { return Reason{Code: "internal", Detail: err.Error()} }
	}
	if p.VerifyDelay == nil {
		p.VerifyDelay = verifyDelay
	}
}

// Kick makes the sender look again now, for items whose time has come.
func (o *Outbox) Kick() {
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

// Wait returns when the item is sent or refused, or when ctx ends, with where it then stands.
func (o *Outbox) Wait(ctx context.Context, ref client.ClientRef) (Item, error) {
	for {
		changed := o.watch(ref)
		it, err := o.Item(ctx, ref)
		if err != nil || it.State == Sent || it.State == Refused {
			return it, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return it, nil
		}
	}
}

// claim takes an item for one actor; release gives it back. A large upload must not make the user wait who
// wants to discard another report.
func (o *Outbox) claim(ref client.ClientRef) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy[ref] {
		return false
	}
	o.busy[ref] = true
	return true
}

func (o *Outbox) release(ref client.ClientRef) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.busy, ref)
}

func (o *Outbox) watch(ref client.ClientRef) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	ch := make(chan struct{})
	o.waiters[ref] = append(o.waiters[ref], ch)
	return ch
}

// changed tells those who wait and the agent. Call it without holding a transaction.
func (o *Outbox) changed(it Item) {
	o.mu.Lock()
	for _, ch := range o.waiters[it.Ref] {
		close(ch)
	}
	delete(o.waiters, it.Ref)
	o.mu.Unlock()
	o.p.OnChange(it)
}
