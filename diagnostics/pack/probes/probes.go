// Package probes is the closed set of things that a pack's self-test can look at, and what makes a self-test of
// one.
//
// A pack names a probe and gives it arguments; what the probe does is code of this package. Each gives a fixed
// list of facts, with their units and classes of redaction; the pack's conditions (package expr) judge them, and
// the first that matches is the outcome. Nothing here changes anything, and no argument becomes a command: exec,
// the one probe that starts a program, takes only what an administrator put there and allowed.
//
// A probe that could not look is unknown, whatever the conditions say. So is a "pass" that was reached past a
// condition that could not be judged: what nobody saw is not well.
package probes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/pack"
	"balise/diagnostics/pack/expr"
)

// Check is a pack's self-test as it goes to the probe child: data only, with no reference to any file. The child
// reads no packs.
type Check struct {
	ID          string         `json:"id"`
	Probe       string         `json:"probe"`
	With        map[string]any `json:"with,omitempty"`
	Needs       []string       `json:"needs,omitempty"`
	ExplainedBy []string       `json:"explained_by,omitempty"`
	OS          []string       `json:"os,omitempty"`
	TimeoutMS   int64          `json:"timeout_ms,omitempty"`
	Outcomes    []Outcome      `json:"outcomes"`
	Facts       []string       `json:"facts,omitempty"`
	// Exec says that the administrator allows this self-test to start its program.
	Exec bool `json:"exec,omitempty"`
}

// Outcome is one line of judgement.
type Outcome struct {
	If       string               `json:"if"`
	Status   diagnostics.Status   `json:"status"`
	Cause    string               `json:"cause,omitempty"` // the tail
	Severity diagnostics.Severity `json:"severity,omitempty"`
}

// Of is a pack's self-test. exec says that the administrator allows programs, and trusts this pack with them.
func Of(c pack.Check, exec bool) Check {
	out := Check{
		ID: c.ID, Probe: c.Probe, With: c.With, Needs: c.Needs, ExplainedBy: c.ExplainedBy, OS: c.When.OS,
		TimeoutMS: c.Timeout.Milliseconds(), Facts: c.Facts, Exec: exec && c.Probe == "exec",
	}
	for _, o := range c.Outcomes {
		out.Outcomes = append(out.Outcomes, Outcome{
			If: o.If, Status: diagnostics.Status(o.Status), Cause: o.Cause, Severity: diagnostics.Severity(o.Severity),
		})
	}
	return out
}

// Causes are the tails of the causes that it can name.
func (c Check) Causes() []string {
	var list []string
	for _, o := range c.Outcomes {
		if o.Cause != "" && !slices.Contains(list, tail(o.Cause)) {
			list = append(list, tail(o.Cause))
		}
	}
	return list
}

// Params is what the settings say of every probe.
type Params struct {
	CAFile string
	Proxy  string
}

// defaultTimeout is the deadline of a self-test that names none; maxTimeout what one may have.
const (
	defaultTimeout = 3 * time.Second
	maxTimeout     = 10 * time.Second
)

// Vocabulary is every probe, for whoever judges a pack.
func Vocabulary() []pack.Probe {
	var list []pack.Probe
	for _, k := range kinds() {
		p := k.Probe
		p.Facts = map[string]expr.Type{}
		for _, f := range k.facts {
			p.Facts[f.key] = f.kind
		}
		list = append(list, p)
	}
	return list
}

// FactTypes are the facts of a probe; none for one that there is not.
func FactTypes(name string) map[string]expr.Type {
	k, _ := find(name)
	types := map[string]expr.Type{}
	for _, f := range k.facts {
		types[f.key] = f.kind
	}
	return types
}

