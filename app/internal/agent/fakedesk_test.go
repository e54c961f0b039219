package agent

import (
	"context"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"balise/app/internal/config"
	"balise/client"
)

// fakeDesk is a driver in memory; err, when set, is the answer to everything.
type fakeDesk struct {
	mu      sync.Mutex
	err     error
	who     client.Person
	tickets []client.Ticket
	threads map[string][]client.Message
	lists   []client.ListQuery
	reads   int    // threads read
	broken  string // the ticket whose thread cannot be read
	clock   time.Time
}

var deskTime = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func newFakeDesk() *fakeDesk {
	return &fakeDesk{
		who: client.Person{ID: "u1", Name: "Élodie"}, clock: deskTime, threads: map[string][]client.Message{},
	}
}

// driver is for Params.Driver.
func (f *fakeDesk) driver(config.Desk, client.Credential) (client.Driver, error) { return f, nil }

func (f *fakeDesk) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(time.Minute)
	change()
}

// add files a ticket as the desk would.
func (f *fakeDesk) add(id string, status client.Status) {
	f.set(func() {
		f.tickets = append(f.tickets, client.Ticket{
			Ref: client.Ref{ID: "id" + id, Number: id}, Subject: "Ticket " + id, Status: status, Updated: f.clock,
		})
	})
}

// say adds a message, and a status unless it is empty.
func (f *fakeDesk) say(id, text string, mine bool, status client.Status) {
	f.set(func() {
		at := slices.IndexFunc(f.tickets, func(t client.Ticket) bool { return t.Number == id })
		f.tickets[at].Updated = f.clock
		if status != "" {
			f.tickets[at].Status = status
		}
		if text != "" {
			thread := f.threads["id"+id]
			f.threads["id"+id] = append(thread, client.Message{
				ID: strconv.Itoa(len(thread)), From: client.Person{Name: "Tech"}, FromMe: mine, At: f.clock, Text: text,
			})
		}
	})
}

func (f *fakeDesk) Probe(context.Context) (client.Caps, client.Person, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return client.Caps{Product: "fake", CreateIdem: client.IdemSearch, CanRate: false}, f.who, f.err
}

func (f *fakeDesk) Create(_ context.Context, d client.Draft, _ client.Receipt) (client.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return client.Receipt{}, f.err
	}
	n := strconv.Itoa(100 + len(f.tickets))
	f.tickets = append(f.tickets, client.Ticket{
		Ref: client.Ref{ID: "id" + n, Number: n}, Subject: d.Subject, Status: client.StatusNew,
		ClientRef: d.ClientRef, Updated: f.clock,
	})
	return client.Receipt{Ref: client.Ref{ID: "id" + n, Number: n}}, nil
}

func (f *fakeDesk) FindByClientRef(_ context.Context, ref client.ClientRef) (client.Ref, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tickets {
		if t.ClientRef == ref {
			return t.Ref, f.err
		}
	}
	return client.Ref{}, client.ErrNotFound
}

func (f *fakeDesk) List(_ context.Context, q client.ListQuery) (client.Page, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists = append(f.lists, q)
	if f.err != nil {
		return client.Page{}, f.err
	}
	p := client.Page{Now: f.clock, Exact: true}
	for _, t := range f.tickets {
		if !t.Updated.Before(q.Since) {
			p.Tickets = append(p.Tickets, t)
		}
	}
	return p, nil
}

func (f *fakeDesk) Get(_ context.Context, id string, _ client.Validator) (client.Ticket, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return client.Ticket{}, f.err
	}
	for _, t := range f.tickets {
		if t.ID == id || t.Number == id {
			return t, nil
		}
	}
	return client.Ticket{}, client.ErrNotFound
}

func (f *fakeDesk) Thread(_ context.Context, id string) ([]client.Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	if id == f.broken {
		return nil, client.ErrUnavailable
	}
	return slices.Clone(f.threads[id]), f.err
}

func (f *fakeDesk) Reply(_ context.Context, id string, m client.Outgoing) (client.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return client.Receipt{}, f.err
	}
	f.threads[id] = append(f.threads[id], client.Message{ID: string(m.ClientRef), FromMe: true, Text: m.Text})
	return client.Receipt{}, nil
}

func (f *fakeDesk) FindReply(context.Context, string, client.ClientRef) (client.Receipt, error) {
	return client.Receipt{}, client.ErrNotFound
}

func (f *fakeDesk) Download(context.Context, client.Attachment, io.Writer, int64) error {
	return client.ErrNotFound
}

// now is the desk's clock, which the agent of these tests shares.
func (f *fakeDesk) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock
}
