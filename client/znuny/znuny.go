// Package znuny is the driver for Znuny and its kin, OTRS from 6 on and OTOBO, over the Generic Interface: the
// web service GenericTicketConnectorREST, which an administrator imports, because none is there at first.
//
// The interface answers 200 to nearly everything. A refusal is an object "Error" with a code; no decision here
// rests on its sentence, but for one that names a field (see quirks_test.go). Only codes that are known to
// come before anything is stored count as a refusal; behind every other one a ticket may be stored.
package znuny

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"time"

	"balise/client"
	"balise/client/transport"
)

// Params says which desk, as whom, and how this installation is set up.
type Params struct {
	// URL is the web service's address, ".../nph-genericinterface.pl/Webservice/NAME"; "" is the transport's
	// base address. Shorter ones, such as https://desk.example/znuny, lead to the service of the usual name.
	URL        string
	Credential client.Credential // Kind "basic": a customer user's login and password
	Queue      string            // used for drafts that name none; "" is Raw, which every installation has
	// RefField is the name of the ticket dynamic field that holds our reference beside the end of the title; ""
	// is none. A field that the desk does not have counts as none.
	RefField string
	// StatusMap overrides the built-in table, by the state's name or else its type, in lower case.
	StatusMap map[string]client.Status
	// The states given to tickets; "" is "new", "open" and "closed successful".
	NewState, OpenState, ClosedState string
	// Transport must have URL as its base address.
	Transport *transport.Client
}

const (
	servicePath  = "/nph-genericinterface.pl/Webservice/"
	serviceName  = "GenericTicketConnectorREST"
	defaultQueue = "Raw"
	minPoll      = 2 * time.Minute // a list is a search and a read of every ticket, 50 ms of Perl each
)

// Driver is a client.Driver for one signed-in customer user.
type Driver struct {
	p      Params
	web    string // address of the web pages, without a slash
	prefix string // before every path of the web service

	signing sync.Mutex // one sign-in at a time

	mu        sync.Mutex
	session   string
	perCall   bool // the web service has no operation for sessions: name and password go with each call
	inQuery   bool // headers do not reach the desk: the session goes in the address
	getSearch bool // the search is GET /Ticket
	noField   bool // the desk has no dynamic field of RefField's name
	self      *client.Person
	skew      time.Duration // the desk's clock against ours
}

var (
	_ client.Driver = (*Driver)(nil)
	_ client.Closer = (*Driver)(nil)
)

// New prepares a driver. It does not touch the network.
func New(p Params) client.Driver {
	if p.URL == "" {
		p.URL = p.Transport.Base()
	}
	for at, standard := range map[*string]string{
		&p.Queue: defaultQueue, &p.NewState: "new", &p.OpenState: "open", &p.ClosedState: "closed successful",
	} {
		if *at == "" {
			*at = standard
		}
	}
	d := &Driver{p: p}
	base := p.Transport.Base()
	switch script := "/nph-genericinterface.pl"; {
	case strings.Contains(base, servicePath), strings.Contains(base, script+"/WebserviceID/"):
	case strings.HasSuffix(base, script):
		d.prefix = "/Webservice/" + serviceName
	default:
		d.prefix = servicePath + serviceName
	}
	d.web, _, _ = strings.Cut(strings.TrimRight(p.URL, "/"), "/nph-genericinterface.pl")
	return d
}

// product tells the kin apart by the usual path; the interface has no version to ask for.
func (d *Driver) product() string {
	u, err := url.Parse(d.web)
	switch {
	case err == nil && strings.Contains(u.Path, "/otobo"):
		return "OTOBO"
	case err == nil && strings.Contains(u.Path, "/otrs"):
		return "Znuny or OTRS"
	}
	return "Znuny"
}

// Probe signs in anew and says who that is.
func (d *Driver) Probe(ctx context.Context) (client.Caps, client.Person, error) {
	d.forget()
	// A search that finds nothing also shows that the web service has its main operations.
	query := url.Values{"Limit": {"1"}, "TicketNumber": {"0"}}
	if _, _, err := d.search(ctx, query); err != nil {
		return client.Caps{}, client.Person{}, fmt.Errorf("sign in: %w", err)
	}
	me := d.me(ctx)
	return client.Caps{
		Product: d.product(), AuthKinds: []string{"basic"},
		CanReply: true, CanClose: true, CanReopen: true,
		CreateIdem: client.IdemSearch, ReplyIdem: client.IdemSearch,
		Delta: true, VerifyAfterWrite: true, MinPoll: minPoll,
		MaxAttachmentBytes: maxFiles,
	}, me, nil
}

func (d *Driver) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.session, d.self = "", nil
	d.perCall, d.inQuery, d.getSearch, d.noField = false, false, false, false
}

// me is who is signed in. Not every web service has the operation SessionGet; without it the login has to do.
// The answer also carries the hash of the password, and nothing of it is kept but the three names.
func (d *Driver) me(ctx context.Context) client.Person {
	d.mu.Lock()
	known := d.self
	d.mu.Unlock()
	if known != nil {
		return *known
	}
	login := d.p.Credential.User
	me := client.Person{ID: transport.Line(login, 200), Name: transport.Line(login, 200)}
	var got answer
	// The session is in the header: the path would be in every error and log.
	_, err := d.read(ctx, "/Session/mine", nil, &got)
	for _, pair := range got.SessionData {
		value := transport.Line(string(pair.Value), 200)
		switch {
		case value == "":
		case pair.Key == "UserLogin":
			me.ID = value
		case pair.Key == "UserFullname":
			me.Name = value
		case pair.Key == "UserEmail":
			me.Email = value
		}
	}
	if err != nil && !noSuchRoute(err) && !errors.Is(err, client.ErrUnauthorized) {
		return me // ask again next time
	}
	d.mu.Lock()
	d.self = &me
	d.mu.Unlock()
	return me
}

// from is what an article says of its author: Znuny leaves that empty in what customers add by the interface.
func from(me client.Person) string {
	if me.Email == "" {
		return ""
	}
	return (&mail.Address{Name: me.Name, Address: me.Email}).String()
}

func (d *Driver) ref(id, number string) client.Ref {
	r := client.Ref{ID: id, Number: number}
	if number == "" {
		r.Number = id
	} else {
		r.WebURL = d.web + "/customer.pl?Action=CustomerTicketZoom;TicketNumber=" + url.QueryEscape(number)
	}
	return r
}

func checkID(id string) error {
	if !isID(id) {
		return fmt.Errorf("ticket %q: %w", transport.Line(id, 40), client.ErrNotFound)
	}
	return nil
}
