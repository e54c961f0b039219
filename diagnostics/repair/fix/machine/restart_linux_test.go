package machine

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"balise/diagnostics"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

const (
	liName = "org.freedesktop.login1"
	liPath = dbus.ObjectPath("/org/freedesktop/login1")
)

type liPlan struct {
	Kind string
	At   uint64
}

type liHolder struct {
	What, Who, Why, Mode string
	UID, PID             uint32
}

type liSession struct {
	ID   string
	UID  uint32
	User string
	Seat string
	Path dbus.ObjectPath
}

// restartWorld is a computer that wants a restart, with logind played on a real bus.
type restartWorld struct {
	*stage
	mu       sync.Mutex
	plan     liPlan
	boot     string
	wants    bool // a restart is pending
	can      string
	holders  []liHolder
	sessions []liSession
	clock    time.Time
}

func newRestartWorld(t *testing.T) *restartWorld {
	s := newStage(t)
	w := &restartWorld{
		stage: s, boot: "one", wants: true, can: "yes", holders: []liHolder{}, clock: time.Now(),
		sessions: []liSession{{ID: "1", UID: uint32(os.Getuid()), Path: "/1"}, {ID: "c1", UID: 120, User: "gdm", Path: "/2"}},
	}
	conn := s.buses[0].conn
	must(t, conn.ExportMethodTable(map[string]any{
		"CanReboot": func() (string, *dbus.Error) {
			s.gate.wait()
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.can, nil
		},
		"ListInhibitors": func() (list []liHolder, _ *dbus.Error) {
			s.gate.wait()
			w.with(func() { list = w.holders })
			return list, nil
		},
		"ListSessions": func() (list []liSession, _ *dbus.Error) {
			s.gate.wait()
			w.with(func() { list = w.sessions })
			return list, nil
		},
		"ScheduleShutdown": func(m dbus.Message, kind string, at uint64) *dbus.Error {
			if err := s.gate.may(m); err != nil {
				return err
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.plan = liPlan{kind, at}
			return nil
		},
		"CancelScheduledShutdown": func(m dbus.Message) (bool, *dbus.Error) {
			if err := s.gate.may(m); err != nil {
				return false, err
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			was := w.plan.Kind != ""
			w.plan = liPlan{}
			return was, nil
		},
	}, liPath, liName+".Manager"))
	must(t, conn.ExportMethodTable(map[string]any{
		"Get": func(_, name string) (dbus.Variant, *dbus.Error) {
			s.gate.wait()
			w.mu.Lock()
			defer w.mu.Unlock()
			return dbus.MakeVariant(w.plan), nil
		},
	}, liPath, propsName))
	s.own(0, liName)
	return w
}

// with changes or reads what the bus's own goroutine reads too.
func (w *restartWorld) with(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *restartWorld) Fixer() repair.Fixer {
	e := testEnv()
	e.boot = func() (string, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.boot, nil
	}
	e.now = func() (at time.Time) {
		w.with(func() { at = w.clock })
		return at
	}
	return fixerOf(e, "restart.pc")
}

func (w *restartWorld) Test(_ context.Context, ids []string) ([]diagnostics.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []diagnostics.Result
	for _, id := range ids {
		r := diagnostics.Result{ID: id, Status: diagnostics.Pass}
		if id == "sys.reboot_pending" && w.wants {
			r.Status, r.Cause = diagnostics.Warn, "sys.reboot_pending/yes"
		}
		list = append(list, r)
	}
	return list, nil
}

func (w *restartWorld) State() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return text(w.plan)
}

// Restarted is the computer's next start.
func (w *restartWorld) Restarted() {
	worse := w.worse()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.boot, w.plan, w.wants = w.boot+"+", liPlan{}, worse
}

func (w *restartWorld) Reopen() repairtest.World { w.reopen(); return w }

func TestRestartPC(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "restart.pc", New: func(t *testing.T) repairtest.World { return newRestartWorld(t) },
		Choice:  map[string][]string{"restart": {"now"}},
		Real:    "logind played on a real bus, the restart played",
		Without: map[repairtest.Property]string{repairtest.TakeBack: "it can be taken back until it happened; declined shows that"},
	})
}

// held has somebody hold up what they hold up.
func (w *restartWorld) held(what, mode string) {
	w.with(func() { w.holders = []liHolder{{What: what, Mode: mode}} })
}

