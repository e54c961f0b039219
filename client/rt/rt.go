// Package rt speaks to Request Tracker 5 and 6 over REST 2.0, as an unprivileged user who is the requestor
// of his tickets.
//
// What the desk's administrator must grant: to Everyone on the queue CreateTicket, SeeQueue, SeeCustomField
// and SetInitialCustomField; to the role Requestor ShowTicket and ReplyToTicket.
//
// RT answers with the words of the user's own language, sometimes not even in the encoding it declares, and
// says 200 and 201 to much that it did not do. So no decision here rests on a sentence: what was written is
// read back.
package rt

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"balise/client"
	"balise/client/transport"
)

// Params says which RT, as whom, and how this installation is set up.
type Params struct {
	URL        string // of the RT, with or without /REST/2.0; "" is the transport's base address
	Credential client.Credential
	Queue      string // used for drafts that name none; "" is General
	Requestor  string // "" is the signed-in person's own address or name
	// RefField is the name of the ticket custom field that holds our reference; "" puts the reference at
	// the end of the subject. A field that the user cannot see on the queue counts as none.
	RefField string
	// StatusMap overrides the built-in table, by the raw status in lower case.
	StatusMap map[string]client.Status
	// Transport must have URL as its base address.
	Transport *transport.Client
}

const (
	restPath     = "/REST/2.0"
	defaultQueue = "General"
	// minPoll: a list costs RT about 20 ms, most of it Perl.
	minPoll = time.Minute
)

// Driver is a client.Driver for one signed-in user.
type Driver struct {
	p      Params
	web    string // address of the web pages
	prefix string // before every path of the API
	auth   string // value of the Authorization header

	mu     sync.Mutex
	self   *user           // read once
	fields map[string]bool // queue name -> our custom field is there to be seen
}

var _ client.Driver = (*Driver)(nil)

// New prepares a driver. It does not touch the network.
func New(p Params) client.Driver {
	if p.URL == "" {
		p.URL = p.Transport.Base()
	}
	if p.Queue == "" {
		p.Queue = defaultQueue
	}
	d := &Driver{p: p, fields: map[string]bool{}}
	d.web = strings.TrimSuffix(strings.TrimRight(p.URL, "/"), restPath)
	if !strings.HasSuffix(p.Transport.Base(), restPath) {
		d.prefix = restPath
	}
	switch c := p.Credential; c.Kind {
	case "basic":
		d.auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password))
	default:
		d.auth = "token " + c.Token // "Bearer" is not known to RT
	}
	return d
}

// request makes the request for a path below the API.
func (d *Driver) request(method, path string, query url.Values) transport.Request {
	return transport.Request{
		Method: method, Path: d.prefix + path, Query: query,
		Header: http.Header{"Authorization": {d.auth}},
	}
}

// read gets JSON. It never sends If-Modified-Since: RT answers that with 500.
func (d *Driver) read(
	ctx context.Context, path string, query url.Values, into any,
) (transport.Answer, error) {
	r := d.request(http.MethodGet, path, query)
	r.Into = into
	return d.p.Transport.Do(ctx, r)
}

// Probe says which RT this is and who is signed in.
func (d *Driver) Probe(ctx context.Context) (client.Caps, client.Person, error) {
	var about struct{ Version string }
	_, err := d.read(ctx, "/rt", nil, &about)
	if errors.Is(err, client.ErrNotFound) || err == nil && about.Version == "" {
		err = fmt.Errorf("no REST 2.0 at this address: %w", client.ErrNotADesk)
	}
	if err != nil {
		return client.Caps{}, client.Person{}, fmt.Errorf("ask RT for its version: %w", err)
	}
	d.forget()
	me, err := d.me(ctx)
	if err != nil {
		return client.Caps{}, client.Person{}, err
	}
	idem := client.IdemSearch
	if !d.requestorIs(me) {
		// Tickets made for somebody else cannot be found again: RT does not show them to us.
		idem = client.IdemNone
	}
	return client.Caps{
		Product: "Request Tracker", Version: transport.Line(about.Version, 60),
		AuthKinds: []string{"token", "basic"},
		CanReply:  true, CanReopen: true, ReopenByReply: true,
		CreateIdem: idem, ReplyIdem: client.IdemSearch,
		Delta: true, Conditional: true, VerifyAfterWrite: true, MinPoll: minPoll,
	}, me.person(), nil
}

