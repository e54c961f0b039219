package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"balise/app/internal/agent/child"
	"balise/app/internal/agent/store"
	"balise/app/internal/ipc"
	"balise/app/internal/ipc/api"
	"balise/client/outbox"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix"
	"balise/diagnostics/repair/fix/storage"
)

// Agent is the core. It implements api.Service.
type Agent struct {
	p       Params
	started time.Time

	lock      *ipc.Locked
	set       *settings
	store     *store.Store
	outbox    *outbox.Outbox
	kids      *child.Runner
	bus       *bus
	link      *link
	practice  *practice
	follow    *follow
	repairs   *repair.Engine
	packs     *packs
	incidents *incidents
	recorder  *recorder
	watch     *background
	notices   notices
	rest      rest
	probeWait time.Duration // probeDeadline, shorter in tests

	// life ends with Close; everything that runs in the background ends with it and is waited for.
	life context.Context
	end  context.CancelFunc
	work sync.WaitGroup
	quit chan struct{}
	once sync.Once

	recovered sync.Once

	mu       sync.Mutex
	warnings []string
	counts   counts
	leftover []repair.Attempt // repairs that a crash cut short, for the next incident
}

// counts are what State says of outbox and tickets, kept so that it answers from memory.
type counts struct{ waiting, refused, unread int }

var _ api.Service = (*Agent)(nil)

const defaultSendWait = 20 * time.Second

// New locks the state folder and opens the state. The error is an *api.Error: api.CodeBusy when another
// Balise holds it. The network is not touched.
func New(p Params) (*Agent, error) {
	p.defaults()
	lock, err := ipc.Lock(p.StateDir)
	if err != nil {
		return nil, err
	}
	a := &Agent{
		p: p, started: p.Now().UTC(), lock: lock, bus: newBus(p.Now), quit: make(chan struct{}),
		set: &settings{from: p.Settings}, probeWait: probeDeadline,
		kids: &child.Runner{Self: p.Self, Env: p.ChildEnv, Log: p.Log},
	}
	a.life, a.end = context.WithCancel(context.Background())
	a.link, a.practice, a.follow = newLink(a), &practice{a: a}, newFollow(a)
	a.packs = &packs{a: a}
	a.incidents, a.recorder, a.watch = newIncidents(), newRecorder(a), newBackground(a)
	if err := a.open(); err != nil {
		a.end()
		return nil, errors.Join(a.problem(err), a.release())
	}
	return a, nil
}

func (p *Params) defaults() {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.SendWait == 0 {
		p.SendWait = defaultSendWait
	}
	if p.CaptureWhy == nil {
		p.CaptureWhy = func() string { return "" }
	}
	if p.OpenURL == nil {
		p.OpenURL = func(string) error { return errors.New("nothing here opens pages") }
	}
	if p.OpenSettings == nil {
		p.OpenSettings = func(string) error { return errors.New("nothing here opens settings") }
		p.HasSettings = func(string) bool { return false }
	}
}

func (a *Agent) open() error {
	if err := a.set.begin(); err != nil {
		return err
	}
	if mistake, _ := a.set.wrong(); mistake != nil {
		a.p.Log.Warn("the settings have mistakes", "detail", mistake.Detail)
		a.Warn(api.CodeConfig)
	}
	s, err := store.Open(a.life, store.Params{Dir: a.p.StateDir, Now: a.p.Now})
	if err != nil {
		return fmt.Errorf("open the state: %w", err)
	}
	a.store = s
	if s.MovedAside != "" {
		a.p.Log.Warn("the state was damaged and moved aside", "file", s.MovedAside)
		a.Warn(api.CodeStateMoved)
		// The new file knows no report; the outbox would take the files of those that waited for litter.
		err := os.Rename(a.outboxFolder(), s.MovedAside+store.FilesSuffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("put the waiting reports aside: %w", err)
		}
	}
	if err := a.link.remember(a.life); err != nil {
		return err
	}
	// What an interrupted Send left; the outbox has its own copy or the user was never told.
	if err := os.RemoveAll(a.rendered("")); err != nil {
		return fmt.Errorf("clean the state folder: %w", err)
	}
	a.outbox, err = outbox.Open(a.life, outbox.Params{
		DB: s.DB, Dir: a.outboxFolder(), Driver: a.link.get,
		Explain: a.reason, OnChange: a.outboxChanged, Log: a.p.Log, Now: a.p.Now,
	})
	if err != nil {
		return fmt.Errorf("open the outbox: %w", err)
	}
	a.repairs = repair.New(repair.Params{
		Journal: filepath.Join(a.p.StateDir, "repairs.journal"), Verify: a.verify, Log: a.p.Log,
		Situation: repair.ReadSituation, Dependents: a.dependents,
		Fixers: fix.All(fix.Params{
			OpenSettings: a.p.OpenSettings, HasSettings: a.p.HasSettings,
			OpenURL: a.p.OpenURL, PortalURL: func() string { return a.set.now().Probes.Portal },
			VPN:    func() string { return a.set.now().Probes.VPN.Name },
			Units:  func() []string { return a.set.now().Restartable() },
			Caches: func() []storage.Cache { return a.set.now().Repairs.Caches },
		}),
	})
	if a.p.Resident {
		a.recorder.settled()
		a.recover()
	}
	return a.recount(a.life)
}

