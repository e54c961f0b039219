// Package fakeagent is an agent that is none: a Service with a made-up computer behind it, for the tests of
// the window and for its pictures. Every answer can be replaced, delayed or made to fail.
package fakeagent

import (
	"context"
	"errors"
	"io"
	"maps"
	"sync"
	"time"

	"balise/app/internal/ipc/api"
)

// Agent is the made-up agent. Its fields may be changed under Lock only, or before it is used.
type Agent struct {
	sync.Mutex

	Status api.State
	Shot   []byte // the screenshot; nil is none
	Found  func(*api.Incident)
	// Answered makes the diagnosis again after an answer; nil leaves it.
	Answered func(*api.Incident)
	// Fix replaces the made-up clean-up: it changes the incident as a repair would.
	Fix      func(inc *api.Incident, req api.RepairRequest, on func(api.RepairEvent))
	Steps    []api.CheckEvent
	StepWait time.Duration // between two events of a run
	Rows     []api.TicketRow
	Views    map[string]api.TicketView
	Waits    []api.OutboxItem
	Records  []api.Record
	Outages  []api.Notice
	Conf     []api.Setting
	Result   api.Sent
	Recorded api.RecordState // the light record
	// Complaints are the symptoms, Asked what they ask, Requests the forms, Installed the packs and Texts their
	// words by language.
	Complaints []api.SymptomMatch
	Asked      map[string]api.IncidentSymptom
	Requests   []api.Form
	Installed  []api.PackInfo
	Texts      map[string]map[string]string
	Owner      api.Branding
	// Fail makes the method of that name answer with an error; "*" is every method.
	Fail map[string]error
	// Hold makes the method of that name wait until its channel is closed.
	Hold map[string]chan struct{}

	// Calls are the names of the methods that were called, in order.
	Calls []string
	// SentIn, RepairIn and RepliedIn are what the window asked for.
	SentIn    []api.Input
	ReviewIn  []api.Input
	RepairIn  []api.RepairRequest
	RepliedIn []api.ReplyInput
	SignIns   []api.SignIn
	SetKeys   map[string]string

	incidents map[string]*api.Incident
	events    []chan api.Event
}

var _ api.Service = (*Agent)(nil)

var errNoSuch = errors.New("no such thing")

// enter notes a call, waits if it is held, and answers with the error it is to fail with.
func (a *Agent) enter(ctx context.Context, name string) error {
	a.Lock()
	a.Calls = append(a.Calls, name)
	hold, err := a.Hold[name], a.Fail[name]
	if err == nil {
		err = a.Fail["*"]
	}
	a.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

// Called tells how often a method was called.
func (a *Agent) Called(name string) int {
	a.Lock()
	defer a.Unlock()
	n := 0
	for _, c := range a.Calls {
		if c == name {
			n++
		}
	}
	return n
}

// Emit sends an event to everybody who listens.
func (a *Agent) Emit(e api.Event) {
	a.Lock()
	defer a.Unlock()
	for _, c := range a.events {
		c <- e
	}
}

// State implements api.Service.
func (a *Agent) State(ctx context.Context) (api.State, error) {
	err := a.enter(ctx, "State")
	a.Lock()
	defer a.Unlock()
	return a.Status, err
}

// Events implements api.Service.
func (a *Agent) Events(ctx context.Context, on func(api.Event)) error {
	if err := a.enter(ctx, "Events"); err != nil {
		return err
	}
	c := make(chan api.Event, 16)
	a.Lock()
	a.events = append(a.events, c)
	a.Unlock()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-c:
			on(e)
		}
	}
}

// ListChecks implements api.Service.
func (a *Agent) ListChecks(ctx context.Context) ([]api.CheckInfo, error) {
	return nil, a.enter(ctx, "ListChecks")
}

// OpenIncident implements api.Service.
func (a *Agent) OpenIncident(ctx context.Context, req api.OpenRequest) (api.Incident, error) {
	if err := a.enter(ctx, "OpenIncident"); err != nil {
		return api.Incident{}, err
	}
	a.Lock()
	defer a.Unlock()
	inc := a.open("BA7KQ2MXXXXXXXXXXXXX", req.Screenshot)
	for _, f := range a.Requests {
		if f.ID == req.Form {
			inc.Form = &f
		}
	}
	return *inc, nil
}

func (a *Agent) open(id string, shot bool) *api.Incident {
	if a.incidents == nil {
		a.incidents = map[string]*api.Incident{}
	}
	inc := a.incidents[id]
	if inc == nil {
		inc = &api.Incident{ID: id, Code: "7KQ2M-X", Opened: Clock(), HasScreenshot: shot && a.Shot != nil}
		a.incidents[id] = inc
	}
	return inc
}

