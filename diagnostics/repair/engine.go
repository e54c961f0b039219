package repair

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"balise/diagnostics"
)

// Params is what an Engine works with. Journal and Verify are required; the rest has a working default.
type Params struct {
	// Journal is the file in which each step is written down before it is done. Its folder must exist.
	Journal string
	// Verify runs self-tests and returns their results; it is the only judge of a repair.
	Verify func(ctx context.Context, ids []string) ([]diagnostics.Result, error)
	// OpenURL shows a page in the user's browser.
	OpenURL func(url string) error
	// PortalURL is the page that a captive portal intercepts (the setting probes.portal). It is asked at
	// each use, because settings change.
	PortalURL func() string
	// Home, DataHome and CacheHome are the user's folders; by default those of the environment.
	Home, DataHome, CacheHome string
	Log                       *slog.Logger
	// Now, PollEvery and PollFor are for tests: the clock, and how a step that waits for the user looks
	// again (every 5 s, for 5 min).
	Now                func() time.Time
	PollEvery, PollFor time.Duration
}

// Request asks to run a repair.
type Request struct {
	ID       string // the repair
	Incident string // the complaint it belongs to; at most two attempts each
	// Consent is the user's yes to exactly this repair. Without it Run refuses.
	Consent bool
	// Before are results of the run that named the problem; when those of the repair's own self-tests are
	// missing, the Engine runs them first.
	Before []diagnostics.Result
}

// Progress is published while a repair runs.
type Progress struct {
	ID      string
	Ref     string
	State   State
	Step    string
	Result  *diagnostics.Result // a self-test run again
	Attempt *Attempt            // with the last event
}

// The errors that callers branch on.
var (
	ErrConsent    = errors.New("no consent was given")
	ErrUnknown    = errors.New("no such repair")
	ErrBusy       = errors.New("another repair is running")
	ErrTooOften   = errors.New("tried twice in this incident")
	ErrNotPending = errors.New("nothing waits for a yes in this attempt")
	ErrNoUndo     = errors.New("nothing to put back in this attempt")
)

// PreconditionError says why a repair is not possible or not sensible now. Reason is a code that has a text:
// "not_needed", "platform", "nothing_to_do", "no_printer", "no_url", ...
type PreconditionError struct {
	ID, Reason string
}

func (e *PreconditionError) Error() string {
	return fmt.Sprintf("%s is not possible now: %s", e.ID, e.Reason)
}

// CooldownError says that this repair ran only just now.
type CooldownError struct{ Until time.Time }

func (e *CooldownError) Error() string {
	return "this repair ran only just now; again from " + e.Until.Format(time.TimeOnly)
}

// Engine runs repairs, one at a time. It is safe for concurrent use.
type Engine struct{ p Params }

// New makes an Engine. Call Recover before anything else.
func New(p Params) *Engine { return &Engine{p: p} }

// List describes every repair on this machine, with what each step would touch. results are those of the last
// run, if any: with them a repair whose self-tests pass is unavailable ("not_needed").
func (e *Engine) List(ctx context.Context, results []diagnostics.Result) []Info { return nil }

// Run runs a repair up to its end or up to the first step that waits for the user. on may be nil. The error is
// for what never began; what began and went wrong is told by the Attempt.
func (e *Engine) Run(ctx context.Context, req Request, on func(Progress)) (Attempt, error) {
	return Attempt{}, ErrUnknown
}

// Continue does the pending step of an attempt, with a yes of its own.
func (e *Engine) Continue(ctx context.Context, ref string, consent bool, on func(Progress)) (Attempt, error) {
	return Attempt{}, ErrNotPending
}

// Undo puts back what an attempt changed.
func (e *Engine) Undo(ctx context.Context, ref string, consent bool, on func(Progress)) (Attempt, error) {
	return Attempt{}, ErrNoUndo
}

// Cancel ends an attempt that waits for the user: the wait stops, and what was changed is put back.
func (e *Engine) Cancel(ctx context.Context, ref string) (Attempt, error) {
	return Attempt{}, ErrNotPending
}

// UserSays keeps the user's own word on whether an attempt helped: "yes" or "no".
func (e *Engine) UserSays(ref, says string) (Attempt, error) { return Attempt{}, ErrNotPending }

// Recover looks, once at start, for attempts that a crash or a restart cut short; it puts back what can be put
// back and reports each of them once.
func (e *Engine) Recover(ctx context.Context) ([]Attempt, error) { return nil, nil }
