package ui

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/i18n"
	"balise/app/internal/ui/fakeagent"
	"balise/app/internal/ui/theme"
	"balise/app/internal/ui/widgets"
)

// rig is a window over a made-up agent. What goroutines post runs on the test's own goroutine, as it would
// on Fyne's: the race detector sees anything that goes past post.
type rig struct {
	t     *testing.T
	u     *UI
	a     *fakeagent.Agent
	queue chan func()
	quits int // how often the program was ended
}

// quitApp notices the end of the program, which Fyne's test app ignores.
type quitApp struct {
	fyne.App
	quit *int
}

func (a *quitApp) Quit() { *a.quit++ }

// picturesEnv names a folder for pictures of the pages.
const picturesEnv = "BALISE_UI_PICTURES"

// sharedApp is one for all tests: each new one would read the fonts again, which takes longer than a page.
var sharedApp = sync.OnceValue(test.NewApp)

type setup struct {
	lang, page, incident string
	dark                 bool
	impatient            bool // do not wait for the agent's first answer
	size                 fyne.Size
	linger               time.Duration
	agent                *fakeagent.Agent
}

func newRig(t *testing.T, s setup) *rig {
	t.Helper()
	if s.lang == "" {
		s.lang = "en"
	}
	if s.agent == nil {
		s.agent = fakeagent.New()
	}
	s.agent.Status.Language = s.lang
	if s.size.IsZero() {
		s.size = fyne.NewSize(980, 690)
	}
	variant := fynetheme.VariantLight
	if s.dark {
		variant = fynetheme.VariantDark
	}
	r := &rig{t: t, a: s.agent, queue: make(chan func(), 4096)}
	app := &quitApp{App: sharedApp(), quit: &r.quits}
	r.u = New(Params{
		App: app, Service: s.agent, Texts: i18n.New(s.lang), Page: s.page, Incident: s.incident,
		Post: func(f func()) { r.queue <- f }, Now: fakeagent.Clock, Theme: theme.Fixed(variant),
		Linger: s.linger,
	})
	r.u.win.Resize(s.size)
	t.Cleanup(func() {
		r.u.Stop()
		r.u.win.Close()
	})
	if s.impatient {
		return r
	}
	r.until("the agent answered", func() bool { return r.u.known || r.u.gone })
	return r
}

// until runs what was posted until cond holds.
func (r *rig) until(what string, cond func() bool) {
	r.t.Helper()
	deadline := time.After(slow * 10 * time.Second)
	for !cond() {
		select {
		case f := <-r.queue:
			f()
		case <-deadline:
			r.t.Fatalf("never: %s\nthe page says:\n%.1500s", what, r.words())
		}
	}
	r.settle()
}

// rest runs what was posted until nothing comes for a moment.
func (r *rig) rest() {
	r.t.Helper()
	for {
		select {
		case f := <-r.queue:
			f()
		case <-time.After(20 * time.Millisecond):
			r.settle()
			return
		}
	}
}

// settle lays out as often as the real driver would: a wrapped text knows its height only then.
func (r *rig) settle() {
	size := r.u.win.Canvas().Size()
	for range 2 {
		r.u.win.Resize(size.AddWidthHeight(1, 1))
		r.u.win.Resize(size)
		if r.u.shell.scroll != nil {
			r.u.shell.scroll.Refresh()
		}
	}
}

// says waits until a text is on the page.
func (r *rig) says(text string) {
	r.t.Helper()
	r.until("the page says "+text, func() bool { return strings.Contains(r.words(), text) })
}

func (r *rig) saysNot(text string) {
	r.t.Helper()
	if strings.Contains(r.words(), text) {
		r.t.Errorf("the page says %q:\n%s", text, r.words())
	}
}

// tr is a text of the window with the printer that shows it.
func (r *rig) tr(key string, args ...any) string { return r.u.tr(key, args...) }

// words are all texts that show, one a line.
func (r *rig) words() string {
	var b strings.Builder
	for _, o := range r.visible() {
		switch o := o.(type) {
		case *widget.Label:
			b.WriteString(o.Text + "\n")
		case *widget.RichText:
			b.WriteString(o.String() + "\n")
		case *widgets.Button:
			b.WriteString("[" + o.Text + "]\n")
		case *widgets.Check:
			b.WriteString("( ) " + o.Text + "\n")
		case *widgets.Entry:
			b.WriteString("> " + o.Text + "\n")
		}
	}
	return b.String()
}

// visible walks everything that shows, the overlay first.
func (r *rig) visible() []fyne.CanvasObject {
	var out []fyne.CanvasObject
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if o == nil || !o.Visible() {
			return
		}
		out = append(out, o)
		switch o := o.(type) {
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		case *widget.RichText, *widget.Label, *widgets.Entry, *widgets.Button, *widgets.Check:
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(o).Objects() {
				walk(c)
			}
		}
	}
	for _, o := range r.u.win.Canvas().Overlays().List() {
		walk(o)
	}
	walk(r.u.win.Canvas().Content())
	return out
}

func (r *rig) button(text string) *widgets.Button {
	for _, o := range r.visible() {
		if b, ok := o.(*widgets.Button); ok && b.Text == text {
			return b
		}
	}
	return nil
}

// press waits for a button and presses it.
func (r *rig) press(text string) {
	r.t.Helper()
	r.until("a button "+text, func() bool { b := r.button(text); return b != nil && !b.Disabled() })
	test.Tap(r.button(text))
	r.settle()
}

func (r *rig) check(text string) *widgets.Check {
	r.t.Helper()
	for _, o := range r.visible() {
		if c, ok := o.(*widgets.Check); ok && strings.Contains(c.Text, text) {
			return c
		}
	}
	r.t.Fatalf("no tick box %q:\n%s", text, r.words())
	return nil
}

func (r *rig) key(name fyne.KeyName) {
	if f := r.u.win.Canvas().Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: name})
		return
	}
	if on := r.u.win.Canvas().OnTypedKey(); on != nil {
		on(&fyne.KeyEvent{Name: name})
	}
}

// picture writes what the window shows into the folder of BALISE_UI_PICTURES, for people to look at.
func (r *rig) picture(name string, scale float32) {
	dir := os.Getenv(picturesEnv)
	if dir == "" {
		return
	}
	c := r.u.win.Canvas().(test.WindowlessCanvas)
	c.SetScale(scale)
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, c.Capture()); err != nil {
		r.t.Fatal(err)
	}
	c.SetScale(1)
}
