package probes

import (
	"balise/diagnostics"
	"balise/diagnostics/pack"
	"balise/diagnostics/pack/expr"
)

func yes(key string) fact { return fact{key: key, kind: expr.Bool, class: diagnostics.Plain} }

func code(key string) fact { return fact{key: key, kind: expr.String, class: diagnostics.Plain} }

func codes(key string) fact { return fact{key: key, kind: expr.List, class: diagnostics.Plain} }

func number(key, unit string) fact {
	return fact{key: key, kind: expr.Number, unit: unit, class: diagnostics.Plain}
}

// words are free texts: they may name people or places.
func words(key string) fact {
	return fact{key: key, kind: expr.String, class: diagnostics.Personal, names: diagnostics.KindOther}
}

func infra(key string, k expr.Type, names diagnostics.Kind) fact {
	return fact{key: key, kind: k, class: diagnostics.Infra, names: names}
}

func certFacts() []fact {
	return []fact{code("tls.err"), number("tls.days", "d"), infra("tls.issuer", expr.String, diagnostics.KindOther)}
}

func arg(name string, t pack.ArgType) pack.Arg { return pack.Arg{Name: name, Type: t} }

func must(name string, t pack.ArgType) pack.Arg { return pack.Arg{Name: name, Type: t, Required: true} }

func among(name string, values ...string) pack.Arg {
	return pack.Arg{Name: name, Type: pack.ArgText, Among: values}
}

// kinds is every probe. There is no other list of them.
func kinds() []kind { return append(networkKinds(), machineKinds()...) }

func networkKinds() []kind {
	target := must("target", pack.ArgHostPort)
	mail := []fact{
		yes("mail.answered"), code("mail.err"), code("mail.stage"), code("mail.tls"), number("mail.ms", "ms"),
	}
	security := among("security", "tls", "starttls")
	return []kind{
		{
			Probe: pack.Probe{Name: "tcp", Args: []pack.Arg{target}}, beyond: true, read: tcp,
			facts: []fact{yes("tcp.open"), code("tcp.err"), number("tcp.ms", "ms")},
		},
		{
			Probe: pack.Probe{Name: "udp", Args: []pack.Arg{target}}, beyond: true, read: udp,
			facts: []fact{yes("udp.answered"), code("udp.err"), number("udp.ms", "ms")},
		},
		{
			Probe: pack.Probe{Name: "dns", Args: []pack.Arg{must("name", pack.ArgHost), arg("server", pack.ArgHost)}},
			facts: []fact{
				yes("dns.found"), code("dns.err"), number("dns.ms", "ms"), number("dns.count", ""),
				infra("dns.addresses", expr.List, diagnostics.KindIP),
			},
			beyond: true, read: dns,
		},
		{
			Probe: pack.Probe{Name: "https", Args: []pack.Arg{must("url", pack.ArgHTTP), arg("contains", pack.ArgText)}},
			facts: append([]fact{
				yes("http.answered"), number("http.status", ""), number("http.ms", "ms"), code("http.err"),
				code("http.stage"), yes("http.contains"), yes("http.proxied"),
			}, certFacts()...),
			beyond: true, read: https,
		},
		{
			Probe:  pack.Probe{Name: "tls", Args: []pack.Arg{target, arg("name", pack.ArgHost)}},
			facts:  append([]fact{yes("tcp.open"), code("tcp.err"), yes("tls.valid"), number("tls.ms", "ms")}, certFacts()...),
			beyond: true, read: tlsProbe,
		},
		{
			Probe: pack.Probe{Name: "smtp", Args: []pack.Arg{target, security}}, beyond: true, read: mailProbe("smtp"),
			facts: append(mail, certFacts()...),
		},
		{
			Probe: pack.Probe{Name: "imap", Args: []pack.Arg{target, security}}, beyond: true, read: mailProbe("imap"),
			facts: append(mail, certFacts()...),
		},
		{
			Probe: pack.Probe{Name: "ipp", Args: []pack.Arg{target, arg("path", pack.ArgPath), arg("tls", pack.ArgYesNo)}},
			facts: []fact{
				yes("ipp.answered"), code("ipp.err"), number("ipp.ms", "ms"), code("ipp.state"), codes("ipp.reasons"),
				yes("ipp.accepting"), yes("ipp.no_paper"),
			},
			beyond: true, read: ipp,
		},
	}
}

