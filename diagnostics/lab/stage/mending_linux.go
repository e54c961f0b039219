package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
)

// mending is what the desktop's services really do when a repair asks them: the fault that an action made is taken
// back, as the real service would by its own means, and what stands in units of systemd is started.
type mending struct {
	mu     sync.Mutex
	cures  map[string]cure         // by what is asked
	starts map[string]func() error // by unit: what starting it really does
	refuse bool
	asked  []string
}

// cure is what helps: actions that are taken back, and others that are done.
type cure struct{ undo, do []string }

// calls are what services can be asked, as the action service.mends names it.
var calls = []string{
	"nm.activate", "nm.wireless", "resolved.flush", "timedate.ntp", "systemd.start", "user.start", "systemd.run",
	"login.restart", "packages.refresh", "packages.install",
}

// called is a deed that a service was asked for; refusal is the error by which the real one refuses, empty where it
// never does.
func (s *Stage) called(what, refusal string) *dbus.Error {
	m := &s.mending
	m.mu.Lock()
	m.asked = append(m.asked, what)
	c, refused := m.cures[what], m.refuse && refusal != ""
	if !refused {
		delete(m.cures, what) // what is mended is mended once
	}
	m.mu.Unlock()
	if refused {
		return dbus.NewError(refusal, []any{"not authorized"})
	}
	return failed(s.cure(context.Background(), c))
}

func (s *Stage) cure(ctx context.Context, c cure) error {
	var errs []error
	for _, name := range c.undo {
		errs = append(errs, s.Do(ctx, undoAction.Name, map[string]any{"name": name}))
	}
	for _, name := range c.do {
		errs = append(errs, s.Do(ctx, name, nil))
	}
	return errors.Join(errs...)
}

func failed(err error) *dbus.Error {
	if err == nil {
		return nil
	}
	return dbus.MakeFailedError(err)
}

// starting is what starting a unit really does; nil where nobody has said.
func (m *mending) starting(unit string) func() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.starts[unit]
}

func (m *mending) starter(unit string, start func() error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.starts == nil {
		m.starts = map[string]func() error{}
	}
	m.starts[unit] = start
}

func (m *mending) was(what string) (int, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, one := range m.asked {
		if one == what {
			n++
		}
	}
	return n, strings.Join(m.asked, " ")
}

func mendingActions() []action {
	return []action{
		{
			Action{
				Name: "service.mends", Doc: "When a service of the desktop is asked for this, it really helps.",
				Args: []Arg{
					need("asked", "string", strings.Join(calls, ", ")),
					opt("undo", "list", []string{}, "earlier actions that it takes back"),
					opt("with", "list", []string{}, "actions without arguments that it does"),
				},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				asked := a.str("asked")
				if !slices.Contains(calls, asked) {
					return deed{}, fmt.Errorf("%w call %q; there are: %s", ErrUnknown, asked, strings.Join(calls, ", "))
				}
				s.mending.mu.Lock()
				defer s.mending.mu.Unlock()
				if s.mending.cures == nil {
					s.mending.cures = map[string]cure{}
				}
				s.mending.cures[asked] = cure{undo: a.list("undo"), do: a.list("with")}
				// It is for later: before the repair there is nothing to see.
				return deed{seen: func(context.Context) (bool, string) {
					n, all := s.mending.was(asked)
					return true, fmt.Sprintf("asked %d times (%s)", n, all)
				}}, nil
			},
		},
		{
			Action{Name: "service.refuse", Doc: "The system's authority lets the user do nothing with others' rights."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				set := func(refuse bool) func() error {
					return func() error {
						s.mending.mu.Lock()
						defer s.mending.mu.Unlock()
						s.mending.refuse = refuse
						return nil
					}
				}
				return plain(set(true), set(false), func(context.Context) (bool, string) { return true, "the authority says no" })
			},
		},
		{
			Action{
				Name: "user.join", Doc: "The user belongs to a group of the system.",
				Args: []Arg{opt("group", "string", "lpadmin", "its name")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				return s.edit("/etc/group", func(old string) string {
					lines := strings.Split(old, "\n")
					for i, line := range lines {
						if strings.HasPrefix(line, a.str("group")+":") {
							lines[i] = strings.TrimSuffix(line, ":") + ":" + user
							return strings.Join(lines, "\n")
						}
					}
					return old + a.str("group") + ":x:117:" + user + "\n"
				})
			},
		},
		{
			Action{Name: "client.used", Doc: "The user has used Balise before: it has a state of its own, and room set aside."},
			func(ctx context.Context, s *Stage, _ args) (deed, error) {
				out, err := s.prepared(ctx, clientPath, "repair", "history").CombinedOutput()
				if err != nil {
					err = fmt.Errorf("use the client: %w: %s", err, out)
				}
				return deed{seen: func(context.Context) (bool, string) { return err == nil, "it ran" }}, err
			},
		},
	}
}
