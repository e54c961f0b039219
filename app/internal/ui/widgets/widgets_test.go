package widgets

import (
	"fmt"
	"image"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"balise/app/internal/ui/theme"
)

// themed is an app in the product's look: Fyne's test theme does not know our colours.
func themed(t testing.TB) {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(theme.Fixed(fynetheme.VariantLight))
}

func press(w fyne.Focusable, keys ...fyne.KeyName) {
	for _, k := range keys {
		w.TypedKey(&fyne.KeyEvent{Name: k})
	}
}

func TestButtonIsPressedByEnterAndSpaceButNotWhenDisabled(t *testing.T) {
	themed(t)
	// Given a button on a page
	taps, left := 0, 0
	h := &Host{OnKey: func(e *fyne.KeyEvent) { left++ }}
	b := NewButton(h, Primary, "Go", func() { taps++ })
	test.NewTempWindow(t, b)
	// When Enter, the other Enter and Space are pressed, then each presses it
	press(b, fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace)
	if taps != 3 {
		t.Errorf("%d taps", taps)
	}
	// And what it has no use for goes to the page
	press(b, fyne.KeyEscape, fyne.KeyPageDown)
	if left != 2 {
		t.Errorf("%d keys went on", left)
	}
	// When it is disabled, then nothing presses it
	b.Disable()
	press(b, fyne.KeyReturn)
	test.Tap(b)
	if taps != 3 {
		t.Error("a disabled button was pressed")
	}
}

func TestButtonCutsALongTextToItsRoom(t *testing.T) {
	themed(t)
	b := NewButton(nil, Quiet, strings.Repeat("long ", 200), nil)
	w := test.NewTempWindow(t, container.NewWithoutLayout(b))
	if m := b.MinSize(); m.Width > 400 {
		t.Errorf("asks for %v", m)
	}
	b.Resize(fyne.NewSize(120, 36))
	r := test.WidgetRenderer(b).(*buttonRenderer)
	if !strings.HasSuffix(r.text.Text, ellipsis) || r.text.MinSize().Width > 120 {
		t.Errorf("shows %q, %v wide", r.text.Text, r.text.MinSize().Width)
	}
	b.SetText("short")
	if r.text.Text != "short" {
		t.Errorf("shows %q", r.text.Text)
	}
	_ = w
}

func TestTabLeavesATextFieldAndEscapeGoesToThePage(t *testing.T) {
	themed(t)
	var keys []fyne.KeyName
	var cuts []fyne.KeyName
	h := &Host{
		OnKey:      func(e *fyne.KeyEvent) { keys = append(keys, e.Name) },
		OnShortcut: func(s *desktop.CustomShortcut) { cuts = append(cuts, s.KeyName) },
	}
	e := NewArea(h, 3)
	test.NewTempWindow(t, e)
	if e.AcceptsTab() {
		t.Error("Tab stays in the field")
	}
	test.Type(e, "two")
	press(e, fyne.KeyReturn)
	test.Type(e, "lines")
	if e.Text != "two\nlines" {
		t.Errorf("holds %q", e.Text)
	}
	press(e, fyne.KeyEscape)
	e.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyReturn, Modifier: fyne.KeyModifierControl})
	e.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyLeft, Modifier: fyne.KeyModifierControl})
	if len(keys) != 1 || len(cuts) != 1 || cuts[0] != fyne.KeyReturn {
		t.Errorf("the page got %v and %v", keys, cuts)
	}
}

func TestTypingStopsAtTheLimit(t *testing.T) {
	themed(t)
	full := 0
	e := NewArea(nil, 3)
	e.OnFull = func() { full++ }
	e.SetText(strings.Repeat("word ", maxTyped))
	e.TypedRune('x')
	if len(e.Text) > maxTyped || full != 2 {
		t.Errorf("%d bytes, said full %d times", len(e.Text), full)
	}
}

func TestCheckTogglesByEnter(t *testing.T) {
	themed(t)
	c := NewCheck(nil, "x", false, nil)
	test.NewTempWindow(t, c)
	press(c, fyne.KeyReturn)
	if !c.Checked {
		t.Error("Enter does not tick")
	}
}

func TestListChoosesByEnter(t *testing.T) {
	themed(t)
	chosen := -1
	l := NewList(nil, func() int { return 3 }, func() fyne.CanvasObject { return Gap(20) },
		func(int, fyne.CanvasObject) {}, func(i int) { chosen = i })
	w := test.NewTempWindow(t, l)
	w.Resize(fyne.NewSize(100, 200))
	w.Canvas().Focus(l)
	press(l, fyne.KeyDown, fyne.KeyReturn)
	if chosen != 1 {
		t.Errorf("chose %d", chosen)
	}
}

