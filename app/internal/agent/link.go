package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"balise/app/internal/config"
	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/client/desk"
	"balise/client/redmine"
	"balise/client/relay"
	"balise/client/rt"
	"balise/client/secret"
	"balise/client/transport"
	"balise/client/znuny"
)

// probeWait bounds "who am I, what can this desk do": a user looks at a spinner meanwhile.
const probeWait = 20 * time.Second

// keyringPeace is how long a locked keyring is not asked again by what runs in the background.
const keyringPeace = 10 * time.Minute

// link is the desk as it is configured and signed in now: it makes the driver when it is first needed and
// remembers how the last calls went.
type link struct {
	a *Agent
	// making lets one caller at a time ask the keyring and start the practice desk; the others wait for it
	// or for their own deadline.
	making chan struct{}

	mu       sync.Mutex
	driver   client.Driver
	hangUp   func() // closes the driver's kept connections
	base     string // the practice desk's address, which can change under us
	cred     client.Credential
	memory   map[string]client.Credential // where there is no keyring
	caps     client.Caps
	probed   time.Time
	person   client.Person
	signedIn bool
	lastOK   time.Time
	problem  *api.Error
	skew     time.Duration
	epoch    int // counts resets, so that a late answer of the old desk does not mark the new one
	// A keyring that its owner did not unlock is left in peace for a while: each question is a prompt.
	lockedTill time.Time
	lockedErr  error
}

func newLink(a *Agent) *link {
	return &link{a: a, making: make(chan struct{}, 1), memory: map[string]client.Credential{}}
}

// reset forgets the driver after a change of settings or credential.
func (l *link) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch++
	l.close()
	l.driver, l.base, l.cred = nil, "", client.Credential{}
	l.caps, l.probed, l.person = client.Caps{}, time.Time{}, client.Person{}
	l.signedIn, l.lastOK, l.problem = false, time.Time{}, nil
	l.lockedTill, l.lockedErr = time.Time{}, nil
}

// close lets the driver's connections go; l.mu is held.
func (l *link) close() {
	if l.hangUp != nil {
		l.hangUp()
	}
	l.hangUp = nil
}

// get returns the driver, made if need be. It does not touch the network, but it may wait for the keyring or
// for the practice desk to start.
func (l *link) get(ctx context.Context) (client.Driver, error) {
	select {
	case l.making <- struct{}{}:
		defer func() { <-l.making }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if mistake, noDesk := l.a.set.wrong(); noDesk {
		l.note(l.epochNow(), mistake)
		return nil, mistake
	}
	cfg := l.a.set.now().Desk
	var info desk.Info
	if cfg.Kind == "practice" && l.a.p.Driver == nil {
		var err error
		if info, err = l.a.practice.info(ctx); err != nil {
			l.note(l.epochNow(), err)
			return nil, err
		}
	}
	l.mu.Lock()
	d, epoch := l.driver, l.epoch
	if l.base != info.URL {
		d = nil
	}
	l.mu.Unlock()
	if d != nil {
		return d, nil
	}
	cred := client.Credential{Kind: "token", Token: info.ClientToken}
	if cfg.Kind != "practice" {
		var err error
		if cred, err = l.credential(ctx, cfg); err != nil {
			l.note(epoch, err)
			return nil, err
		}
	}
	if info.URL != "" {
		cfg.URL = info.URL
	}
	made, hangUp, err := l.a.driver(cfg, cred)
	if err != nil {
		l.note(epoch, err)
		return nil, err
	}
	d = &observed{Driver: made, l: l, epoch: epoch}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch != epoch {
		hangUp()
		return nil, &api.Error{Code: api.CodeConflict, Detail: "the desk was changed meanwhile"}
	}
	l.close()
	l.driver, l.hangUp, l.base, l.cred = d, hangUp, info.URL, cred
	return d, nil
}

func (l *link) epochNow() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch
}

// driver chooses the driver of a desk. hangUp closes the connections that it keeps.
func (a *Agent) driver(cfg config.Desk, cred client.Credential) (d client.Driver, hangUp func(), err error) {
	if a.p.Driver != nil {
		d, err = a.p.Driver(cfg, cred)
		return d, func() {}, err
	}
	t := transport.Params{
		BaseURL: cfg.URL, CAFile: cfg.CAFile, Proxy: cfg.Proxy,
		UserAgent: "Balise/" + a.p.Version, Log: a.p.Log,
	}
	if cfg.Kind == "practice" {
		t.CAFile, t.Proxy = "", "direct" // loopback
	}
	tr, err := transport.New(t)
	if err != nil {
		return nil, nil, api.NewError(api.CodeConfig, fmt.Errorf("reach the desk: %w", err))
	}
	switch cfg.Kind {
	case "rt":
		return rt.New(rt.Params{
			URL: cfg.URL, Credential: cred, Queue: cfg.Queue, Requestor: cfg.Requestor,
			RefField: cfg.RefField, StatusMap: cfg.StatusMap(), Transport: tr,
		}), tr.Close, nil
	case "redmine":
		return redmine.New(redmine.Params{
			URL: cfg.URL, Credential: cred, Queue: cfg.Queue, Tracker: cfg.Tracker,
			RefField: cfg.RefField, StatusMap: cfg.StatusMap(), Transport: tr, Now: a.p.Now,
		}), tr.Close, nil
	case "znuny":
		return znuny.New(znuny.Params{
			URL: cfg.URL, Credential: cred, Queue: cfg.Queue,
			RefField: cfg.RefField, StatusMap: cfg.StatusMap(), Transport: tr,
		}), tr.Close, nil
	}
	return relay.New(relay.Params{URL: cfg.URL, Credential: cred, Transport: tr}), tr.Close, nil
}

