package repair

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"balise/diagnostics"
)

// fixer is one repair's own knowledge. The Engine owns consent, journal, verification and order; a fixer
// only looks, prepares, does one step and puts back. The set of fixers is closed, and so is what each may
// do: move and put back files of listed folders, delete what it moved itself, four verbs on a print queue,
// show one page. There is no command, no script and no path or address from outside.
type fixer interface {
	// describe says what the repair is and whether this machine has something for it to do. results are
	// those of the last run, if any.
	describe(ctx context.Context, results []diagnostics.Result) Info
	// prepare fixes what a step will touch and what undo will need. It changes nothing. saved is what it
	// returned for the step before.
	prepare(ctx context.Context, ref, step string, saved json.RawMessage) (json.RawMessage, error)
	// run does a step that is in the journal.
	run(ctx context.Context, step string, saved json.RawMessage) ([]diagnostics.Fact, error)
	// pending refreshes the items of a step that waits for the user.
	pending(ctx context.Context, step Step, saved json.RawMessage) Step
	// undo puts back; it can be called again after a crash in its middle. left is how many things could not
	// be put back, each still where the repair had put it.
	undo(ctx context.Context, saved json.RawMessage) (facts []diagnostics.Fact, left int, err error)
	// rules are the repair's constants.
	rules() rules
}

// rules are what the Engine needs to know of a repair.
type rules struct {
	// settle is how the self-test is looked at after the last step: at least once, then every `every` until
	// it passes or `within` is over.
	every, within time.Duration
	// cooldown keeps a repair that changed something from being run again at once.
	cooldown time.Duration
	// undoAtStart says that an attempt that a crash cut short is put back at the next start. Where time may
	// have made that wrong, it is only reported.
	undoAtStart bool
	// undoUnsolved says that a repair that did not help is put back.
	undoUnsolved bool
}

// maxAttempts is how often one repair may be tried in one incident: a third time helps nobody.
const maxAttempts = 2

// stepError is a step's failure with its code, for the attempt's reason.
type stepError struct {
	reason    string
	admin     bool // the user's rights do not suffice
	untouched bool // nothing was changed: nothing is to be put back
	err       error
}

func (e *stepError) Error() string {
	if e.err == nil {
		return e.reason
	}
	return e.reason + ": " + e.err.Error()
}

func (e *stepError) Unwrap() error { return e.err }

// reasonOf is the code of an error.
func reasonOf(err error) (reason string, admin bool) {
	var step *stepError
	switch {
	case errors.As(err, &step):
		return step.reason, step.admin
	case errors.Is(err, context.Canceled):
		return "cancelled", false
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout", false
	}
	return "error", false
}