// user is RT's record of somebody.
type user struct {
	ID           text
	Name         string
	RealName     string
	EmailAddress string
	Privileged   text
}

func (u user) person() client.Person {
	name := u.RealName
	if name == "" {
		name = u.Name
	}
	return client.Person{
		ID:    transport.Line(u.Name, 200),
		Name:  transport.Line(name, 200),
		Email: transport.Line(u.EmailAddress, 200),
	}
}

// me reads the signed-in user's own record, once.
func (d *Driver) me(ctx context.Context) (user, error) {
	d.mu.Lock()
	known := d.self
	d.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	key := d.p.Credential.User
	if d.p.Credential.Kind != "basic" {
		// A token is "1-<user id>-<hex>", and a user may read his own record.
		parts := strings.Split(d.p.Credential.Token, "-")
		if len(parts) != 3 || !isID(parts[1]) {
			return user{}, fmt.Errorf("this is not a token of RT (1-…-…): %w", client.ErrUnauthorized)
		}
		key = parts[1]
	}
	if key == "" {
		return user{}, fmt.Errorf("no user name: %w", client.ErrUnauthorized)
	}
	var u user
	if _, err := d.read(ctx, "/user/"+url.PathEscape(key), nil, &u); err != nil {
		return user{}, fmt.Errorf("read own record: %w", notHere(err))
	}
	if u.Name == "" {
		return user{}, fmt.Errorf("read own record: no name in it: %w", client.ErrNotADesk)
	}
	d.mu.Lock()
	d.self = &u
	d.mu.Unlock()
	return u, nil
}

func (d *Driver) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.self = nil
	clear(d.fields)
}

// requestor is whom a new ticket belongs to. RT does not take the caller: without it the author could not
// read his own ticket.
func (d *Driver) requestor(me user) string {
	switch {
	case d.p.Requestor != "":
		return d.p.Requestor
	case me.EmailAddress != "":
		return me.EmailAddress
	}
	return me.Name
}

func (d *Driver) requestorIs(me user) bool {
	r := d.requestor(me)
	return strings.EqualFold(r, me.Name) || strings.EqualFold(r, me.EmailAddress)
}

// webURL is the page of a ticket for the signed-in user. The addresses in RT's answers are not used.
func (d *Driver) webURL(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	page := "/SelfService/Display.html?id="
	if d.self != nil && d.self.Privileged == "1" {
		page = "/Ticket/Display.html?id="
	}
	return d.web + page + id
}

func (d *Driver) ref(id string) client.Ref {
	return client.Ref{ID: id, Number: id, WebURL: d.webURL(id)}
}

// isID tells a record's number; everything else stays out of paths and queries.
func isID(s string) bool {
	n, err := strconv.ParseUint(s, 10, 53)
	return err == nil && n > 0
}

func checkID(id string) error {
	if !isID(id) {
		return fmt.Errorf("ticket %q: %w", transport.Line(id, 40), client.ErrNotFound)
	}
	return nil
}

// text is a JSON value that RT writes as a string or as a number, as it comes.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		err := json.Unmarshal(b, &s)
		*t = text(s)
		return err
	}
	if len(b) > 0 && (b[0] == '{' || b[0] == '[') || string(b) == "null" {
		*t = ""
		return nil
	}
	*t = text(b)
	return nil
}

// stamp is a time; RT's unset one is the epoch.
type stamp struct{ time.Time }

func (s *stamp) UnmarshalJSON(b []byte) error {
	var raw text
	if err := raw.UnmarshalJSON(b); err != nil {
		return err
	}
	if t, err := time.Parse(time.RFC3339, string(raw)); err == nil && t.Unix() > 0 {
		s.Time = t.UTC()
	}
	return nil
}