// recover looks, once, for repairs that a crash cut short. A command that has nothing to do with repairs does
// not: it would be told of them in vain.
func (a *Agent) recover() {
	a.recovered.Do(func() {
		// What a pack's repair left is put back by that repair, also when the pack is gone.
		set := a.packs.get().set
		a.packs.stock(set, a.repairs.Orphans()...)
		defer a.packs.stock(set)
		left, err := a.repairs.Recover(a.life)
		if err != nil {
			// A damaged journal must not keep the user from reporting.
			a.p.Log.Error("look for interrupted repairs", "error", err)
		}
		a.mu.Lock()
		a.leftover = append(left, a.leftover...)
		a.mu.Unlock()
		a.goDo(a.wake)
	})
}

// Close ends what runs and gives the state folder back.
func (a *Agent) Close() error {
	a.link.reset() // a desk that is told to end does not wait for a connection that nobody uses
	a.end()
	a.bus.close()
	a.work.Wait()
	a.recorder.close()
	return a.release()
}

func (a *Agent) release() error {
	var errs []error
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(append(errs, a.lock.Unlock())...)
}

// goDo runs work that Close waits for; it must end with a.life.
func (a *Agent) goDo(f func()) {
	a.work.Add(1)
	go func() {
		defer a.work.Done()
		f()
	}()
}

// Warn adds a code to State.Warnings ("tray.no_host").
func (a *Agent) Warn(code string) {
	a.mu.Lock()
	have := slices.Contains(a.warnings, code)
	if !have {
		a.warnings = append(a.warnings, code)
	}
	a.mu.Unlock()
	if !have {
		a.bus.publish(api.Event{Kind: "state"})
	}
}

// Unwarn takes a warning away.
func (a *Agent) Unwarn(code string) {
	a.mu.Lock()
	n := len(a.warnings)
	a.warnings = slices.DeleteFunc(a.warnings, func(w string) bool { return w == code })
	gone := len(a.warnings) < n
	a.mu.Unlock()
	if gone {
		a.bus.publish(api.Event{Kind: "state"})
	}
}

// State answers from memory.
func (a *Agent) State(context.Context) (api.State, error) {
	cfg := a.set.now()
	st := api.State{
		Version: a.p.Version, PID: os.Getpid(), Started: a.started, Language: a.language(),
		Desk:       a.link.state(),
		Support:    a.support(),
		Screenshot: cfg.Privacy.Screenshot, ScreenshotWhy: a.p.CaptureWhy(),
		Background: a.watch.seen(),
	}
	st.Settings, _ = a.set.wrong()
	a.mu.Lock()
	defer a.mu.Unlock()
	st.Waiting, st.Refused, st.Unread = a.counts.waiting, a.counts.refused, a.counts.unread
	st.Warnings = slices.Clone(a.warnings)
	return st, nil
}

// recount reads what State says of outbox and tickets.
func (a *Agent) recount(ctx context.Context) error {
	items, err := a.outbox.Items(ctx, false)
	if err != nil {
		return err
	}
	var c counts
	for _, it := range items {
		if it.State == outbox.Refused {
			c.refused++
		} else {
			c.waiting++
		}
	}
	if c.unread, err = a.tickets().Unread(ctx); err != nil {
		return err
	}
	a.mu.Lock()
	changed := a.counts != c
	a.counts = c
	a.mu.Unlock()
	if changed {
		a.bus.publish(api.Event{Kind: "state"})
	}
	return nil
}

// tickets is the cache of the desk and user of now.
func (a *Agent) tickets() *store.Desk { return a.store.Desk(a.link.id()) }
