package probes

import (
	"fmt"
	"slices"
	"strings"

	"balise/diagnostics"
	"balise/diagnostics/pack/expr"
)

// judge is a self-test's conditions, made ready.
type judge struct {
	check    Check
	kind     kind
	programs []expr.Program
}

func newJudge(c Check, k kind) (judge, error) {
	types := map[string]expr.Type{}
	for _, f := range k.facts {
		types[f.key] = f.kind
	}
	j := judge{check: c, kind: k}
	for i, o := range c.Outcomes {
		p, err := expr.Compile(o.If, types)
		if err != nil {
			return j, fmt.Errorf("outcomes[%d]: %w", i, err)
		}
		j.programs = append(j.programs, p)
	}
	return j, nil
}

// outcome is the first line whose condition holds.
func (j judge) outcome(seen values) diagnostics.Outcome {
	out := diagnostics.Outcome{Facts: j.shown(seen)}
	sure := true
	for i, p := range j.programs {
		matches, known := p.Judge(seen)
		sure = sure && known
		if !matches {
			continue
		}
		line := j.check.Outcomes[i]
		out.Status = line.Status
		switch {
		case line.Status.Bad():
			out.Severity = line.Severity
			if out.Severity == "" {
				out.Severity = usual(line.Status)
			}
			if line.Cause != "" {
				out.Cause = diagnostics.Cause(j.check.ID + "/" + tail(line.Cause))
			}
		case line.Status == diagnostics.Pass && !sure:
			// A condition before this one could not be judged, so nobody knows that it does not hold.
			out.Status, out.Detail = diagnostics.Unknown, "pack.unjudged"
		case line.Status == diagnostics.Unknown, line.Status == diagnostics.NA:
			out.Detail = "pack.outcome"
		}
		return out
	}
	out.Status, out.Detail = diagnostics.Unknown, "pack.no_outcome"
	return out
}

// tail of a cause that was written whole.
func tail(cause string) string {
	_, t, whole := strings.Cut(cause, "/")
	if whole {
		return t
	}
	return cause
}

func usual(s diagnostics.Status) diagnostics.Severity {
	if s == diagnostics.Fail {
		return diagnostics.Blocks
	}
	return diagnostics.Degrades
}

// shown are the facts that the pack wants to be seen, in its order.
func (j judge) shown(seen values) []diagnostics.Fact {
	var list []diagnostics.Fact
	for _, key := range j.check.Facts {
		i := slices.IndexFunc(j.kind.facts, func(f fact) bool { return f.key == key })
		v, ok := seen[key]
		if i < 0 || !ok || v == nil || v == "" {
			continue
		}
		if n, ok := v.(int); ok {
			v = int64(n) // the only whole numbers that a fact holds
		}
		f := j.kind.facts[i]
		list = append(list, diagnostics.Fact{Key: key, Value: v, Unit: f.unit, Class: f.class, Kind: f.names})
	}
	return list
}
