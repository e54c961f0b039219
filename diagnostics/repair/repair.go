// Package repair changes the computer, one consented step at a time, and proves what it did.
//
// A repair never says that a problem is solved; only the self-test that named it, run again, does.
// What a step is about to do is in the journal, on disk, before it is done.
package repair

import (
	"time"

	"balise/diagnostics"
)

// State is where a repair stands.
type State string

// The states of a repair.
const (
	Proposed   State = "proposed"
	Confirmed  State = "confirmed" // the user said yes; nothing is done yet
	Running    State = "running"
	Verifying  State = "verifying"
	Solved     State = "solved"
	NotSolved  State = "not_solved"  // it ran, the self-test still fails; what could be undone was
	Failed     State = "failed"      // it could not run; undone
	NeedsAdmin State = "needs_admin" // the user's rights do not suffice
	NeedsUser  State = "needs_user"  // a step waits for the user: a page to open, a second yes
	Undone     State = "undone"      // put back on the user's request
)

// Risk says what happens if the repair was wrong.
type Risk string

// The risks.
const (
	NoRisk   Risk = "none"
	WithUndo Risk = "undo"
	NoUndo   Risk = "no_undo"
)

// Info describes a repair before it is run. Texts come from its ID.
type Info struct {
	ID       string   `json:"id"`
	Kind     Kind     `json:"kind"`
	Scope    Scope    `json:"scope"`
	Verifies []string `json:"verifies"` // the self-tests that must turn
	Risk     Risk     `json:"risk"`
	CostS    int      `json:"cost_s"` // how long it takes, in seconds
	// AsksUser says that only the user's own yes proves it.
	AsksUser bool   `json:"asks_user,omitempty"`
	Steps    []Step `json:"steps"`
	// Available is false where this machine has nothing for the repair to do; Why is then a code.
	Available bool   `json:"available"`
	Why       string `json:"why,omitempty"`
}

// StepKind says who does a step.
type StepKind string

// The kinds of steps.
const (
	Auto    StepKind = "auto"    // Balise does it, after the one yes for the repair
	Confirm StepKind = "confirm" // Balise does it after a yes of its own (no undo)
	Manual  StepKind = "manual"  // the user does it, Balise waits for the test to turn
	Ask     StepKind = "ask"     // the user says whether it helped ("do you hear it?"); the answer is user_says
	Wait    StepKind = "wait"    // something outside goes on (a restart); Balise looks again at its next start
)

// Step is one step of a repair. Its text comes from "<repair>.<step>".
type Step struct {
	ID   string   `json:"id"`
	Kind StepKind `json:"kind"`
	Risk Risk     `json:"risk"`
	// Items shows what the step would touch, with sizes; local only, they never leave as they are.
	Items []Item `json:"items,omitempty"`
	// Choose says how many of Choices the user picks, "one" or "many"; empty where there is nothing to choose.
	Choose  string   `json:"choose,omitempty"`
	Choices []Choice `json:"choices,omitempty"`
	// URL is what a manual step opens; http or https only.
	URL string `json:"url,omitempty"`
	// Page is the page of the system's settings that a manual step opens, as a code ("privacy.microphone").
	Page string `json:"page,omitempty"`
	// Until is when what a step waits for outside is to happen: a restart.
	Until time.Time `json:"until,omitzero"`
	// Elevated says that the system will ask for an administrator's password.
	Elevated bool `json:"elevated,omitempty"`
}

// Choice is one thing that a step lets the user pick; local only, names never leave as they are.
type Choice struct {
	ID      string `json:"id"`
	Label   string `json:"label"`            // a name, or a code with a text (repair.item.<label>)
	Detail  string `json:"detail,omitempty"` // a code with a text (repair.detail.<detail>): "default", "unsaved"
	Bytes   int64  `json:"bytes,omitempty"`
	Percent int    `json:"percent,omitempty"` // of a processor, say
	// Chosen is what Balise would pick.
	Chosen bool `json:"chosen,omitempty"`
}

// Item is one thing that a step would touch.
type Item struct {
	Label string `json:"label"` // a bucket's code ("trash", "thumbnails") or a printer's name
	Bytes int64  `json:"bytes,omitempty"`
	Files int    `json:"files,omitempty"`
}

// Attempt is the record of one run of a repair; it goes into the report.
type Attempt struct {
	ID       string               `json:"id"` // the repair
	Ref      string               `json:"ref"`
	State    State                `json:"state"`
	Started  time.Time            `json:"started"`
	Finished time.Time            `json:"finished,omitzero"`
	Before   []diagnostics.Result `json:"before,omitempty"`
	After    []diagnostics.Result `json:"after,omitempty"`
	Steps    []StepRecord         `json:"steps,omitempty"`
	// Pending is the step that waits for the user's yes, with state needs_user.
	Pending *Step `json:"pending,omitempty"`
	// CanUndo says that Undo would put something back.
	CanUndo bool `json:"can_undo,omitempty"`
	// Reason is a code for failed, needs_admin and not_solved.
	Reason string `json:"reason,omitempty"`
	// UserSays is the user's own word on whether it helped: "yes", "no" or nothing.
	UserSays string `json:"user_says,omitempty"`
}

// StepRecord is what one step did.
type StepRecord struct {
	Step  string             `json:"step"`
	State string             `json:"state"` // "started", "done", "failed", "refused", "undone"
	At    time.Time          `json:"at"`
	Facts []diagnostics.Fact `json:"facts,omitempty"`
	Error string             `json:"error,omitempty"`
}
