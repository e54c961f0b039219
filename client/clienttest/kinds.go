package main

import (
	"net/http"
	"strings"

	"balise/client"
	"balise/client/clienttest/badmanners"
	"balise/client/clienttest/suite"
	"balise/client/clienttest/technician"
	"balise/client/redmine"
	"balise/client/relay"
	"balise/client/rt"
	"balise/client/transport"
	"balise/client/znuny"
)

// settings say how this installation is set up.
type settings struct {
	url, queue, refField string
}

// kind is a desk that can be checked: how its driver is made and, where we speak as one of the desk's own people,
// its technician.
type kind struct {
	name, auth string // auth: the kinds of credential, for the usage
	driver     func(s settings, cred client.Credential, tr *transport.Client) client.Driver
	// writes tells the requests that make a ticket or a reply; nil is all that change something.
	writes     func(*http.Request) bool
	technician func(s settings, cred client.Credential) suite.Technician
}

// kinds are the desks that have a driver, in the order of the README.
func kinds() []kind {
	return []kind{
		{
			name: "rt", auth: "token or password",
			driver: func(s settings, c client.Credential, tr *transport.Client) client.Driver {
				return rt.New(rt.Params{URL: s.url, Credential: c, Queue: s.queue, RefField: s.refField, Transport: tr})
			},
		},
		{name: "relay", auth: "token", driver: newRelay},
		{name: "practice", auth: "token", driver: newRelay}, // it speaks the same protocol
		{
			name: "redmine", auth: "API key or password", writes: redmineWrites,
			driver: func(s settings, c client.Credential, tr *transport.Client) client.Driver {
				return redmine.New(redmine.Params{
					URL: s.url, Credential: c, Queue: s.queue, RefField: s.refField, Transport: tr,
				})
			},
			technician: func(s settings, c client.Credential) suite.Technician {
				return technician.Redmine{URL: s.url, Credential: c}
			},
		},
		{
			name: "znuny", auth: "password", writes: znunyWrites,
			driver: func(s settings, c client.Credential, tr *transport.Client) client.Driver {
				return znuny.New(znuny.Params{
					URL: s.url, Credential: c, Queue: s.queue, RefField: s.refField, Transport: tr,
				})
			},
			technician: func(s settings, c client.Credential) suite.Technician {
				return technician.Znuny{URL: s.url, Credential: c}
			},
		},
	}
}

// redmineWrites: an upload is nobody's until an issue names it.
func redmineWrites(r *http.Request) bool {
	return badmanners.Posts(r) && !strings.HasSuffix(r.URL.Path, "/uploads.json")
}

// znunyWrites: signing in and searching are POSTs too.
func znunyWrites(r *http.Request) bool {
	return badmanners.Posts(r) && !strings.HasSuffix(r.URL.Path, "/Session") &&
		!strings.HasSuffix(r.URL.Path, "/Ticket/Search")
}

func newRelay(s settings, c client.Credential, tr *transport.Client) client.Driver {
	return relay.New(relay.Params{URL: s.url, Credential: c, Transport: tr})
}
