package ui

import (
	"context"
	"errors"
	"strings"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// signIn is the first run: which desk, who the user is, and a try before anything is kept.
type signIn struct {
	u *UI
	s *scope

	kind, auth         *widgets.Select
	kinds, auths       []string
	url, token         *widgets.Entry
	user, password     *widgets.Entry
	tokenBox, basicBox *containerT
	state              *containerT
	try, save          *widgets.Button
	working            bool
}

func (u *UI) buildSignIn(s *scope) *page {
	f := &signIn{u: u, s: s, state: stack(), kinds: []string{"rt", "redmine", "znuny", "relay"}, auths: []string{
		"token",
		"basic",
	}}
	f.url = widgets.NewEntry(u.inPage)
	f.url.SetPlaceHolder(u.tr("signin.url_hint"))
	f.url.SetText(u.state.Desk.URL)
	if u.state.Desk.Practice {
		f.url.SetText("")
	}
	f.token = widgets.NewPassword(u.inPage)
	f.user = widgets.NewEntry(u.inPage)
	f.password = widgets.NewPassword(u.inPage)
	f.kind = f.choice("signin.kind.", f.kinds, u.state.Desk.Kind)
	f.auth = f.choice("signin.auth.", f.auths, "")
	f.tokenBox = field(u.tr("signin.token"), f.token)
	f.basicBox = stack(field(u.tr("signin.user"), f.user), field(u.tr("signin.password"), f.password))
	f.auth.OnChanged = func(string) { f.showAuth() }
	f.showAuth()
	f.try = widgets.NewButton(u.outPage, widgets.Secondary, u.tr("signin.try"), func() { f.run(false) })
	f.save = widgets.NewButton(u.outPage, widgets.Primary, u.tr("signin.save"), func() { f.run(true) })
	for _, e := range []*widgets.Entry{f.url, f.token, f.user, f.password} {
		e.OnEnter = func() { f.run(true) }
	}
	later := widgets.NewButton(u.outPage, widgets.Quiet, u.tr("signin.later"),
		func() { u.go_(route{name: pageDescribe}) })
	f.readLocks()
	p := &page{
		body: objects{
			widgets.Title(u.tr("signin.title")), widgets.Body(u.tr("signin.intro")), f.state,
			widgets.NewPanel(widgets.ToneCard, field(u.tr("signin.url"), f.url),
				field(u.tr("signin.kind_name"), widgets.Framed(f.kind)),
				field(u.tr("signin.auth_name"), widgets.Framed(f.auth)), f.tokenBox, f.basicBox),
			widgets.Muted(u.tr("signin.keyring")),
		},
		foot: objects{later, f.try, f.save}, primary: f.save, focus: f.url,
		escape: func() { u.go_(route{name: pageSettings}) },
	}
	if f.url.Text != "" {
		p.focus = f.token
	}
	return p
}

func (f *signIn) choice(prefix string, codes []string, at string) *widgets.Select {
	names := make([]string, len(codes))
	chosen := 0
	for i, c := range codes {
		names[i] = f.u.tr(prefix + c)
		if c == at {
			chosen = i
		}
	}
	sel := widgets.NewSelect(f.u.inPage, names, nil)
	sel.SetSelectedIndex(chosen)
	return sel
}

func (f *signIn) showAuth() {
	basic := f.auths[max(0, f.auth.SelectedIndex())] == "basic"
	f.tokenBox.Hidden, f.basicBox.Hidden = basic, !basic
	f.u.shell.refresh()
}

// readLocks closes what the policy decides.
func (f *signIn) readLocks() {
	ask(f.s, quick, f.u.p.Service.Config, func(list []api.Setting, err error) {
		if err != nil {
			return // the try says what is wrong
		}
		if s, ok := find(list, "desk.url"); ok && s.Locked {
			f.url.SetText(s.Value)
			f.url.Disable()
		}
		if s, ok := find(list, "desk.kind"); ok && s.Locked {
			f.kind.Disable()
		}
		if s, ok := find(list, "desk.auth"); ok {
			for i, a := range f.auths {
				if a == s.Value && f.token.Text == "" && f.user.Text == "" {
					f.auth.SetSelectedIndex(i)
				}
			}
			if s.Locked {
				f.auth.Disable()
			}
		}
	})
}

func (f *signIn) input() api.SignIn {
	in := api.SignIn{
		Kind: f.kinds[max(0, f.kind.SelectedIndex())], URL: strings.TrimSpace(f.url.Text),
		Auth: f.auths[max(0, f.auth.SelectedIndex())],
	}
	if in.Auth == "basic" {
		in.User, in.Password = strings.TrimSpace(f.user.Text), f.password.Text
	} else {
		in.Token = strings.TrimSpace(f.token.Text)
	}
	return in
}

// run tries the desk; with keep it also signs in.
func (f *signIn) run(keep bool) {
	if f.working {
		return
	}
	u, in := f.u, f.input()
	if in.URL == "" {
		f.tell(widgets.NewPanel(widgets.ToneInfo, widgets.Body(u.tr("signin.no_url"))))
		u.win.Canvas().Focus(f.url)
		return
	}
	f.working = true
	f.try.Disable()
	f.save.Disable()
	f.tell(busy(u.tr("signin.trying")))
	call := u.p.Service.TryDesk
	if keep {
		call = u.p.Service.SignIn
	}
	ask(f.s, asking, func(ctx context.Context) (api.DeskState, error) { return call(ctx, in) },
		func(d api.DeskState, err error) {
			f.working = false
			f.try.Enable()
			f.save.Enable()
			if err == nil && d.Problem != nil {
				err = d.Problem
			}
			if err != nil {
				f.tell(u.signInProblem(err))
				return
			}
			if keep {
				// The secret is in the keyring now; it does not stay in a field.
				f.token.SetText("")
				f.password.SetText("")
				f.save.SetText(u.tr("signin.go_on"))
				f.save.OnTap = func() { u.go_(route{name: pageDescribe}) }
				f.try.Hide()
				u.readState()
			}
			f.tell(f.found(d, keep))
			u.win.Canvas().Focus(f.save)
		})
}

func (f *signIn) tell(o object) {
	fill(f.state, o)
	f.u.shell.scroll.ScrollToTop()
	f.u.shell.refresh()
}

// found says who the user is there and what this desk can do.
func (f *signIn) found(d api.DeskState, kept bool) object {
	u := f.u
	head := u.tr("signin.works", "who", u.person(d.Person))
	if kept {
		head = u.tr("signin.done", "who", u.person(d.Person))
	}
	parts := objects{widgets.Lead(head)}
	if d.Caps.Product != "" {
		parts.add(widgets.Muted(u.tr("signin.product", "product", widgets.Line(d.Caps.Product), "version",
			widgets.Line(d.Caps.Version))))
	}
	can := func(yes bool, key string) {
		status := "na"
		if yes {
			status = "pass"
		}
		parts.add(widgets.NewStatusLine(status, u.tr(key), u.tr(map[bool]string{
			true:  "yes",
			false: "no",
		}[yes])))
	}
	can(true, "signin.can.create")
	can(d.Caps.CanReply, "signin.can.reply")
	can(d.Caps.CanReopen || d.Caps.ReopenByReply, "signin.can.reopen")
	can(d.Caps.CanRate, "signin.can.rate")
	can(d.Caps.HasNotices, "signin.can.notices")
	return widgets.NewPanel(widgets.ToneGood, parts...)
}

// signInProblem explains what kept somebody from signing in. The general words of an error speak of reports that
// wait and of signing in; here the next step is in this very form.
func (u *UI) signInProblem(err error) object {
	var e *api.Error
	if !errors.As(err, &e) || !u.t.Has("window.signin.problem."+e.Code+".what") {
		return u.problem(err, nil)
	}
	parts := objects{
		widgets.Heading(u.tr("signin.problem." + e.Code + ".what")),
		widgets.Body(u.tr("signin.problem." + e.Code + ".next")),
	}
	if d := detailOf(err); d != "" {
		parts.add(widgets.NewFold(u.inPage, u.tr("error.detail"), func() object { return widgets.Mono(d) }))
	}
	return widgets.NewPanel(widgets.ToneBad, parts...)
}
