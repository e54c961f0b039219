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
	// programs are run in turn; none: the user does it on the page.
	programs []func() (act.Program, bool)
	page     string
	elevated bool
}

// ID is the repair's.
func (o other) ID() string { return o.id }

// otherFixers are the repairs of a system that is not Linux.
func otherFixers(p Params, goos string) []repair.Fixer {
	g := guide{p.OpenSettings}
	program := func(build func(string) (act.Program, bool)) []func() (act.Program, bool) {
		if _, ok := build(goos); !ok {
			return nil
		}
		return []func() (act.Program, bool){func() (act.Program, bool) { return build(goos) }}
	}
	name := func() string {
		if p.VPN == nil {
			return ""
		}
		return p.VPN()
	}
	windows := goos == "windows"
	return []repair.Fixer{
		other{guide: g, id: "net.reconnect", step: "reconnect", page: "network"},
		other{guide: g, id: "net.radio_on", step: "on", page: wifiPage},
		other{guide: g, id: "wifi.rejoin", page: wifiPage},
		other{guide: g, id: "proxy.reset_user", step: "clear", page: "proxy"},
		other{guide: g, id: "dns.flush", step: "flush", programs: program(act.FlushNamesProgram), page: "network"},
		other{
			guide: g, id: "dhcp.renew", step: "renew", programs: program(act.RenewProgram), page: "network",
			elevated: windows,
		},
		other{
			guide: g, id: "time.resync", step: "resync", programs: program(act.ResyncProgram), page: "datetime",
			elevated: windows,
		},
		otherVPN(g, goos, name),
	}
}

// otherVPN connects the VPN of the settings; without a name there, the user does it on the page.
func otherVPN(g guide, goos string, name func() string) other {
	o := other{guide: g, id: "vpn.reconnect", step: "reconnect", page: "vpn"}
	if name() == "" {
		return o
	}
	o.programs = []func() (act.Program, bool){
		func() (act.Program, bool) { return act.LowerProgram(goos, name()) },
		func() (act.Program, bool) { return act.RaiseProgram(goos, name()) },
	}
	return o
}

// Look shows the program's step or the page's, never both.
func (o other) Look(context.Context, []diagnostics.Result) repair.Look {
	look := repair.Look{Steps: map[string]repair.StepLook{
		pageStep: {Page: o.page}, o.step: {Elevated: o.elevated},
	}}
	if len(o.programs) > 0 {
		look.Skip = []string{pageStep}
		return look
	}
	look.Skip = []string{o.step}
	if o.open == nil {
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
	if len(o.programs) == 0 {
		return nil, repair.Because("unknown_step", nil)
	}
	for i, build := range o.programs {
		p, ok := build()
		if !ok {
			return nil, repair.Because("unknown_step", nil)
		}
		_, err := p.Run(ctx)
		if err != nil && i == len(o.programs)-1 {
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
