package ui

import (
	"os"
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"balise/app/internal/ui/widgets"
)

// filePicker holds the files that go along: a list with sizes, a button to add, one each to take out.
type filePicker struct {
	u       *UI
	host    *widgets.Host
	files   *[]string
	list    *containerT
	root    *containerT
	changed func()
}

func newFilePicker(u *UI, h *widgets.Host, files *[]string, changed func()) *filePicker {
	f := &filePicker{u: u, host: h, files: files, list: stack(), changed: changed}
	f.root = stack(f.list, row(widgets.NewButton(h, widgets.Quiet, u.tr("files.add"), f.ask)))
	f.show()
	return f
}

func (f *filePicker) show() {
	var rows objects
	for _, path := range *f.files {
		name := widgets.Line(filepath.Base(path))
		text := f.u.tr("files.unreadable", "name", name)
		if info, err := os.Stat(path); err == nil {
			text = f.u.tr("files.one", "name", name, "size", f.u.size(info.Size()))
		}
		rows.add(widgets.Body(text), row(widgets.NewButton(f.host, widgets.Quiet,
			f.u.tr("files.remove", "name", name), func() { f.remove(path) })))
	}
	fill(f.list, rows...)
	f.u.shell.refresh()
}

func (f *filePicker) add(paths []string) {
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil || !info.Mode().IsRegular() || slices.Contains(*f.files, p) {
			continue
		}
		*f.files = append(*f.files, p)
	}
	f.show()
	if f.changed != nil {
		f.changed()
	}
}

func (f *filePicker) remove(path string) {
	*f.files = slices.DeleteFunc(*f.files, func(p string) bool { return p == path })
	f.show()
	if f.changed != nil {
		f.changed()
	}
}

// ask asks for a file: by its path, which the keyboard can type, or by Fyne's chooser.
func (f *filePicker) ask() {
	u := f.u
	d := widgets.NewDialog(u.win.Canvas(), nil)
	path := widgets.NewEntry(d.Host)
	path.SetPlaceHolder(u.tr("files.path_hint"))
	wrong := widgets.Body("")
	wrong.Hide()
	take := func() {
		p := expandHome(path.Text)
		info, err := os.Stat(p)
		if err != nil || !info.Mode().IsRegular() {
			widgets.SetText(wrong, u.tr("files.none"))
			wrong.Show()
			return
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return
		}
		d.Close()
		f.add([]string{abs})
	}
	path.OnEnter = take
	browse := widgets.NewButton(d.Host, widgets.Secondary, u.tr("files.browse"), func() {
		open := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
			if err == nil && r != nil {
				path.SetText(r.URI().Path())
				r.Close()
			}
		}, u.win)
		open.Show()
	})
	cancel := widgets.NewButton(d.Host, widgets.Secondary, u.t.T("button.cancel"), d.Cancel)
	ok := widgets.NewButton(d.Host, widgets.Primary, u.tr("files.take"), take)
	d.Show(u.tr("files.title"), stack(widgets.Muted(u.tr("files.drop")), field(u.tr("files.path"), path),
		wrong, row(browse)), path, cancel, ok)
}

func expandHome(p string) string {
	if len(p) > 1 && p[0] == '~' && os.IsPathSeparator(p[1]) {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, p[2:])
		}
	}
	return p
}
