package checks

import (
	"runtime"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/checks/clock"
	"balise/diagnostics/checks/display"
	"balise/diagnostics/checks/files"
	"balise/diagnostics/checks/identity"
	"balise/diagnostics/checks/network"
	"balise/diagnostics/checks/performance"
	"balise/diagnostics/checks/power"
	"balise/diagnostics/checks/printing"
	"balise/diagnostics/checks/security"
	"balise/diagnostics/checks/services"
	"balise/diagnostics/checks/sound"
	"balise/diagnostics/checks/storage"
	"balise/diagnostics/checks/system"
	"balise/diagnostics/pack/probes"
)

// All is every self-test that these settings give, in the order in which people read them: from the cable to
// the services, then the machine itself.
func All(cfg Config) []diagnostics.Check {
	cat, err := catalogue.With(cfg.Limits)
	if err != nil {
		// The settings were checked when they were read; the core's limits are better than no self-test.
		cat = catalogue.Catalogue{}
	}
	core := slices.Concat(
		network.Checks(cat, networkParams(cfg)),
		clock.Checks(cat, clockParams(cfg)),
		services.Checks(cat, serviceParams(cfg)),
		files.Checks(cat, fileParams(cfg)),
		identity.Checks(cat),
		security.Checks(cat, security.Params{Agents: cfg.Agents}),
		storage.Checks(cat),
		performance.Checks(cat),
		sound.Checks(cat),
		power.Checks(cat),
		display.Checks(cat),
		system.Checks(cat, system.Params{Units: cfg.Units}),
		printing.Checks(cat),
	)
	return append(core, packChecks(core, cfg)...)
}

// packChecks are the packs' self-tests, less what cannot stand beside the core's: an id that is taken, and a need
// that these settings do not give (a service that is not named any more).
func packChecks(core []diagnostics.Check, cfg Config) []diagnostics.Check {
	known := map[string]bool{}
	for _, c := range core {
		known[c.ID] = true
	}
	var list []diagnostics.Check
	for _, c := range probes.Make(cfg.Packs, probes.Params{CAFile: cfg.CAFile, Proxy: cfg.Proxy}) {
		if !known[c.ID] {
			known[c.ID] = true
			list = append(list, c)
		}
	}
	for i := range list {
		list[i].Needs = slices.DeleteFunc(slices.Clone(list[i].Needs), func(id string) bool { return !known[id] })
		if slices.Contains(list[i].Needs, list[i].ID) {
			list[i].Needs = nil
		}
	}
	return list
}

func networkParams(cfg Config) network.Params {
	p := network.Params{
		Portal: cfg.Portal, Egress: cfg.Egress, Desk: cfg.Desk, CAFile: cfg.CAFile, Proxy: cfg.Proxy,
		VPN: network.VPN(cfg.VPN), UDP: cfg.UDP, Load: cfg.Load,
	}
	for _, s := range cfg.Services {
		p.Services = append(p.Services, network.Endpoint{Name: s.Name, URL: s.URL})
	}
	return p
}

func clockParams(cfg Config) clock.Params {
	p := clock.Params{Time: cfg.Time, CAFile: cfg.CAFile, Proxy: cfg.Proxy}
	if cfg.Desk != "" {
		p.URLs = append(p.URLs, cfg.Desk)
	}
	for _, s := range cfg.Services {
		p.URLs = append(p.URLs, s.URL)
	}
	return p
}

func serviceParams(cfg Config) services.Params {
	p := services.Params{CAFile: cfg.CAFile, Proxy: cfg.Proxy}
	for _, s := range cfg.Services {
		p.Services = append(p.Services, services.Service{Name: s.Name, URL: s.URL})
	}
	for _, s := range cfg.Mail {
		p.Mail = append(p.Mail, services.Service{Name: s.Name, URL: s.URL})
	}
	return p
}

func fileParams(cfg Config) files.Params {
	var p files.Params
	for _, s := range cfg.Shares {
		p.Shares = append(p.Shares, files.Share{Name: s.Name, URL: s.URL, Mount: s.Mount})
	}
	return p
}

// Info is one line of the catalogue of self-tests.
type Info struct {
	ID          string
	Needs       []string
	ExplainedBy []string
	Timeout     time.Duration
	Applies     bool // false: n/a on this operating system
}

// Describe lists the self-tests of these settings without running any.
func Describe(cfg Config) []Info {
	var infos []Info
	for _, c := range All(cfg) {
		infos = append(infos, Info{
			ID: c.ID, Needs: c.Needs, ExplainedBy: c.ExplainedBy, Timeout: c.Timeout,
			Applies: len(c.Platforms) == 0 || slices.Contains(c.Platforms, runtime.GOOS),
		})
	}
	return infos
}
