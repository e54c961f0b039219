package ui

import (
	"context"
	"slices"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// buildSettings shows the language, the desk, and what the organisation decided.
func (u *UI) buildSettings(s *scope) *page {
	c := &settings{u: u, s: s, desk: stack(), lang: stack(), all: stack(), watch: newWatching(u, s)}
	p := &page{body: objects{
		widgets.Title(u.tr("settings.title")), c.desk, c.lang, c.watch.root, stack(u.contacts()...), c.all,
	}}
	c.showDesk()
	fill(c.all, busy(u.tr("settings.reading")))
	c.read()
	return p
}

type settings struct {
	u               *UI
	s               *scope
	desk, lang, all *containerT
	watch           *watching
}

func (c *settings) read() {
	ask(c.s, quick, c.u.p.Service.Config, func(list []api.Setting, err error) {
		if err != nil {
			fill(c.all, c.u.problem(err, c.read))
			c.u.shell.refresh()
			return
		}
		c.showLanguage(list)
		c.watch.set(list)
		c.showAll(list)
		c.u.shell.refresh()
	})
}

func (c *settings) showDesk() {
	u, d := c.u, c.u.state.Desk
	parts := objects{widgets.Heading(u.tr("settings.desk"))}
	switch {
	case !u.known:
		parts.add(busy(u.tr("settings.reading")))
	case d.Practice:
		parts.add(widgets.Body(u.tr("settings.practice")),
			row(widgets.NewButton(u.inPage, widgets.Primary, u.tr("signin.connect"),
				func() { u.go_(route{name: pageSignIn}) }),
				widgets.NewButton(u.inPage, widgets.Secondary, u.tr("settings.open_desk"), c.openDesk)))
	default:
		parts.add(widgets.Body(u.tr("settings.desk_at", "url", widgets.Line(d.URL))))
		if d.SignedIn {
			parts.add(widgets.Body(u.tr("settings.signed_in", "who", u.person(d.Person))))
		} else {
			parts.add(widgets.Body(u.tr("settings.signed_out")))
		}
		if d.Problem != nil {
			parts.add(u.problem(d.Problem, u.readState))
		}
		buttons := objects{widgets.NewButton(u.inPage, widgets.Primary, u.tr("signin.open"),
			func() { u.go_(route{name: pageSignIn}) })}
		if d.SignedIn {
			buttons.add(widgets.NewButton(u.inPage, widgets.Secondary, u.tr("settings.sign_out"), c.signOut))
		}
		parts.add(row(buttons...))
	}
	fill(c.desk, widgets.NewPanel(widgets.ToneCard, parts...))
}

func (c *settings) signOut() {
	do(c.s, quick, c.u.p.Service.SignOut, func(err error) {
		if err != nil {
			fill(c.desk, c.u.problem(err, c.signOut))
			return
		}
		c.u.readState()
	})
}

func (c *settings) openDesk() {
	ask(c.s, quick, c.u.p.Service.DeskURL, func(address string, err error) {
		if err != nil {
			fill(c.desk, c.u.problem(err, c.openDesk))
			return
		}
		c.u.openLink(address)
	})
}

func find(list []api.Setting, key string) (api.Setting, bool) {
	i := slices.IndexFunc(list, func(s api.Setting) bool { return s.Key == key })
	if i < 0 {
		return api.Setting{}, false
	}
	return list[i], true
}

func (c *settings) showLanguage(list []api.Setting) {
	u := c.u
	at, ok := find(list, "language")
	if !ok {
		return
	}
	codes := []string{"auto", "fr", "en"}
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = u.tr("language." + code)
	}
	failed := stack()
	choose := widgets.NewSelect(u.inPage, names, nil)
	if i := slices.Index(codes, at.Value); i >= 0 {
		choose.SetSelectedIndex(i)
	}
	choose.OnChanged = func(name string) {
		code := codes[slices.Index(names, name)]
		do(c.s, quick, func(ctx context.Context) error {
			return u.p.Service.SetConfig(ctx, "language",
				code)
		},
			func(err error) {
				if err != nil {
					fill(failed, u.problem(err, nil))
					u.shell.refresh()
					return
				}
				u.readState()
			})
	}
	parts := objects{field(u.tr("settings.language"), widgets.Framed(choose))}
	if at.Locked {
		choose.Disable()
		parts.add(widgets.Caption(u.tr("settings.locked", "file", widgets.Line(at.File))))
	}
	fill(c.lang, widgets.NewPanel(widgets.ToneCard, append(parts, failed)...))
}

// showAll lists every value with where it comes from; what the policy locked says by which file.
func (c *settings) showAll(list []api.Setting) {
	u := c.u
	var locked objects
	for _, s := range list {
		if s.Locked {
			locked.add(widgets.Body(u.tr("settings.value", "key", c.name(s.Key), "value", c.value(s))),
				widgets.Caption(u.tr("settings.locked", "file", widgets.Line(s.File))))
		}
	}
	var parts objects
	if len(locked) > 0 {
		parts.add(widgets.NewPanel(widgets.ToneInfo,
			append(objects{widgets.Heading(u.tr("settings.policy"))}, locked...)...))
	}
	parts.add(widgets.NewFold(u.inPage, u.tr("settings.all"), func() object {
		box := stack()
		for _, s := range list {
			source := s.Source
			if key := "window.source." + s.Source; u.t.Has(key) {
				source = u.t.T(key)
			}
			box.Add(widgets.Body(u.tr("settings.value", "key", c.name(s.Key), "value", c.value(s))))
			if s.File != "" {
				source = u.tr("settings.source_file", "source", source, "file", widgets.Line(s.File))
			}
			box.Add(widgets.Caption(source))
		}
		return box
	}))
	if u.state.Version != "" {
		parts.add(widgets.Caption(u.tr("settings.version", "version", widgets.Line(u.state.Version))))
	}
	fill(c.all, parts...)
}

// name is a setting's name in words, or its key for those that only administrators use.
func (c *settings) name(key string) string {
	if k := "window.settings.key." + key; c.u.t.Has(k) {
		return c.u.t.T(k)
	}
	return key
}

func (c *settings) value(s api.Setting) string {
	if s.Value == "" {
		return c.u.tr("settings.empty")
	}
	return widgets.Line(s.Value)
}

// person is somebody's name, or what else is known of them.
func (u *UI) person(p api.Person) string {
	for _, s := range []string{p.Name, p.Email, p.ID} {
		if s = widgets.Line(s); s != "" {
			return s
		}
	}
	return u.tr("person.unknown")
}
