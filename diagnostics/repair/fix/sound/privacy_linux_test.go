package sound_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"

	"balise/diagnostics"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/sound"
	"balise/diagnostics/repair/repairtest"
)

const portalName = "org.freedesktop.portal.Desktop"

// desktop is a session with privacy switches, told by a portal that is played on a real bus, and with a user who sets
// the switch of the page that is opened.
type desktop struct {
	t    *testing.T
	conn *dbus.Conn

	mu     sync.Mutex
	off    map[string]bool
	opened []string
	lazy   bool // the user looks at the page and goes away
	hung   chan struct{}
}

func newDesktop(t *testing.T, off ...string) *desktop {
	t.Helper()
	if _, err := exec.LookPath("dbus-daemon"); err != nil {
		t.Skip("needs dbus-daemon: apt-get install dbus-daemon")
	}
	d := &desktop{t: t, conn: userBus(t), off: map[string]bool{}}
	for _, key := range off {
		d.off[key] = true
	}
	t.Cleanup(d.answer)
	must(t, d.conn.ExportMethodTable(map[string]any{
		"ReadOne": func(_, key string) (dbus.Variant, *dbus.Error) {
			d.mu.Lock()
			hung, off := d.hung, d.off[key]
			d.mu.Unlock()
			if hung != nil {
				<-hung
			}
			return dbus.MakeVariant(off), nil
		},
	}, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings"))
	d.own()
	return d
}

func (d *desktop) own() {
	_, err := d.conn.RequestName(portalName, dbus.NameFlagDoNotQueue)
	must(d.t, err)
}

func (d *desktop) answer() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hung != nil {
		close(d.hung)
		d.hung = nil
	}
}

// open is the page, and the user on it.
func (d *desktop) open(page string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened = append(d.opened, page)
	if !d.lazy {
		d.off[map[string]string{
			"privacy.microphone": "disable-microphone", "privacy.camera": "disable-camera",
		}[page]] = false
	}
	return nil
}

func (d *desktop) Fixer() repair.Fixer {
	return fixer(d.t, "privacy.open", sound.Params{OpenSettings: d.open})
}

func (d *desktop) Test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	return testSound(ctx, ids)
}

func (d *desktop) State() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return fmt.Sprint(d.off["disable-microphone"], d.off["disable-camera"])
}

func (d *desktop) Worsen()                  { d.mu.Lock(); defer d.mu.Unlock(); d.lazy = true }
func (d *desktop) Refuse()                  {}
func (d *desktop) Reopen() repairtest.World { d.answer(); d.own(); return d }

// Leave and Hang leave the user idle as well: what he switched himself would not be the repair's doing.
func (d *desktop) Leave() {
	d.Worsen()
	_, err := d.conn.ReleaseName(portalName)
	must(d.t, err)
}

func (d *desktop) Hang() {
	d.Worsen()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hung = make(chan struct{})
}

func TestPrivacyKeepsItsPromises(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "privacy.open", Real: "a portal played on a real bus, and a user who sets the switch",
		Without: map[repairtest.Property]string{
			repairtest.Refused:  "a page is opened: nobody is asked for a right",
			repairtest.TakeBack: "Balise changes nothing: the switch is the user's own doing",
		},
		New: func(t *testing.T) repairtest.World { return newDesktop(t, "disable-microphone") },
	})
}

func TestPrivacyOpensThePageOfTheSwitch(t *testing.T) {
	for key, page := range map[string]string{
		"disable-microphone": "privacy.microphone", "disable-camera": "privacy.camera",
	} {
		d := newDesktop(t, key)
		results, err := d.Test(t.Context(), []string{"av.privacy"})
		must(t, err)
		f := d.Fixer()
		if l := f.Look(t.Context(), results); l.Why != "" || l.Steps["page"].Page != page {
			t.Errorf("%s: %+v", key, l)
		}
		saved, err := f.Prepare(t.Context(), repair.Job{Step: "page"})
		must(t, err)
		_, err = f.Run(t.Context(), repair.Job{Step: "page", Saved: saved})
		must(t, err)
		if len(d.opened) != 1 || d.opened[0] != page {
			t.Errorf("%s opened %v", key, d.opened)
		}
		none := fixer(t, "privacy.open", sound.Params{
			OpenSettings: func(string) error { return errors.New("none") }, HasSettings: func(string) bool { return false },
		})
		if l := none.Look(t.Context(), results); l.Why != "no_settings_page" {
			t.Errorf("%s without a page: %+v", key, l)
		}
	}
}
