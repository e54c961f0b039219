package system

import (
	"context"
	"errors"
	"slices"
	"strings"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that sys.services names.
const (
	ServiceFailed diagnostics.Cause = "sys.services/failed"
	OtherFailed   diagnostics.Cause = "sys.services/other_failed"
)

func checkServices(ctx context.Context, p Params, u probe.Units, spec catalogue.Spec) diagnostics.Outcome {
	failed, err := u.Failed(ctx)
	switch {
	case errors.Is(err, probe.ErrNoBus), errors.Is(err, errors.ErrUnsupported):
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no service manager answers", Final: true}
	case err != nil:
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error()}
	}
	return judgeServices(failed, p.Units, spec)
}

// judgeServices says which failed service matters. One that the settings name is a fault; any other is worth
// a word, because most people's computers have one that nobody misses.
func judgeServices(failed []probe.Unit, wanted []string, spec catalogue.Spec) diagnostics.Outcome {
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	o.Facts = []diagnostics.Fact{diagnostics.Int("failed", int64(len(failed)), "")}
	if len(failed) == 0 {
		return o
	}
	one := failed[0]
	o.Status, o.Severity, o.Cause = diagnostics.Warn, diagnostics.Notice, OtherFailed
	if i := slices.IndexFunc(failed, func(u probe.Unit) bool { return named(wanted, u.Full) }); i >= 0 {
		one = failed[i]
		o.Status, o.Severity, o.Cause = diagnostics.Fail, spec.Severity, ServiceFailed
	}
	var names []string
	for _, u := range failed[:min(len(failed), mostNames)] {
		names = append(names, u.Name)
	}
	o.Facts = append(o.Facts, diagnostics.Text("unit", one.Name), diagnostics.Bool("user", one.User),
		diagnostics.Fact{Key: "units", Value: names, Class: diagnostics.Plain})
	if one.Result != "" {
		o.Facts = append(o.Facts, diagnostics.Text("result", one.Result))
	}
	return o
}

// mostNames are enough for a technician to start with.
const mostNames = 5

// named compares as the service manager does: a name without a kind is a service's.
func named(wanted []string, unit string) bool {
	return slices.ContainsFunc(wanted, func(w string) bool {
		return strings.EqualFold(w, unit) || strings.EqualFold(w+".service", unit)
	})
}
