package clock

import (
	"context"
	"errors"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
)

func sync(ctx context.Context, _ int) diagnostics.Outcome {
	s, err := probe.ReadSync(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "clock.not_told"}
	}
	if err != nil {
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "probe.time_service"}
	}
	return judgeSync(s)
}

// judgeSync remarks, no more: a clock that nobody keeps is right until time.skew says otherwise. Where there
// is no time service at all (a container, a virtual machine whose host keeps the time) nothing is amiss.
func judgeSync(s probe.Sync) diagnostics.Outcome {
	facts := []diagnostics.Fact{
		diagnostics.Bool("synchronised", s.Synced), diagnostics.Bool("time_service", s.Service),
		diagnostics.Text("source", s.Source),
	}
	out := diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts, Final: true}
	switch {
	case s.Synced:
		return out
	case !s.Able:
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "clock.no_service", Facts: facts}
	case s.Service:
		out.Cause = "time.sync/waiting"
	default:
		out.Cause = "time.sync/off"
	}
	out.Status, out.Severity = diagnostics.Warn, diagnostics.Notice
	return out
}
