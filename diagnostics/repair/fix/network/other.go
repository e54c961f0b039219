package network

import (
	"context"
	"encoding/json"
	"errors"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// other is a repair on Windows or macOS: one of the system's own programs, or the page of the settings where the
// user does it. Nothing is kept for an undo: what these programs do (asking again) needs none. Untried: written
// from the documentation, compiled, and tested by its arguments.
type other struct {
	guide
	id   string
	step string
	page string
	// programs are run in turn; none: the user does it on the page. They are asked for at each use, because
	// settings change.
	programs func() []act.Program
	elevated bool
}

// ID is the repair's.
func (o other) ID() string { return o.id }

// otherFixers are the repairs of a system that is not Linux.
func otherFixers(p Params, goos string) []repair.Fixer {
	g := newGuide(p)
	one := func(p act.Program, ok bool) func() []act.Program {
		if !ok {
			return nil
		}
		return func() []act.Program { return []act.Program{p} }
	}
	windows := goos == "windows"
	return []repair.Fixer{
		other{guide: g, id: "net.reconnect", step: "reconnect", page: "network"},
		other{guide: g, id: "net.radio_on", step: "on", page: wifiPage},
		other{guide: g, id: "wifi.rejoin", page: wifiPage},
		other{guide: g, id: "proxy.reset_user", step: "clear", page: "proxy"},
		other{guide: g, id: "dns.flush", step: "flush", page: "network", programs: one(act.FlushNamesProgram(goos))},
		other{
			guide: g, id: "dhcp.renew", step: "renew", page: "network", programs: one(act.RenewProgram(goos)),
			elevated: windows,
		},
		other{
			guide: g, id: "time.resync", step: "resync", page: "datetime", programs: one(act.ResyncProgram(goos)),
			elevated: windows,
		},
		other{guide: g, id: "vpn.reconnect", step: "reconnect", page: "vpn", programs: vpnPrograms(goos, p.VPN)},
	}
}

// vpnPrograms connect the VPN of the settings anew; without a name there, the user does it on the page.
func vpnPrograms(goos string, name func() string) func() []act.Program {
	return func() []act.Program {
		if name == nil || name() == "" {
			return nil
		}
		var list []act.Program
		for _, program := range []func(string, string) (act.Program, bool){act.LowerProgram, act.RaiseProgram} {
			if p, ok := program(goos, name()); ok {
				list = append(list, p)
			}
		}
		return list
	}
}

func (o other) list() []act.Program {
	if o.programs == nil {
		return nil
	}
	return o.programs()
}

// Look shows the program's step or the page's, never both.
func (o other) Look(context.Context, []diagnostics.Result) repair.Look {
	if len(o.list()) > 0 {
		return repair.Look{
			Skip: []string{pageStep}, Steps: map[string]repair.StepLook{o.step: {Elevated: o.elevated}},
		}
	}
	look := repair.Look{Skip: []string{o.step}, Steps: map[string]repair.StepLook{pageStep: {Page: o.page}}}
	if !o.has(o.page) {
		look.Why = "no_settings_page"
	}
	return look
}

// Prepare has nothing to keep.
func (o other) Prepare(context.Context, repair.Job) (json.RawMessage, error) { return nil, nil }

// Run opens the page or runs the programs. That a VPN which is not connected cannot be disconnected is no failure:
// only the last program's word counts.
func (o other) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	if job.Step == pageStep {
		return o.show(o.page), nil
	}
	list := o.list()
	if len(list) == 0 {
		return nil, repair.Because("unknown_step", nil)
	}
	for i, p := range list {
		if _, err := p.Run(ctx); err != nil && i == len(list)-1 {
			return nil, o.judge(err)
		}
	}
	return nil, nil
}

// judge tells a refusal for lack of rights where the program's own words cannot: they are in the user's language.
func (o other) judge(err error) error {
	var exit *act.ExitError
	if o.elevated && errors.As(err, &exit) {
		return &repair.StepError{Reason: "not_allowed", Admin: true, Untouched: true, Err: err}
	}
	return failed(err, false)
}

// Undo has nothing to put back.
func (o other) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
