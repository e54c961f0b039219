//go:build !darwin || cgo

package tray

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"fyne.io/systray"

	"balise/assets"
)

// Run shows the icon until ctx ends. It must run on the main goroutine of the program (macOS and Windows want
// that), once. Without a session bus it returns ErrNoBus at once.
func (t *Tray) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lost, err := t.watchHost(ctx)
	if err != nil {
		return err
	}
	// The library has no error for a bus that dies between our look and its own: it would use a nil
	// connection at the end. That must not take the agent down.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrNoBus, r)
		}
	}()
	go func() {
		select {
		case <-ctx.Done():
		case <-lost:
			t.p.Log.Warn("tray: the session bus is gone")
		}
		systray.Quit()
	}()
	if runtime.GOOS != "darwin" { // there a click opens the menu
		systray.SetOnTapped(func() { t.act(Report) })
	}
	systray.Run(func() { t.build(ctx) }, func() {})
	if ctx.Err() == nil {
		return fmt.Errorf("%w: it went away", ErrNoBus)
	}
	return nil
}

// menu is the entries that change or can be clicked.
type menu struct {
	report, now, tickets, check, desk, quit *systray.MenuItem
}

// build makes the menu and starts the goroutines that serve it; they end with ctx. The library answers no host
// before build has returned.
func (t *Tray) build(ctx context.Context) {
	texts := t.p.Texts
	systray.SetTitle(texts.T("app.name"))
	m := &menu{
		report:  systray.AddMenuItem(texts.T("tray.report"), ""),
		now:     systray.AddMenuItem(texts.T("tray.now"), ""),
		tickets: systray.AddMenuItem(texts.T("tray.tickets"), ""),
		check:   systray.AddMenuItem(texts.T("tray.check"), ""),
		desk:    systray.AddMenuItem(texts.T("tray.desk"), ""),
	}
	systray.AddSeparator()
	m.quit = systray.AddMenuItem(texts.T("tray.quit"), "")
	shown := lookOf(t.get(), texts)
	t.show(m, shown, look{practice: !shown.practice, record: !shown.record})
	go t.serveClicks(ctx, m)
	go t.keepUp(ctx, m, shown)
}

// show changes what differs between two looks, in place: a menu that is rebuilt closes under the pointer.
func (t *Tray) show(m *menu, now, before look) {
	if now.shape != before.shape {
		icon, err := assets.FS.ReadFile("icons/tray_" + string(now.shape) + ".png")
		if err != nil {
			t.p.Log.Error("tray: read icon", "error", err)
		} else {
			systray.SetIcon(iconBytes(icon))
		}
	}
	if now.tooltip != before.tooltip {
		systray.SetTooltip(now.tooltip)
	}
	if now.tickets != before.tickets {
		m.tickets.SetTitle(now.tickets)
	}
	if now.practice != before.practice {
		showItem(m.desk, now.practice)
	}
	if now.record != before.record {
		showItem(m.now, now.record)
	}
}

func showItem(item *systray.MenuItem, shown bool) {
	if shown {
		item.Show()
		return
	}
	item.Hide()
}

// keepUp shows changes, at most one per second.
func (t *Tray) keepUp(ctx context.Context, m *menu, shown look) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.change:
		}
		now := lookOf(t.get(), t.p.Texts)
		if now == shown {
			continue
		}
		t.show(m, now, shown)
		shown = now
		timer.Reset(pace)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
	}
}

func (t *Tray) serveClicks(ctx context.Context, m *menu) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.report.ClickedCh:
			t.act(Report)
		case <-m.now.ClickedCh:
			t.act(Now)
		case <-m.tickets.ClickedCh:
			t.act(Tickets)
		case <-m.check.ClickedCh:
			t.act(Check)
		case <-m.desk.ClickedCh:
			t.act(DeskPage)
		case <-m.quit.ClickedCh:
			t.act(Quit)
		}
	}
}

// act hands a click on. The library drops clicks that nobody takes at once, so this must not wait.
func (t *Tray) act(a Action) {
	if t.p.OnAction != nil {
		go t.p.OnAction(a)
	}
}
