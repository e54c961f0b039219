package config

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"balise/diagnostics/checks"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/repair/fix/storage"
)

// key is one setting: how its value is checked, and where it goes.
type key struct {
	name  string
	shape shape
	// want says what is expected, for error messages.
	want  string
	check func(string) error
	// numbers checks the whole of numbers by name.
	numbers func(map[string]map[string]float64) error
	put     func(*Config, value)
	// admin keys are heeded in the administrator's settings, and refused in anybody else's.
	admin bool
}

// adminOnly makes a key the administrator's.
func adminOnly(k key) key {
	k.admin = true
	return k
}

// shape is the YAML form of a value.
type shape int

const (
	text shape = iota
	texts
	services
	numbers // numbers by name, one or two names deep
	caches  // programs and their folders
	byName  // a text by name
)

// value is a checked setting; which field counts is the key's shape.
type value struct {
	text     string
	texts    []string
	services []checks.Service
	numbers  map[string]map[string]float64
	caches   []storage.Cache
	byName   map[string]string
	// line and column are where it stands in its file; 0 when it came another way.
	line, column int
}

// String is the value as config show prints it.
func (v value) String() string {
	if v.services != nil {
		parts := make([]string, 0, len(v.services))
		for _, s := range v.services {
			parts = append(parts, s.Name+"="+s.URL)
		}
		return strings.Join(parts, ", ")
	}
	if v.caches != nil {
		parts := make([]string, 0, len(v.caches))
		for _, c := range v.caches {
			parts = append(parts, c.Name+"="+strings.Join(c.Dirs, " "))
		}
		return strings.Join(parts, ", ")
	}
	if v.byName != nil {
		parts := make([]string, 0, len(v.byName))
		for _, name := range slices.Sorted(maps.Keys(v.byName)) {
			parts = append(parts, name+"="+v.byName[name])
		}
		return strings.Join(parts, ", ")
	}
	if v.texts != nil {
		return strings.Join(v.texts, ", ")
	}
	if v.numbers != nil {
		var parts []string
		for _, group := range slices.Sorted(maps.Keys(v.numbers)) {
			for _, name := range slices.Sorted(maps.Keys(v.numbers[group])) {
				parts = append(parts, fmt.Sprintf("%s=%v", strings.Trim(group+" "+name, " "), v.numbers[group][name]))
			}
		}
		return strings.Join(parts, ", ")
	}
	return v.text
}

// keys is every setting, in the order of config show. There is no other list of them.
var keys = [...]key{
	choice("desk.kind", func(c *Config, v string) { c.Desk.Kind = v }, "practice", "relay", "rt", "redmine", "znuny"),
	line("desk.url", "an http or https address", webURL, func(c *Config, v string) { c.Desk.URL = v }),
	choice("desk.auth", func(c *Config, v string) { c.Desk.Auth = v }, "token", "basic"),
	line("desk.user", "a user name", nil, func(c *Config, v string) { c.Desk.User = v }),
	line("desk.queue", "a queue's name", nil, func(c *Config, v string) { c.Desk.Queue = v }),
	line("desk.requestor", "an e-mail address or user name", nil, func(c *Config, v string) { c.Desk.Requestor = v }),
	line("desk.tracker", "a tracker's name", nil, func(c *Config, v string) { c.Desk.Tracker = v }),
	line("desk.ref_field", "a custom field's name", nil, func(c *Config, v string) { c.Desk.RefField = v }),
	list("desk.statuses", "the desk's states and what they mean, such as in review=open", deskStatus,
		func(c *Config, v []string) { c.Desk.Statuses = strings.Join(v, "\n") }),
	choice("desk.language", func(c *Config, v string) { c.Desk.Language = v }, "auto", "fr", "en"),
	line("desk.ca_file", "an absolute path", absolute, func(c *Config, v string) { c.Desk.CAFile = v }),
	line("desk.proxy", "an http, https or socks5 address", proxyURL, func(c *Config, v string) { c.Desk.Proxy = v }),
	line("probes.portal", "an http address", webURL, func(c *Config, v string) { c.Probes.Portal = v }),
	list("probes.egress", "IP literals with a port, such as 192.0.2.1:443", addrPort,
		func(c *Config, v []string) { c.Probes.Egress = v }),
	named("probes.services", webURL, func(c *Config, v []checks.Service) { c.Probes.Services = v }),
	list("probes.time", "http(s) addresses or host:port of time servers", timeSource,
		func(c *Config, v []string) { c.Probes.Time = v }),
	named("probes.mail", mailURL, func(c *Config, v []checks.Service) { c.Probes.Mail = v }),
	named("probes.shares", shareURL, func(c *Config, v []checks.Service) { c.Probes.Shares = v }),
	choice("probes.vpn.required", func(c *Config, v string) { c.Probes.VPN.Required = v == "yes" }, "yes", "no"),
	line("probes.vpn.name", "a connection's name", nil, func(c *Config, v string) { c.Probes.VPN.Name = v }),
	line("probes.vpn.inside", "host:port of something inside", hostPort, func(c *Config, v string) { c.Probes.VPN.Inside = v }),
	line("probes.udp", "host:port of a STUN server", hostPort, func(c *Config, v string) { c.Probes.UDP = v }),
	line("probes.load", "an http or https address of a large file", webURL, func(c *Config, v string) { c.Probes.Load = v }),
	list("probes.units", "names of service units", unitName, func(c *Config, v []string) { c.Probes.Units = v }),
	list("probes.agents", "names of units or programs", unitName, func(c *Config, v []string) { c.Probes.Agents = v }),
	{
		name: "limits", shape: numbers, want: "thresholds such as {disk.space: {warn_free_percent: 15}}",
		numbers: func(limits map[string]map[string]float64) error { _, err := catalogue.With(limits); return err },
		put:     func(c *Config, v value) { c.Limits = v.numbers },
	},
	{
		name: "priors", shape: numbers, want: "factors by cause, such as {print.queue/paused: 3}",
		numbers: func(priors map[string]map[string]float64) error {
			if len(priors) > 1 || len(priors) == 1 && priors[""] == nil {
				return fmt.Errorf("is not a list of causes")
			}
			return nil
		},
		put: func(c *Config, v value) { c.Priors = v.numbers[""] },
	},
	list("repairs.units", "names of service units", serviceUnit,
		func(c *Config, v []string) { c.Repairs.Units = v }),
	{
		name: "repairs.caches", shape: caches, want: "a list of {name: Office, programs: [office], dirs: [office/*/cache]}",
		put: func(c *Config, v value) { c.Repairs.Caches = v.caches },
	},
	adminOnly(list("packs.dirs", "absolute folders that only an administrator can write", absolute,
		func(c *Config, v []string) { c.Packs.Dirs = v })),
	adminOnly(key{
		name: "packs.publishers", shape: byName, want: "keys by publisher, such as {acme: \"ed25519:...\"}",
		check: publisherKey, put: func(c *Config, v value) { c.Packs.Publishers = publishers(v.byName) },
	}),
	adminOnly(choice("packs.allow_exec", func(c *Config, v string) { c.Packs.AllowExec = v == "yes" }, "yes", "no")),
	choice("watch.background", func(c *Config, v string) { c.Watch.Background = v }, "on", "off"),
	choice("watch.record", func(c *Config, v string) { c.Watch.Record = v }, "on", "off"),
	choice("privacy.screenshot", func(c *Config, v string) { c.Privacy.Screenshot = v }, "allow", "forbid"),
	choice("privacy.machine_name", func(c *Config, v string) { c.Privacy.MachineName = v }, "send", "withhold"),
	choice("language", func(c *Config, v string) { c.Language = v }, "auto", "fr", "en"),
	line("support.name", "a name", nil, func(c *Config, v string) { c.Support.Name = v }),
	line("support.phone", "a phone number", nil, func(c *Config, v string) { c.Support.Phone = v }),
	line("support.hours", "opening hours", nil, func(c *Config, v string) { c.Support.Hours = v }),
	line("machine.asset_tag", "an asset tag", nil, func(c *Config, v string) { c.Machine.AssetTag = v }),
}

