package network

import (
	"cmp"
	"context"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func wifiCheck(spec catalogue.Spec) func(context.Context, int) diagnostics.Outcome {
	weak, fair := int(spec.Limit("weak_percent")), int(spec.Limit("fair_percent"))
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		signals, err := probe.WifiSignals(ctx)
		if err != nil {
			return unknown("probe.wifi")
		}
		routed := ""
		if routes, err := probe.DefaultRoutes(); err == nil && len(routes) > 0 {
			routed = routes[0].Iface
		}
		return judgeWifi(signals, routed, weak, fair)
	}
}

// judgeWifi looks at the connection that programs use; a weak one beside a good cable harms nobody.
func judgeWifi(signals []probe.Signal, routed string, weak, fair int) diagnostics.Outcome {
	signals = slices.DeleteFunc(slices.Clone(signals), func(s probe.Signal) bool { return s.Strength < 0 })
	if len(signals) == 0 {
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "wifi.none"}
	}
	used := slices.IndexFunc(signals, func(s probe.Signal) bool { return s.Iface == routed || s.Iface == "" })
	inUse := used >= 0 || routed == ""
	s := slices.MaxFunc(signals, func(a, b probe.Signal) int { return cmp.Compare(a.Strength, b.Strength) })
	if used >= 0 {
		s = signals[used]
	}
	facts := []diagnostics.Fact{
		diagnostics.Int("strength", int64(s.Strength), "%"), diagnostics.Bool("in_use", inUse),
	}
	if s.DBm != 0 {
		facts = append(facts, diagnostics.Int("power", int64(s.DBm), "dBm"))
	}
	if s.MHz != 0 {
		facts = append(facts, diagnostics.Int("frequency", int64(s.MHz), "MHz"))
	}
	switch {
	case !inUse || s.Strength >= fair:
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case s.Strength < weak:
		out := failed("net.wifi/weak", facts)
		out.Severity = diagnostics.Degrades
		return out
	}
	// Enough to work; worth a word when something else complains.
	return warned("net.wifi/fair", diagnostics.Notice, facts)
}
