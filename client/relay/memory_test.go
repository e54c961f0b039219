package relay

import (
	"context"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"balise/client"
)

// memory is a Store in memory, for tests of the handler alone. fail, when set, is what every write answers.
type memory struct {
	mu      sync.Mutex
	tickets []client.Ticket
	threads map[string][]client.Message
	keys    map[client.ClientRef]Stored
	digests map[client.ClientRef]string
	files   map[string][]byte
	fail    error
	slow    time.Duration
	creates int // attempts
}

func newMemory() *memory {
	return &memory{
		threads: map[string][]client.Message{}, keys: map[client.ClientRef]Stored{},
		digests: map[client.ClientRef]string{}, files: map[string][]byte{},
	}
}

func (m *memory) Me(context.Context, client.Person) (client.Caps, client.Person, error) {
	return client.Caps{Product: "memory", CanReply: true, MinPoll: time.Second}, client.Person{ID: "a", Name: "A"}, nil
}

func (m *memory) List(context.Context, client.Person, client.ListQuery) (client.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return client.Page{Tickets: m.tickets, Exact: true, Now: time.Now()}, nil
}

func (m *memory) Get(_ context.Context, _ client.Person, id string) (client.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tickets {
		if t.ID == id {
			return t, nil
		}
	}
	return client.Ticket{}, client.ErrNotFound
}

func (m *memory) Thread(_ context.Context, _ client.Person, id string) ([]client.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if all, ok := m.threads[id]; ok {
		return all, nil
	}
	return nil, client.ErrNotFound
}

func (m *memory) Locate(_ context.Context, _ client.Person, key client.ClientRef) (Stored, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.keys[key]; ok {
		return s, nil
	}
	return Stored{}, client.ErrNotFound
}

// store is what a desk does that has no transactions: it looks, works, and only then writes down.
func (m *memory) store(key client.ClientRef, digest string, files []File, make func() Stored) (Stored, error) {
	m.mu.Lock()
	had, known := m.keys[key]
	before := m.digests[key]
	fail := m.fail
	m.creates++
	m.mu.Unlock()
	switch {
	case fail != nil:
		return Stored{}, fail
	case known && before != digest:
		return Stored{}, ErrKeyReused
	case known:
		had.Again = true
		return had, nil
	}
	time.Sleep(m.slow)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range files {
		raw, err := os.ReadFile(f.Path)
		if err != nil {
			return Stored{}, err
		}
		m.files[f.Name] = raw
	}
	s := make()
	s.Key = key
	m.keys[key], m.digests[key] = s, digest
	return s, nil
}

func (m *memory) Create(_ context.Context, _ client.Person, in NewTicket) (Stored, error) {
	return m.store(in.ClientRef, in.Digest, in.Files, func() Stored {
		n := strconv.Itoa(len(m.tickets) + 1)
		ref := client.Ref{ID: n, Number: n}
		m.tickets = append(m.tickets, client.Ticket{
			Ref: ref, Subject: in.Subject, Status: client.StatusNew, Created: time.Now(), Updated: time.Now(),
			Validator: client.Validator{ETag: `"1"`},
			Actions:   client.Actions{Reply: client.Yes, Close: client.No, Reopen: client.No, Rate: client.No},
		})
		m.threads[n] = []client.Message{{ID: "1", FromMe: true, At: time.Now(), Text: in.Text}}
		return Stored{Ref: ref}
	})
}

func (m *memory) Reply(_ context.Context, _ client.Person, id string, in NewReply) (Stored, error) {
	return m.store(in.ClientRef, in.Digest, in.Files, func() Stored {
		m.threads[id] = append(m.threads[id], client.Message{ID: strconv.Itoa(len(m.threads[id]) + 1), Text: in.Text})
		return Stored{Ref: client.Ref{ID: id, Number: id}, Message: "2"}
	})
}

func (m *memory) Open(context.Context, client.Person, string, string) (client.Attachment, io.ReadCloser, error) {
	return client.Attachment{}, nil, client.ErrNotFound
}

func (m *memory) Rate(context.Context, client.Person, string, client.Rating) error { return m.fail }

func (m *memory) Notices(context.Context, client.Person) ([]client.Notice, error) { return nil, nil }
