package network

import (
	"context"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func radio(catalogue.Spec) func(context.Context, int) diagnostics.Outcome {
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		radios, err := probe.ReadRadios(ctx)
		if err != nil {
			return unknown("probe.radios")
		}
		links, err := usableLinks()
		if err != nil {
			return unknown("probe.interfaces")
		}
		return judgeRadio(radios, links)
	}
}

// judgeRadio: a radio that is off is only a fault while it is the way to the network. Whoever works by cable
// may have good reasons.
func judgeRadio(r probe.Radios, links []probe.Link) diagnostics.Outcome {
	if r.Present == 0 {
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "radio.none"}
	}
	wired := slices.ContainsFunc(links, func(l probe.Link) bool { return !l.Wireless && l.Up && l.Running })
	facts := []diagnostics.Fact{
		diagnostics.Int("radios", int64(r.Present), ""), diagnostics.Bool("soft_off", r.Soft),
		diagnostics.Bool("hard_off", r.Hard), diagnostics.Bool("other_way", wired),
	}
	switch {
	case wired || !r.Off():
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case r.Hard:
		return final(failed("net.radio/switched_off", facts))
	}
	return final(failed("net.radio/off", facts))
}

// final marks what a second look would only see again.
func final(out diagnostics.Outcome) diagnostics.Outcome {
	out.Final = true
	return out
}
