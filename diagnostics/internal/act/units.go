package act

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	systemdName    = "org.freedesktop.systemd1"
	systemdPath    = "/org/freedesktop/systemd1"
	systemdManager = systemdName + ".Manager"
	systemdUnit    = systemdName + ".Unit"
	systemdService = systemdName + ".Service"
)

// manager asks systemd, the system's or the user's.
type manager struct{ b Bus }

// UnitState is how a unit of systemd stands.
type UnitState struct {
	Load   string // "loaded", "not-found", "masked"
	Active string // "active", "failed", "inactive", "activating", ...
	Sub    string // "running", "exited", "auto-restart", ...
	Result string // of a service: "success", "exit-code", "start-limit-hit", ...
}

// Good tells whether the unit is up, or did its one task.
func (s UnitState) Good() bool { return s.Active == "active" || s.Active == "reloading" }

// Units starts and restarts units of systemd. It is for one repair's step: Close it.
type Units struct {
	manager
	w *watcher
}

// OpenUnits connects to the user's service manager or to the system's.
func OpenUnits(ctx context.Context, user bool) (*Units, error) {
	connect := SystemBus
	if user {
		connect = UserBus
	}
	b, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	m := manager{b}
	w, err := m.watch(ctx)
	if err != nil {
		b.Close()
		return nil, err
	}
	return &Units{m, w}, nil
}

// Close ends the connection.
func (u *Units) Close() {
	u.w.close()
	u.b.Close()
}

// State reads how a unit stands.
func (u *Units) State(ctx context.Context, name string) (UnitState, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return u.state(ctx, name)
}

// Restart stops and starts a unit, and returns when systemd says that it is done. One that is not active is
// started. What is wrong afterwards is a FailedError.
func (u *Units) Restart(ctx context.Context, name string) error {
	return u.do(ctx, "RestartUnit", name)
}

// Start starts a unit.
func (u *Units) Start(ctx context.Context, name string) error { return u.do(ctx, "StartUnit", name) }

// Stop stops a unit.
func (u *Units) Stop(ctx context.Context, name string) error { return u.do(ctx, "StopUnit", name) }

// Forget makes systemd forget that a unit failed, and how often it was started. It is only for a unit that is
// started again right away: a failure that is forgotten looks like none.
func (u *Units) Forget(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	return undecidedIf(ctx, u.b.Do(ctx, systemdName, systemdPath, systemdManager+".ResetFailedUnit", []any{name}))
}

func undecidedIf(asking context.Context, err error) error {
	if err == nil {
		return nil
	}
	return undecided(asking, err)
}

func (u *Units) do(ctx context.Context, method, name string) error {
	if !unitName(name) {
		return fmt.Errorf("%q is not a unit's name", name)
	}
	var job dbus.ObjectPath
	start, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	err := u.b.Do(start, systemdName, systemdPath, systemdManager+"."+method, []any{name, "replace"}, &job)
	if err != nil {
		return undecided(start, err)
	}
	end, stop := context.WithTimeout(ctx, unitTime)
	defer stop()
	if err := u.w.ended(end, job, name); err != nil {
		return fmt.Errorf("wait for %s: %w", method, err)
	}
	s, err := u.State(ctx, name)
	if err != nil {
		return err
	}
	if s.Active == "failed" {
		return &FailedError{Deed: method, Result: s.Result}
	}
	return nil
}

// unitTime is a little more than systemd itself gives a service to start and to stop (90 s each).
const unitTime = 200 * time.Second

// unitName keeps paths, patterns and options out: systemd takes a path for a mount's unit.
func unitName(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || len(s) > 255 || strings.HasPrefix(s, "-") || strings.ContainsAny(s, "/ *?[]\n\x00") {
		return false
	}
	switch s[dot:] {
	case ".service", ".socket", ".timer", ".path", ".mount", ".automount":
		return true
	}
	return false
}

// unit is a unit's object. Unlike GetUnit it answers also for one that is not loaded.
func (m manager) unit(ctx context.Context, name string) (dbus.ObjectPath, error) {
	var path dbus.ObjectPath
	err := m.b.Do(ctx, systemdName, systemdPath, systemdManager+".LoadUnit", []any{name}, &path)
	return path, err
}

func (m manager) state(ctx context.Context, name string) (UnitState, error) {
	var s UnitState
	path, err := m.unit(ctx, name)
	if err != nil {
		return s, fmt.Errorf("read how %s stands: %w", name, err)
	}
	for prop, into := range map[string]*string{"LoadState": &s.Load, "ActiveState": &s.Active, "SubState": &s.Sub} {
		v, err := m.b.Get(ctx, systemdName, path, systemdUnit, prop)
		if err != nil {
			return s, fmt.Errorf("read how %s stands: %w", name, err)
		}
		*into, _ = v.(string)
	}
	if strings.HasSuffix(name, ".service") {
		v, err := m.b.Get(ctx, systemdName, path, systemdService, "Result")
		if err != nil && !errors.Is(err, ErrAbsent) {
			return s, fmt.Errorf("read how %s stands: %w", name, err)
		}
		s.Result, _ = v.(string)
	}
	return s, nil
}

// watcher hears when jobs end.
type watcher struct {
	m       manager
	signals chan *dbus.Signal
	match   []dbus.MatchOption
}

// watch listens before anything is asked, so that no end is missed.
func (m manager) watch(ctx context.Context) (*watcher, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	const room = 256
	w := &watcher{m: m, signals: make(chan *dbus.Signal, room), match: []dbus.MatchOption{
		dbus.WithMatchInterface(systemdManager), dbus.WithMatchMember("JobRemoved"),
	}}
	m.b.conn.Signal(w.signals)
	if err := m.b.conn.AddMatchSignalContext(ctx, w.match...); err != nil {
		return nil, fmt.Errorf("listen to systemd: %w", denied(err))
	}
	// Without a subscriber systemd says nothing.
	if err := m.b.Do(ctx, systemdName, systemdPath, systemdManager+".Subscribe", nil); err != nil {
		return nil, fmt.Errorf("listen to systemd: %w", err)
	}
	return w, nil
}

func (w *watcher) close() { w.m.b.conn.RemoveSignal(w.signals) }

// again is how often a unit is looked at when no signal comes: one may get lost.
const again = 2 * time.Second

// ended waits until a job is over.
func (w *watcher) ended(ctx context.Context, job dbus.ObjectPath, unit string) error {
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		select {
		case s, open := <-w.signals:
			if !open {
				return fmt.Errorf("%w: the bus is gone", ErrAbsent)
			}
			// id, job, unit, result
			if s.Name == systemdManager+".JobRemoved" && len(s.Body) > 1 && s.Body[1] == job {
				return nil
			}
		case <-tick.C:
			idle, err := w.m.idle(ctx, unit)
			if errors.Is(err, ErrAbsent) {
				return err // the service manager is gone, or answers no more
			}
			if err == nil && idle {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// idle tells whether no job waits or runs for a unit.
func (m manager) idle(ctx context.Context, name string) (bool, error) {
	path, err := m.unit(ctx, name)
	if err != nil {
		return false, err
	}
	v, err := m.b.Get(ctx, systemdName, path, systemdUnit, "Job")
	if err != nil {
		return false, err
	}
	job, ok := v.([]any) // its number and its object; 0 where there is none
	return ok && len(job) > 0 && job[0] == uint32(0), nil
}
