package relay

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"balise/client"
	"balise/client/transport"
)

// Params says how to reach a relay, and as whom.
type Params struct {
	// URL is the relay's address without /v1. Transport must be made for the same.
	URL        string
	Credential client.Credential // Kind "token"
	Transport  *transport.Client
}

// Driver speaks relay protocol v1. It is safe for concurrent use.
type Driver struct {
	t    *transport.Client
	cred client.Credential
}

var (
	_ client.Driver    = (*Driver)(nil)
	_ client.Rater     = (*Driver)(nil)
	_ client.Announcer = (*Driver)(nil)
)

// New prepares a driver. It does not touch the network.
func New(p Params) client.Driver { return &Driver{t: p.Transport, cred: p.Credential} }

// Probe asks who the token stands for, and what the desk can do.
func (d *Driver) Probe(ctx context.Context) (client.Caps, client.Person, error) {
	var me meDoc
	if err := d.get(ctx, "/v1/me", nil, &me); err != nil {
		return client.Caps{}, client.Person{}, fmt.Errorf("ask who I am: %w", absent(err))
	}
	if me.Protocol != 1 || me.Product == "" {
		err := fmt.Errorf("ask who I am: no relay protocol v1: %w", client.ErrNotADesk)
		return client.Caps{}, client.Person{}, err
	}
	c := me.Capabilities
	return client.Caps{
		Product: line(me.Product), Version: line(me.Version), AuthKinds: []string{"token"},
		CanReply: c.Reply, CanClose: c.Close, CanReopen: c.Reopen, ReopenByReply: c.ReopenByReply,
		CanRate: c.Rate, RateMax: c.RateMax, HasNotices: c.Notices,
		MaxAttachmentBytes: c.MaxAttachmentBytes,
		CreateIdem:         client.IdemKey, ReplyIdem: client.IdemKey,
		Delta: true, Conditional: true, Practice: me.Practice,
		MinPoll: time.Duration(c.MinPollSeconds) * time.Second,
	}, fromPerson(me.Person), nil
}

// header is what every request carries.
func (d *Driver) header() http.Header {
	return http.Header{"Authorization": {"Bearer " + d.cred.Token}}
}

// do sends a request and reads a problem document where the answer is one.
func (d *Driver) do(ctx context.Context, r transport.Request) (transport.Answer, error) {
	if r.Header == nil {
		r.Header = d.header()
	}
	a, err := d.t.Do(ctx, r)
	if err != nil {
		return a, refine(r, a, err)
	}
	return a, nil
}

func (d *Driver) get(ctx context.Context, path string, q url.Values, into any) error {
	_, err := d.do(ctx, transport.Request{Path: path, Query: q, Into: into})
	return err
}

// ticketPath is the path of a ticket, or of something of it.
func ticketPath(id string, more ...string) string {
	p := "/v1/tickets/" + url.PathEscape(id)
	for _, m := range more {
		p += "/" + url.PathEscape(m)
	}
	return p
}
