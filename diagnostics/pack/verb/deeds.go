package verb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/pack"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/storage"
)

// resetCache is the core's repair that sets a program's cache aside.
const resetCache = "app.reset_cache"

// newDeed makes a step's verb. name is the step's own among all packs.
func newDeed(name string, s pack.Step, p Params) deed {
	switch s.Do {
	case appStop:
		return stop{processes: act.OwnProcesses(), programs: texts(s.With, "programs"), polite: polite}
	case appStart:
		return start{id: text(s.With, "id")}
	case cacheAside:
		return newAside(name, s, p)
	case unitStart:
		return restart{name: text(s.With, "name")}
	case dnsFlush:
		if f, ok := core(dnsFlush, p, nil); ok {
			return own{fixer: f, step: "flush"}
		}
		return absent{}
	case pageOpen:
		return page{page: text(s.With, "page"), url: text(s.With, "url"), p: p}
	case "":
		return nothing{}
	}
	return absent{}
}

// nothing is a step that only says what to do. It is what the others are built on.
type nothing struct{}

func (nothing) look(context.Context) (string, repair.StepLook)               { return "", repair.StepLook{} }
func (nothing) prepare(context.Context, repair.Job) (json.RawMessage, error) { return nil, nil }
func (nothing) run(context.Context, repair.Job) ([]diagnostics.Fact, error)  { return nil, nil }
func (nothing) undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}

// absent is a verb that this system does not have.
type absent struct{ nothing }

func (absent) look(context.Context) (string, repair.StepLook) { return "platform", repair.StepLook{} }

func (absent) run(context.Context, repair.Job) ([]diagnostics.Fact, error) {
	return nil, &repair.StepError{Reason: "platform", Untouched: true}
}

// failed is a step's failure in the Engine's words.
func failed(reason string, err error) *repair.StepError {
	out := &repair.StepError{Reason: reason, Err: err}
	switch {
	case errors.Is(err, act.ErrDenied), errors.Is(err, act.ErrNotOurs):
		out.Reason, out.Admin, out.Untouched = "not_allowed", true, true
	case errors.Is(err, act.ErrAbsent):
		out.Reason, out.Untouched = "absent", true
	}
	return out
}

// polite is how long a program gets to end by itself.
const polite = 10 * time.Second

// stop asks programs of the user's own to end. None is forced to: what is not saved is asked for by the program.
type stop struct {
	nothing
	processes act.Processes
	programs  []string
	polite    time.Duration
}

func (s stop) running(ctx context.Context) ([]act.Running, error) {
	list, err := s.processes.List(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(r act.Running) bool { return !slices.Contains(s.programs, r.Name) }), nil
}

func (s stop) look(ctx context.Context) (string, repair.StepLook) {
	list, err := s.running(ctx)
	if errors.Is(err, act.ErrAbsent) {
		return "platform", repair.StepLook{}
	}
	var step repair.StepLook
	for _, r := range list {
		if !slices.ContainsFunc(step.Items, func(i repair.Item) bool { return i.Label == r.Name }) {
			step.Items = append(step.Items, repair.Item{Label: r.Name})
		}
	}
	return "", step
}

func (s stop) prepare(ctx context.Context, _ repair.Job) (json.RawMessage, error) {
	list, err := s.running(ctx)
	if err != nil {
		return nil, failed("not_seen", err)
	}
	return json.Marshal(list)
}

func (s stop) run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	var list []act.Running
	if err := json.Unmarshal(job.Saved, &list); err != nil {
		return nil, fmt.Errorf("read what was saved: %w", err)
	}
	for _, r := range list {
		if err := s.processes.Close(r); err != nil && !errors.Is(err, act.ErrEnded) {
			return nil, failed("not_closed", err)
		}
	}
	if open := s.processes.Await(ctx, list, s.polite); len(open) > 0 {
		return nil, &repair.StepError{Reason: "still_open", Untouched: true, Err: ctx.Err()}
	}
	return []diagnostics.Fact{diagnostics.Int("closed", int64(len(list)), "")}, nil
}

// start starts a program. That the desktop cannot is no reason to stop: the step's words tell the user to.
type start struct {
	nothing
	id string
}

func (s start) run(ctx context.Context, _ repair.Job) ([]diagnostics.Fact, error) {
	err := act.StartApp(ctx, s.id)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return []diagnostics.Fact{diagnostics.Bool("opened", err == nil)}, nil
}