// account names a desk's item in the keyring: its address.
func account(url string) string { return strings.TrimRight(url, "/") }

func (l *link) credential(ctx context.Context, cfg config.Desk) (client.Credential, error) {
	l.mu.Lock()
	kept, ok := l.memory[account(cfg.URL)]
	l.mu.Unlock()
	if ok {
		return kept, nil
	}
	if l.a.p.Secrets == nil {
		return client.Credential{}, secret.ErrNone
	}
	l.mu.Lock()
	if l.a.p.Now().Before(l.lockedTill) {
		defer l.mu.Unlock()
		return client.Credential{}, l.lockedErr
	}
	l.mu.Unlock()
	c, err := l.a.p.Secrets.Get(ctx, account(cfg.URL))
	if errors.Is(err, secret.ErrAbsent) {
		// No keyring: nothing can be stored there, so what the user must do is to sign in.
		l.a.Warn(api.CodeKeyringAbsent)
		return c, fmt.Errorf("%w (%w)", secret.ErrNone, err)
	}
	if err != nil {
		err = fmt.Errorf("read the desk's credential: %w", err)
	}
	if errors.Is(err, secret.ErrLocked) {
		l.mu.Lock()
		l.lockedTill, l.lockedErr = l.a.p.Now().Add(keyringPeace), err
		l.mu.Unlock()
	}
	return c, err
}

// insist lets the keyring be asked again at once, because the user asked for something.
func (l *link) insist() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lockedTill = time.Time{}
}

// secrets are the texts that must not be found in what leaves.
func (l *link) secrets() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, s := range []string{l.cred.Token, l.cred.Password} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// id names the desk and the user for the ticket cache. It does not name the credential, which changes.
func (l *link) id() string {
	cfg := l.a.set.now().Desk
	if cfg.Kind == "practice" {
		return "practice"
	}
	sum := sha256.Sum256([]byte(cfg.Kind + "\n" + account(cfg.URL) + "\n" + cfg.User))
	return cfg.Kind + "-" + hex.EncodeToString(sum[:8])
}

// capsOf asks the desk what it can do, once for each sign-in.
func (l *link) capsOf(ctx context.Context, d client.Driver) (client.Caps, error) {
	l.mu.Lock()
	caps, done, epoch := l.caps, !l.probed.IsZero(), l.epoch
	l.mu.Unlock()
	if done {
		return caps, nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	caps, who, err := d.Probe(ctx)
	if err != nil {
		return caps, err
	}
	if err := l.a.recognise(ctx, who); err != nil {
		return caps, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch == epoch {
		l.caps, l.person, l.probed, l.signedIn = caps, who, l.a.p.Now(), true
	}
	return caps, nil
}

// remember takes up who was signed in when Balise last ran: until the desk says otherwise he still is.
func (l *link) remember(ctx context.Context) error {
	var who client.Person
	known, err := l.a.store.Get(ctx, "person."+l.id(), &who)
	l.mu.Lock()
	defer l.mu.Unlock()
	if known && err == nil {
		l.person, l.signedIn = who, true
	}
	return err
}

// recognise drops the ticket cache when somebody else than before signed in to the same desk.
func (a *Agent) recognise(ctx context.Context, who client.Person) error {
	id := a.link.id()
	key := "person." + id
	var before client.Person
	known, err := a.store.Get(ctx, key, &before)
	if err != nil {
		return err
	}
	if known && before == who {
		return nil
	}
	if known && before.ID != who.ID {
		if err := a.forgetTickets(ctx, id); err != nil {
			return err
		}
	}
	return a.store.Put(ctx, key, who)
}

// state is what is known of the desk, from memory.
func (l *link) state() api.DeskState {
	cfg := l.a.set.now().Desk
	l.mu.Lock()
	defer l.mu.Unlock()
	s := api.DeskState{
		Kind: cfg.Kind, URL: cfg.URL, Practice: cfg.Kind == "practice", SignedIn: l.signedIn,
		Person: l.person, Caps: l.caps, LastOK: l.lastOK, Problem: l.problem,
	}
	if s.Practice && l.base != "" {
		s.URL = l.base
	}
	return s
}

// note remembers how a call to the desk went.
func (l *link) note(epoch int, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	var p *api.Error
	if err != nil && !answered(err) {
		p = l.a.problem(err)
	}
	l.mu.Lock()
	if l.epoch != epoch {
		l.mu.Unlock()
		return
	}
	if p != nil && l.base != "" {
		l.a.practice.set(desk.Info{}) // it may have moved to another port: look for it again
	}
	changed := (p == nil) != (l.problem == nil) || (p != nil && p.Code != l.problem.Code)
	l.problem = p
	if p == nil {
		l.lastOK = l.a.p.Now().UTC()
		l.signedIn = true
	} else if p.Code == api.CodeDeskUnauthorized || p.Code == api.CodeDeskNoCredential {
		l.signedIn = false
		// The credential may be a newer one by now: read it again next time.
		l.driver, l.cred, l.probed = nil, client.Credential{}, time.Time{}
	}
	l.mu.Unlock()
	if changed {
		l.a.bus.publish(api.Event{Kind: "state"})
	}
}

// answered tells errors that a working desk gives.
func answered(err error) bool {
	var invalid *client.InvalidError
	return errors.Is(err, client.ErrNotModified) || errors.Is(err, client.ErrNotFound) ||
		errors.Is(err, client.ErrForbidden) || errors.Is(err, client.ErrUnsupported) ||
		errors.Is(err, client.ErrTooLarge) || errors.As(err, &invalid)
}

func (a *Agent) clockSkew() time.Duration {
	a.link.mu.Lock()
	defer a.link.mu.Unlock()
	return a.link.skew
}
