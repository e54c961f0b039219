package redmine

import (
	"bufio"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"

	"balise/client"
	"balise/client/clienttest/badmanners"
	"balise/client/clienttest/suite"
	"balise/client/clienttest/technician"
	"balise/client/transport"
)

// server is the real Redmine that packaging/desks/redmine/start.sh started.
type server map[string]string

func live(t *testing.T) server {
	t.Helper()
	path := os.Getenv("BALISE_TEST_REDMINE")
	if path == "" {
		t.Skip("needs a real Redmine: packaging/desks/redmine/start.sh DIR >redmine.env, then " +
			"BALISE_TEST_REDMINE=$PWD/redmine.env")
	}
	f, err := os.Open(path)
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
	if env["REDMINE_URL"] == "" || env["REDMINE_ALICE_TOKEN"] == "" {
		t.Fatalf("%s has no REDMINE_URL or no REDMINE_ALICE_TOKEN", path)
	}
	return env
}

// driver makes a driver for the real Redmine; change adapts its settings.
func (e server) driver(t *testing.T, cred client.Credential, change ...func(*Params)) *Driver {
	t.Helper()
	tr, err := transport.New(transport.Params{BaseURL: e["REDMINE_URL"], Proxy: "direct", UserAgent: "Balise/test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	p := Params{
		Credential: cred, Queue: e["REDMINE_QUEUE"], Tracker: "Support", RefField: e["REDMINE_REF_FIELD"],
		Transport: tr,
	}
	for _, c := range change {
		c(&p)
	}
	return New(p)
}

func (e server) token(user string) client.Credential {
	return client.Credential{Kind: "token", Token: e["REDMINE_"+strings.ToUpper(user)+"_TOKEN"]}
}

func (e server) basic(user string) client.Credential {
	return client.Credential{
		Kind: "basic", User: user, Password: e["REDMINE_"+strings.ToUpper(user)+"_PASSWORD"],
	}
}

func (e server) tech() technician.Redmine {
	return technician.Redmine{URL: e["REDMINE_URL"], Credential: e.token("tech")}
}

// writes: an upload is nobody's until an issue names it.
func writes(r *http.Request) bool {
	return badmanners.Posts(r) && !strings.HasSuffix(r.URL.Path, "/uploads.json")
}

func TestConformance(t *testing.T) {
	e := live(t)
	for name, tc := range map[string]struct {
		cred   func(string) client.Credential
		change func(*Params)
		faults bool // a minute; the outcome does not depend on the settings
	}{
		"key, custom field":    {e.token, func(*Params) {}, false},
		"password, in subject": {e.basic, func(p *Params) { p.RefField = "" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			through := func(t *testing.T, url string) client.Driver {
				e := maps.Clone(e)
				e["REDMINE_URL"] = url
				return e.driver(t, tc.cred("alice"), tc.change)
			}
			if !tc.faults {
				through = nil
			}
			suite.Run(t, suite.Desk{
				Alice:    func(t *testing.T) client.Driver { return e.driver(t, tc.cred("alice"), tc.change) },
				Bob:      func(t *testing.T) client.Driver { return e.driver(t, tc.cred("bob"), tc.change) },
				Stranger: func(t *testing.T) client.Driver { return e.driver(t, stranger(tc.cred("alice").Kind)) },
				AliceIs:  "Alice Été", Technician: e.tech(),
				URL: e["REDMINE_URL"], Through: through, Writes: writes,
			})
		})
	}
}

// stranger is somebody whose credential has the right form and is wrong.
func stranger(kind string) client.Credential {
	if kind == "basic" {
		return client.Credential{Kind: kind, User: "alice", Password: "wrong"}
	}
	return client.Credential{Kind: kind, Token: strings.Repeat("0", 40)}
}
