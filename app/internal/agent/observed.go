package agent

import (
	"context"
	"io"

	"balise/client"
)

// observed is a driver whose every call is noted: that is how the state knows whether the desk answers
// without asking it.
type observed struct {
	client.Driver
	l     *link
	epoch int
}

var (
	_ client.Driver    = (*observed)(nil)
	_ client.Rater     = (*observed)(nil)
	_ client.Announcer = (*observed)(nil)
)

func (o *observed) note(err error) { o.l.note(o.epoch, err) }

// Probe notes and passes on.
func (o *observed) Probe(ctx context.Context) (client.Caps, client.Person, error) {
	c, p, err := o.Driver.Probe(ctx)
	o.note(err)
	return c, p, err
}

// Create notes and passes on.
func (o *observed) Create(ctx context.Context, d client.Draft, resume client.Receipt) (client.Receipt, error) {
	r, err := o.Driver.Create(ctx, d, resume)
	o.note(err)
	return r, err
}

// FindByClientRef notes and passes on.
func (o *observed) FindByClientRef(ctx context.Context, ref client.ClientRef) (client.Ref, error) {
	r, err := o.Driver.FindByClientRef(ctx, ref)
	o.note(err)
	return r, err
}

// List notes, and learns how far our clock is from the desk's.
func (o *observed) List(ctx context.Context, q client.ListQuery) (client.Page, error) {
	p, err := o.Driver.List(ctx, q)
	o.note(err)
	if err == nil && !p.Now.IsZero() {
		o.l.mu.Lock()
		o.l.skew = o.l.a.p.Now().Sub(p.Now)
		o.l.mu.Unlock()
	}
	return p, err
}

// Get notes and passes on.
func (o *observed) Get(ctx context.Context, id string, v client.Validator) (client.Ticket, error) {
	t, err := o.Driver.Get(ctx, id, v)
	o.note(err)
	return t, err
}

// Thread notes and passes on.
func (o *observed) Thread(ctx context.Context, id string) ([]client.Message, error) {
	m, err := o.Driver.Thread(ctx, id)
	o.note(err)
	return m, err
}

// Reply notes and passes on.
func (o *observed) Reply(ctx context.Context, id string, m client.Outgoing) (client.Receipt, error) {
	r, err := o.Driver.Reply(ctx, id, m)
	o.note(err)
	return r, err
}

// FindReply notes and passes on.
func (o *observed) FindReply(ctx context.Context, id string, ref client.ClientRef) (client.Receipt, error) {
	r, err := o.Driver.FindReply(ctx, id, ref)
	o.note(err)
	return r, err
}

// Download does not note: a writer that is gone is not the desk's fault.
func (o *observed) Download(ctx context.Context, a client.Attachment, w io.Writer, limit int64) error {
	return o.Driver.Download(ctx, a, w, limit)
}

// Rate passes on, where the desk takes ratings.
func (o *observed) Rate(ctx context.Context, id string, r client.Rating) error {
	rater, ok := o.Driver.(client.Rater)
	if !ok {
		return client.ErrUnsupported
	}
	err := rater.Rate(ctx, id, r)
	o.note(err)
	return err
}

// Notices passes on, where the desk publishes any.
func (o *observed) Notices(ctx context.Context) ([]client.Notice, error) {
	n, ok := o.Driver.(client.Announcer)
	if !ok {
		return nil, client.ErrUnsupported
	}
	out, err := n.Notices(ctx)
	o.note(err)
	return out, err
}
