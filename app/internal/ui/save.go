package ui

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// saveAttachment asks where to keep a file of a ticket and fetches it.
func (u *UI) saveAttachment(s *scope, n string, a api.Attachment) {
	u.saveAs(s, u.tr("save.title"), u.tr("save.care"), safeName(a.Name), func(ctx context.Context,
		w io.Writer,
	) error {
		return u.p.Service.Download(ctx, n, a.ID, w)
	})
}

// saveAs asks for a path, which the keyboard can type, and writes what fetch gives. A file that exists is
// never overwritten, and a file that could not be finished does not stay.
func (u *UI) saveAs(s *scope, title, note, name string, fetch func(context.Context, io.Writer) error) {
	d := widgets.NewDialog(u.win.Canvas(), nil)
	path := widgets.NewEntry(d.Host)
	path.SetText(filepath.Join(downloads(), name))
	state := stack()
	var save *widgets.Button
	saved := false
	run := func() {
		if saved {
			d.Close()
			return
		}
		to := expandHome(path.Text)
		save.Disable()
		fill(state, busy(u.tr("save.running")))
		do(s, sending, func(ctx context.Context) error { return writeNew(ctx, to, fetch) }, func(err error) {
			save.Enable()
			if err != nil {
				fill(state, widgets.Body(u.saveProblem(err)))
				return
			}
			saved = true
			fill(state, widgets.Body(u.tr("save.done", "path", widgets.Line(to))))
			save.SetText(u.t.T("button.close"))
			u.win.Canvas().Focus(save)
		})
	}
	path.OnEnter = run
	save = widgets.NewButton(d.Host, widgets.Primary, u.tr("save.save"), run)
	cancel := widgets.NewButton(d.Host, widgets.Secondary, u.t.T("button.cancel"), d.Cancel)
	d.Show(title, stack(field(u.tr("save.where"), path), widgets.Muted(note), state), path,
		cancel, save)
}

func (u *UI) saveProblem(err error) string {
	var e *api.Error
	switch {
	case errors.As(err, &e):
		what, next := u.explain(err)
		return u.tr("save.problem", "what", what, "next", next)
	case errors.Is(err, fs.ErrExist):
		return u.tr("save.exists")
	case errors.Is(err, fs.ErrNotExist):
		return u.tr("save.no_folder")
	case errors.Is(err, fs.ErrPermission):
		return u.tr("save.forbidden")
	}
	return u.tr("save.failed")
}

// writeNew writes a file that was not there before.
func writeNew(ctx context.Context, path string, fetch func(context.Context, io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = fetch(ctx, f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}

func downloads() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "."
	}
	for _, d := range []string{"Downloads", "T\u00e9l\u00e9chargements"} {
		if info, err := os.Stat(filepath.Join(home, d)); err == nil && info.IsDir() {
			return filepath.Join(home, d)
		}
	}
	return home
}

// safeName makes a file name from outside safe to meet a disk: no folder, no hidden file, no device of
// Windows, no control character or turned text that hides the ending.
func safeName(s string) string {
	s = widgets.Line(s)
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, s)
	s = strings.TrimRight(strings.TrimLeft(s, ". "), ". ")
	const most = 120
	if len(s) > most {
		ext := filepath.Ext(s)
		if len(ext) > 12 {
			ext = ""
		}
		cut := most - len(ext)
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + ext
	}
	stem := strings.ToUpper(strings.TrimSuffix(s, filepath.Ext(s)))
	switch {
	case s == "":
		return "file"
	case stem == "CON", stem == "PRN", stem == "AUX", stem == "NUL",
		len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")):
		return "_" + s
	}
	return s
}
