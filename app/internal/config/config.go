// Package config reads the settings: policy over a named file over the user's file over defaults.
//
// A key that the policy sets is locked: nothing below it counts, and config show says which file decided.
// Unknown keys and bad values are errors with file, line, column and what was expected.
package config

import (
	"crypto/ed25519"
	"slices"

	"balise/diagnostics/checks"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/repair/fix/storage"
)

// Config is the effective settings.
type Config struct {
	Desk     Desk               `yaml:"desk"`
	Probes   Probes             `yaml:"probes"`
	Limits   catalogue.Limits   `yaml:"limits"` // thresholds of the self-tests that replace the core's
	Priors   map[string]float64 `yaml:"priors"` // how often a cause is the site's own, against the core's table
	Repairs  Repairs            `yaml:"repairs"`
	Packs    Packs              `yaml:"packs"`
	Watch    Watch              `yaml:"watch"`
	Privacy  Privacy            `yaml:"privacy"`
	Language string             `yaml:"language"` // "auto", "fr", "en"
	Support  Support            `yaml:"support"`
	Machine  Machine            `yaml:"machine"`
}

// Desk says which service desk and how to speak to it.
type Desk struct {
	Kind      string `yaml:"kind"` // "practice", "relay", "rt", "redmine", "znuny"
	URL       string `yaml:"url"`
	Auth      string `yaml:"auth"` // "token", "basic"
	User      string `yaml:"user"`
	Queue     string `yaml:"queue"`     // a project, on Redmine
	Tracker   string `yaml:"tracker"`   // Redmine's; empty: the project's first
	Requestor string `yaml:"requestor"` // empty: the signed-in person's own record
	RefField  string `yaml:"ref_field"`
	// Statuses say what the desk's own states mean, "in review=open" a line, over the driver's own table: see StatusMap.
	Statuses string `yaml:"statuses"`
	Language string `yaml:"language"` // the technician's: "fr", "en"; empty follows Language
	CAFile   string `yaml:"ca_file"`
	Proxy    string `yaml:"proxy"`
}

// Probes are the targets of the self-tests; a check without its target is n/a.
type Probes struct {
	Portal   string           `yaml:"portal"`
	Egress   []string         `yaml:"egress"`
	Services []checks.Service `yaml:"services"`
	Time     []string         `yaml:"time"`
	Mail     []checks.Service `yaml:"mail"`
	Shares   []checks.Service `yaml:"shares"`
	VPN      checks.VPN       `yaml:"vpn"`
	UDP      string           `yaml:"udp"`
	Load     string           `yaml:"load"`
	Units    []string         `yaml:"units"`
	Agents   []string         `yaml:"agents"`
}

// Repairs are what repairs may touch beside what is the user's own.
type Repairs struct {
	// Units are services of the system that the user may have restarted, next to those of Probes.
	Units []string `yaml:"units"`
	// Caches are programs whose temporary stores may be set aside.
	Caches []storage.Cache `yaml:"caches"`
}

// Restartable are the system's services that a repair may restart when they failed.
func (c Config) Restartable() []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(c.Repairs.Units, c.Probes.Units))))
}

// Packs says which support packs are believed. All of it counts in the administrator's policy only.
type Packs struct {
	// Dirs are more folders in which only an administrator can write; this is checked.
	Dirs []string `yaml:"dirs"`
	// Publishers are the keys of those whose signed packs are taken, by publisher.
	Publishers map[string]ed25519.PublicKey `yaml:"publishers"`
	// AllowExec lets packs that lie in an administrator's folder ask programs of the organisation's.
	AllowExec bool `yaml:"allow_exec"`
}

// Watch is what Balise does without being asked.
type Watch struct {
	// Background tests the computer on network changes and every hour: "on", "off".
	Background string `yaml:"background"`
	// Record keeps the light record of the last day: "on", "off".
	Record string `yaml:"record"`
}

// Privacy is what may leave.
type Privacy struct {
	Screenshot  string `yaml:"screenshot"`   // "allow", "forbid"
	MachineName string `yaml:"machine_name"` // "send", "withhold"
}

// Support is how to reach people.
type Support struct {
	Name  string `yaml:"name"`
	Phone string `yaml:"phone"`
	Hours string `yaml:"hours"`
}

// Machine is what the organisation knows this computer as.
type Machine struct {
	AssetTag string `yaml:"asset_tag"`
}

// Checks are the settings as the self-tests take them.
func (c Config) Checks() checks.Config {
	return checks.Config{
		Portal: c.Probes.Portal, Egress: c.Probes.Egress, Services: c.Probes.Services,
		Time: c.Probes.Time, CAFile: c.Desk.CAFile, Proxy: c.Desk.Proxy, Desk: c.Desk.URL,
		Mail: c.Probes.Mail, Shares: c.Probes.Shares, VPN: c.Probes.VPN, UDP: c.Probes.UDP, Load: c.Probes.Load,
		Units: c.Probes.Units, Agents: c.Probes.Agents, Limits: c.Limits,
	}
}
