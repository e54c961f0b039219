package ipc

import (
	"bytes"
	"context"
	"io"
	"sync"

	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/diagnostics"
)

// fake answers every method with something that is not the zero value, remembers what it was given, and
// fails when told to.
type fake struct {
	mu     sync.Mutex
	calls  []string
	args   []any
	fail   error
	block  chan struct{} // Events ends when it is closed
	midway bool          // fail after the first bytes of a file
}

func (f *fake) called(name string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, name)
	f.args = args
	return f.fail
}

func (f *fake) write(w io.Writer) error {
	if f.fail != nil && !f.midway {
		return f.fail
	}
	if _, err := w.Write(bytes.Repeat([]byte("x"), 100_000)); err != nil {
		return err
	}
	return f.fail
}

var (
	incident = api.Incident{ID: "I", Code: "C", Results: []api.Result{{ID: "net.link", Status: diagnostics.Pass}}}
	sent     = api.Sent{Ref: "R", State: "queued", Reason: &api.Error{Code: "desk.throttled", Args: map[string]string{"wait": "5 s"}}}
	item     = api.OutboxItem{Ref: "R", State: "waiting", Bytes: 7}
)

func (f *fake) State(context.Context) (api.State, error) {
	return api.State{Version: "1", PID: 4, Warnings: []string{"w"}}, f.called("State")
}

