package repair

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"balise/diagnostics"
)

// Params is what an Engine works with. Journal, Verify and Fixers are required; the rest has a working default.
type Params struct {
	// Journal is the file in which each step is written down before it is done. Its folder must exist.
	Journal string
	// Verify runs self-tests and returns their results; it is the only judge of a repair.
	Verify func(ctx context.Context, ids []string) ([]diagnostics.Result, error)
	// Fixers are the repairs; each needs a Spec of its ID.
	Fixers []Fixer
	// Specs are what the catalogue says of them; the core's by default.
	Specs map[string]Spec
	// Situation says, when a repair is about to begin, whether the user talks and where the power comes from. Without
	// it nobody knows, and what nobody knows stops nothing.
	Situation func(ctx context.Context) Situation
	// Dependents are the self-tests that rest directly on these: a repair that spoils one of them is put back.
	Dependents func(ids []string) []string
	Log        *slog.Logger
	// Noted, for tests, is called after each line of the journal: a test ends the process there.
	Noted func()
	// Now, PollEvery, PollFor and StepFor are for tests: the clock, the most that a repair's settling may take, and
	// the most that a step may.
	Now                         func() time.Time
	PollEvery, PollFor, StepFor time.Duration
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
	// Choice is what the user picked among the first step's choices.
	Choice []string
	// Said says that what the user complains of points to this repair. Where his word alone proves it (Spec.WordAlone),
	// his word is reason enough to run it.
	Said bool
}

// Progress is published while a repair runs.
type Progress struct {
	ID      string
	Ref     string
	State   State
	Step    string
	Percent int                 // how far the step is, with What; below 0 when nobody knows
	What    string              // what it is doing, a plain code or name
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
	// ErrChoice is for a choice that was not offered, or too many of them.
	ErrChoice = errors.New("this cannot be chosen here")
)

// PreconditionError says why a repair is not possible or not sensible now. Reason is a code that has a
// text: "not_needed", "platform", "nothing_to_do", "no_printer", "no_url", ...
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
type Engine struct {
	p     Params
	shelf shelf
	// changing is held by whatever changes the computer; only one thing does at a time.
	changing sync.Mutex

	mu      sync.Mutex // guards all below
	journal journal
	loaded  bool
	tracks  []*track // oldest first
	current *active
}

// track is an attempt with what only the Engine needs to know of it.
type track struct {
	incident string
	saved    json.RawMessage
	near     []string // self-tests that passed before, see Engine.near
	ended    bool
	undoing  bool // a crash cut an undo short
	attempt  Attempt
}

// active is the attempt that runs now, so that Cancel can reach it.
type active struct {
	ref       string
	cancel    context.CancelFunc
	cancelled bool
	done      chan struct{}
}

// New makes an Engine. Call Recover before anything else.
func New(p Params) *Engine {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{p: p, journal: journal{path: p.Journal}}
	specs := p.Specs
	if specs == nil {
		var err error
		if specs, err = Specs(); err != nil {
			panic(err) // embedded and tested: a defect of the build
		}
	}
	e.shelf.fixers, e.shelf.specs, e.shelf.own = p.Fixers, specs, len(p.Fixers)
	return e
}

// makeRoom gives up the journal's reserve when the disk is full.
func (e *Engine) makeRoom() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.journal.release()
}

func (e *Engine) fixer(id string) (Fixer, bool) {
	for _, f := range e.stock() {
		if f.ID() == id {
			return f, true
		}
	}
	return nil, false
}

// describe joins what the catalogue says of a repair with what it would do on this machine now.
func (e *Engine) describe(ctx context.Context, f Fixer, results []diagnostics.Result, now Situation) Info {
	s := e.spec(f.ID())
	info := Info{
		ID: f.ID(), Kind: s.Kind, Scope: s.Scope, Verifies: s.Verify, Risk: s.Risk, CostS: s.CostS, AsksUser: s.AsksUser,
	}
	var look Look
	switch seen := pick(results, s.fails()); {
	case len(s.Platforms) > 0 && !slices.Contains(s.Platforms, runtime.GOOS):
		look.Why = "platform"
	case len(seen) > 0 && !anyBad(seen):
		look.Why = idle(seen) // and no look at what it would touch
	case anyBad(pick(results, s.Pre.Passes)):
		look.Why = "first_another" // what it builds on is broken itself
	case s.Pre.unfit(now) != "":
		look.Why = s.Pre.unfit(now)
	default:
		look = ask(ctx, f, results)
	}
	if len(look.Verify) > 0 {
		info.Verifies = look.Verify
	}
	for _, st := range s.Steps {
		if slices.Contains(look.Skip, st.ID) {
			continue
		}
		more := look.Steps[st.ID]
		info.Steps = append(info.Steps, Step{
			ID: st.ID, Kind: st.Kind, Risk: st.Risk, Items: more.Items, Choose: st.Choose, Choices: more.Choices,
			URL: more.URL, Page: more.Page, Elevated: st.Elevated || more.Elevated,
		})
	}
	info.Available, info.Why = look.Why == "", look.Why
	return info
}

// ask looks, and does not wait for what hangs.
func ask(ctx context.Context, f Fixer, results []diagnostics.Result) Look {
	look, err := within(ctx, func() (Look, error) { return f.Look(ctx, results), nil })
	if err != nil {
		return Look{Why: "no_answer"}
	}
	return look
}

