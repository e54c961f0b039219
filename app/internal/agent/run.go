package agent

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
	"unicode"

	"balise/app/internal/ipc"
	"balise/app/internal/ipc/api"
)

const (
	// gcPercent trades a little processor time, of which the agent uses next to none, for memory, of which
	// it promised to use little.
	gcPercent = 30
	// connectPause is the time between two tries to get at a state that another Balise holds without
	// answering: an agent that is starting or ending, or a command that works in its own process.
	connectPause = 100 * time.Millisecond
	connectTries = 100 // a command waits 10 s
	startTries   = 600 // an agent waits a minute: a command may be sending a large report
)

// Run is the resident loop: sender, follow-up, practice desk, socket. It returns nil when ctx ends or Quit
// was called; Close is then still to be called.
func (a *Agent) Run(ctx context.Context) error {
	debug.SetGCPercent(gcPercent)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(a.life, cancel)()
	errs := make(chan error, 5)
	running := 0
	begin := func(name string, f func(context.Context) error) {
		running++
		go func() {
			err := f(ctx)
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			errs <- err
		}()
	}
	begin("send", a.outbox.Run)
	begin("follow the tickets", a.follow.run)
	begin("keep the record", a.recorder.run)
	begin("test unasked", a.watch.run)
	if a.p.Socket != "" {
		begin("serve", func(ctx context.Context) error {
			return ipc.Serve(ctx, ipc.Params{Socket: a.p.Socket, Service: a, Log: a.p.Log})
		})
	}
	a.stir()
	var first error
	select {
	case <-ctx.Done():
	case <-a.quit:
	case first = <-errs:
		running--
	}
	cancel()
	a.bus.close() // streams over the socket end with it
	for range running {
		first = errors.Join(first, <-errs)
	}
	return first
}

// Quit ends the agent.
func (a *Agent) Quit(context.Context) error {
	a.once.Do(func() { close(a.quit) })
	return nil
}

// ErrShown is Start's answer when a resident agent runs already: it was asked to show its window.
var ErrShown = errors.New("the running Balise was asked to show its window")

// Start makes the resident agent, or, when there is one, asks it to show page and returns ErrShown.
func Start(ctx context.Context, p Params, page string) (*Agent, error) {
	p.Resident = true
	for try := 0; ; try++ {
		a, err := New(p)
		if err == nil {
			return a, nil
		}
		if api.CodeOf(err) != api.CodeBusy {
			return nil, err
		}
		if c, derr := api.Dial(p.Socket); derr == nil {
			defer c.Close()
			if err := c.Show(ctx, page); err != nil {
				return nil, err
			}
			return nil, ErrShown
		}
		if try >= startTries {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(connectPause):
		}
	}
}

// Connect reaches the resident agent, or makes one in this process when there is none. The function that
// it returns gives everything back. p.Resident is ignored.
func Connect(ctx context.Context, p Params) (api.Service, func(), error) {
	p.Resident = false
	for try := 0; ; try++ {
		c, err := api.Dial(p.Socket)
		if err == nil {
			return c, c.Close, nil
		}
		a, err := New(p)
		if err == nil {
			return a, func() {
				if err := a.Close(); err != nil {
					a.p.Log.Error("close", "error", err)
				}
			}, nil
		}
		if api.CodeOf(err) != api.CodeBusy || try >= connectTries {
			return nil, nil, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		case <-time.After(connectPause):
		}
	}
}

// isPage tells what Show accepts; anything else could come from a link.
func isPage(page string) bool {
	switch page {
	case "describe", "report", "tickets", "check", "settings", "outbox", "trust", "signin", waitPage:
		return true
	}
	if id, ok := strings.CutPrefix(page, "describe/"); ok {
		return isNumber(id) // a symptom's id
	}
	n, ok := strings.CutPrefix(page, "ticket/")
	return ok && isNumber(n)
}

// onSymptom takes "describe/<symptom>" apart: the incident is opened on that symptom. One that is not known here
// leaves the page without one.
func (a *Agent) onSymptom(ctx context.Context, page string) (plain, incident string) {
	plain, id, _ := strings.Cut(page, "/")
	if plain != "describe" || id == "" {
		return page, ""
	}
	inc, err := a.OpenIncident(ctx, api.OpenRequest{Symptom: id})
	if err != nil {
		a.p.Log.Info("open an incident on a symptom", "symptom", id, "error", err)
	}
	return plain, inc.ID
}

// isNumber tells whether n can be a ticket's number or reference: nothing that means something in an address.
func isNumber(n string) bool {
	return n != "" && len(n) <= maxNumber && strings.Trim(n, ".") != "" &&
		!strings.ContainsFunc(n, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._#-", r)
		})
}

// maxNumber is longer than any desk's ticket numbers and our references.
const maxNumber = 64

// Show brings up the window on a page. "describe/<id>" is "describe" on a symptom; "report" is "describe" with the
// screen captured first, before the window can hide it: what a click on the tray means.
func (a *Agent) Show(ctx context.Context, page string) error {
	if page == "" {
		page = "describe"
	}
	if !isPage(page) {
		return &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": "page"}}
	}
	page, incident := a.onSymptom(ctx, page)
	if page == "report" {
		page = "describe"
		inc, err := a.OpenIncident(ctx, api.OpenRequest{Screenshot: true})
		if err != nil {
			a.p.Log.Error("open an incident", "error", err)
		}
		incident = inc.ID
	}
	if a.p.Window == nil {
		return &api.Error{Code: api.CodeNoWindow}
	}
	a.bus.publish(api.Event{Kind: "show", Page: page, Incident: incident})
	if err := a.p.Window(ctx, page, incident); err != nil {
		return api.NewError(api.CodeNoWindow, err)
	}
	return nil
}
