package play

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"balise/diagnostics/lab/scenario"
	"balise/diagnostics/lab/stage"
)

// variation is something harmless that a seed may change.
type variation struct {
	name   string
	action string
	chance float64
	// calm: only where nothing about the network is broken, because it opens a second way round a fault.
	calm bool
	// clash are beginnings of actions that are about the same thing: a scenario with one of these is left alone.
	clash []string
	with  func(*rand.Rand) map[string]any
}

// variations are tried in this order; one whose action the stage does not have is left out.
func variations() []variation {
	const farthest = 60
	return []variation{
		{name: "latency", action: "net.latency", chance: 0.6, with: func(rng *rand.Rand) map[string]any {
			return map[string]any{
				"rtt": fmt.Sprintf("%dms", 1+rng.IntN(farthest)), "jitter": fmt.Sprintf("%dms", rng.IntN(4)),
			}
		}},
		{name: "deaf-router", action: "router.deaf", chance: 0.3, with: nothing},
		{name: "resolvers", action: "resolv.set", chance: 0.4, with: func(*rand.Rand) map[string]any {
			return map[string]any{"servers": []any{stage.DNS2, stage.DNS1}}
		}},
		{name: "ipv6", action: "ipv6.on", chance: 0.3, calm: true, clash: []string{"ipv6."}, with: nothing},
		{
			name: "desktop", action: "bus.start", chance: 0.3,
			clash: []string{"bus.", "unit.", "agent.", "time.sync", "radio.", "wifi.", "disk.fail", "vpn."},
			with: func(*rand.Rand) map[string]any {
				// All but the network's own service, whose made-up answers would contradict a broken network.
				return map[string]any{"services": []any{"systemd", "udisks", "timedate", "login", "user", "portal"}}
			},
		},
		{
			name: "printing", action: "print.start", chance: 0.2, clash: []string{"print.", "queue.", "job.", "printer.", "disk."},
			with: nothing,
		},
		{name: "sound", action: "sound.start", chance: 0.2, clash: []string{"sound."}, with: nothing},
		{name: "folder", action: "share.mount", chance: 0.2, clash: []string{"share."}, with: nothing},
		{name: "no-battery", action: "battery.remove", chance: 0.3, clash: []string{"battery.", "file."}, with: nothing},
	}
}

func nothing(*rand.Rand) map[string]any { return nil }

// atTheNetwork tells whether a scenario breaks something about the network.
func atTheNetwork(s scenario.Scenario) bool {
	return slices.ContainsFunc(s.Areas, func(a string) bool { return a == "net" || strings.HasPrefix(a, "net/") }) ||
		s.Has("network") && !s.Expect.Healthy
}

// vary draws what a seed changes. Every variation takes its share of the randomness whether it is allowed or
// not, so that forbidding one does not change the others.
func vary(rng *rand.Rand, s scenario.Scenario) []scenario.Step {
	actions := stage.Actions()
	var steps []scenario.Step
	for _, v := range variations() {
		dice, with := rng.Float64(), v.with(rng)
		can := slices.ContainsFunc(actions, func(a stage.Action) bool { return a.Name == v.action })
		if dice < v.chance && can && s.Vary.Allows(v.name) && !(v.calm && atTheNetwork(s)) && !v.clashes(s) {
			steps = append(steps, scenario.Step{Do: v.action, With: with})
		}
	}
	return steps
}

func (v variation) clashes(s scenario.Scenario) bool {
	steps := slices.Clone(s.Stage)
	for _, k := range s.Strikes {
		steps = append(steps, k.Step)
	}
	return slices.ContainsFunc(steps, func(st scenario.Step) bool {
		return st.Do == v.action || slices.ContainsFunc(v.clash, func(c string) bool { return strings.HasPrefix(st.Do, c) })
	})
}