// situation asks what a repair must not ignore.
func (e *Engine) situation(ctx context.Context) Situation {
	if e.p.Situation == nil {
		return Situation{}
	}
	now, _ := within(ctx, func() (Situation, error) { return e.p.Situation(ctx), nil })
	return now
}

// fails are the self-tests of which one must be bad.
func (s Spec) fails() []string {
	if len(s.Pre.Fails) > 0 {
		return s.Pre.Fails
	}
	return s.Verify
}

// describeTimeout bounds the look at what a repair would touch.
const describeTimeout = 5 * time.Second

// List describes every repair on this machine, with what each step would touch. results are those of the
// last run, if any: with them a repair whose self-tests pass is unavailable ("not_needed"). said are repairs to which
// the user's complaint points, see Request.Said.
func (e *Engine) List(ctx context.Context, results []diagnostics.Result, said ...string) []Info {
	list := make([]Info, 0, len(e.stock()))
	short, cancel := context.WithTimeout(ctx, describeTimeout)
	now := e.situation(short)
	cancel()
	for _, f := range e.stock() {
		ctx, cancel := context.WithTimeout(ctx, describeTimeout)
		results := e.felt(f.ID(), results, slices.Contains(said, f.ID()))
		info := e.describe(ctx, f, results, now)
		e.showHeld(ctx, f, &info)
		cancel()
		asked := anyBad(pick(results, e.spec(f.ID()).fails()))
		if seen := pick(results, info.Verifies); info.Available && !asked && len(seen) > 0 && !anyBad(seen) {
			info.Available, info.Why = false, idle(seen)
		}
		list = append(list, info)
	}
	return list
}

// showHeld makes a repair that waits for its second yes show what it holds: the folders themselves are
// empty by now, and running it again would first put everything back.
func (e *Engine) showHeld(ctx context.Context, f Fixer, info *Info) {
	if len(info.Steps) == 0 || e.load() != nil {
		return
	}
	e.mu.Lock()
	var saved json.RawMessage
	for _, t := range e.tracks {
		if t.attempt.ID == f.ID() && !t.ended && t.attempt.State == NeedsUser {
			saved = t.saved
		}
	}
	e.mu.Unlock()
	if saved == nil || len(info.Steps[0].Items) > 0 {
		return
	}
	if held := show(ctx, f, info.Steps[0], saved); len(held.Items) > 0 {
		info.Steps[0], info.Available, info.Why = held, true, ""
	}
}

// Attempt returns an attempt by its reference, as it stands now.
func (e *Engine) Attempt(ref string) (Attempt, bool) {
	if e.load() != nil {
		return Attempt{}, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.find(ref); t != nil {
		return t.attempt.clone(), true
	}
	return Attempt{}, false
}

// Past is an attempt with the complaint that it belonged to.
type Past struct {
	Incident string
	Attempt  Attempt
}

// History is all that the journal remembers, newest first.
func (e *Engine) History() ([]Past, error) {
	if err := e.load(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make([]Past, 0, len(e.tracks))
	for _, t := range slices.Backward(e.tracks) {
		list = append(list, Past{t.incident, t.attempt.clone()})
	}
	return list, nil
}

// load reads the journal, once.
func (e *Engine) load() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.loaded {
		return nil
	}
	entries, err := e.journal.read()
	if err != nil {
		return err
	}
	for _, en := range entries {
		e.tracks = append(e.tracks, &track{
			incident: en.Incident, saved: en.Saved, attempt: en.Attempt, near: en.Near, undoing: en.Event == eventUndo,
			ended: en.Event == eventEnd || en.Event == eventSays,
		})
	}
	e.loaded = true
	return nil
}

// find is called with mu held.
func (e *Engine) find(ref string) *track {
	for _, t := range e.tracks {
		if t.attempt.Ref == ref {
			return t
		}
	}
	return nil
}

// note changes an attempt and writes it down; the change counts even when the writing fails.
func (e *Engine) note(t *track, event, step string, change func(*Attempt)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if change != nil {
		change(&t.attempt)
	}
	t.ended = event == eventEnd || event == eventSays
	err := e.journal.append(entry{
		At: e.p.Now(), Event: event, Incident: t.incident, Step: step, Saved: t.saved, Near: t.near,
		Attempt: t.attempt.clone(),
	})
	if e.p.Noted != nil {
		e.p.Noted()
	}
	return err
}

// show refreshes a step that waits for the user.
func show(ctx context.Context, f Fixer, s Step, saved json.RawMessage) Step {
	if sh, ok := f.(Shower); ok {
		return sh.Show(ctx, s, saved)
	}
	return s
}

func pick(results []diagnostics.Result, ids []string) []diagnostics.Result {
	var list []diagnostics.Result
	for _, r := range results {
		if slices.Contains(ids, r.ID) {
			list = append(list, r)
		}
	}
	return list
}

func anyBad(results []diagnostics.Result) bool {
	return slices.ContainsFunc(results, func(r diagnostics.Result) bool { return r.Status.Bad() })
}

// clone makes a copy that later changes do not reach.
func (a Attempt) clone() Attempt {
	a.Before, a.After, a.Steps = slices.Clone(a.Before), slices.Clone(a.After), slices.Clone(a.Steps)
	if a.Pending != nil {
		p := *a.Pending
		a.Pending = &p
	}
	return a
}
