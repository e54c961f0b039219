//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/app/e2e/desktop"
	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/app/internal/platform/paths"
)

// state asks the running agent how it is.
func (p *program) state() (api.State, error) {
	folder := filepath.Join(p.dir, "state")
	p.t.Setenv("BALISE_STATE_DIR", folder) // the socket's place follows it
	c, err := api.Dial(paths.Socket(folder))
	if err != nil {
		return api.State{}, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return c.State(ctx)
}

// warnings are what the agent says that the user should know.
func (p *program) warnings() []string {
	state, err := p.state()
	if err != nil {
		return []string{err.Error()}
	}
	return state.Warnings
}

// ready waits until the agent answers.
func (p *program) ready(d *desktop.Desktop) {
	p.t.Helper()
	d.Until("the agent to answer", 20*time.Second, func() bool {
		_, err := p.state()
		return err == nil
	})
}

// TestNoTrayHost: nothing shows the icon, so the window opens by itself and the state says why. When a panel
// comes later the icon comes with it.
func TestNoTrayHost(t *testing.T) {
	d := desktop.Open(t)
	if out, err := exec.Command("xfce4-panel", "--quit").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	d.Until("the panel to go", 10*time.Second, func() bool { return !d.HasName("org.kde.StatusNotifierWatcher") })
	panel := exec.Command("xfce4-panel", "--disable-wm-check")
	panel.Env = append(os.Environ(), "XFCE_PANEL_MIGRATE_DEFAULT=1")
	began := false
	back := func() {
		if !began {
			began = true
			if err := panel.Start(); err != nil {
				t.Fatal(err)
			}
			d.Until("the panel to come back", 20*time.Second, func() bool {
				return d.HasName("org.kde.StatusNotifierWatcher")
			})
		}
	}
	t.Cleanup(back) // the session's other tests want it

	p := install(t)
	a := p.start("agent")
	d.Window("Balise", 30*time.Second)
	d.Still(15 * time.Second)
	d.Picture("no tray host")
	if w := p.warnings(); !slices.Contains(w, "tray.no_host") {
		t.Errorf("warnings: %v", w)
	}
	back()
	d.FindIcon(20 * time.Second)
	d.Until("the warning to go", 10*time.Second, func() bool { return !slices.Contains(p.warnings(), "tray.no_host") })
	a.stop()
}

// TestTrayMenu clicks through the menu as a tray host does; Quit ends the agent.
func TestTrayMenu(t *testing.T) {
	d := desktop.Open(t)
	p := install(t)
	a := p.start("agent")
	item := d.TrayItem(a.cmd.Process.Pid, 20*time.Second)
	p.ready(d)
	menu, err := item.Menu()
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, e := range menu {
		labels = append(labels, e.Label)
	}
	want := []string{"Signaler un problème…", "Mes demandes", "Tester cet ordinateur", "Page du centre d’essai", "Quitter"}
	if !slices.Equal(labels, want) {
		t.Errorf("the menu is %q, want %q", labels, want)
	}
	if tip := item.Property("ToolTip"); !strings.Contains(tip, "rien à signaler") {
		t.Errorf("the tooltip is %q", tip)
	}
	if err := item.Choose("Tester"); err != nil {
		t.Fatal(err)
	}
	window := d.Window("Balise", 30*time.Second)
	d.Still(20 * time.Second)
	d.Picture("check from the menu")
	d.CloseWindow(window, "Balise")
	if code, _, errs := p.run(); code != 0 { // a second start
		t.Errorf("balise beside a running agent: exit %d: %s", code, errs)
	}
	d.Window("Balise", 30*time.Second)
	markAMoment(d, p, item) // last: its notification lies over the window's own buttons
	if err := item.Choose("Quitter"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-a.done:
		if err != nil {
			t.Errorf("after Quit: %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("Quit does not end the agent")
	}
	d.Until("the window to go with the agent", 15*time.Second, func() bool { return len(d.Windows("Balise")) == 0 })
}

// markAMoment switches the record on: the menu then offers to mark a moment, and says that it did.
func markAMoment(d *desktop.Desktop, p *program, item *desktop.TrayItem) {
	if code, _, errs := p.run("record", "on"); code != 0 {
		p.t.Fatalf("record on: exit %d: %s", code, errs)
	}
	d.Until("the menu to offer it", 10*time.Second, func() bool {
		menu, err := item.Menu()
		return err == nil && slices.ContainsFunc(menu, func(e desktop.Entry) bool {
			return e.Label == "Cela vient d’arriver"
		})
	})
	if err := item.Choose("Cela vient"); err != nil {
		p.t.Fatal(err)
	}
	d.Until("the moment to be marked", 10*time.Second, func() bool {
		var state struct {
			Marks []time.Time `json:"marks"`
		}
		p.json(&state, "record", "status")
		return len(state.Marks) == 1
	})
	d.Picture("a moment marked from the menu")
	if code, _, errs := p.run("record", "off"); code != 0 {
		p.t.Errorf("record off: exit %d: %s", code, errs)
	}
}

// TestNoOpenGL: the graphics cannot show the window. A notification and the terminal say what to do instead, and
// that works; the agent lives.
func TestNoOpenGL(t *testing.T) {
	d := desktop.Open(t)
	seen := d.Notifications()
	p := install(t, "DISPLAY="+withoutGLX(t), "WAYLAND_DISPLAY=")
	a := p.start()
	what, next := i18n.New("fr").Error(api.CodeNoWindow, nil)
	d.Until("a notification that says it", 20*time.Second, func() bool {
		return slices.ContainsFunc(seen.All(), func(n desktop.Notification) bool {
			return reads(n.Title, what) && reads(n.Body, next)
		})
	})
	if !reads(a.said(), what+" "+next) {
		t.Errorf("the terminal says:\n%s", a.said())
	}
	if w := p.warnings(); !slices.Contains(w, api.CodeNoWindow) {
		t.Errorf("warnings: %v", w)
	}
	if code, _, errs := p.run(); code != 3 || !reads(errs, what) || !reads(errs, next) {
		t.Errorf("a second start: exit %d: %s", code, errs)
	}
	code, out, errs := p.run("report", "--subject", "Sans OpenGL", "--no-checks", "--yes")
	if code != 0 || !strings.Contains(out, "1001") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	a.stop()
}

// withoutGLX starts a display of its own that has no OpenGL.
func withoutGLX(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-noreset", "-nolisten", "tcp", "-extension", "GLX")
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if err := r.SetReadDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var number int
	if _, err := fmt.Fscan(r, &number); err != nil {
		t.Fatal("Xvfb did not start: ", err)
	}
	return fmt.Sprintf(":%d", number)
}

// noBus is a session without a bus.
func noBus(t *testing.T) []string {
	return []string{"DBUS_SESSION_BUS_ADDRESS=", "XDG_RUNTIME_DIR=" + t.TempDir()}
}

// TestNoSessionBus: no tray, no notification, no keyring; the agent lives, works, and ends cleanly.
func TestNoSessionBus(t *testing.T) {
	d := desktop.Open(t)
	p := install(t, noBus(t)...)
	a := p.start("agent")
	d.Window("Balise", 30*time.Second) // the window is the only way in
	d.Still(15 * time.Second)
	d.Picture("no session bus")
	code, out, errs := p.run("report", "--subject", "Sans bus", "--no-checks", "--yes")
	if code != 0 || !strings.Contains(out, "1001") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	a.stop()
}

// TestNoDisplay: the commands say so and do their work.
func TestNoDisplay(t *testing.T) {
	d := desktop.Open(t)
	p := install(t, append(noBus(t), "DISPLAY=", "WAYLAND_DISPLAY=")...)
	code, _, errs := p.run()
	if code != 3 || !strings.Contains(errs, "pas d’écran") || !strings.Contains(errs, "balise report") {
		t.Errorf("balise alone: exit %d: %s", code, errs)
	}
	a := p.start("agent")
	p.ready(d)
	code, out, errs := p.run("report", "--subject", "Écran absent", "--screenshot", "--no-checks", "--yes")
	if code != 0 || !strings.Contains(out, "1001") || !strings.Contains(errs, "image de l’écran") {
		t.Errorf("report: exit %d: %s%s", code, out, errs)
	}
	if w := p.warnings(); !slices.Contains(w, "tray.no_host") {
		t.Errorf("warnings: %v", w)
	}
	a.stop()
}

// TestScreenshot sends what the screen shows, from the command line.
func TestScreenshot(t *testing.T) {
	d := desktop.Open(t)
	p := install(t)
	a := p.start("agent", "--no-tray")
	p.ready(d)
	code, out, errs := p.run("report", "--subject", "Voyez", "--screenshot", "--no-checks", "--yes")
	if code != 0 || strings.Contains(errs, "image de l’écran") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	_, view, _ := p.run("tickets", "show", "1001")
	if !strings.Contains(view, "screenshot.png") {
		t.Errorf("the ticket has no picture:\n%s", view)
	}
	a.stop()
}

// TestKeyring signs in to a desk that wants a token: with the keyring open, locked, and absent.
func TestKeyring(t *testing.T) {
	d := desktop.Open(t)
	server := install(t)
	desk := server.start("desk", "--json")
	var ready struct {
		URL string `json:"url"`
	}
	d.Until("the desk", 20*time.Second, func() bool {
		_, doc, _ := strings.Cut(desk.said(), "{") // after what it logs
		doc, _, _ = strings.Cut(doc, "}")
		return json.Unmarshal([]byte("{"+doc+"}"), &ready) == nil && ready.URL != ""
	})
	token := deskToken(t, filepath.Join(server.dir, "state"))
	settings := filepath.Join(t.TempDir(), "settings.yaml")
	text := "desk:\n  kind: relay\n  url: " + ready.URL + "\n  auth: token\n"
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sign := func(p *program) (int, string) {
		t.Helper()
		p.stdin = token + "\n"
		code, out, errs := p.run("--config", settings, "sign-in", "--token-stdin")
		return code, out + errs
	}

	open := install(t)
	if code, said := sign(open); code != 0 {
		t.Fatalf("open keyring: exit %d: %s", code, said)
	}
	code, out, errs := open.run("--config", settings, "report", "--subject", "Par le trousseau", "--no-checks", "--yes")
	if code != 0 || !strings.Contains(out, "1001") {
		t.Errorf("report with the kept token: exit %d: %s%s", code, out, errs)
	}

	absent := install(t, noBus(t)...)
	if code, said := sign(absent); code != 3 || !strings.Contains(said, "trousseau") {
		t.Errorf("absent keyring: exit %d: %s", code, said)
	}
	headless := install(t, append(noBus(t), "BALISE_DESK_TOKEN="+token)...)
	code, out, errs = headless.run("--config", settings, "report", "--subject", "Sans trousseau", "--no-checks", "--yes")
	if code != 0 || !strings.Contains(out, "1002") {
		t.Errorf("report with BALISE_DESK_TOKEN: exit %d: %s%s", code, out, errs)
	}

	lockKeyring(t)
	locked := install(t)
	began := time.Now()
	if code, said := sign(locked); code != 3 || !strings.Contains(said, "trousseau") {
		t.Errorf("locked keyring: exit %d: %s", code, said)
	}
	if took := time.Since(began); took > 45*time.Second {
		t.Errorf("a locked keyring holds the command for %v", took)
	}
	// The report waits, with a reason, and leaves once.
	code, out, errs = locked.run("--config", settings, "report", "--subject", "Trousseau fermé", "--no-checks", "--yes")
	what, next := i18n.New("fr").Error(api.CodeKeyringLocked, nil)
	if code != 0 || !reads(out, what) || !reads(out, next) {
		t.Errorf("report with a locked keyring: exit %d: %s%s", code, out, errs)
	}
	locked.env = append(locked.env, "BALISE_DESK_TOKEN="+token)
	var list tickets
	locked.json(&list, "--config", settings, "outbox", "--flush")
	locked.json(&list, "--config", settings, "tickets")
	n := 0
	for _, ticket := range list.Tickets {
		if ticket.Subject == "Trousseau fermé" {
			n++
		}
	}
	if n != 1 || len(list.Outbox) != 0 {
		t.Errorf("after the keyring: %d tickets, outbox %+v", n, list.Outbox)
	}
	d.Picture("locked keyring")
}