// aside sets a program's cache aside, with the core's own repair.
type aside struct {
	fixer repair.Fixer
	name  string
	shown string // the program's name
}

func newAside(name string, s pack.Step, p Params) deed {
	one := storage.Cache{Name: name, Programs: texts(s.With, "programs"), Dirs: texts(s.With, "dirs")}
	f, ok := core(resetCache, p, func() []storage.Cache { return []storage.Cache{one} })
	if !ok {
		return absent{}
	}
	shown := ""
	if len(one.Programs) > 0 {
		shown = one.Programs[0]
	}
	return aside{fixer: f, name: name, shown: shown}
}

// choice is how the core's repair calls this cache.
func (a aside) choice() []string { return []string{storage.CacheID(a.name)} }

func (a aside) look(ctx context.Context) (string, repair.StepLook) {
	look := a.fixer.Look(ctx, nil)
	for _, c := range look.Steps["close"].Choices {
		if c.ID == storage.CacheID(a.name) {
			return "", repair.StepLook{Items: []repair.Item{{Label: a.shown, Bytes: c.Bytes}}}
		}
	}
	if look.Why != "" && look.Why != "no_cache" { // that one speaks of all programs that Balise knows
		return look.Why, repair.StepLook{}
	}
	return "nothing_to_do", repair.StepLook{}
}

// prepare fixes first which program is meant, then which folders.
func (a aside) prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	job.Step, job.Choice = "close", a.choice()
	saved, err := a.fixer.Prepare(ctx, job)
	if err != nil {
		return nil, err
	}
	job.Step, job.Saved = "aside", saved
	return a.fixer.Prepare(ctx, job)
}

func (a aside) run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	job.Step = "aside"
	return a.fixer.Run(ctx, job)
}

func (a aside) undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	return a.fixer.Undo(ctx, saved)
}

// own is a step of a core repair.
type own struct {
	fixer repair.Fixer
	step  string
}

func (o own) look(ctx context.Context) (string, repair.StepLook) {
	look := o.fixer.Look(ctx, nil)
	return look.Why, look.Steps[o.step]
}

func (o own) prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	job.Step = o.step
	return o.fixer.Prepare(ctx, job)
}

func (o own) run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	job.Step = o.step
	return o.fixer.Run(ctx, job)
}

func (o own) undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	return o.fixer.Undo(ctx, saved)
}

// restart restarts one service of the user's own session.
type restart struct {
	nothing
	name string
}

func (r restart) look(ctx context.Context) (string, repair.StepLook) {
	step := repair.StepLook{Items: []repair.Item{{Label: r.name}}}
	u, err := act.OpenUnits(ctx, true)
	if err != nil {
		return "no_service_manager", step
	}
	defer u.Close()
	s, err := u.State(ctx, r.name)
	switch {
	case err != nil:
		return "no_service_manager", step
	case s.Load != "loaded":
		return "no_service", step
	}
	return "", step
}

func (r restart) run(ctx context.Context, _ repair.Job) ([]diagnostics.Fact, error) {
	u, err := act.OpenUnits(ctx, true)
	if err != nil {
		return nil, failed("no_service_manager", err)
	}
	defer u.Close()
	err = u.Restart(ctx, r.name)
	var limit *act.FailedError
	if errors.As(err, &limit) && limit.Result == "start-limit-hit" {
		if err = u.Forget(ctx, r.name); err == nil {
			err = u.Restart(ctx, r.name)
		}
	}
	if err != nil {
		return nil, failed("failed_again", err)
	}
	return []diagnostics.Fact{diagnostics.Text("unit", r.name)}, nil
}

// page opens a page of the system's settings, or of the web.
type page struct {
	nothing
	page, url string
	p         Params
}

func (p page) look(context.Context) (string, repair.StepLook) {
	return "", repair.StepLook{Page: p.page, URL: p.url}
}

// run opens it; that it does not open is no reason to stop, the user finds it by the step's words.
func (p page) run(context.Context, repair.Job) ([]diagnostics.Fact, error) {
	opened := false
	switch {
	case p.page != "" && p.p.OpenSettings != nil:
		opened = p.p.OpenSettings(p.page) == nil
	case p.url != "" && p.p.OpenURL != nil:
		opened = p.p.OpenURL(p.url) == nil
	}
	return []diagnostics.Fact{diagnostics.Bool("opened", opened)}, nil
}
