package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Dialog is a question over the page. Escape answers it with its last word, Tab stays inside, and when it
// is gone the keyboard is where it was.
type Dialog struct {
	// Host is what the widgets inside hand their keys to.
	Host *Host

	canvas fyne.Canvas
	pop    *widget.PopUp
	before fyne.Focusable
	closed func()
}

// dialogWidth is as wide as a line that can be read.
const dialogWidth = 480

// NewDialog prepares a dialog; Show shows it. cancel is what Escape does besides closing; nil is nothing.
func NewDialog(c fyne.Canvas, cancel func()) *Dialog {
	d := &Dialog{canvas: c, closed: cancel}
	d.Host = &Host{OnKey: func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyEscape {
			d.Cancel()
		}
	}}
	return d
}

// Show shows title, content and buttons, and puts the keyboard on focus.
func (d *Dialog) Show(title string, content fyne.CanvasObject, focus fyne.Focusable, buttons ...*Button) {
	row := container.New(Flow(true))
	for _, b := range buttons {
		row.Add(b)
	}
	size := d.canvas.Size()
	width := min(size.Width-32, dialogWidth)
	// The padding keeps the edge of an input inside the scroller's clip.
	inner := container.NewPadded(container.NewVBox(Heading(title), content))
	// Laid out once at its width, a wrapped text knows how high it is.
	inner.Resize(fyne.NewSize(width, inner.MinSize().Height))
	height := inner.MinSize().Height
	room := size.Height - row.MinSize().Height - 72
	scroll := container.NewVScroll(inner)
	scroll.SetMinSize(fyne.NewSize(width, min(height, room)))
	d.pop = widget.NewModalPopUp(
		container.NewBorder(nil, container.NewPadded(container.NewVBox(gap(4), row)), nil, nil, scroll),
		d.canvas)
	d.before = d.canvas.Focused()
	d.pop.Show()
	if focus != nil {
		d.canvas.Focus(focus)
	}
}

// Close closes the dialog.
func (d *Dialog) Close() {
	if d.pop == nil {
		return
	}
	d.pop.Hide()
	d.pop = nil
	if d.before != nil {
		d.canvas.Focus(d.before)
	}
}

// Cancel closes the dialog as Escape does.
func (d *Dialog) Cancel() {
	d.Close()
	if d.closed != nil {
		d.closed()
	}
}
