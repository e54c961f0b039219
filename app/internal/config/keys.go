package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"balise/diagnostics/checks"
)

// key is one setting: how its value is checked, and where it goes.
type key struct {
	name  string
	shape shape
	// want says what is expected, for error messages.
	want  string
	check func(string) error
	put   func(*Config, value)
}

// shape is the YAML form of a value.
type shape int

const (
	text shape = iota
	texts
	services
)

// value is a checked setting; which field counts is the key's shape.
type value struct {
	text     string
	texts    []string
	services []checks.Service
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
	if v.texts != nil {
		return strings.Join(v.texts, ", ")
	}
	return v.text
}

// keys is every setting, in the order of config show. There is no other list of them.
var keys = [...]key{
	choice("desk.kind", func(c *Config, v string) { c.Desk.Kind = v }, "practice", "relay", "rt"),
	line("desk.url", "an http or https address", webURL, func(c *Config, v string) { c.Desk.URL = v }),
	choice("desk.auth", func(c *Config, v string) { c.Desk.Auth = v }, "token", "basic"),
	line("desk.user", "a user name", nil, func(c *Config, v string) { c.Desk.User = v }),
	line("desk.queue", "a queue's name", nil, func(c *Config, v string) { c.Desk.Queue = v }),
	line("desk.requestor", "an e-mail address or user name", nil, func(c *Config, v string) { c.Desk.Requestor = v }),
	line("desk.ref_field", "a custom field's name", nil, func(c *Config, v string) { c.Desk.RefField = v }),
	choice("desk.language", func(c *Config, v string) { c.Desk.Language = v }, "auto", "fr", "en"),
	line("desk.ca_file", "an absolute path", absolute, func(c *Config, v string) { c.Desk.CAFile = v }),
	line("desk.proxy", "an http, https or socks5 address", proxyURL, func(c *Config, v string) { c.Desk.Proxy = v }),
	line("probes.portal", "an http address", webURL, func(c *Config, v string) { c.Probes.Portal = v }),
	list("probes.egress", "IP literals with a port, such as 192.0.2.1:443", addrPort,
		func(c *Config, v []string) { c.Probes.Egress = v }),
	{
		name: "probes.services", shape: services, want: "a list of {name, url}",
		put: func(c *Config, v value) { c.Probes.Services = v.services },
	},
	list("probes.time", "http(s) addresses or host:port of time servers", timeSource,
		func(c *Config, v []string) { c.Probes.Time = v }),
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

func find(name string) (key, bool) {
	for _, k := range keys {
		if k.name == name {
			return k, true
		}
	}
	return key{}, false
}

func webURL(s string) error   { return schemeOf(s, "http", "https") }
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