// FactInfo describes the facts of a probe as the catalogue of self-tests does: "class kind unit" by key.
func FactInfo(name string, keys []string) map[string]string {
	k, ok := find(name)
	if !ok {
		return nil
	}
	info := map[string]string{}
	for _, f := range k.facts {
		if !slices.Contains(keys, f.key) {
			continue
		}
		text := string(f.class)
		if f.names != "" || f.unit != "" {
			text += " " + orDash(string(f.names))
		}
		if f.unit != "" {
			text += " " + f.unit
		}
		info[f.key] = text
	}
	return info
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// kind is one probe.
type kind struct {
	pack.Probe
	facts []fact
	// beyond says that what it asks lies beyond this computer.
	beyond bool
	read   func(ctx context.Context, a args, p Params) (values, error)
}

// fact is one that a probe can give.
type fact struct {
	key   string
	kind  expr.Type
	unit  string
	class diagnostics.Class
	names diagnostics.Kind
}

// values are facts by key; one that is missing is unknown.
type values map[string]any

func find(name string) (kind, bool) {
	list := kinds()
	i := slices.IndexFunc(list, func(k kind) bool { return k.Name == name })
	if i < 0 {
		return kind{}, false
	}
	return list[i], true
}

// Make makes self-tests of data that a pack brought. What does not fit together, which lint would have refused,
// becomes a self-test that is always unknown.
func Make(list []Check, p Params) []diagnostics.Check {
	checks := make([]diagnostics.Check, 0, len(list))
	for _, c := range list {
		checks = append(checks, one(c, p))
	}
	return checks
}

func one(c Check, p Params) diagnostics.Check {
	timeout := time.Duration(c.TimeoutMS) * time.Millisecond
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	out := diagnostics.Check{
		ID: c.ID, Needs: c.Needs, ExplainedBy: c.ExplainedBy, Timeout: min(timeout, maxTimeout), Platforms: c.OS,
	}
	k, ok := find(c.Probe)
	if !ok {
		out.Run = always(diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "pack.probe"})
		return out
	}
	if len(out.Platforms) == 0 {
		out.Platforms = k.OS
	} else if len(k.OS) > 0 {
		out.Platforms = slices.DeleteFunc(slices.Clone(c.OS), func(os string) bool { return !slices.Contains(k.OS, os) })
		if len(out.Platforms) == 0 {
			out.Platforms = k.OS
		}
	}
	out.Beyond = k.beyond && !args(c.With).local()
	if out.Beyond {
		out.Host = args(c.With).host()
	}
	j, err := newJudge(c, k)
	if err != nil {
		out.Run = always(diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "pack.outcomes"})
		return out
	}
	out.Run = func(ctx context.Context, _ int) diagnostics.Outcome {
		if k.Exec && !c.Exec {
			return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "pack.exec_forbidden", Final: true}
		}
		seen, err := k.read(ctx, c.With, p)
		if err != nil {
			return blind(ctx, err)
		}
		return j.outcome(seen)
	}
	return out
}

func always(o diagnostics.Outcome) func(context.Context, int) diagnostics.Outcome {
	o.Final = true
	return func(context.Context, int) diagnostics.Outcome { return o }
}

// reasonError is why a probe could not look, as a code.
type reasonError struct {
	code string
	err  error
}

func (e *reasonError) Error() string { return fmt.Sprintf("%s: %v", e.code, e.err) }
func (e *reasonError) Unwrap() error { return e.err }

func because(code string, err error) error { return &reasonError{code, err} }

// blind is the outcome of a probe that could not look.
func blind(ctx context.Context, err error) diagnostics.Outcome {
	out := diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "probe_failed"}
	var reason *reasonError
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		out.Status, out.Detail, out.Final = diagnostics.NA, "platform", true
	case ctx.Err() != nil:
		out.Detail = "timeout"
	case errors.As(err, &reason):
		out.Detail = reason.code
	case errors.Is(err, os.ErrPermission):
		out.Detail = "denied"
	}
	return out
}

// Judge tells what a pack's self-test would say of facts that were recorded elsewhere, without looking at this
// computer. It serves to test packs.
func Judge(c Check, seen map[string]any) (diagnostics.Outcome, error) {
	k, ok := find(c.Probe)
	if !ok {
		return diagnostics.Outcome{}, fmt.Errorf("judge %s: no probe %q", c.ID, c.Probe)
	}
	for key := range seen {
		if !slices.ContainsFunc(k.facts, func(f fact) bool { return f.key == key }) {
			known := make([]string, len(k.facts))
			for i, f := range k.facts {
				known[i] = f.key
			}
			return diagnostics.Outcome{}, fmt.Errorf("%s gives no fact %q, only %q", c.Probe, key, known)
		}
	}
	j, err := newJudge(c, k)
	if err != nil {
		return diagnostics.Outcome{}, fmt.Errorf("judge %s: %w", c.ID, err)
	}
	return j.outcome(maps.Clone(values(seen))), nil
}

// Here tells whether a probe works on this system.
func Here(name string) bool {
	k, ok := find(name)
	return ok && (len(k.OS) == 0 || slices.Contains(k.OS, runtime.GOOS))
}