func machineKinds() []kind {
	path := []pack.Arg{must("path", pack.ArgText), among("base", baseHome, baseConfig, baseCache)}
	file := func(name string, facts []fact, read reader, more ...pack.Arg) kind {
		return kind{
			Probe: pack.Probe{Name: name, Args: append(append([]pack.Arg{}, path...), more...), Check: checkPath},
			facts: facts, read: local(read),
		}
	}
	return append([]kind{
		{
			Probe: pack.Probe{Name: "proc", Args: []pack.Arg{must("name", pack.ArgName)}}, read: proc,
			facts: []fact{yes("proc.running"), number("proc.count", "")},
		},
		{
			Probe: pack.Probe{Name: "unit", Args: []pack.Arg{must("name", pack.ArgName)}}, read: unit,
			facts: []fact{yes("unit.active"), yes("unit.failed"), yes("unit.installed"), code("unit.state")},
		},
		file("file.exists", []fact{yes("file.exists"), code("file.kind"), number("file.bytes", "B")}, fileExists),
		file("file.age", []fact{yes("file.exists"), number("file.hours", ""), number("file.days", "d")}, fileAge),
		{
			Probe: pack.Probe{Name: "mount", Args: []pack.Arg{must("path", pack.ArgPath)}}, read: mount,
			facts: []fact{
				yes("mount.mounted"), code("mount.type"), yes("mount.read_only"), number("mount.free_percent", "%"),
			},
		},
		{
			Probe: pack.Probe{Name: "pkg.version", Args: []pack.Arg{must("name", pack.ArgText), arg("at_least", pack.ArgText)}},
			facts: []fact{yes("pkg.installed"), code("pkg.version"), yes("pkg.recent")}, read: pkgVersion,
		},
		{
			Probe: pack.Probe{
				Name: "reg.value", Args: []pack.Arg{must("key", pack.ArgText), arg("name", pack.ArgText)},
				OS: []string{"windows"}, Check: checkRegistry,
			},
			facts: []fact{yes("reg.exists"), words("reg.text"), number("reg.number", "")}, read: regValue,
		},
	}, moreKinds(file)...)
}

func moreKinds(file func(string, []fact, reader, ...pack.Arg) kind) []kind {
	plist := file("plist", []fact{
		yes("plist.exists"), yes("plist.found"), words("plist.text"), number("plist.number", ""), yes("plist.yes"),
	}, plistValue, must("key", pack.ArgText))
	plist.OS = []string{"darwin"}
	compare := file("kv.compare", []fact{
		yes("kv.exists"), yes("kv.found"), yes("kv.equal"),
		// A settings file may hold passwords: its value can be compared, and never leaves.
		{key: "kv.value", kind: expr.String, class: diagnostics.Secret},
	}, kvCompare, must("key", pack.ArgText), arg("value", pack.ArgText))
	return []kind{
		plist,
		file("cert.file", []fact{
			yes("cert.exists"), number("cert.count", ""), number("cert.days", "d"),
			infra("cert.issuer", expr.String, diagnostics.KindOther),
		}, certFile),
		{
			Probe: pack.Probe{Name: "dbus.property", Args: []pack.Arg{
				among("bus", "system", "session"), must("name", pack.ArgName), must("path", pack.ArgPath),
				must("interface", pack.ArgName), must("property", pack.ArgName),
			}, OS: []string{"linux"}, Check: checkBusPath},
			facts: []fact{
				yes("dbus.answered"), words("dbus.text"), number("dbus.number", ""), yes("dbus.yes"),
			},
			read: dbusProperty,
		},
		compare,
		{
			Probe: pack.Probe{
				Name: "exec", Args: []pack.Arg{must("path", pack.ArgPath), arg("args", pack.ArgTexts)}, Exec: true,
				OS: []string{"linux", "darwin"},
			},
			facts: []fact{
				number("exec.code", ""), code("exec.state"), number("exec.value", ""), number("exec.limit", ""),
				yes("exec.yes"), words("exec.text"),
			},
			read: execProbe,
		},
	}
}
