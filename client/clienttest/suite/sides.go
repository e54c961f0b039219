package suite

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"balise/client"
)

// Desk is what a driver's test hands in.
type Desk struct {
	// Alice and Bob make a fresh driver for each of two requesters.
	Alice, Bob func(t *testing.T) client.Driver
	// Stranger makes a driver whose credential the desk does not know; nil skips that part.
	Stranger func(t *testing.T) client.Driver
	// Technician works on the tickets of both.
	Technician Technician
	// AliceIs is how View.Requester names Alice.
	AliceIs string
	// Through makes a driver for Alice that reaches the desk at URL through another address; nil skips
	// the faults.
	Through func(t *testing.T, url string) client.Driver
	URL     string
	// Writes tells the requests that make a ticket or a reply, for desks where others precede them; nil is all that
	// change something.
	Writes func(*http.Request) bool
}

// Run runs the suite as subtests of t.
func Run(t *testing.T, d Desk) {
	s := Sides{
		Alice: d.Alice(t), Bob: d.Bob(t), Technician: d.Technician, AliceIs: d.AliceIs, URL: d.URL, Writes: d.Writes,
	}
	if d.Stranger != nil {
		s.Stranger = d.Stranger(t)
	}
	if d.Through != nil {
		s.Through = func(in T, url string) client.Driver { return d.Through(in.(underTest).T, url) }
	}
	run(underTest{t}, &suite{Sides: s})
}

// Sides are the sides from which a desk is shown. All but Alice may be missing; what needs them is then said to
// be untested.
type Sides struct {
	Alice, Bob, Stranger client.Driver
	Technician           Technician
	AliceIs              string
	Through              func(t T, url string) client.Driver
	URL                  string
	Writes               func(*http.Request) bool
	// ReadOnly writes nothing to the desk: no ticket is made.
	ReadOnly bool
}

// Outcome is how a part of the suite ended.
type Outcome string

// The outcomes.
const (
	Passed   Outcome = "passed"
	Failed   Outcome = "failed"
	Cannot   Outcome = "cannot"   // the product, or this installation of it, does not offer it
	Untested Outcome = "untested" // a side is missing
)

// T is what a part of the suite has of a *testing.T; a program has it too.
type T interface {
	Context() context.Context
	Cleanup(f func())
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Sub(name string, f func(T))
	// Outcome says that there was nothing to test, and why.
	Outcome(o Outcome, why string)
}

type underTest struct{ *testing.T }

func (u underTest) Sub(name string, f func(T)) {
	u.Run(name, func(t *testing.T) { f(underTest{t}) })
}

func (u underTest) Outcome(o Outcome, why string) { u.Logf("%s: %s", o, why) }

type suite struct {
	Sides
	caps    client.Caps
	person  client.Person
	tickets []string // made on the desk
}

// part is one part of the suite and the sides that it does not do without.
type part struct {
	name                             string
	run                              func(T)
	writes, bob, technician, through bool
}

func (s *suite) parts() []part {
	return []part{
		{name: "create", run: s.create, writes: true},
		{name: "privacy", run: s.privacy, writes: true, bob: true},
		{name: "conversation", run: s.conversation, writes: true},
		{name: "statuses", run: s.statuses, writes: true, technician: true},
		{name: "reopen", run: s.reopen, writes: true, technician: true},
		{name: "close", run: s.closing, writes: true, technician: true},
		{name: "list", run: s.list, writes: true},
		{name: "resume", run: s.resume, writes: true},
		{name: "conditional", run: s.conditional, writes: true},
		{name: "wrong", run: s.wrong, writes: true},
		{name: "rating", run: s.rating, writes: true, technician: true},
		{name: "notices", run: s.notices},
		{name: "faults", run: s.faults, writes: true, through: true},
	}
}

// missing says which side a part lacks; "" is none.
func (s *suite) missing(p part) string {
	switch {
	case p.writes && s.ReadOnly:
		return "nothing is written to this desk"
	case p.bob && s.Bob == nil:
		return "needs a second requester"
	case p.technician && s.Technician == nil:
		return "needs a technician"
	case p.through && s.Through == nil:
		return "faults were not asked for"
	}
	return ""
}

func run(t T, s *suite) {
	t.Sub("sign-in", s.probe)
	if t.Failed() {
		return // nothing after this can tell more
	}
	if s.ReadOnly {
		t.Sub("read", s.readOnly)
	}
	for _, p := range s.parts() {
		t.Sub(p.name, func(t T) {
			if why := s.missing(p); why != "" {
				t.Outcome(Untested, why)
				return
			}
			p.run(t)
		})
	}
}

// readOnly reads what is there: the list, the first ticket of it, its thread.
func (s *suite) readOnly(t T) {
	page, err := s.Alice.List(stepCtx(t), client.ListQuery{IncludeClosed: true, Limit: 10})
	must(t, err)
	if page.Now.IsZero() {
		t.Error("the list does not tell the desk's time")
	}
	if _, err := s.Alice.FindByClientRef(stepCtx(t), client.NewClientRef()); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("find an unknown reference: %v, want ErrNotFound", err)
	}
	if len(page.Tickets) == 0 {
		t.Outcome(Untested, "this user has no ticket to read")
		return
	}
	id := page.Tickets[0].ID
	_, err = s.Alice.Get(stepCtx(t), id, client.Validator{})
	must(t, err)
	_, err = s.Alice.Thread(stepCtx(t), id)
	must(t, err)
}
