package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/repair"
)

// fake is a Service that remembers nothing between two command lines; its moods come from the environment,
// so that a script can set them: MOOD is a list of words. What it is asked to do stands in the file LOG.
type fake struct{ moods string }

func (f *fake) is(mood string) bool { return strings.Contains(" "+f.moods+" ", " "+mood+" ") }

func (f *fake) log(format string, args ...any) {
	file, err := os.OpenFile(os.Getenv("LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	fmt.Fprintf(file, format+"\n", args...)
}

const (
	testRef  = "BA7KQ2M0123456789ABC"
	testTime = "2026-11-22T10:00:00Z"
	// nasty is what a hostile desk would call a ticket: an escape sequence, its C1 form, a title change, a
	// direction override.
	nasty = "pwn\x1b[31mred\u009b32m\x1b]0;title\x07\u202eesrever"
)

func at() time.Time { t, _ := time.Parse(time.RFC3339, testTime); return t }

func (f *fake) Events(ctx context.Context, _ func(api.Event)) error { <-ctx.Done(); return ctx.Err() }
func (f *fake) Screenshot(context.Context, string) ([]byte, error)  { return nil, nil }
func (f *fake) Notices(context.Context) ([]api.Notice, error)       { return nil, nil }
func (f *fake) Sent(context.Context) ([]api.Record, error)          { return nil, nil }
func (f *fake) SetConfig(context.Context, string, string) error     { return nil }
func (f *fake) Show(context.Context, string) error                  { return nil }
func (f *fake) Quit(context.Context) error                          { return nil }
func (f *fake) MarkSeen(_ context.Context, n string) error          { f.log("seen %s", n); return nil }

func (f *fake) CloseIncident(_ context.Context, id string) error { f.log("close %s", id); return nil }

func (f *fake) Incident(context.Context, string) (api.Incident, error) { return api.Incident{}, nil }

func (f *fake) State(context.Context) (api.State, error) {
	if f.is("nokeyring") { // and no agent: this process is the one that would have to keep it
		return api.State{PID: os.Getpid(), Warnings: []string{api.CodeKeyringAbsent}}, nil
	}
	if f.is("packrefused") {
		return api.State{Warnings: []string{api.CodePackRefused}}, nil
	}
	return api.State{}, nil
}

func (f *fake) Download(context.Context, string, string, io.Writer) error { return nil }

func (f *fake) TryDesk(context.Context, api.SignIn) (api.DeskState, error) {
	return api.DeskState{}, nil
}

func (f *fake) ListChecks(context.Context) ([]api.CheckInfo, error) {
	return []api.CheckInfo{
		{ID: "net.link", TimeoutMS: 500, Applies: true},
		{ID: "disk.space", Needs: []string{"net.link"}, TimeoutMS: 900, Applies: true},
		{ID: "sys.reboot_pending", TimeoutMS: 900},
	}, nil
}

func (f *fake) RepairHistory(context.Context) (api.RepairHistory, error) {
	a := api.RepairAttempt{ID: "print.resume", Ref: "R1", State: repair.Solved, Started: at(), Finished: at()}
	return api.RepairHistory{
		Attempts: []api.HistoryAttempt{{RepairAttempt: a, Outcome: "solved"}},
		Counts:   api.RepairCounts{Tried: 1, Solved: 1},
	}, nil
}

func (f *fake) SetSymptom(_ context.Context, id, symptom string) (api.Incident, error) {
	f.log("symptom %s", symptom)
	if symptom != "net.slow" {
		return api.Incident{}, &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": symptom}}
	}
	return api.Incident{ID: id, Symptom: &api.IncidentSymptom{ID: symptom, Title: "The network is slow"}}, nil
}

func (f *fake) Symptoms(_ context.Context, text string) ([]api.SymptomMatch, error) {
	f.log("symptoms %s", text)
	return []api.SymptomMatch{{ID: "net.slow", Title: "The network is slow", Words: []string{"slow"}}}, nil
}

func (f *fake) Forms(context.Context) ([]api.Form, error) {
	return []api.Form{{
		ID: "request.software", Kind: "software", Title: "A program", Fields: []api.FormField{
			{ID: "what", Label: "Which program", Type: "text", Required: true},
			{ID: "when", Label: "Until when", Type: "date"},
			{ID: "size", Label: "How large", Type: "choice", Options: []api.FormOption{{ID: "s", Text: "Small"}}},
		},
	}}, nil
}

func (f *fake) Packs(context.Context) ([]api.PackInfo, error) {
	return []api.PackInfo{
		{ID: "acme", Version: "2026.11.1", Publisher: "ACME support", Title: "ACME", Trust: "signed", Checks: 1, Faults: 2},
		{Path: "/home/me/packs/evil", Refused: "not_signed", Args: map[string]string{"path": "/home/me/packs/evil"}},
	}, nil
}

func (f *fake) Branding(context.Context) (api.Branding, error) { return api.Branding{}, nil }

func (f *fake) Words(context.Context, string) (map[string]string, error) { return nil, nil }

func (f *fake) Answer(_ context.Context, id, question, option string) (api.Incident, error) {
	f.log("answer %s=%s", question, option)
	inc, err := f.Check(context.Background(), id, api.CheckRequest{}, func(diagnostics.Event) {})
	inc.Answers = map[string]string{question: option}
	if f.is("follow") {
		inc.Diagnosis.Question = &api.Question{ID: "extent", Options: []string{"all", "one"}}
	}
	return inc, err
}

func (f *fake) Record(_ context.Context, action string) (api.RecordState, error) {
	f.log("record %s", action)
	if f.is("policy") {
		if action == api.RecordOn {
			return api.RecordState{}, &api.Error{Code: api.CodePolicy, Args: map[string]string{"key": "watch.record", "file": "P"}}
		}
		return api.RecordState{Locked: true, Why: "/etc/balise/policy.yaml"}, nil
	}
	st := api.RecordState{On: action != api.RecordOff}
	if st.On {
		st.Minutes, st.Since, st.Bytes, st.Paused = 90, at(), 92480, "metered"
		st.Marks = []time.Time{at()}
	}
	return st, nil
}

func (f *fake) OpenIncident(_ context.Context, req api.OpenRequest) (api.Incident, error) {
	f.log("open screenshot=%v", req.Screenshot)
	if req.Symptom != "" || req.Form != "" {
		f.log("open symptom=%s form=%s", req.Symptom, req.Form)
	}
	if f.is("forbidden") && req.Screenshot {
		return api.Incident{ID: testRef, ScreenshotWhy: api.CodeScreenForbidden}, nil
	}
	return api.Incident{ID: testRef, Code: "7KQ2M-X", Opened: at(), HasScreenshot: req.Screenshot}, nil
}

func (f *fake) Check(
	_ context.Context, id string, req api.CheckRequest, on func(diagnostics.Event),
) (api.Incident, error) {
	f.log("check only=%v", req.Only)
	if f.is("broken") {
		return api.Incident{}, errors.New("a defect")
	}
	link := api.Result{
		ID: "net.link", Status: diagnostics.Pass, Started: at(), TookMS: 3,
		Attempts: []diagnostics.Attempt{{Status: diagnostics.Pass, Started: at(), TookMS: 3}},
	}
	disk := api.Result{
		ID: "disk.space", Status: diagnostics.Pass, Started: at(), TookMS: 4,
		Facts: []diagnostics.Fact{diagnostics.Int("free", 3, "%")},
	}
	d := &api.Diagnosis{Cause: cause.Healthy, Confidence: cause.Confirmed, RuledOut: []string{"network"}}
	var repairs []api.RepairInfo
	if f.is("problem") {
		disk.Status, disk.Cause, disk.Severity = diagnostics.Fail, "disk.space/full", diagnostics.Blocks
		d = &api.Diagnosis{
			Cause: "disk.space/full", Confidence: cause.Confirmed, Root: "disk.space", Actor: cause.You,
			Category: "storage", Level: 1, Impact: "user", Urgency: "high", Facts: disk.Facts,
			Repairs: []string{"disk.clean_user"},
		}
		repairs = []api.RepairInfo{f.repairInfo()}
		if f.is("norepair") {
			repairs[0].Available, repairs[0].Why = false, "nothing_to_do"
		}
	}
	others := []api.RepairInfo{{ID: "portal.open", Available: true}}
	var changes []api.Change
	if f.is("changed") {
		changes = []api.Change{
			{Code: diagnostics.ChangeRestarted, At: at()},
			{Code: diagnostics.ChangeDiskFree, Facts: []diagnostics.Fact{
				diagnostics.Int("before", 30, "%"), diagnostics.Int("after", 3, "%"),
			}},
		}
		d.Changes = changes[1:]
		d.Question = &api.Question{ID: "kind", Options: []string{"slow", "program"}}
	}
	on(diagnostics.Event{Kind: diagnostics.RunStarted, Total: 2, At: at()})
	for _, r := range []api.Result{link, disk} {
		on(diagnostics.Event{Kind: diagnostics.CheckStarted, ID: r.ID, At: at()})
		on(diagnostics.Event{Kind: diagnostics.CheckFinished, ID: r.ID, Result: &r, At: at()})
	}
	on(diagnostics.Event{Kind: diagnostics.RunFinished, At: at()})
	results := []api.Result{link, disk}
	if f.is("bare") { // a computer that has next to nothing
		for _, id := range []string{"av.camera", "av.mic", "av.output", "av.server", "net.vpn", "net.wifi", "power.battery"} {
			results = append(results, api.Result{ID: id, Status: diagnostics.NA})
		}
	}
	return api.Incident{
		ID: id, Results: results, Diagnosis: d, Repairs: repairs, OtherRepairs: others, Checked: at(), TookMS: 12,
		Changes: changes,
	}, nil
}

func (f *fake) repairInfo() api.RepairInfo {
	last := repair.NoUndo
	if f.is("mild") {
		last = repair.WithUndo // a pack's step that asks first, and can be put back
	}
	return api.RepairInfo{
		ID: "disk.clean_user", Verifies: []string{"disk.space"}, Risk: repair.WithUndo, CostS: 20, Available: true,
		Steps: []repair.Step{
			{
				ID: "hold", Kind: repair.Auto, Risk: repair.WithUndo,
				Items: []repair.Item{{Label: "trash", Bytes: 1500000, Files: 3}},
			},
			{ID: "delete", Kind: repair.Confirm, Risk: last},
		},
	}
}

func (f *fake) Repair(
	_ context.Context, id string, req api.RepairRequest, on func(api.RepairEvent),
) (api.Incident, error) {
	if f.is("impossible") {
		return api.Incident{}, &api.Error{Code: api.CodeConflict, Args: map[string]string{"why": "no_service_manager"}}
	}
	f.log("repair %s %s consent=%v", req.ID, req.Action, req.Consent)
	if req.ID == "audio.unmute" {
		return f.unmute(id, req, on)
	}
	if req.ID != "disk.clean_user" {
		return api.Incident{}, api.NewError(api.CodeNotFound, nil)
	}
	if !req.Consent && req.Action != "cancel" {
		return api.Incident{}, api.NewError(api.CodeConsent, nil)
	}
	a := api.RepairAttempt{ID: req.ID, Ref: id, Started: at(), Finished: at(), CanUndo: true}
	switch req.Action {
	case "run":
		step := f.repairInfo().Steps[1]
		a.State, a.Pending = repair.NeedsUser, &step
		on(api.RepairEvent{ID: req.ID, State: repair.Running, Step: "hold"})
	case "continue":
		a.State = repair.Solved
		a.After = []api.Result{{ID: "disk.space", Status: diagnostics.Pass, Started: at()}}
	case "cancel":
		a.State = repair.NotSolved
	case "undo":
		a.State = repair.Undone
	}
	return api.Incident{ID: id, Attempts: []api.RepairAttempt{a}}, nil
}

// unmute is a repair with a choice, a percentage and a question.
func (f *fake) unmute(id string, req api.RepairRequest, on func(api.RepairEvent)) (api.Incident, error) {
	f.log("unmute %s choice=%v says=%s", req.Action, req.Choice, req.Says)
	a := api.RepairAttempt{ID: req.ID, Ref: id, Started: at(), State: repair.NeedsUser}
	set := repair.Step{
		ID: "set", Kind: repair.Auto, Choose: "one",
		Choices: []repair.Choice{{ID: "sink1", Label: "Screen"}, {ID: "sink2", Label: "Headset", Chosen: true}},
	}
	switch {
	case req.Action == "user_says" && req.Says == "yes":
		a.State = repair.Solved
	case req.Action == "user_says":
		a.State, a.Reason = repair.NotSolved, "user_says_no"
	case req.Action == "cancel":
		a.State, a.Reason = repair.NotSolved, "declined"
	case len(req.Choice) == 0:
		a.Pending = &set
	case req.Choice[0] != "sink1" && req.Choice[0] != "sink2":
		return api.Incident{}, api.NewError(api.CodeRepairChoice, nil)
	default:
		on(api.RepairEvent{ID: req.ID, State: repair.Running, Step: "set", Percent: 57, What: "half"})
		a.Pending = &repair.Step{ID: "hear", Kind: repair.Ask}
	}
	return api.Incident{ID: id, Attempts: []api.RepairAttempt{a}}, nil
}

func (f *fake) Review(_ context.Context, id string, in api.Input) (api.Review, error) {
	return api.Review{
		Ref: id, Code: "7KQ2M-X", Desk: "the practice desk", Subject: in.Subject,
		Body:  "DIAGNOSIS\n  disk full\n" + in.Description,
		Files: []api.ReviewFile{{Name: "report.html", MIME: "text/html", Size: 12345}}, Masked: map[string]int{"host": 3},
	}, nil
}

func (f *fake) Send(_ context.Context, id string, in api.Input) (api.Sent, error) {
	f.log("send subject=%q description=%d attach=%d screenshot=%v",
		in.Subject, len(in.Description), len(in.Attach), in.Screenshot)
	return f.sent(id), nil
}

func (f *fake) sent(ref string) api.Sent {
	s := api.Sent{Ref: ref, Code: "7KQ2M-X"}
	switch {
	case f.is("offline"):
		s.State, s.Reason = "queued", api.NewError(api.CodeDeskUnreachable, nil)
	case f.is("refusing"):
		s.State, s.Reason = "refused", &api.Error{Code: api.CodeDeskInvalid, Args: map[string]string{"message": nasty}}
	default:
		s.State, s.Number, s.URL = "sent", "1042", "http://127.0.0.1:1/t/1042"
		if f.is("nasty") {
			s.Number, s.URL = nasty, "javascript:alert(1)"
		}
	}
	return s
}

func (f *fake) Snapshot(context.Context) ([]diagnostics.Group, error) {
	return []diagnostics.Group{{ID: "system", Facts: []diagnostics.Fact{
		diagnostics.Text("os", "Debian 12"), diagnostics.Int("uptime", 4000, "s"),
		diagnostics.Identifier("host", "host-1", diagnostics.Plain, diagnostics.KindHost),
	}}}, nil
}

func (f *fake) ticket() api.Ticket {
	t := api.Ticket{
		Ref: client.Ref{ID: "1042", Number: "1042", WebURL: "http://127.0.0.1:1/t/1042"}, Subject: "Écran noir",
		Status: client.StatusPending, RawStatus: "stalled", Assignee: client.Person{Name: "Zoé"},
		Created: at(), Updated: at(), ClientRef: testRef,
		Actions: client.Actions{Reply: client.Yes, Close: client.No, Reopen: client.Maybe, Rate: client.Yes},
	}
	if f.is("nasty") {
		t.Subject, t.Assignee.Name, t.WebURL = nasty, nasty, "file:///etc/passwd"
	}
	return t
}

func (f *fake) Tickets(context.Context, bool) (api.TicketList, error) {
	if f.is("empty") {
		return api.TicketList{}, nil
	}
	l := api.TicketList{Tickets: []api.TicketRow{{Ticket: f.ticket(), Unread: true}}, AsOf: at()}
	if f.is("offline") {
		l.Problem = api.NewError(api.CodeDeskUnreachable, nil)
		l.Outbox = []api.OutboxItem{f.item()}
	}
	return l, nil
}

func (f *fake) Ticket(_ context.Context, n string, _ bool) (api.TicketView, error) {
	if n != "1042" && n != testRef {
		return api.TicketView{}, api.NewError(api.CodeNotFound, nil)
	}
	text := "Bonjour,\nessayez l'autre câble."
	if f.is("nasty") {
		text = nasty
	}
	return api.TicketView{
		Ticket: f.ticket(), Ref: testRef, Code: "7KQ2M-X", AsOf: at(),
		Messages: []api.Message{
			{ID: "1", FromMe: true, At: at(), Text: "Mon écran est noir.\n- Processor: failed\n  busy 99.7 %"},
			{ID: "3", At: at(), StatusNote: "open"},
			{ID: "4", At: at(), StatusNote: "escalated"},
			{ID: "2", From: client.Person{Name: "Zoé"}, At: at(), Text: text, Attachments: []api.Attachment{
				{ID: "9", Name: "câble.png", MIME: "image/png", Size: 2048},
			}},
		},
		Left: &api.Manifest{Ref: testRef, Code: "7KQ2M-X", At: at(), Files: []api.ReviewFile{
			{Name: "report.html", MIME: "text/html", Size: 9, SHA256: "2cb4b143"},
		}},
	}, nil
}

func (f *fake) Reply(_ context.Context, n string, in api.ReplyInput) (api.Sent, error) {
	f.log("reply %s %q", n, in.Text)
	return f.sent(testRef), nil
}

func (f *fake) Reopen(_ context.Context, n, text string) (api.Sent, error) {
	f.log("reopen %s %q", n, text)
	return f.sent(testRef), nil
}

func (f *fake) Rate(_ context.Context, n string, r client.Rating) error {
	f.log("rate %s %d/%d", n, r.Value, r.Max)
	if f.is("unsupported") {
		return api.NewError(api.CodeDeskUnsupported, nil)
	}
	return nil
}

func (f *fake) item() api.OutboxItem {
	return api.OutboxItem{
		Ref: testRef, Code: "7KQ2M-X", Kind: "ticket", Subject: "Écran noir", State: "waiting", Created: at(),
		Next: at().Add(time.Minute), Tries: 2, Bytes: 4096, Reason: api.NewError(api.CodeDeskUnreachable, nil),
	}
}

func (f *fake) Outbox(context.Context) ([]api.OutboxItem, error) {
	if f.is("empty") {
		return nil, nil
	}
	return []api.OutboxItem{f.item()}, nil
}

func (f *fake) Flush(ctx context.Context) ([]api.OutboxItem, error) {
	f.log("flush")
	return f.Outbox(ctx)
}

func (f *fake) Export(_ context.Context, ref string, w io.Writer) error {
	if ref != testRef {
		return api.NewError(api.CodeNotFound, nil)
	}
	_, err := io.WriteString(w, "PK zip")
	if f.is("cut") {
		return api.NewError(api.CodeInternal, errors.New("cut"))
	}
	return err
}

func (f *fake) Retry(context.Context, string) (api.OutboxItem, error) {
	it := f.item()
	if f.is("refusing") {
		it.State = "refused"
	}
	return it, nil
}

func (f *fake) Discard(_ context.Context, ref string) error { f.log("discard %s", ref); return nil }

func (f *fake) SignIn(_ context.Context, in api.SignIn) (api.DeskState, error) {
	f.log("sign-in %s user=%s token=%d password=%d", in.Auth, in.User, len(in.Token), len(in.Password))
	if f.is("wrong") {
		return api.DeskState{}, api.NewError(api.CodeDeskUnauthorized, nil)
	}
	return api.DeskState{
		Kind: "rt", URL: "https://rt.example", SignedIn: true, Person: client.Person{Name: "Camille"},
		Caps: client.Caps{Product: "RT", Version: "5.0.3", CreateIdem: client.IdemSearch, ReplyIdem: client.IdemSearch},
	}, nil
}

func (f *fake) SignOut(context.Context) error { f.log("sign-out"); return nil }

func (f *fake) Config(context.Context) ([]api.Setting, error) {
	return []api.Setting{
		{Key: "desk.kind", Value: "practice", Source: "default"},
		{Key: "desk.url", Source: "default"},
		{Key: "privacy.screenshot", Value: "forbid", Source: "policy", File: "/etc/balise/policy.yaml", Locked: true},
	}, nil
}

func (f *fake) DeskURL(context.Context) (string, error) { return "http://127.0.0.1:1/enter/abc", nil }
