package znuny

import (
	"bufio"
	"errors"
	"maps"
	"os"
	"strings"
	"testing"

	"balise/client"
	"balise/client/clienttest/suite"
	"balise/client/clienttest/technician"
	"balise/client/transport"
)

// server is the real Znuny that packaging/desks/znuny/start.sh started.
type server map[string]string

func live(t *testing.T) server {
	t.Helper()
	file := os.Getenv("BALISE_TEST_ZNUNY")
	if file == "" {
		t.Skip("needs a real Znuny: packaging/desks/znuny/start.sh DIR >znuny.env, then " +
			"BALISE_TEST_ZNUNY=$PWD/znuny.env")
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	env := server{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if k, v, ok := strings.Cut(sc.Text(), "="); ok {
			env[k] = v
		}
	}
	if env["ZNUNY_URL"] == "" || env["ZNUNY_TECH_PASSWORD"] == "" {
		t.Fatalf("%s has no ZNUNY_URL or no ZNUNY_TECH_PASSWORD", file)
	}
	return env
}

func (e server) driver(t *testing.T, user, password string, change ...func(*Params)) *Driver {
	t.Helper()
	tr, err := transport.New(transport.Params{BaseURL: e["ZNUNY_URL"], Proxy: "direct", UserAgent: "Balise/test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	p := Params{
		Credential: client.Credential{Kind: "basic", User: user, Password: password},
		Queue:      e["ZNUNY_QUEUE"], RefField: e["ZNUNY_REF_FIELD"],
		StatusMap: map[string]client.Status{"resolved": client.StatusResolved},
		Transport: tr,
	}
	for _, c := range change {
		c(&p)
	}
	return New(p).(*Driver)
}

func (e server) as(t *testing.T, user string, change ...func(*Params)) *Driver {
	t.Helper()
	return e.driver(t, user, e["ZNUNY_"+strings.ToUpper(user)+"_PASSWORD"], change...)
}

func (e server) tech() technician.Znuny {
	return technician.Znuny{
		URL: e["ZNUNY_URL"], Resolved: "resolved",
		Credential: client.Credential{Kind: "basic", User: "tech", Password: e["ZNUNY_TECH_PASSWORD"]},
	}
}

func TestConformance(t *testing.T) {
	e := live(t)
	for name, tc := range map[string]struct {
		change func(*Params)
		faults bool
	}{
		"dynamic field":      {func(*Params) {}, true},
		"in the title":       {func(p *Params) { p.RefField = "" }, false},
		"a field it has not": {func(p *Params) { p.RefField = "NoSuchField" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			through := func(t *testing.T, url string) client.Driver {
				e := maps.Clone(e)
				e["ZNUNY_URL"] = url
				return e.as(t, "alice", tc.change)
			}
			if !tc.faults {
				through = nil
			}
			suite.Run(t, suite.Desk{
				Alice:    func(t *testing.T) client.Driver { return e.as(t, "alice", tc.change) },
				Bob:      func(t *testing.T) client.Driver { return e.as(t, "bob", tc.change) },
				Stranger: func(t *testing.T) client.Driver { return e.driver(t, "alice", "wrong") },
				AliceIs:  "alice", Technician: e.tech(),
				URL: e["ZNUNY_URL"], Through: through,
			})
		})
	}
}

// Customers of one company see each other's tickets. A colleague may read and answer, but the list is one's own, and
// what the colleague wrote is not one's own either.
func TestColleaguesShareTickets(t *testing.T) {
	e := live(t)
	alice, carol := e.as(t, "alice"), e.as(t, "carol")
	dr := suite.Draft("Shared", "x")
	rec, err := alice.Create(t.Context(), dr, client.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	reply := client.Outgoing{ClientRef: client.NewClientRef(), Text: "me too"}
	if _, err := carol.Reply(t.Context(), rec.Ref.ID, reply); err != nil {
		t.Fatal(err)
	}
	page, err := carol.List(t.Context(), client.ListQuery{IncludeClosed: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, tk := range page.Tickets {
		if tk.ID == rec.Ref.ID {
			t.Error("Carol's list has Alice's ticket")
		}
	}
	for _, d := range []*Driver{alice, carol} {
		msgs, err := d.Thread(t.Context(), rec.Ref.ID)
		if err != nil || len(msgs) != 2 || msgs[0].FromMe != (d == alice) || msgs[1].FromMe != (d == carol) {
			t.Errorf("thread: %+v, %v", msgs, err)
		}
	}
}

// A reopened ticket is open, also where only the closed state of the stock is there.
func TestCloseAndReopen(t *testing.T) {
	e := live(t)
	d := e.as(t, "alice")
	rec, err := d.Create(t.Context(), suite.Draft("Close", "x"), client.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.CloseTicket(t.Context(), rec.Ref.ID); err != nil {
		t.Fatal(err)
	}
	tk, err := d.Get(t.Context(), rec.Ref.ID, client.Validator{})
	if err != nil || tk.Status != client.StatusClosed || tk.Actions.Close != client.No || tk.Actions.Reopen == client.No {
		t.Errorf("closed: %+v, %v", tk, err)
	}
	for _, reopen := range []bool{false, true} {
		out := client.Outgoing{ClientRef: client.NewClientRef(), Text: "thanks", Reopen: reopen}
		if _, err := d.Reply(t.Context(), rec.Ref.ID, out); err != nil {
			t.Fatal(err)
		}
		tk, err := d.Get(t.Context(), rec.Ref.ID, client.Validator{})
		if err != nil || (tk.Status == client.StatusOpen) != reopen {
			t.Errorf("after a reply that asks to reopen %v: %q, %v", reopen, tk.Status, err)
		}
	}
}

// States, queues and priorities that the desk does not have are a clear no, and nothing is stored.
func TestRefusals(t *testing.T) {
	e := live(t)
	for name, change := range map[string]func(*Params){
		"queue": func(p *Params) { p.Queue = "Nowhere" },
		"state": func(p *Params) { p.NewState = "nouveau" },
	} {
		d := e.as(t, "alice", change)
		dr := suite.Draft("Refused", "x")
		_, err := d.Create(t.Context(), dr, client.Receipt{})
		var invalid *client.InvalidError
		if !errors.As(err, &invalid) {
			t.Errorf("a %s that is not there: %v", name, err)
		}
		if _, err := d.FindByClientRef(t.Context(), dr.ClientRef); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("a %s that is not there: the ticket: %v", name, err)
		}
	}
	d := e.as(t, "alice", func(p *Params) { p.OpenState = "ouvert" })
	rec, err := d.Create(t.Context(), suite.Draft("x", "y"), client.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.CloseTicket(t.Context(), rec.Ref.ID); err != nil {
		t.Fatal(err)
	}
	out := client.Outgoing{ClientRef: client.NewClientRef(), Text: "again", Reopen: true}
	got, err := d.Reply(t.Context(), rec.Ref.ID, out)
	if err != nil || got.Changed["status"] != "not reopened" {
		t.Errorf("reopen with a state that is not there: %+v, %v", got, err)
	}
	if msgs, err := d.Thread(t.Context(), rec.Ref.ID); err != nil || len(msgs) != 2 {
		t.Errorf("the reply is there %d times, %v", len(msgs)-1, err)
	}
}
