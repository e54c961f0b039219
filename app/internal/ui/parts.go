package ui

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

type (
	object  = fyne.CanvasObject
	objects []fyne.CanvasObject
)

func (o *objects) add(more ...object) { *o = append(*o, more...) }

// row is buttons beside each other, wrapped where there is no room.
func row(o ...object) *fyne.Container { return container.New(widgets.Flow(false), o...) }

// stack is objects under each other.
func stack(o ...object) *fyne.Container { return container.NewVBox(o...) }

// fill replaces what a container holds.
func fill(c *fyne.Container, o ...object) {
	c.Objects = o
	c.Refresh()
}

// busy says that something is under way. What takes longer than a blink shows it.
func busy(text string) *fyne.Container {
	bar := widget.NewProgressBarInfinite()
	return container.NewVBox(widgets.Body(text), bar)
}

// field is a name above an input.
func field(name string, input object) *fyne.Container {
	return container.NewVBox(widgets.Heading(name), input)
}

// size is a number of bytes in words; a kilobyte is a thousand bytes, as file managers count.
func (u *UI) size(n int64) string {
	switch {
	case n < 1000:
		return u.tr("size.b", "n", n)
	case n < 1_000_000:
		return u.tr("size.kb", "n", (n+500)/1000)
	case n < 1_000_000_000:
		return u.tr("size.mb", "n", u.decimal(float64(n)/1e6))
	default:
		return u.tr("size.gb", "n", u.decimal(float64(n)/1e9))
	}
}

func (u *UI) decimal(f float64) string {
	s := strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0")
	if u.t.Lang() == "fr" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// when is a moment in words: the hour if it is today, else the day.
func (u *UI) when(t time.Time) string {
	if t.IsZero() {
		return u.tr("when.never")
	}
	now := u.p.Now()
	t = t.In(now.Location())
	clock := t.Format("15:04")
	y1, m1, d1 := now.Date()
	y2, m2, d2 := t.Date()
	if y1 == y2 && m1 == m2 && d1 == d2 {
		return u.tr("when.today", "time", clock)
	}
	month := u.tr(fmt.Sprintf("month.m%d", int(m2)))
	if y1 == y2 {
		return u.tr("when.day", "day", d2, "month", month, "time", clock)
	}
	return u.tr("when.year", "day", d2, "month", month, "year", y2)
}

// subjectOf makes a ticket's subject of what the user wrote: the first line, cut between two words.
func subjectOf(text string) string {
	const most = 90
	line := ""
	for l := range strings.Lines(text) {
		if line = widgets.Line(l); line != "" {
			break
		}
	}
	if utf8.RuneCountInString(line) <= most {
		return line
	}
	cut := string([]rune(line)[:most])
	if i := strings.LastIndexByte(cut, ' '); i > most/2 {
		cut = cut[:i]
	}
	return cut + "\u2026"
}

// factLine is one fact as a name and a value.
func (u *UI) factLine(f api.Fact) string {
	name := f.Key
	if key := "fact." + f.Key; u.t.Has(key) {
		name = u.t.T(key)
	}
	return u.tr("fact", "name", name, "value", widgets.Line(u.t.Fact(f)))
}

// statusWord is the word of a self-test's status.
func (u *UI) statusWord(s string) string {
	if key := "check.status." + s; u.t.Has(key) {
		return u.t.T(key)
	}
	return u.tr("check_status." + s)
}
