package machine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
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
	pkName = "org.freedesktop.PackageKit"
	pkPath = dbus.ObjectPath("/org/freedesktop/PackageKit")
	pkTx   = pkName + ".Transaction"
)

// kitWorld is a computer with updates that wait, and PackageKit played on a real bus.
type kitWorld struct {
	*stage
	conn *dbus.Conn
	mu   sync.Mutex
	n    int
	// waiting is what GetUpdates lists: id and kind of update; age is since the last refresh, in seconds.
	waiting map[string]uint32
	age     uint32
	// code and exit are how the next installation ends instead of well; removes is what it would remove.
	code, exit uint32
	removes    string
	restart    uint32
	stuck      bool // an installation never ends, unless it is cancelled
	cancelled  bool
	flags      []uint64
	hints      []string
}

func newKitWorld(t *testing.T) *kitWorld {
	s := newStage(t)
	w := &kitWorld{stage: s, conn: s.buses[0].conn, age: 3600, restart: 6, waiting: map[string]uint32{
		"zlib1g;1.2.13;amd64;debian": 5, "openssl;3.0.15;amd64;debian-security": 8, "held;1;amd64;debian": 9,
		"curl;7.88;amd64;debian-security": 8,
	}}
	must(t, w.conn.ExportMethodTable(map[string]any{
		"GetTimeSinceAction": func(uint32) (age uint32, _ *dbus.Error) {
			s.gate.wait()
			w.with(func() { age = w.age })
			return age, nil
		},
		"CreateTransaction": func() (dbus.ObjectPath, *dbus.Error) {
			s.gate.wait()
			w.mu.Lock()
			defer w.mu.Unlock()
			w.n++
			return dbus.ObjectPath("/kit/" + strconv.Itoa(w.n)), nil
		},
	}, pkPath, pkName))
	must(t, w.conn.ExportSubtreeMethodTable(map[string]any{
		"SetHints": func(h []string) *dbus.Error { s.gate.wait(); w.with(func() { w.hints = h }); return nil },
		"GetUpdates": func(m dbus.Message, _ uint64) *dbus.Error {
			s.gate.wait()
			w.mu.Lock()
			defer w.mu.Unlock()
			for id, info := range w.waiting {
				w.emit(m, "Package", info, id, "summary")
			}
			w.emit(m, "Finished", uint32(1), uint32(5))
			return nil
		},
		"GetDetails": func(m dbus.Message, ids []string) *dbus.Error {
			for i, id := range ids {
				w.emit(m, "Details", map[string]dbus.Variant{
					"package-id": dbus.MakeVariant(id), "size": dbus.MakeVariant(uint64(1000 * (i + 1))),
				})
			}
			w.emit(m, "Finished", uint32(1), uint32(5))
			return nil
		},
		"RefreshCache": func(m dbus.Message, _ bool) *dbus.Error {
			if err := s.gate.may(m); err != nil {
				return err
			}
			if w.worse() {
				w.fail(m, 2, "no network")
				return nil
			}
			w.with(func() { w.age = 0 })
			w.emit(m, "Finished", uint32(1), uint32(5))
			return nil
		},
		"UpdatePackages": w.update,
		"Cancel": func(m dbus.Message) *dbus.Error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.cancelled = true
			return nil
		},
	}, "/kit", pkTx))
	must(t, w.conn.ExportSubtreeMethodTable(map[string]any{
		"Get": func(string, string) (dbus.Variant, *dbus.Error) {
			s.gate.wait()
			return dbus.MakeVariant(uint32(3)), nil
		},
	}, "/kit", propsName))
	s.own(0, pkName)
	return w
}

// with changes or reads what the bus's own goroutine reads too.
func (w *kitWorld) with(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *kitWorld) emit(m dbus.Message, name string, values ...any) {
	_ = w.conn.Emit(pathOf(m), pkTx+"."+name, values...)
}

func (w *kitWorld) fail(m dbus.Message, code uint32, details string) {
	w.emit(m, "ErrorCode", code, details)
	w.emit(m, "Finished", uint32(2), uint32(5))
}

// update does what PackageKit does: a refusal by polkit comes as an error code, not as a refused call.
func (w *kitWorld) update(m dbus.Message, flags uint64, ids []string) *dbus.Error {
	if err := w.gate.may(m); err != nil {
		if err.Name != deniedName {
			return err
		}
		w.fail(m, 48, "Failed to obtain authentication.")
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flags = append(w.flags, flags)
	if flags&4 != 0 {
		if w.removes != "" {
			w.emit(m, "Package", uint32(13), w.removes, "")
		}
		w.emit(m, "Finished", uint32(1), uint32(5))
		return nil
	}
	if w.stuck {
		return nil
	}
	if w.code != 0 || w.exit != 0 {
		if w.code != 0 {
			w.emit(m, "ErrorCode", w.code, "details")
		}
		w.emit(m, "Finished", max(w.exit, 2), uint32(5))
		return nil
	}
	for i, id := range ids {
		if _, ok := w.waiting[id]; !ok {
			w.emit(m, "ErrorCode", uint32(49), id)
			w.emit(m, "Finished", uint32(2), uint32(5))
			return nil
		}
		w.emit(m, "ItemProgress", id, uint32(10), uint32(50))
		_ = w.conn.Emit(pathOf(m), propsName+".PropertiesChanged", pkTx, map[string]dbus.Variant{
			"Percentage": dbus.MakeVariant(uint32(100 * (i + 1) / len(ids))),
		}, []string{})
	}
	if !w.worse() {
		for _, id := range ids {
			delete(w.waiting, id)
		}
	}
	w.emit(m, "RequireRestart", uint32(3), ids[0])
	w.emit(m, "RequireRestart", w.restart, ids[0])
	w.emit(m, "Finished", uint32(1), uint32(5))
	return nil
}

func (w *kitWorld) Fixer() repair.Fixer { return fixerOf(testEnv(), "updates.install") }

func (w *kitWorld) Test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	var real []string
	for _, id := range ids {
		if id == "sys.updates" {
			real = append(real, id)
		}
	}
	return passes(realChecks(ctx, nil, real), ids), nil
}

