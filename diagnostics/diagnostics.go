// Package diagnostics tests a computer and says what it found, as codes and facts.
//
// A Check looks at one thing and answers with an Outcome; the Runner turns a list of checks into
// Results within five seconds, whatever the checks do. Nothing here writes prose: a sentence is made
// elsewhere from a Cause, its Facts and a language. Nothing here changes the machine either: that is
// package repair's work, and it always asks first.
//
// Three relations between checks are kept apart, because they are different questions:
// Needs (it cannot run without), ExplainedBy (its failure is a consequence of), and the repairs that a
// cause points to.
package diagnostics

import (
	"time"
)

// Status is the verdict of one self-test.
type Status string

// The six statuses. A check that could not find out is Unknown, never Fail: a broken probe must not
// become a broken computer.
const (
	Pass    Status = "pass"
	Warn    Status = "warn"
	Fail    Status = "fail"
	Skip    Status = "skip"    // something that it needs failed
	NA      Status = "na"      // this machine or these settings have no such thing
	Unknown Status = "unknown" // the check itself was denied, broke or ran out of time
)

// Observed tells whether the status says something about the computer.
func (s Status) Observed() bool { return s == Pass || s == Warn || s == Fail }

// Bad tells whether the status names a problem.
func (s Status) Bad() bool { return s == Warn || s == Fail }

// Severity says what a problem means for the user.
type Severity string

// The severities, worst first.
const (
	Blocks   Severity = "blocks"   // the user cannot work
	Degrades Severity = "degrades" // the user works with difficulty
	Notice   Severity = "notice"   // worth knowing
)

// Cause is a stable dotted code: the check that names it, a slash, and what is wrong, such as
// "net.dns.system/timeout". Texts, category, level and repairs hang on it.
type Cause string

// Result is what one check found, with every try that led to it.
type Result struct {
	ID       string   `json:"id"`
	Status   Status   `json:"status"`
	Cause    Cause    `json:"cause,omitempty"`
	Severity Severity `json:"severity,omitempty"` // only beside warn and fail
	Facts    []Fact   `json:"facts,omitempty"`
	// Attempts holds each try, the first first; a result that was believed only after a second
	// look has two.
	Attempts []Attempt `json:"attempts,omitempty"`
	// BlockedBy names the needs that failed, for a skipped check.
	BlockedBy []string `json:"blocked_by,omitempty"`
	// ExplainedBy is filled by package cause: the failing check of which this one is a consequence.
	ExplainedBy string    `json:"explained_by,omitempty"`
	Started     time.Time `json:"started"`
	TookMS      int64     `json:"took_ms"`
	TimedOut    bool      `json:"timed_out,omitempty"`
	// Detail is a short technical reason for unknown, na and skip (an error code, a missing
	// setting's key). It is a code for technicians, never text for the user, and it goes through
	// redaction like any personal text.
	Detail string `json:"detail,omitempty"`
}

// Fact returns the fact of that key, if the result has one.
func (r Result) Fact(key string) (Fact, bool) {
	for _, f := range r.Facts {
		if f.Key == key {
			return f, true
		}
	}
	return Fact{}, false
}

// Attempt is one try of a check.
type Attempt struct {
	Status  Status    `json:"status"`
	Cause   Cause     `json:"cause,omitempty"`
	Target  string    `json:"target,omitempty"` // a role such as "egress[0]", never an address
	Error   string    `json:"error,omitempty"`  // an error code such as "ECONNREFUSED"
	Started time.Time `json:"started"`
	TookMS  int64     `json:"took_ms"`
}

// EventKind tells what an Event reports.
type EventKind string

// The kinds of events a run publishes, in the order in which they can come.
const (
	RunStarted    EventKind = "run_started"
	CheckStarted  EventKind = "check_started"
	CheckRetried  EventKind = "check_retried"
	CheckFinished EventKind = "check_finished" // a second one for the same check replaces the first
	RunFinished   EventKind = "run_finished"
)

// Event is one step of a run, published as it happens.
type Event struct {
	Kind   EventKind `json:"kind"`
	ID     string    `json:"id,omitempty"`
	Result *Result   `json:"result,omitempty"` // with check_finished
	Total  int       `json:"total,omitempty"`  // with run_started: how many checks will report
	At     time.Time `json:"at"`
}
