package files

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// world is a computer with these shares.
type world struct {
	shares []probe.Share
	states map[string]probe.ShareState
	slow   map[string]time.Duration
	auto   []string
	dial   error
	err    error
}

func (w world) probe() probe.Shares {
	return probe.Shares{
		List: func(context.Context) ([]probe.Share, error) { return w.shares, w.err },
		Ask: func(_ context.Context, shares []probe.Share) []probe.ShareAnswer {
			var list []probe.ShareAnswer
			for _, s := range shares {
				state := w.states[s.Point]
				if state == "" {
					state = probe.ShareAnswers
				}
				list = append(list, probe.ShareAnswer{Share: s, State: state, Took: w.slow[s.Point]})
			}
			return list
		},
		Automounts: func(context.Context) []string { return w.auto },
		Dial:       func(context.Context, string) probe.Dial { return probe.Dial{Err: w.dial, Took: time.Millisecond} },
	}
}

func TestMounts(t *testing.T) {
	team := probe.Share{Point: "/mnt/team", Type: "cifs", Host: "files.example", Port: "445"}
	home := probe.Share{Point: "/home/ana/remote", Type: "fuse.sshfs", Host: "203.0.113.7", Port: "22"}
	odd := probe.Share{Point: "/mnt/odd", Type: "fuse.odd"}
	wanted := Params{Shares: []Share{{Name: "Équipe", URL: "smb://files.example/team", Mount: "/mnt/team/"}}}
	is := func(point string, s probe.ShareState) map[string]probe.ShareState {
		return map[string]probe.ShareState{point: s}
	}
	for _, c := range []struct {
		name string
		p    Params
		w    world
		want string
	}{
		{"none", Params{}, world{}, "na "},
		{"unreadable", Params{}, world{err: errors.New("EACCES")}, "unknown "},
		{"well", wanted, world{shares: []probe.Share{team, home}}, "pass "},
		{"missing", wanted, world{shares: []probe.Share{home}}, "fail share.mounts/missing"},
		{"mounted on demand", wanted, world{auto: []string{"/mnt/team"}}, "na "},
		{"mounted on demand below", wanted, world{auto: []string{"/mnt"}}, "na "},
		{
			"hung", wanted,
			world{shares: []probe.Share{team, home}, states: is("/mnt/team", probe.ShareHung)},
			"fail share.mounts/hung",
		},
		{
			"hung, and its server is gone", wanted,
			world{shares: []probe.Share{team}, states: is("/mnt/team", probe.ShareHung), dial: syscall.EHOSTUNREACH},
			"fail share.mounts/server_silent",
		},
		{
			"hung outranks missing", wanted,
			world{shares: []probe.Share{home}, states: is("/home/ana/remote", probe.ShareHung)},
			"fail share.mounts/hung",
		},
		{
			"disconnected",
			Params{},
			world{shares: []probe.Share{odd}, states: is("/mnt/odd", probe.ShareGone)},
			"fail share.mounts/disconnected",
		},
		{
			"stale",
			Params{},
			world{shares: []probe.Share{team}, states: is("/mnt/team", probe.ShareStale)},
			"fail share.mounts/stale",
		},
		{
			"no ticket",
			Params{},
			world{shares: []probe.Share{team}, states: is("/mnt/team", probe.ShareKey)},
			"fail share.mounts/no_ticket",
		},
		{
			"not ours",
			Params{},
			world{shares: []probe.Share{team}, states: is("/mnt/team", probe.ShareDenied)},
			"pass ",
		},
		{
			"ours, and closed", wanted,
			world{shares: []probe.Share{team}, states: is("/mnt/team", probe.ShareDenied)},
			"fail share.mounts/denied",
		},
		{
			"slow",
			Params{},
			world{shares: []probe.Share{team}, slow: map[string]time.Duration{"/mnt/team": 1400 * time.Millisecond}},
			"warn share.mounts/slow",
		},
		{
			"nobody could be asked",
			Params{},
			world{shares: []probe.Share{team}, states: is("/mnt/team", probe.ShareUnknown)},
			"unknown ",
		},
	} {
		o := checkMounts(t.Context(), c.p, c.w.probe(), catalogue.Catalogue{}.Get("share.mounts"))
		if got := fmt.Sprintf("%s %s", o.Status, o.Cause); got != c.want {
			t.Errorf("%s: %s, want %s (%v)", c.name, got, c.want, o.Facts)
		}
		if o.Status.Bad() && o.Severity == "" {
			t.Errorf("%s: no severity", c.name)
		}
		for _, f := range o.Facts {
			named := slices.Contains([]string{"share", "mount", "host"}, f.Key)
			if named == (f.Class == diagnostics.Plain) {
				t.Errorf("%s: the fact %s is %s", c.name, f.Key, f.Class)
			}
		}
	}
}

func TestServer(t *testing.T) {
	for _, c := range []struct {
		name string
		d    probe.Dial
		want string
	}{
		{"answers", probe.Dial{Took: 20 * time.Millisecond}, "pass "},
		{"one lost request", probe.Dial{Took: 1030 * time.Millisecond}, "pass "},
		{"far away", probe.Dial{Took: 1900 * time.Millisecond}, "warn share.server.team/slow"},
		{"refused", probe.Dial{Err: syscall.ECONNREFUSED}, "fail share.server.team/refused"},
		{"silent", probe.Dial{Err: context.DeadlineExceeded}, "fail share.server.team/silent"},
		{"no way", probe.Dial{Err: syscall.ENETUNREACH}, "fail share.server.team/unreachable"},
		{"unknown", probe.Dial{Err: &net.DNSError{IsNotFound: true}}, "fail share.server.team/no_such_name"},
		{"no names", probe.Dial{Err: &net.DNSError{IsTimeout: true}}, "fail share.server.team/name"},
		{"forbidden", probe.Dial{Err: syscall.EPERM}, "fail share.server.team/denied"},
		{"odd", probe.Dial{Err: errors.New("?")}, "unknown "},
	} {
		s := probe.Shares{Dial: func(_ context.Context, hostport string) probe.Dial {
			if hostport != "files.example:445" {
				t.Errorf("dials %s", hostport)
			}
			return c.d
		}}
		for _, check := range checks(catalogue.Catalogue{}, Params{Shares: []Share{{Name: "Team", URL: "smb://files.example/t"}}}, s) {
			if check.ID != "share.server.team" {
				continue
			}
			o := check.Run(t.Context(), 0)
			if got := fmt.Sprintf("%s %s", o.Status, o.Cause); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	}
}

func TestOneCheckAServer(t *testing.T) {
	p := Params{Shares: []Share{{Name: "A", URL: "smb://a"}, {Name: "a", URL: "nfs://b"}, {Name: "here", URL: "smb://localhost/x"}}}
	var ids []string
	for _, c := range checks(catalogue.Catalogue{}, p, probe.Shares{}) {
		ids = append(ids, c.ID)
		if c.ID == "share.server.here" && len(c.Needs) > 0 {
			t.Error("a server on this computer needs the network")
		}
	}
	if !slices.Equal(ids, []string{"share.server.a", "share.server.a_", "share.server.here", "share.mounts"}) {
		t.Errorf("%v", ids)
	}
}