// State leaves out when the lists were renewed: that is no change of the computer.
func (w *kitWorld) State() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return text(w.waiting)
}

func (w *kitWorld) Reopen() repairtest.World { w.reopen(); return w }

func TestUpdatesInstall(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "updates.install", New: func(t *testing.T) repairtest.World { return newKitWorld(t) },
		Real: "PackageKit played on a real bus, the real self-test",
		Without: map[repairtest.Property]string{
			repairtest.TakeBack: "an update is not taken back: the older version has known holes",
		},
	})
}

// do runs one step as the Engine does.
func do(t *testing.T, ctx context.Context, f repair.Fixer, step string, told func(int, string)) ([]diagnostics.Fact, error) {
	t.Helper()
	job := repair.Job{Step: step, Progress: told}
	if told == nil {
		job.Progress = func(int, string) {}
	}
	saved, err := f.Prepare(ctx, job)
	if err != nil {
		return nil, err
	}
	job.Saved = saved
	return f.Run(ctx, job)
}

func TestUpdatesAreShownThenInstalled(t *testing.T) {
	w := newKitWorld(t)
	f := w.Fixer()
	items := f.Look(t.Context(), nil).Steps[stepInstall].Items
	var labels []string
	for _, i := range items {
		labels = append(labels, i.Label)
		if i.Bytes == 0 {
			t.Errorf("%s: without its size", i.Label)
		}
	}
	if want := []string{"curl 7.88 *", "openssl 3.0.15 *", "zlib1g 1.2.13"}; !slices.Equal(labels, want) {
		t.Errorf("%q", labels)
	}
	var mu sync.Mutex
	var told []string
	facts, err := do(t, t.Context(), f, stepInstall, func(percent int, what string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprint(percent, " ", what))
	})
	must(t, err)
	if !slices.Contains(told, "100 zlib1g") || !slices.Contains(told, "-1 curl") {
		t.Errorf("%q", told)
	}
	w.with(func() {
		if !slices.Equal(w.flags, []uint64{6, 2}) || !slices.Contains(w.hints, "interactive=true") {
			t.Errorf("flags %v hints %q", w.flags, w.hints)
		}
	})
	if got := text(facts); !strings.Contains(got, `"system"`) || !strings.Contains(got, `"updates_installed"`) {
		t.Error(got)
	}
	w.with(func() {
		if len(w.waiting) != 1 {
			t.Errorf("%v", w.waiting)
		}
	})
	step := f.(repair.Shower).Show(t.Context(), repair.Step{ID: stepInstall}, nil)
	if step.ID != "" {
		t.Errorf("a yes is asked for nothing: %+v", step)
	}
}

func TestHowAnInstallationEnds(t *testing.T) {
	for name, c := range map[string]struct {
		code, exit uint32
		removes    string
		reason     string
		admin      bool
	}{
		"not signed":      {code: 30, reason: "not_trusted", admin: true},
		"a key to accept": {exit: 4, reason: "not_trusted", admin: true},
		"untrusted":       {exit: 8, reason: "not_trusted", admin: true},
		"a licence":       {exit: 5, reason: "licence", admin: true},
		"no network":      {code: 2, reason: "no_network"},
		"no room":         {code: 46, reason: "no_room_updates"},
		"locked":          {code: 26, reason: "busy_packages"},
		"to be finished":  {exit: 11, reason: "interrupted_packages"},
		"some other":      {code: 4, reason: "packages_error"},
		"no rights":       {code: 48, reason: "not_allowed", admin: true},
		"would remove":    {removes: "office;1;amd64;x", reason: "would_remove", admin: true},
	} {
		w := newKitWorld(t)
		w.with(func() { w.code, w.exit, w.removes = c.code, c.exit, c.removes })
		before := w.State()
		_, err := do(t, t.Context(), w.Fixer(), stepInstall, nil)
		var step *repair.StepError
		if !errors.As(err, &step) || step.Reason != c.reason || step.Admin != c.admin {
			t.Errorf("%s: %v", name, err)
		}
		if w.State() != before {
			t.Errorf("%s: %s", name, w.State())
		}
	}
}

// Who stops waiting asks PackageKit to stop as well.
func TestAnInstallationThatNeverEnds(t *testing.T) {
	w := newKitWorld(t)
	w.with(func() { w.stuck = true })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := do(t, ctx, w.Fixer(), stepInstall, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	eventually(t, "cancelled", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.cancelled
	})
}
