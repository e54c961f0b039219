// Package rt speaks to Request Tracker 5 and 6 over REST 2.0, as an unprivileged user who is the requestor
// of his tickets.
package rt

import (
	"context"
	"errors"
	"io"

	"balise/client"
	"balise/client/transport"
)

// Params says which RT, as whom, and how this installation is set up.
type Params struct {
	URL        string // of the RT, without /REST/2.0
	Credential client.Credential
	Queue      string // used for drafts that name none; "" is General
	Requestor  string // "" is the signed-in person's own address or name
	// RefField is the name of the ticket custom field that holds our reference; "" puts the reference at
	// the end of the subject.
	RefField string
	// StatusMap overrides the built-in table, by the raw status in lower case.
	StatusMap map[string]client.Status
	Transport *transport.Client // its base address is not used: URL is
}

// Driver is a client.Driver for one signed-in user.
type Driver struct{ p Params }

var _ client.Driver = (*Driver)(nil)

// New prepares a driver. It does not touch the network.
func New(p Params) client.Driver { return &Driver{p: p} }

var errNotYet = errors.New("not written yet")

// Probe says who is signed in.
func (d *Driver) Probe(ctx context.Context) (client.Caps, client.Person, error) {
	return client.Caps{}, client.Person{}, errNotYet
}

// Create makes a ticket.
func (d *Driver) Create(ctx context.Context, dr client.Draft, resume client.Receipt) (client.Receipt, error) {
	return client.Receipt{}, errNotYet
}

// FindByClientRef searches for a ticket.
func (d *Driver) FindByClientRef(ctx context.Context, ref client.ClientRef) (client.Ref, error) {
	return client.Ref{}, errNotYet
}

// List lists own tickets.
func (d *Driver) List(ctx context.Context, q client.ListQuery) (client.Page, error) {
	return client.Page{}, errNotYet
}

// Get reads one ticket.
func (d *Driver) Get(ctx context.Context, id string, v client.Validator) (client.Ticket, error) {
	return client.Ticket{}, errNotYet
}

// Thread reads the public messages.
func (d *Driver) Thread(ctx context.Context, id string) ([]client.Message, error) {
	return nil, errNotYet
}

// Reply answers.
func (d *Driver) Reply(ctx context.Context, id string, m client.Outgoing) (client.Receipt, error) {
	return client.Receipt{}, errNotYet
}

// FindReply looks for a reply.
func (d *Driver) FindReply(ctx context.Context, id string, ref client.ClientRef) (client.Receipt, error) {
	return client.Receipt{}, errNotYet
}

// Download reads an attachment.
func (d *Driver) Download(ctx context.Context, a client.Attachment, w io.Writer, limit int64) error {
	return errNotYet
}