func TestShotByMouseAndByKeyboard(t *testing.T) {
	themed(t)
	// Given a picture of 400 by 200, shown at half its size
	changes := 0
	s := NewShot(nil, image.NewRGBA(image.Rect(0, 0, 400, 200)), nil, func() { changes++ })
	w := test.NewTempWindow(t, container.NewWithoutLayout(s))
	w.Resize(fyne.NewSize(300, 300))
	s.Resize(fyne.NewSize(200, 100))
	// When the mouse draws from the lower right to the upper left, past the edge
	s.Dragged(&fyne.DragEvent{
		PointEvent: fyne.PointEvent{Position: fyne.NewPos(90, 90)},
		Dragged:    fyne.NewDelta(-10, 0),
	})
	s.Dragged(&fyne.DragEvent{
		PointEvent: fyne.PointEvent{Position: fyne.NewPos(-20, 50)},
		Dragged:    fyne.NewDelta(-110, -40),
	})
	s.DragEnd()
	// Then the part is in pixels of the picture, and inside it
	if len(s.Rects) != 1 || s.Rects[0] != image.Rect(0, 100, 200, 180) {
		t.Fatalf("drew %v", s.Rects)
	}
	// When the mouse only twitches, then nothing is added
	s.Dragged(&fyne.DragEvent{
		PointEvent: fyne.PointEvent{Position: fyne.NewPos(10, 10)},
		Dragged:    fyne.NewDelta(1, 1),
	})
	s.DragEnd()
	if len(s.Rects) != 1 {
		t.Fatalf("drew %v", s.Rects)
	}
	// When the keyboard adds one, moves it and sizes it
	press(s, fyne.KeyReturn)
	before := s.Rects[1]
	press(s, fyne.KeyRight, fyne.KeyDown)
	s.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	press(s, fyne.KeyRight)
	s.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	want := image.Rect(before.Min.X+8, before.Min.Y+8, before.Max.X+16, before.Max.Y+8)
	if s.Rects[1] != want {
		t.Errorf("moved to %v, want %v", s.Rects[1], want)
	}
	// And it never leaves the picture
	for range 100 {
		press(s, fyne.KeyRight, fyne.KeyDown)
	}
	if !s.Rects[1].In(image.Rect(0, 0, 400, 200)) || s.Rects[1].Dx() != want.Dx() {
		t.Errorf("ended at %v", s.Rects[1])
	}
	// When the first is chosen and deleted, then the other stays
	press(s, fyne.KeySpace, fyne.KeyDelete)
	if len(s.Rects) != 1 || s.Rects[0].Dx() != want.Dx() || changes == 0 {
		t.Errorf("kept %v", s.Rects)
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\rc":           "a\nb\nc",
		"\x1b[31mred\x07":     "[31mred",
		"abc\u202egnp.exe":    "abcgnp.exe",
		"\u2066x\u2069\u200f": "x",
		"bad \xff byte":       "bad \uFFFD byte",
		"é à ç 🙂":             "é à ç 🙂",
	} {
		if got := Plain(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if got := Line("two\nlines\t here "); got != "two lines here" {
		t.Errorf("%q", got)
	}
	if got := Plain(strings.Repeat("é", maxShown)); len(got) > maxShown+maxShown/longestWord+4 {
		t.Errorf("%d bytes", len(got))
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("a\u202eb\x00\n")
	f.Fuzz(func(t *testing.T, s string) {
		if got := Plain(s); strings.ContainsAny(got, "\x00\x1b\u202e\u2066\r") {
			t.Errorf("%q keeps what must not be shown: %q", s, got)
		}
	})
}

// BenchmarkExact shows what a long text costs; no page of ours shows more than some kilobytes. Fyne's own entry took
// 47 s for a megabyte.
func BenchmarkExact(b *testing.B) {
	themed(b)
	for _, kb := range []int{64, 256, 1024} {
		text := strings.Repeat("0123456789abcdef", kb<<6)
		b.Run(fmt.Sprintf("%dkB", kb), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				test.NewTempWindow(b, Exact(text)).Resize(fyne.NewSize(400, 300))
			}
		})
	}
}

func TestFlowWrapsAndNeverWidens(t *testing.T) {
	themed(t)
	row := container.New(Flow(true), NewButton(nil, Secondary, "one button", nil), NewButton(nil,
		Secondary, "two", nil),
		NewButton(nil, Primary, "a third one", nil))
	wide := row.MinSize().Width
	row.Resize(fyne.NewSize(wide+10, 200))
	if h := row.MinSize().Height; h < 2*buttonHeight {
		t.Errorf("three buttons in %v are %v high", wide+10, h)
	}
	for _, o := range row.Objects {
		if o.Position().X+o.Size().Width > wide+10.5 || o.Position().X < 0 {
			t.Errorf("%v leaves the row", o.Position())
		}
	}
}