func TestWhatSpeaksAgainstARestart(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*restartWorld)
		why      string
		elevated bool
	}{
		"nothing":       {func(*restartWorld) {}, "", false},
		"password":      {func(w *restartWorld) { w.with(func() { w.can = "challenge" }) }, "", true},
		"forbidden":     {func(w *restartWorld) { w.with(func() { w.can = "no" }) }, "not_allowed", false},
		"a container":   {func(w *restartWorld) { w.with(func() { w.can = "na" }) }, "no_restart", false},
		"a backup":      {func(w *restartWorld) { w.held("sleep:shutdown", "block") }, "inhibited", false},
		"a short delay": {func(w *restartWorld) { w.held("shutdown", "delay") }, "", false},
		"only sleep":    {func(w *restartWorld) { w.held("sleep", "block") }, "", false},
		"a colleague": {func(w *restartWorld) {
			w.with(func() { w.sessions = append(w.sessions, liSession{ID: "9", UID: 4242, Path: "/9"}) })
		}, "others_logged_in", false},
		"already planned": {func(w *restartWorld) { w.with(func() { w.plan = liPlan{"poweroff", 1} }) }, "already_planned", false},
		"no logind":       {func(w *restartWorld) { w.Leave() }, "no_service_manager", false},
	} {
		w := newRestartWorld(t)
		c.change(w)
		look := w.Fixer().Look(t.Context(), nil)
		if look.Why != c.why || look.Steps["restart"].Elevated != c.elevated {
			t.Errorf("%s: %q %v", name, look.Why, look.Steps["restart"].Elevated)
		}
	}
}

func TestWhenToRestart(t *testing.T) {
	at := func(h, m int) time.Time { return time.Date(2026, 11, 22, h, m, 7, 0, time.Local) }
	for _, c := range []struct {
		now    time.Time
		choice []string
		want   time.Time
	}{
		{at(10, 0), []string{"now"}, at(10, 2)},
		{at(10, 0), []string{"tonight"}, time.Date(2026, 11, 22, 21, 0, 0, 0, time.Local)},
		{at(10, 0), nil, time.Date(2026, 11, 22, 21, 0, 0, 0, time.Local)},
		{at(20, 59), nil, time.Date(2026, 11, 23, 21, 0, 0, 0, time.Local)},
		{at(23, 0), nil, time.Date(2026, 11, 23, 21, 0, 0, 0, time.Local)},
	} {
		r := &restartPC{env{now: func() time.Time { return c.now }}}
		if got := r.when(c.choice); !got.Equal(c.want) {
			t.Errorf("%s %v: %s", c.now, c.choice, got)
		}
	}
}

// What happens to the plan while Balise is away.
func TestAwake(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*restartWorld)
		over   bool
		why    string
	}{
		"still to come":     {func(*restartWorld) {}, false, ""},
		"restarted":         {func(w *restartWorld) { w.Restarted() }, true, ""},
		"taken back":        {func(w *restartWorld) { w.with(func() { w.plan = liPlan{} }) }, true, "not_restarted"},
		"somebody else's":   {func(w *restartWorld) { w.with(func() { w.plan = liPlan{"poweroff", 5} }) }, true, "not_restarted"},
		"never came":        {func(w *restartWorld) { w.with(func() { w.clock = w.clock.Add(30 * time.Hour) }) }, true, "not_restarted"},
		"a little late":     {func(w *restartWorld) { w.with(func() { w.clock = w.clock.Add(3 * time.Minute) }) }, false, ""},
		"no word of logind": {func(w *restartWorld) { w.Leave() }, false, ""},
	} {
		w := newRestartWorld(t)
		f := w.Fixer()
		job := repair.Job{Step: "restart", Choice: []string{"now"}}
		saved, err := f.Prepare(t.Context(), job)
		must(t, err)
		job.Saved = saved
		_, err = f.Run(t.Context(), job)
		must(t, err)
		c.change(w)
		over, why := f.(repair.Waker).Awake(t.Context(), saved)
		if over != c.over || why != c.why {
			t.Errorf("%s: %v %q", name, over, why)
		}
		// A restart of somebody else's is left alone.
		if name == "somebody else's" {
			if _, left, err := f.Undo(t.Context(), saved); left != 0 || err != nil || !strings.Contains(w.State(), "poweroff") {
				t.Errorf("undo: %d %v %s", left, err, w.State())
			}
		}
	}
}

func TestARestartSaysWhenItComes(t *testing.T) {
	w := newRestartWorld(t)
	f := w.Fixer()
	saved, err := f.Prepare(t.Context(), repair.Job{Step: "restart", Choice: []string{now}})
	must(t, err)
	step := f.(repair.Shower).Show(t.Context(), repair.Step{ID: "wait", Kind: repair.Wait}, saved)
	var clock time.Time
	w.with(func() { clock = w.clock })
	if want := clock.Add(notice).Truncate(time.Second); !step.Until.Equal(want) {
		t.Errorf("%v, want %v", step.Until, want)
	}
}
