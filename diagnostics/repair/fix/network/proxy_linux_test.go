package network_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/network"
	"balise/diagnostics/repair/repairtest"
)

// desk is a user's desktop settings: the real tool, and a store of this test's own in a file.
type desk struct {
	t     *testing.T
	fixed bool // another fault is there: doing without the proxy does not help
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	if _, err := exec.LookPath("gsettings"); err != nil {
		t.Skip("needs gsettings: install libglib2.0-bin and gsettings-desktop-schemas")
	}
	t.Setenv("GSETTINGS_BACKEND", "keyfile")
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	d := &desk{t: t}
	d.settings("set", "org.gnome.system.proxy.http", "host", "dead.example")
	d.settings("set", "org.gnome.system.proxy.http", "port", "3128")
	d.settings("set", "org.gnome.system.proxy", "mode", "manual")
	return d
}

func (d *desk) settings(args ...string) string {
	d.t.Helper()
	out, err := exec.Command("gsettings", args...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("gsettings %v: %v %s", args, err, out)
	}
	return string(out)
}

func (d *desk) State() string {
	// The file too: what stands in it is the user's, however the tool reads it. The order of its lines is the tool's.
	raw, err := os.ReadFile(filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "glib-2.0", "settings", "keyfile"))
	if err != nil {
		d.t.Fatal(err)
	}
	return d.settings("list-recursively", "org.gnome.system.proxy") + string(raw)
}

func (d *desk) test(_ context.Context, id string) diagnostics.Status {
	if id != "net.proxy" {
		return diagnostics.Pass
	}
	if mode := d.settings("get", "org.gnome.system.proxy", "mode"); !strings.Contains(mode, "none") || d.fixed {
		return diagnostics.Fail
	}
	return diagnostics.NA // no proxy is used any more
}

// proxyWorld is a computer whose user has set a proxy that is dead.
type proxyWorld struct {
	world
	desk *desk
}

func newProxyWorld(t *testing.T) repairtest.World {
	d := newDesk(t)
	w := &proxyWorld{desk: d}
	w.desktop, w.id, w.test = &desktop{t: t}, "proxy.reset_user", d.test
	return w
}

func (w *proxyWorld) State() string            { return w.desk.State() }
func (w *proxyWorld) Worsen()                  { w.desk.fixed = true }
func (w *proxyWorld) Reopen() repairtest.World { return w }

func TestProxyOfTheUser(t *testing.T) {
	const file = "the settings are a file of the user's own; nobody has to answer"
	repairtest.Run(t, repairtest.Case{
		ID: "proxy.reset_user", New: newProxyWorld, Real: "GNOME's real settings tool on a settings file",
		Without: map[repairtest.Property]string{
			repairtest.Refused: "what is locked is not offered: " + file, repairtest.Gone: file, repairtest.Hung: file,
		},
	})
}

func TestProxyIsTheUsersOwnOnly(t *testing.T) {
	d := newDesk(t)
	f := fixer(t, "proxy.reset_user", network.Params{})
	failing := func(source string) []diagnostics.Result {
		return []diagnostics.Result{{
			ID: "net.proxy", Status: diagnostics.Fail, Facts: []diagnostics.Fact{diagnostics.Text("source", source)},
		}}
	}
	why := func(source, want string) {
		t.Helper()
		if got := f.Look(t.Context(), failing(source)).Why; got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
	why("desktop", "")
	why("script", "") // a proxy script of the user's own settings
	why("environment", "proxy_elsewhere")
	why("settings", "proxy_elsewhere")
	d.settings("reset", "org.gnome.system.proxy", "mode")
	why("environment", "proxy_elsewhere")
	why("script", "nothing_to_do")
	if got := f.Look(t.Context(), nil).Why; got != "nothing_to_do" {
		t.Errorf("without a proxy: %q", got)
	}
	// A desktop that keeps its settings elsewhere names it: the user does it on its page.
	why("desktop", "no_settings_page")
	opened := ""
	f = fixer(t, "proxy.reset_user", network.Params{OpenSettings: func(page string) error { opened = page; return nil }})
	look := f.Look(t.Context(), failing("desktop"))
	if look.Why != "" || look.Steps["page"].Page != "proxy" || len(look.Skip) != 1 || look.Skip[0] != "clear" {
		t.Errorf("%+v", look)
	}
	if _, err := f.Run(t.Context(), repair.Job{Step: "page"}); err != nil || opened != "proxy" {
		t.Errorf("opened %q: %v", opened, err)
	}
}
