package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ui/theme"
)

// look is the drawing and the colours of a status word. Each has a shape of its own: a disc, a triangle, a
// square, a ring, a diamond, and so on.
type look struct {
	drawing string
	shape   fyne.ThemeColorName
}

func lookOf(status string) look {
	switch status {
	case "pass", "solved", "resolved", "sent":
		return look{"status-pass", fynetheme.ColorNameSuccess}
	case "warn", "pending", "not_solved", "needs_user":
		return look{"status-warn", fynetheme.ColorNameWarning}
	case "fail", "failed", "refused", "needs_admin":
		return look{"status-fail", fynetheme.ColorNameError}
	case "skip", "undone", "closed":
		return look{"status-skip", theme.ColorMuted}
	case "na", "draft":
		return look{"status-na", theme.ColorMuted}
	case "running", "verifying", "sending", "waiting", "queued", "retried":
		return look{"status-running", fynetheme.ColorNamePrimary}
	case "new", "open":
		return look{"status-open", fynetheme.ColorNamePrimary}
	default:
		return look{"status-unknown", theme.ColorMuted}
	}
}

// StatusIcon is the shape of a status, a check's, a repair's or a ticket's.
func StatusIcon(status string, side float32) *Icon {
	l := lookOf(status)
	return NewIcon(l.drawing, l.shape, theme.ColorSurface, side)
}

// StatusLine is a shape, a name and a word.
type StatusLine struct {
	widget.BaseWidget
	icon *Icon
	name *widget.Label
	word *widget.Label
	row  *fyne.Container
	now  [3]string
}

// NewStatusLine makes a line.
func NewStatusLine(status, name, word string) *StatusLine {
	l := &StatusLine{icon: StatusIcon(status, 20), name: widget.NewLabel(""), word: widget.NewLabel("")}
	l.name.Truncation = fyne.TextTruncateEllipsis
	l.word.TextStyle = fyne.TextStyle{Bold: true}
	l.row = container.NewBorder(nil, nil, l.icon, l.word, l.name)
	l.ExtendBaseWidget(l)
	l.Set(status, name, word)
	return l
}

// Set changes the line.
func (l *StatusLine) Set(status, name, word string) {
	// Self-tests report many times a second while somebody types: what has not changed is not drawn again.
	now := [3]string{status, name, word}
	if now == l.now {
		return
	}
	l.now = now
	k := lookOf(status)
	l.icon.Set(k.drawing, k.shape, theme.ColorSurface)
	l.name.SetText(Line(name))
	l.word.SetText(Short(word, 32)) // a word; one from outside may be a book
}

// CreateRenderer implements fyne.Widget.
func (l *StatusLine) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(l.row) }

// Fold is a heading that shows and hides what is under it.
type Fold struct {
	widget.BaseWidget
	Head *Button
	// OnOpen is called the first time, to make what is costly only when it is looked at.
	OnOpen func() fyne.CanvasObject

	body *fyne.Container
	all  *fyne.Container
	open bool
}

// NewFold makes a closed fold.
func NewFold(h *Host, title string, content func() fyne.CanvasObject) *Fold {
	return NewFoldBeside(h, nil, title, content)
}

// NewFoldBeside makes a closed fold whose head stands at the right of something.
func NewFoldBeside(h *Host, beside fyne.CanvasObject, title string, content func() fyne.CanvasObject) *Fold {
	f := &Fold{OnOpen: content, body: container.NewVBox()}
	f.body.Hide()
	f.Head = NewButton(h, Quiet, title, f.Toggle).AlignLeading().WithIcon(Drawing("fold-closed"))
	f.all = container.NewVBox(f.Head, f.body)
	if beside != nil {
		f.all = container.NewVBox(container.NewBorder(nil, nil, nil, f.Head, beside), f.body)
	}
	f.ExtendBaseWidget(f)
	return f
}

// Toggle opens or closes the fold.
func (f *Fold) Toggle() {
	f.open = !f.open
	if f.open {
		if f.OnOpen != nil {
			f.body.Objects = []fyne.CanvasObject{f.OnOpen()}
			f.OnOpen = nil
		}
		f.Head.Icon = Drawing("fold-open")
		f.body.Show()
	} else {
		f.Head.Icon = Drawing("fold-closed")
		f.body.Hide()
	}
	f.Head.Refresh()
	f.all.Refresh()
}

// Open tells whether the content shows.
func (f *Fold) Open() bool { return f.open }

// CreateRenderer implements fyne.Widget.
func (f *Fold) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(f.all) }