// Incident implements api.Service; any ID is one whose screen was captured at the click.
func (a *Agent) Incident(ctx context.Context, id string) (api.Incident, error) {
	if err := a.enter(ctx, "Incident"); err != nil {
		return api.Incident{}, err
	}
	a.Lock()
	defer a.Unlock()
	return *a.open(id, true), nil
}

// Check implements api.Service.
func (a *Agent) Check(ctx context.Context, id string, _ api.CheckRequest, on func(api.CheckEvent)) (
	api.Incident, error,
) {
	a.Lock()
	steps, wait := a.Steps, a.StepWait
	a.Unlock()
	for _, e := range steps {
		on(e)
		if wait > 0 {
			select {
			case <-ctx.Done():
				return api.Incident{}, ctx.Err()
			case <-time.After(wait):
			}
		}
	}
	if err := a.enter(ctx, "Check"); err != nil {
		return api.Incident{}, err
	}
	a.Lock()
	defer a.Unlock()
	inc := a.open(id, false)
	a.Found(inc)
	inc.Checked = Clock()
	return *inc, nil
}

// Forget loses all incidents, as an agent does that is started again.
func (a *Agent) Forget() {
	a.Lock()
	defer a.Unlock()
	a.incidents = nil
}

// Answer implements api.Service.
func (a *Agent) Answer(ctx context.Context, id, question, option string) (api.Incident, error) {
	if err := a.enter(ctx, "Answer"); err != nil {
		return api.Incident{}, err
	}
	a.Lock()
	defer a.Unlock()
	inc := a.incidents[id]
	if inc == nil {
		return api.Incident{}, errNoSuch
	}
	if inc.Answers == nil {
		inc.Answers = map[string]string{}
	}
	inc.Answers = maps.Clone(inc.Answers)
	inc.Answers[question] = option
	if a.Answered != nil {
		a.Answered(inc)
	}
	return *inc, nil
}

// Record implements api.Service.
func (a *Agent) Record(ctx context.Context, action string) (api.RecordState, error) {
	if err := a.enter(ctx, "Record"); err != nil {
		return api.RecordState{}, err
	}
	a.Lock()
	defer a.Unlock()
	switch action {
	case api.RecordOn:
		a.Recorded.On = true
	case api.RecordOff:
		a.Recorded = api.RecordState{Locked: a.Recorded.Locked, Why: a.Recorded.Why}
	case api.RecordNow:
		a.Recorded.Marks = append([]time.Time{Clock()}, a.Recorded.Marks...)
	case api.RecordForget:
		a.Recorded.Marks = nil
	}
	return a.Recorded, nil
}

// Screenshot implements api.Service.
func (a *Agent) Screenshot(ctx context.Context, _ string) ([]byte, error) {
	err := a.enter(ctx, "Screenshot")
	a.Lock()
	defer a.Unlock()
	return a.Shot, err
}

// CloseIncident implements api.Service.
func (a *Agent) CloseIncident(ctx context.Context, id string) error {
	err := a.enter(ctx, "CloseIncident")
	a.Lock()
	defer a.Unlock()
	delete(a.incidents, id)
	return err
}

// Snapshot implements api.Service.
func (a *Agent) Snapshot(ctx context.Context) ([]api.FactGroup, error) {
	return snapshot(), a.enter(ctx, "Snapshot")
}

// Tickets implements api.Service.
func (a *Agent) Tickets(ctx context.Context, _ bool) (api.TicketList, error) {
	err := a.enter(ctx, "Tickets")
	a.Lock()
	defer a.Unlock()
	return api.TicketList{Tickets: a.Rows, Outbox: a.Waits, AsOf: Clock()}, err
}

// Ticket implements api.Service.
func (a *Agent) Ticket(ctx context.Context, n string, _ bool) (api.TicketView, error) {
	err := a.enter(ctx, "Ticket")
	a.Lock()
	defer a.Unlock()
	v, ok := a.Views[n]
	if err == nil && !ok {
		err = api.NewError(api.CodeNotFound, errNoSuch)
	}
	return v, err
}

// Reply implements api.Service.
func (a *Agent) Reply(ctx context.Context, n string, in api.ReplyInput) (api.Sent, error) {
	err := a.enter(ctx, "Reply")
	a.Lock()
	defer a.Unlock()
	a.RepliedIn = append(a.RepliedIn, in)
	v := a.Views[n]
	v.Messages = append(v.Messages, api.Message{ID: "new", FromMe: true, At: Clock(), Text: in.Text})
	a.Views[n] = v
	return api.Sent{State: "sent", Number: n}, err
}

