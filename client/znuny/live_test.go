package znuny

import (
	"bufio"
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