func (f *fake) Events(ctx context.Context, on func(api.Event)) error {
	if err := f.called("Events"); err != nil {
		return err
	}
	on(api.Event{Kind: "show", Page: "tickets"})
	select {
	case <-f.block:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *fake) ListChecks(context.Context) ([]api.CheckInfo, error) {
	return []api.CheckInfo{{ID: "net.link", TimeoutMS: 5}}, f.called("ListChecks")
}

func (f *fake) OpenIncident(_ context.Context, req api.OpenRequest) (api.Incident, error) {
	return incident, f.called("OpenIncident", req)
}

func (f *fake) Incident(_ context.Context, id string) (api.Incident, error) {
	return incident, f.called("Incident", id)
}

func (f *fake) Check(
	_ context.Context, id string, req api.CheckRequest, on func(diagnostics.Event),
) (api.Incident, error) {
	on(diagnostics.Event{Kind: diagnostics.RunStarted, Total: 1})
	on(diagnostics.Event{Kind: diagnostics.RunFinished})
	return incident, f.called("Check", id, req)
}

func (f *fake) Repair(
	_ context.Context, id string, req api.RepairRequest, on func(api.RepairEvent),
) (api.Incident, error) {
	on(api.RepairEvent{ID: "disk.clean_user", State: "running"})
	return incident, f.called("Repair", id, req)
}

func (f *fake) Answer(_ context.Context, id, question, option string) (api.Incident, error) {
	return incident, f.called("Answer", id, question, option)
}

func (f *fake) Record(_ context.Context, action string) (api.RecordState, error) {
	return api.RecordState{On: true, Minutes: 3}, f.called("Record", action)
}

func (f *fake) RepairHistory(context.Context) (api.RepairHistory, error) {
	return api.RepairHistory{Counts: api.RepairCounts{Solved: 2}}, f.called("RepairHistory")
}

func (f *fake) SetSymptom(_ context.Context, id, symptom string) (api.Incident, error) {
	return incident, f.called("SetSymptom", id, symptom)
}

func (f *fake) Symptoms(_ context.Context, text string) ([]api.SymptomMatch, error) {
	return []api.SymptomMatch{{ID: "S", Words: []string{"slow"}}}, f.called("Symptoms", text)
}

func (f *fake) Forms(context.Context) ([]api.Form, error) {
	return []api.Form{{ID: "F", Fields: []api.FormField{{ID: "what", Required: true}}}}, f.called("Forms")
}

func (f *fake) Packs(context.Context) ([]api.PackInfo, error) {
	return []api.PackInfo{{ID: "acme", Refused: "expired", Args: map[string]string{"until": "D"}}}, f.called("Packs")
}

func (f *fake) Branding(context.Context) (api.Branding, error) {
	return api.Branding{Name: "ACME", Logo: []byte{1, 2}, Contacts: []api.Contact{{Phone: "42"}}}, f.called("Branding")
}

func (f *fake) Words(_ context.Context, lang string) (map[string]string, error) {
	return map[string]string{"check.acme.erp.name": "ERP"}, f.called("Words", lang)
}

func (f *fake) Screenshot(_ context.Context, id string) ([]byte, error) {
	return []byte("\x89PNG"), f.called("Screenshot", id)
}

func (f *fake) Review(_ context.Context, id string, in api.Input) (api.Review, error) {
	return api.Review{Ref: "R", Body: "é\u202e\x00"}, f.called("Review", id, in)
}

func (f *fake) Send(_ context.Context, id string, in api.Input) (api.Sent, error) {
	return sent, f.called("Send", id, in)
}

func (f *fake) CloseIncident(_ context.Context, id string) error {
	return f.called("CloseIncident", id)
}

func (f *fake) Snapshot(context.Context) ([]diagnostics.Group, error) {
	return []diagnostics.Group{{ID: "system"}}, f.called("Snapshot")
}

func (f *fake) Tickets(_ context.Context, refresh bool) (api.TicketList, error) {
	return api.TicketList{Outbox: []api.OutboxItem{item}, Tickets: []api.TicketRow{}}, f.called("Tickets", refresh)
}

func (f *fake) Ticket(_ context.Context, n string, refresh bool) (api.TicketView, error) {
	return api.TicketView{Code: "C", Messages: []api.Message{{ID: "1"}}}, f.called("Ticket", n, refresh)
}

func (f *fake) Reply(_ context.Context, n string, in api.ReplyInput) (api.Sent, error) {
	return sent, f.called("Reply", n, in)
}

func (f *fake) Reopen(_ context.Context, n, text string) (api.Sent, error) {
	return sent, f.called("Reopen", n, text)
}

func (f *fake) Rate(_ context.Context, n string, r client.Rating) error {
	return f.called("Rate", n, r)
}

func (f *fake) Download(_ context.Context, n, id string, w io.Writer) error {
	_ = f.called("Download", n, id)
	return f.write(w)
}

func (f *fake) MarkSeen(_ context.Context, n string) error { return f.called("MarkSeen", n) }

func (f *fake) Sent(context.Context) ([]api.Record, error) {
	return []api.Record{{Manifest: api.Manifest{Ref: "R", Withheld: []string{"machine"}}, Number: "7"}}, f.called("Sent")
}

func (f *fake) Notices(context.Context) ([]api.Notice, error) {
	return []api.Notice{{ID: "1", Title: "T"}}, f.called("Notices")
}

func (f *fake) Outbox(context.Context) ([]api.OutboxItem, error) {
	return []api.OutboxItem{item}, f.called("Outbox")
}

func (f *fake) Flush(context.Context) ([]api.OutboxItem, error) {
	return []api.OutboxItem{}, f.called("Flush")
}

func (f *fake) Export(_ context.Context, ref string, w io.Writer) error {
	_ = f.called("Export", ref)
	return f.write(w)
}

func (f *fake) Retry(_ context.Context, ref string) (api.OutboxItem, error) {
	return item, f.called("Retry", ref)
}

func (f *fake) Discard(_ context.Context, ref string) error { return f.called("Discard", ref) }

func (f *fake) TryDesk(_ context.Context, in api.SignIn) (api.DeskState, error) {
	return api.DeskState{Kind: "rt", SignedIn: true}, f.called("TryDesk", in)
}

func (f *fake) SignIn(_ context.Context, in api.SignIn) (api.DeskState, error) {
	return api.DeskState{Kind: "rt"}, f.called("SignIn", in)
}

func (f *fake) SignOut(context.Context) error { return f.called("SignOut") }

func (f *fake) Config(context.Context) ([]api.Setting, error) {
	return []api.Setting{{Key: "language", Value: "fr", Locked: true}}, f.called("Config")
}

func (f *fake) SetConfig(_ context.Context, key, value string) error {
	return f.called("SetConfig", key, value)
}

func (f *fake) DeskURL(context.Context) (string, error) {
	return "http://127.0.0.1:1/x", f.called("DeskURL")
}

func (f *fake) Show(_ context.Context, page string) error { return f.called("Show", page) }

func (f *fake) Quit(context.Context) error { return f.called("Quit") }