// Reopen implements api.Service.
func (a *Agent) Reopen(ctx context.Context, n, text string) (api.Sent, error) {
	if err := a.enter(ctx, "Reopen"); err != nil {
		return api.Sent{}, err
	}
	return a.Reply(ctx, n, api.ReplyInput{Text: text})
}

// Rate implements api.Service.
func (a *Agent) Rate(ctx context.Context, _ string, _ api.Rating) error { return a.enter(ctx, "Rate") }

// Download implements api.Service.
func (a *Agent) Download(ctx context.Context, _, _ string, w io.Writer) error {
	if _, err := io.WriteString(w, "the file"); err != nil {
		return err
	}
	return a.enter(ctx, "Download")
}

// MarkSeen implements api.Service.
func (a *Agent) MarkSeen(ctx context.Context, _ string) error { return a.enter(ctx, "MarkSeen") }

// Sent implements api.Service.
func (a *Agent) Sent(ctx context.Context) ([]api.Record, error) {
	err := a.enter(ctx, "Sent")
	a.Lock()
	defer a.Unlock()
	return a.Records, err
}

// Notices implements api.Service.
func (a *Agent) Notices(ctx context.Context) ([]api.Notice, error) {
	err := a.enter(ctx, "Notices")
	a.Lock()
	defer a.Unlock()
	return a.Outages, err
}

// Outbox implements api.Service.
func (a *Agent) Outbox(ctx context.Context) ([]api.OutboxItem, error) {
	err := a.enter(ctx, "Outbox")
	a.Lock()
	defer a.Unlock()
	return a.Waits, err
}

// Flush implements api.Service.
func (a *Agent) Flush(ctx context.Context) ([]api.OutboxItem, error) {
	if err := a.enter(ctx, "Flush"); err != nil {
		return nil, err
	}
	a.Lock()
	defer a.Unlock()
	a.Waits = nil
	return nil, nil
}

// Export implements api.Service.
func (a *Agent) Export(ctx context.Context, _ string, w io.Writer) error {
	if _, err := io.WriteString(w, "PK"); err != nil {
		return err
	}
	return a.enter(ctx, "Export")
}

// Retry implements api.Service.
func (a *Agent) Retry(ctx context.Context, _ string) (api.OutboxItem, error) {
	return api.OutboxItem{}, a.enter(ctx, "Retry")
}

// Discard implements api.Service.
func (a *Agent) Discard(ctx context.Context, ref string) error {
	if err := a.enter(ctx, "Discard"); err != nil {
		return err
	}
	a.Lock()
	defer a.Unlock()
	var rest []api.OutboxItem
	for _, it := range a.Waits {
		if it.Ref != ref {
			rest = append(rest, it)
		}
	}
	a.Waits = rest
	return nil
}

// TryDesk implements api.Service.
func (a *Agent) TryDesk(ctx context.Context, in api.SignIn) (api.DeskState, error) {
	err := a.enter(ctx, "TryDesk")
	a.Lock()
	defer a.Unlock()
	a.SignIns = append(a.SignIns, in)
	return Signed(), err
}

// SignIn implements api.Service.
func (a *Agent) SignIn(ctx context.Context, in api.SignIn) (api.DeskState, error) {
	err := a.enter(ctx, "SignIn")
	a.Lock()
	defer a.Unlock()
	a.SignIns = append(a.SignIns, in)
	if err == nil {
		a.Status.Desk = Signed()
	}
	return a.Status.Desk, err
}

// SignOut implements api.Service.
func (a *Agent) SignOut(ctx context.Context) error { return a.enter(ctx, "SignOut") }

// Config implements api.Service.
func (a *Agent) Config(ctx context.Context) ([]api.Setting, error) {
	err := a.enter(ctx, "Config")
	a.Lock()
	defer a.Unlock()
	return a.Conf, err
}

// SetConfig implements api.Service.
func (a *Agent) SetConfig(ctx context.Context, key, value string) error {
	err := a.enter(ctx, "SetConfig")
	a.Lock()
	defer a.Unlock()
	if a.SetKeys == nil {
		a.SetKeys = map[string]string{}
	}
	a.SetKeys[key] = value
	if err == nil && key == "language" && value != "auto" {
		a.Status.Language = value
	}
	return err
}

// DeskURL implements api.Service.
func (a *Agent) DeskURL(ctx context.Context) (string, error) {
	return "http://127.0.0.1:4711/in?once=x", a.enter(ctx, "DeskURL")
}

// Show implements api.Service.
func (a *Agent) Show(ctx context.Context, page string) error {
	if err := a.enter(ctx, "Show"); err != nil {
		return err
	}
	a.Emit(api.Event{Kind: "show", Page: page, At: Clock()})
	return nil
}

// Quit implements api.Service.
func (a *Agent) Quit(ctx context.Context) error { return a.enter(ctx, "Quit") }
