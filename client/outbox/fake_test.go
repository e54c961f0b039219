package outbox

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"

	"balise/client"
)

// fakeDesk is a desk in memory with the manners of real ones: it can lose a request, lose an answer after
// storing, refuse, throttle, and be slow to attach files.
type fakeDesk struct {
	mu      sync.Mutex
	caps    client.Caps
	tickets map[string]*fakeTicket
	byRef   map[client.ClientRef][]string
	// fault is asked before each call; it returns what goes wrong with it.
	fault func(call string) fault
	calls []string
}

type fakeTicket struct {
	draft   client.Draft
	files   map[string]string
	replies []client.Outgoing
}

type fault string

const (
	fine         fault = ""
	unreachable  fault = "unreachable"   // nothing left
	lostRequest  fault = "lost_request"  // it left, the desk never saw it
	lostAnswer   fault = "lost_answer"   // stored, the answer was lost
	lostMidFiles fault = "lost_midfiles" // the ticket is stored, half its files are not, the answer was lost
	throttled    fault = "throttled"
	invalid      fault = "invalid"
	unauthorized fault = "unauthorized"
	notADesk     fault = "not_a_desk"
	local        fault = "local" // a file of ours could not be opened
)

func newFakeDesk() *fakeDesk {
	return &fakeDesk{
		caps:    client.Caps{CreateIdem: client.IdemSearch, ReplyIdem: client.IdemSearch},
		tickets: map[string]*fakeTicket{}, byRef: map[client.ClientRef][]string{},
		fault: func(string) fault { return fine },
	}
}

// enter records the call and turns most faults into their error.
func (d *fakeDesk) enter(call string) (fault, error) {
	d.calls = append(d.calls, call)
	switch f := d.fault(call); f {
	case unreachable:
		return f, fmt.Errorf("dial: %w", client.ErrUnreachable)
	case lostRequest:
		return f, fmt.Errorf("read answer: %w", client.ErrUnknownOutcome)
	case throttled:
		return f, &client.ThrottledError{RetryAfter: 7e9}
	case invalid:
		return f, &client.InvalidError{Message: "no"}
	case unauthorized:
		return f, client.ErrUnauthorized
	case local:
		return f, fmt.Errorf("POST: %w", &client.LocalError{File: "a", Err: fs.ErrNotExist})
	case notADesk:
		return f, client.ErrNotADesk
	default:
		return f, nil
	}
}

func (d *fakeDesk) Probe(context.Context) (client.Caps, client.Person, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.enter("probe")
	return d.caps, client.Person{}, err
}

func (d *fakeDesk) Create(_ context.Context, dr client.Draft, resume client.Receipt) (client.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := d.enter("create")
	if err != nil {
		return client.Receipt{}, err
	}
	id := resume.Ref.ID
	if id == "" {
		id = strconv.Itoa(len(d.tickets) + 1)
		d.tickets[id] = &fakeTicket{draft: dr, files: map[string]string{}}
		d.byRef[dr.ClientRef] = append(d.byRef[dr.ClientRef], id)
	}
	ref := client.Ref{ID: id, Number: "#" + id}
	for i, u := range dr.Attachments {
		if f == lostMidFiles && i >= len(dr.Attachments)/2 {
			break
		}
		d.tickets[id].files[u.Name] = read(u)
	}
	if f == lostAnswer || f == lostMidFiles {
		return client.Receipt{}, fmt.Errorf("read answer: %w", client.ErrUnknownOutcome)
	}
	return client.Receipt{Ref: ref}, nil
}

func (d *fakeDesk) FindByClientRef(_ context.Context, ref client.ClientRef) (client.Ref, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.enter("find"); err != nil {
		return client.Ref{}, err
	}
	ids := d.byRef[ref]
	if len(ids) == 0 {
		return client.Ref{}, client.ErrNotFound
	}
	return client.Ref{ID: ids[0], Number: "#" + ids[0]}, nil
}

func (d *fakeDesk) Reply(_ context.Context, id string, m client.Outgoing) (client.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := d.enter("reply")
	if err != nil {
		return client.Receipt{}, err
	}
	t := d.tickets[id]
	if t == nil {
		return client.Receipt{}, client.ErrNotFound
	}
	t.replies = append(t.replies, m)
	if f == lostAnswer || f == lostMidFiles {
		return client.Receipt{}, client.ErrUnknownOutcome
	}
	return client.Receipt{Ref: client.Ref{ID: "m" + strconv.Itoa(len(t.replies))}}, nil
}

func (d *fakeDesk) FindReply(_ context.Context, id string, ref client.ClientRef) (client.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.enter("find_reply"); err != nil {
		return client.Receipt{}, err
	}
	for _, m := range d.tickets[id].replies {
		if m.ClientRef == ref {
			return client.Receipt{Ref: client.Ref{ID: "m"}}, nil
		}
	}
	return client.Receipt{}, client.ErrNotFound
}

func (d *fakeDesk) List(context.Context, client.ListQuery) (client.Page, error) {
	return client.Page{}, client.ErrUnsupported
}

func (d *fakeDesk) Get(context.Context, string, client.Validator) (client.Ticket, error) {
	return client.Ticket{}, client.ErrUnsupported
}

func (d *fakeDesk) Thread(context.Context, string) ([]client.Message, error) {
	return nil, client.ErrUnsupported
}

func (d *fakeDesk) Download(context.Context, client.Attachment, io.Writer, int64) error {
	return client.ErrUnsupported
}

func read(u client.Upload) string {
	r, err := u.Open()
	if err != nil {
		return "unreadable: " + err.Error()
	}
	defer r.Close()
	raw, _ := io.ReadAll(r)
	return string(raw)
}

func upload(name, text string) client.Upload {
	return client.Upload{
		Name: name, MIME: "text/plain", Size: int64(len(text)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
	}
}

// randomFaults gives each call a fault with probability p, of the kinds that make trouble.
func randomFaults(r *rand.Rand, p float64) func(string) fault {
	kinds := []fault{unreachable, lostRequest, lostAnswer, lostMidFiles, throttled, unauthorized, notADesk}
	return func(string) fault {
		if r.Float64() >= p {
			return fine
		}
		return kinds[r.IntN(len(kinds))]
	}
}
