package snapshot

import (
	"maps"
	"math"
	"slices"
	"strings"

	"balise/diagnostics"
)

// Groups are the snapshot's facts, classed. A computer with two disks has two groups "disk".
func (s Snapshot) Groups() []diagnostics.Group {
	var g []diagnostics.Group
	add := func(id string, facts ...diagnostics.Fact) {
		facts = slices.DeleteFunc(facts, empty)
		if len(facts) > 0 {
			g = append(g, diagnostics.Group{ID: id, Facts: facts})
		}
	}
	s.machine(add)
	for _, d := range s.Disks {
		add("disk", mountPoint(d.Point), diagnostics.Text("fs", d.Type), bytes("total_bytes", d.Total),
			bytes("free_bytes", d.Free), percent("free_percent", d.FreePercent), flag("read_only", d.ReadOnly))
	}
	s.networks(add)
	for _, p := range s.Printers {
		add("printer", diagnostics.Identifier("printer", p.Name, diagnostics.Infra, diagnostics.KindPrinter),
			diagnostics.Text("state", p.State), flag("refuses_jobs", !p.Accepting))
	}
	for _, d := range s.Displays {
		add("display", diagnostics.Text("connector", d.Name), diagnostics.Int("width", int64(d.Width), "px"),
			diagnostics.Int("height", int64(d.Height), "px"))
	}
	if p := s.Programs; p != nil {
		add("programs", diagnostics.Int("program_count", int64(p.Count), ""), list("top_cpu", p.CPU),
			list("top_memory", p.Memory))
	}
	if l := s.Locale; l != nil {
		add("locale", diagnostics.Text("language", l.Language), diagnostics.Text("time_zone", l.Zone),
			diagnostics.Text("utc_offset", l.Offset))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Missing)) {
		if s.Missing[name] != "none" {
			add("missing", diagnostics.Text("part", name), diagnostics.Text("reason", s.Missing[name]))
		}
	}
	return g
}

type adder func(id string, facts ...diagnostics.Fact)

func (s Snapshot) machine(add adder) {
	add("machine", diagnostics.Identifier("machine_name", s.Hostname, diagnostics.Machine, diagnostics.KindHost),
		diagnostics.Identifier("asset_tag", s.AssetTag, diagnostics.Machine, diagnostics.KindSerial))
	if v := s.System; v != nil {
		add("system", diagnostics.Text("system", v.Name), diagnostics.Text("kernel", v.Kernel),
			diagnostics.Text("arch", v.Arch), diagnostics.Text("vendor", v.Vendor), diagnostics.Text("model", v.Model),
			diagnostics.Text("virtual", v.Virtual), diagnostics.Int("uptime", int64(v.Uptime.Seconds()), "s"))
	}
	if v := s.Processor; v != nil {
		add("processor", diagnostics.Text("processor", v.Model), diagnostics.Int("cores", int64(v.Cores), ""),
			diagnostics.Int("threads", int64(v.Threads), ""), percent("busy_percent", v.BusyPercent))
	}
	if v := s.Memory; v != nil {
		facts := []diagnostics.Fact{bytes("total_bytes", v.Total), bytes("available_bytes", v.Available)}
		if v.SwapTotal > 0 {
			facts = append(facts, bytes("swap_total_bytes", v.SwapTotal), bytes("swap_used_bytes", v.SwapUsed))
		}
		add("memory", facts...)
	}
}

func (s Snapshot) networks(add adder) {
	for _, n := range s.Network {
		state := "down"
		if n.Up {
			state = "up"
		}
		facts := []diagnostics.Fact{
			ifaceName(n.Name), diagnostics.Text("kind", n.Kind), diagnostics.Text("state", state),
			diagnostics.Int("mtu", int64(n.MTU), ""),
			diagnostics.Identifier("mac", n.MAC, diagnostics.Personal, diagnostics.KindMAC),
			{Key: "addresses", Value: n.Addresses, Class: diagnostics.Infra, Kind: diagnostics.KindIP},
		}
		if n.SpeedMbps > 0 {
			facts = append(facts, diagnostics.Int("speed", n.SpeedMbps, "Mbit/s"))
		}
		add("interface", facts...)
	}
	if r := s.Resolver; r != nil {
		add("resolver",
			diagnostics.Fact{Key: "servers", Value: r.Servers, Class: diagnostics.Infra, Kind: diagnostics.KindIP},
			diagnostics.Fact{Key: "search", Value: r.Search, Class: diagnostics.Infra, Kind: diagnostics.KindDomain})
	}
}

// ifaceName is plain but where systemd made it of the card's address.
func ifaceName(name string) diagnostics.Fact {
	if strings.HasPrefix(name, "enx") || strings.HasPrefix(name, "wlx") || strings.HasPrefix(name, "wwx") {
		return diagnostics.Identifier("interface", name, diagnostics.Personal, diagnostics.KindIface)
	}
	return diagnostics.Text("interface", name)
}

// mountPoint is plain where every computer has it; elsewhere it may hold a person's or a stick's name.
func mountPoint(p string) diagnostics.Fact {
	switch p {
	case "/", "/home", "/boot", "/boot/efi", "/efi", "/var", "/tmp", "/usr", "/opt", "/srv", "/root", "/var/log",
		"/System/Volumes/Data":
		return diagnostics.Text("mount", p)
	}
	if len(p) <= 3 && strings.Contains(p, ":") { // C:/
		return diagnostics.Text("mount", p)
	}
	return diagnostics.Identifier("mount", p, diagnostics.Personal, diagnostics.KindPath)
}

func bytes(key string, n uint64) diagnostics.Fact {
	return diagnostics.Int(key, int64(min(n, math.MaxInt64)), "B")
}

func percent(key string, v float64) diagnostics.Fact {
	return diagnostics.Float(key, math.Round(v*10)/10, "%")
}

// flag is a fact that is only worth a line when it is true.
func flag(key string, v bool) diagnostics.Fact {
	if !v {
		return diagnostics.Fact{}
	}
	return diagnostics.Bool(key, v)
}

func list(key string, v []string) diagnostics.Fact {
	return diagnostics.Fact{Key: key, Value: v, Class: diagnostics.Plain}
}

func empty(f diagnostics.Fact) bool {
	switch v := f.Value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []string:
		return len(v) == 0
	case int64:
		return v == 0
	}
	return false
}
