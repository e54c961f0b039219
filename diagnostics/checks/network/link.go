package network

import (
	"context"
	"regexp"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func link(spec catalogue.Spec) func(context.Context, int) diagnostics.Outcome {
	slow := int(spec.Limit("slow_mbps"))
	return func(context.Context, int) diagnostics.Outcome {
		links, err := usableLinks()
		if err != nil {
			return unknown("probe.interfaces")
		}
		return judgeLink(links, probe.RadiosBlocked(), slow)
	}
}

// usableLinks are the interfaces that can carry this computer's own traffic.
func usableLinks() ([]probe.Link, error) {
	links, err := probe.Links()
	if err != nil {
		return nil, err
	}
	routed := map[string]bool{}
	if routes, err := probe.DefaultRoutes(); err == nil {
		for _, r := range routes {
			routed[r.Iface] = true
		}
	}
	return usable(links, routed), nil
}

// software are names of interfaces that lead to containers and virtual machines, not out.
var software = regexp.MustCompile(
	`^(docker|br-|virbr|vnet|cni|flannel|cali|ifb|dummy|tunl|sit|gre|ip6|teql|veth[0-9a-f]{6})`)

// usable leaves out what leads nowhere: with hardware in the machine that is all software, except what the
// default route uses; in a container, which has no hardware, what software is for other containers.
func usable(links []probe.Link, routed map[string]bool) []probe.Link {
	hardware := slices.ContainsFunc(links, func(l probe.Link) bool { return l.Known && l.Physical })
	return slices.DeleteFunc(slices.Clone(links), func(l probe.Link) bool {
		switch {
		case routed[l.Name]:
			return false
		case hardware:
			return !l.Physical
		}
		return l.Tunnel || software.MatchString(l.Name)
	})
}

func judgeLink(links []probe.Link, radiosBlocked bool, slowMbs int) diagnostics.Outcome {
	var up, running, wireless []probe.Link
	for _, l := range links {
		if l.Wireless {
			wireless = append(wireless, l)
		}
		if l.Up {
			up = append(up, l)
		}
		if l.Up && l.Running {
			running = append(running, l)
		}
	}
	facts := []diagnostics.Fact{
		diagnostics.Int("adapters", int64(len(links)), ""),
		diagnostics.Int("connected", int64(len(running)), ""),
	}
	fail := func(cause diagnostics.Cause) diagnostics.Outcome {
		return failed(cause, append(facts, diagnostics.Bool("wifi_present", len(wireless) > 0)))
	}
	switch {
	case len(running) > 0:
		return judgeSpeed(running, slowMbs, facts)
	case len(links) == 0:
		return fail("net.link/none")
	case radiosBlocked:
		return fail("net.link/wifi_off")
	case len(up) == 0:
		return fail("net.link/disabled")
	case len(wireless) == len(links):
		return fail("net.link/wifi_not_connected")
	}
	return fail("net.link/no_carrier")
}

// judgeSpeed looks at the fastest link: a slow second one harms nobody.
func judgeSpeed(running []probe.Link, slowMbs int, facts []diagnostics.Fact) diagnostics.Outcome {
	best := slices.MaxFunc(running, func(a, b probe.Link) int { return a.SpeedMbs - b.SpeedMbs })
	medium := "wired"
	if best.Wireless {
		medium = "wifi"
	} else if best.Known && !best.Physical {
		medium = "virtual"
	}
	facts = append(facts, diagnostics.Text("medium", medium),
		diagnostics.Identifier("interface", best.Name, diagnostics.Infra, diagnostics.KindIface))
	if best.SpeedMbs > 0 {
		facts = append(facts, diagnostics.Int("speed", int64(best.SpeedMbs), "Mb/s"))
	}
	allSlow := !slices.ContainsFunc(running, func(l probe.Link) bool {
		return l.Wireless || l.SpeedMbs == 0 || l.SpeedMbs > slowMbs && l.Duplex != "half"
	})
	if allSlow {
		return warned("net.link/slow", diagnostics.Degrades, facts)
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
}