// defaults are the values of the keys that have one; all others are empty.
var defaults = map[string]string{
	"desk.kind": "practice", "desk.auth": "token", "desk.language": "auto", "language": "auto",
	"privacy.screenshot": "allow", "privacy.machine_name": "send",
	"probes.vpn.required": "no", "packs.allow_exec": "no", "watch.background": "off", "watch.record": "off",
}

func line(name, want string, check func(string) error, put func(*Config, string)) key {
	return key{name: name, want: want, check: check, put: func(c *Config, v value) { put(c, v.text) }}
}

func list(name, want string, check func(string) error, put func(*Config, []string)) key {
	return key{
		name: name, shape: texts, want: "a list of " + want, check: check,
		put: func(c *Config, v value) { put(c, v.texts) },
	}
}

func choice(name string, put func(*Config, string), among ...string) key {
	want := "one of " + strings.Join(among, ", ")
	return line(name, want, func(s string) error {
		for _, a := range among {
			if s == a {
				return nil
			}
		}
		return fmt.Errorf("not %s", want)
	}, put)
}

// named is a list of {name, url}; a share's entry may also say where it is mounted.
func named(name string, check func(string) error, put func(*Config, []checks.Service)) key {
	return key{
		name: name, shape: services, want: "a list of {name, url}", check: check,
		put: func(c *Config, v value) { put(c, v.services) },
	}
}

func find(name string) (key, bool) {
	for _, k := range keys {
		if k.name == name {
			return k, true
		}
	}
	return key{}, false
}

func webURL(s string) error   { return schemeOf(s, "http", "https") }
func mailURL(s string) error  { return schemeOf(s, "imaps", "imap", "smtps", "smtp", "https") }
func shareURL(s string) error { return schemeOf(s, "smb", "nfs", "sftp") }
func proxyURL(s string) error { return schemeOf(s, "http", "https", "socks5") }

func schemeOf(s string, schemes ...string) error {
	u, err := url.Parse(s)
	if err != nil {
		return err
	}
	if u.Host == "" || u.Opaque != "" {
		return fmt.Errorf("has no host")
	}
	if u.User != nil {
		return fmt.Errorf("must not hold a password; sign in instead")
	}
	for _, want := range schemes {
		if u.Scheme == want {
			return nil
		}
	}
	return fmt.Errorf("scheme %q is not one of %s", u.Scheme, strings.Join(schemes, ", "))
}

func hostPort(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" {
		return fmt.Errorf("is not host:port")
	}
	return nil
}

// unitName keeps paths and options out: the name is looked up, never run.
func unitName(s string) error {
	if strings.ContainsAny(s, "/\\ ") || strings.HasPrefix(s, "-") {
		return fmt.Errorf("is not a plain name")
	}
	return nil
}

// addrPort wants an IP literal: net.egress proves a way out without any name server.
func addrPort(s string) error {
	_, err := netip.ParseAddrPort(s)
	return err
}

func timeSource(s string) error {
	if strings.Contains(s, "://") {
		return webURL(s)
	}
	host, port, err := net.SplitHostPort(s)
	if err == nil && (host == "" || port == "") {
		err = fmt.Errorf("want host:port")
	}
	return err
}

func absolute(s string) error {
	if !filepath.IsAbs(s) {
		return fmt.Errorf("is not absolute")
	}
	return nil
}
