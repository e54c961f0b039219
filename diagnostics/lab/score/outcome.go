// Package score grades what the client said on the lab's stage, and says how two simpler clients would have done
// on the same evidence.
//
// It works on outcomes only and does no I/O, so that its arithmetic is tested with known answers.
package score

import (
	"slices"
	"strings"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/lab/scenario"
)

// Outcome is what one case gave: the client's document, times, and what the stage saw.
type Outcome struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	Language string `json:"language,omitempty"`
	// Varied is what the seed changed beside the fault.
	Varied []string `json:"varied,omitempty"`
	// Document is what the client printed; nil when it printed none.
	Document *Document `json:"document,omitempty"`
	Exit     int       `json:"exit"`
	// Took is from the client's start to its end, First to its first result; zero is not measured.
	Took  time.Duration `json:"took_ns"`
	First time.Duration `json:"first_ns,omitempty"`
	// Again is what a second run on the same stage gave; nil is not tried.
	Again *Document `json:"again,omitempty"`
	// Repair is what became of the scenario's repair; nil is not tried.
	Repair *Repaired `json:"repair,omitempty"`
	// Observed is what the stage saw of its own actions.
	Observed []Observation `json:"observed,omitempty"`
	// PeakKB is the largest memory of the child that runs the self-tests, ClientKB that of the command.
	PeakKB   int64 `json:"peak_kb,omitempty"`
	ClientKB int64 `json:"client_kb,omitempty"`
	// BusyPercent is the most that the machine's own counters show over any three seconds of the run.
	BusyPercent float64 `json:"busy_percent,omitempty"`
	// Killed says that the client did not end and was killed.
	Killed bool   `json:"killed,omitempty"`
	Stderr string `json:"stderr,omitempty"`
	// Error is a mistake of the lab itself.
	Error string `json:"error,omitempty"`
	Log   string `json:"log,omitempty"`
}

// Repaired is a repair that was run as a person runs it.
type Repaired struct {
	Exit int           `json:"exit"`
	Took time.Duration `json:"took_ns"`
	// State and Reason are the client's own record of the attempt.
	State  string `json:"state,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Screen is what the person read.
	Screen string `json:"screen,omitempty"`
	// After is what the client said of the computer afterwards, and BusyPercent how busy the machine was meanwhile.
	After       *Document `json:"after,omitempty"`
	BusyPercent float64   `json:"busy_percent,omitempty"`
	// Left is what the stage itself then still saw of its own actions; it looks only where the machine's load may
	// have been taken for the fault.
	Left []Observation `json:"left,omitempty"`
}

// Observation is what the stage saw of one action.
type Observation struct {
	Action string `json:"action"`
	OK     bool   `json:"ok"`
	How    string `json:"how"`
	// Harmless is an action of the seed's, not of the fault.
	Harmless bool `json:"harmless,omitempty"`
	// Strained: the machine was too busy to do it evenly.
	Strained bool `json:"strained,omitempty"`
}

// Document is the part of `balise check --json` that is graded.
type Document struct {
	Schema    string               `json:"schema"`
	Problem   bool                 `json:"problem"`
	Sentence  string               `json:"sentence"`
	Diagnosis *cause.Diagnosis     `json:"diagnosis"`
	Results   []diagnostics.Result `json:"results"`
	TookMS    int64                `json:"took_ms"`
}

// Named are the causes that the document shows, the first first.
func (d *Document) Named() []string {
	if d == nil || d.Diagnosis == nil {
		return nil
	}
	var named []string
	if d.Diagnosis.Problem() {
		named = append(named, string(d.Diagnosis.Cause))
	}
	for _, a := range d.Diagnosis.Also {
		named = append(named, string(a.Cause))
	}
	return named
}

// busyAnyway tells whether the processors are busy with what the stage has no part in: its own hogs are gone, and the
// machine's own counters are high.
func (r Repaired) busyAnyway() bool {
	return r.BusyPercent >= busyPercent && len(r.Left) > 0 &&
		!slices.ContainsFunc(r.Left, func(o Observation) bool { return o.Action == "cpu.hog" && o.OK })
}

// gone tells whether the fault is: neither the diagnosis nor any self-test knows of it.
func (r Repaired) gone(causes []string) bool {
	if !r.busyAnyway() {
		return r.After.without(causes)
	}
	kept := *r.After
	kept.Results = slices.DeleteFunc(slices.Clone(kept.Results), func(one diagnostics.Result) bool {
		return scenario.Match("perf.cpu/*", string(one.Cause))
	})
	causes = slices.DeleteFunc(slices.Clone(causes), func(p string) bool { return strings.HasPrefix(p, "perf.cpu/") })
	return kept.without(causes)
}

// without tells whether a document knows nothing of these causes: neither the diagnosis nor any self-test.
func (d *Document) without(patterns []string) bool {
	if d == nil || d.Diagnosis == nil {
		return false
	}
	return !slices.ContainsFunc(d.Named(), func(c string) bool { return scenario.MatchAny(patterns, c) }) &&
		!slices.ContainsFunc(d.bad(), func(r diagnostics.Result) bool {
			return scenario.MatchAny(patterns, string(r.Cause))
		})
}

// bad are the results that failed or warn, in the order of the list.
func (d *Document) bad() []diagnostics.Result {
	if d == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.Results), func(r diagnostics.Result) bool { return !r.Status.Bad() })
}

// FirstFailure is the baseline that names the first failed self-test of the list, or the first that warns
// where none failed.
func FirstFailure(d *Document) []string {
	bad := d.bad()
	i := slices.IndexFunc(bad, func(r diagnostics.Result) bool { return r.Status == diagnostics.Fail })
	if len(bad) == 0 {
		return nil
	}
	return []string{string(bad[max(i, 0)].Cause)}
}

// AllFailures is the baseline of today's clients: every red row.
func AllFailures(d *Document) []string {
	var named []string
	for _, r := range d.bad() {
		named = append(named, string(r.Cause))
	}
	return named
}
