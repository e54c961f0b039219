// Package redmine speaks to Redmine 4.1 and later over its REST API, as a user who is the author of his issues.
//
// What the desk's administrator must grant: the REST API switched on, and on the project view_issues, add_issues and
// add_issue_notes; for reopening and closing also edit_own_issues and the steps in the workflow.
//
// Redmine says 204 to a change that it did not make: what a user may not set is left out without a word. So what was
// written is read back. A requester cannot be set: an issue's author is who is signed in.
package redmine

import (
	"context"
	"encoding/base64"
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

// Params says which Redmine, as whom, and how this installation is set up.
type Params struct {
	URL        string // "" is the transport's base address
	Credential client.Credential
	// Queue is the project for drafts that name none: its identifier, number or name. "" is the only project of the
	// user's, where there is but one.
	Queue string
	// Tracker is the name or number of the tracker of new issues; "" is the project's first.
	Tracker string
	// RefField is the name or number of the custom field that holds our reference; "" puts the reference at the end
	// of the subject. A field that the project does not have counts as none.
	RefField string
	// StatusMap overrides the built-in table, by the raw status in lower case.
	StatusMap map[string]client.Status
	// Transport must have URL as its base address.
	Transport *transport.Client
	Now       func() time.Time // nil is time.Now
}

// minPoll: a list costs Redmine about 50 ms, most of it Ruby.
const minPoll = time.Minute

// Driver is a client.Driver for one signed-in user.
type Driver struct {
	p   Params
	web string

	mu         sync.Mutex
	key        string // the API key, given or read with the password
	self       *account
	projects   map[string]project // by what they were asked as
	statuses   map[string]status  // by id; nil is not read yet
	priorities []string           // ids, the lowest first; nil is not read yet
}

var (
	_ client.Driver    = (*Driver)(nil)
	_ client.Closer    = (*Driver)(nil)
	_ client.Announcer = (*Driver)(nil)
)

// New prepares a driver. It does not touch the network.
func New(p Params) *Driver {
	if p.URL == "" {
		p.URL = p.Transport.Base()
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	d := &Driver{p: p, web: strings.TrimRight(p.URL, "/")}
	d.forget()
	return d
}

// forget drops what was read of the installation and of the user.
func (d *Driver) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.self, d.statuses, d.priorities = nil, nil, nil
	d.projects = map[string]project{}
	d.key = ""
	if d.p.Credential.Kind != "basic" {
		d.key = d.p.Credential.Token
	}
}

// request makes the request for a path of the API.
func (d *Driver) request(method, path string, query url.Values) transport.Request {
	r := transport.Request{Method: method, Path: path, Query: query, Header: http.Header{}}
	d.mu.Lock()
	key := d.key
	d.mu.Unlock()
	if key != "" {
		r.Header.Set("X-Redmine-API-Key", key)
		return r
	}
	c := d.p.Credential
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password)))
	return r
}

func (d *Driver) read(ctx context.Context, path string, query url.Values, into any) (transport.Answer, error) {
	r := d.request(http.MethodGet, path, query)
	r.Into = into
	return d.p.Transport.Do(ctx, r)
}

// account is the signed-in user's own record.
type account struct {
	ID        id     `json:"id"`
	Login     string `json:"login"`
	FirstName string `json:"firstname"`
	LastName  string `json:"lastname"`
	Mail      string `json:"mail"`
	APIKey    string `json:"api_key"`
}

func (a account) person() client.Person {
	name := transport.Line(a.FirstName+" "+a.LastName, 200)
	if name == "" {
		name = transport.Line(a.Login, 200)
	}
	return client.Person{ID: transport.Line(a.Login, 200), Name: name, Email: transport.Line(a.Mail, 200)}
}

// me reads the signed-in user's own record, once. Redmine gives the API key with it, so a password travels once.
func (d *Driver) me(ctx context.Context) (account, error) {
	d.mu.Lock()
	known, key := d.self, d.key
	d.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	if key == "" && d.p.Credential.User == "" {
		return account{}, fmt.Errorf("neither key nor user name: %w", client.ErrUnauthorized)
	}
	var a struct{ User *account }
	_, err := d.read(ctx, "/my/account.json", nil, &a)
	if errors.Is(err, client.ErrForbidden) {
		// Without the REST API Redmine says 403 to everybody, whatever the credential.
		return account{}, fmt.Errorf("read own record (is the REST API switched on?): %w", err)
	}
	if err != nil {
		return account{}, fmt.Errorf("read own record: %w", notHere(err))
	}
	if a.User == nil || !a.User.ID.valid() {
		return account{}, fmt.Errorf("read own record: no user in the answer: %w", client.ErrNotADesk)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.self = a.User
	if d.key == "" {
		d.key = a.User.APIKey
	}
	return *a.User, nil
}

// Probe says who is signed in and what this installation can do. Redmine tells nobody but its administrators which
// version it is.
func (d *Driver) Probe(ctx context.Context) (client.Caps, client.Person, error) {
	d.forget()
	me, err := d.me(ctx)
	if err != nil {
		return client.Caps{}, client.Person{}, err
	}
	if err := d.readStatuses(ctx); err != nil {
		return client.Caps{}, client.Person{}, err
	}
	_, err = d.news(ctx, 1)
	if err != nil && !errors.Is(err, client.ErrForbidden) && !errors.Is(err, client.ErrNotFound) {
		return client.Caps{}, client.Person{}, err
	}
	return client.Caps{
		Product: "Redmine", AuthKinds: []string{"token", "basic"},
		// Whether this ticket can be closed or reopened is the workflow's word: see Ticket.Actions.
		CanReply: true, CanReopen: true, CanClose: true, HasNotices: err == nil,
		CreateIdem: client.IdemSearch, ReplyIdem: client.IdemSearch,
		Delta: true, Conditional: true, VerifyAfterWrite: true, MinPoll: minPoll,
	}, me.person(), nil
}

func (d *Driver) ref(id string) client.Ref {
	return client.Ref{ID: id, Number: id, WebURL: d.web + "/issues/" + id}
}

// id is a record's number; everything else stays out of paths and queries.
type id int64

func (n id) valid() bool    { return n > 0 }
func (n id) String() string { return strconv.FormatInt(int64(n), 10) }

func isID(s string) bool {
	n, err := strconv.ParseUint(s, 10, 53)
	return err == nil && n > 0
}

func checkID(s string) error {
	if !isID(s) {
		return fmt.Errorf("issue %q: %w", transport.Line(s, 40), client.ErrNotFound)
	}
	return nil
}

// notHere keeps "this address does not exist" apart from "this issue does not exist": the second lets the outbox
// send again.
func notHere(err error) error {
	if errors.Is(err, client.ErrNotFound) {
		return fmt.Errorf("%w: %s", client.ErrNotADesk, err.Error())
	}
	return err
}

// beforeWrite marks a failure of what precedes the write: no issue and no reply was stored, whatever came back.
func beforeWrite(err error) error {
	if errors.Is(err, client.ErrUnavailable) || errors.Is(err, client.ErrNotADesk) {
		return fmt.Errorf("%w: %w", client.ErrUnreachable, err)
	}
	return err
}
