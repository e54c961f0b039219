package repair

import (
	"context"
	"encoding/json"
	"errors"

	"balise/diagnostics"
)

// Fixer is one repair's own knowledge. The Engine owns consent, preconditions, journal, verification and order;
// a Fixer only looks, prepares, does one step and puts back. What is constant about it (risk, steps, what must
// turn) is data: Spec. The set of Fixers is closed, and so is what each may do. There is no command, no script
// and no path or address from outside.
type Fixer interface {
	// ID is the repair's, as it stands in the catalogue.
	ID() string
	// Look says whether this machine has something for the repair to do now, and what. It changes nothing and
	// keeps to its ctx. results are those of the last run, if any.
	Look(ctx context.Context, results []diagnostics.Result) Look
	// Prepare returns what the step will touch and what Undo will need, whole: it replaces what Prepare
	// returned for the step before (Job.Saved). It changes nothing. It is on the disk before Run is called.
	Prepare(ctx context.Context, job Job) (json.RawMessage, error)
	// Run does a step that is in the journal. Job.Saved is what Prepare returned. It does what was saved, not
	// what the machine looks like meanwhile, and doing it a second time changes nothing more.
	Run(ctx context.Context, job Job) ([]diagnostics.Fact, error)
	// Undo puts back; it can be called again after a crash in its middle, and after a crash at any point of Run.
	// left is how many things could not be put back, each still where the repair had put it.
	Undo(ctx context.Context, saved json.RawMessage) (facts []diagnostics.Fact, left int, err error)
}

// Shower is a Fixer that knows more of a step that waits for the user than Look does: what lies ready to be
// deleted, say. A step without an ID says that nothing is left for it to do: a program that closed when it was asked
// need not be ended by force.
type Shower interface {
	Show(ctx context.Context, step Step, saved json.RawMessage) Step
}

// Waker is a Fixer whose last step goes on outside this process: a restart of the computer, an installation that
// the system does at its next start. Awake is asked after each start of Balise until over is true; the Engine
// then verifies. why is a code for what went wrong ("not_restarted"), else empty.
type Waker interface {
	Awake(ctx context.Context, saved json.RawMessage) (over bool, why string)
}

// Job is one step to be prepared or done.
type Job struct {
	Ref  string // the attempt
	Step string
	// Saved is what Prepare returned last.
	Saved json.RawMessage
	// Choice is what the user chose among Step.Choices, by ID; empty where the step offers none.
	Choice []string
	// Progress tells how far a long step is: per cent (below 0 when nobody knows) and a short plain code or name.
	// It is never nil and may be called from any goroutine.
	Progress func(percent int, what string)
	// MakeRoom gives up the room that the journal keeps in reserve, for the step that needs a little to make a lot;
	// false when there is none left.
	MakeRoom func() bool
}

// Look is what a repair would do on this machine now.
type Look struct {
	// Why is a code that has a text (repair.why.<code>) when there is nothing to do or no way to do it; empty when
	// the repair can be run.
	Why string
	// Verify replaces the catalogue's list where only some of its self-tests are concerned here.
	Verify []string
	// Steps says more of some steps, by ID.
	Steps map[string]StepLook
	// Skip are steps of the catalogue that are not needed here.
	Skip []string
}

// StepLook is what one step would touch.
type StepLook struct {
	Items   []Item
	Choices []Choice
	URL     string // what a manual step opens; http or https only
	// Page is a page of the system's settings that a manual step opens, a code of those in Params.OpenSettings.
	Page string
	// Elevated says that on this machine the step asks for an administrator's password.
	Elevated bool
}

// maxAttempts is how often one repair may be tried in one incident: a third time helps nobody.
const maxAttempts = 2

// StepError is a step's failure with its code, for the attempt's reason (repair.reason.<code>).
type StepError struct {
	Reason string
	// Admin says that the user's rights do not suffice: the attempt ends as needs_admin, and the step stands in
	// the ticket for somebody who may.
	Admin bool
	// Untouched says that nothing was changed: nothing is to be put back.
	Untouched bool
	Err       error
}

func (e *StepError) Error() string {
	if e.Err == nil {
		return e.Reason
	}
	return e.Reason + ": " + e.Err.Error()
}

func (e *StepError) Unwrap() error { return e.Err }

// ErrNothingSaved is for a Fixer whose Saved is empty where it must not be.
var ErrNothingSaved = errors.New("nothing was saved")

// Because is a StepError from a code and an error that may be nil.
func Because(reason string, err error) *StepError { return &StepError{Reason: reason, Err: err} }

// Died is what a test panics with, in Params.Noted or in a Fixer, to end an Engine where it stands, as a killed
// process would: nothing more is written down and nothing is put back.
type Died struct{}

// reasonOf is the code of an error.
func reasonOf(err error) (reason string, admin bool) {
	var step *StepError
	switch {
	case errors.As(err, &step):
		return step.Reason, step.Admin
	case errors.Is(err, errHung):
		return "hung", false
	case errors.Is(err, context.Canceled):
		return "cancelled", false
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout", false
	}
	return "error", false
}
