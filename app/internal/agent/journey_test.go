package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/diagnostics"
)

// TestJourney is the whole way: a report with the desk down, the desk back, one ticket, an answer from the
// technician, one notification, a reply, a second answer.
func TestJourney(t *testing.T) {
	p, b := params(t, "")
	if err := os.MkdirAll(p.StateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	down := filepath.Join(p.StateDir, noDesk)
	if err := os.WriteFile(down, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	resident(t, p, b)
	ctx := t.Context()

	inc := b.open(t, true)
	if !inc.HasScreenshot {
		t.Fatalf("no screenshot: %s", inc.ScreenshotWhy)
	}
	var events []string
	inc, err := b.Check(ctx, inc.ID, api.CheckRequest{}, func(ev diagnostics.Event) {
		events = append(events, string(ev.Kind))
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(inc.Results) != 2 || inc.Diagnosis == nil || len(events) != 4 {
		t.Fatalf("have %d results, %v, %v", len(inc.Results), inc.Diagnosis, events)
	}
	if inc.Results[0].ID != "net.link" || len(inc.Repairs) != 2 || inc.Repairs[0].ID != "disk.clean_user" ||
		inc.Repairs[1].ID != "disk.clean_system" {
		t.Errorf("have %+v, repairs %+v", inc.Results, inc.Repairs)
	}
	in := api.Input{Subject: "Plus de place", Description: "Mon disque est plein — à l’aide", Screenshot: true}
	review, err := b.Review(ctx, inc.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(review.Body, "à l’aide") || len(review.Files) < 2 {
		t.Fatalf("have %q, %v", review.Body, review.Files)
	}
	sent, err := b.Send(ctx, inc.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	if sent.State != "queued" || sent.Reason == nil || sent.Reason.Code != api.CodeDeskUnreachable {
		t.Fatalf("have %+v, reason %+v", sent, sent.Reason)
	}
	if _, err := b.Screenshot(ctx, inc.ID); api.CodeOf(err) != api.CodeNotFound {
		t.Errorf("the picture is still in memory: %v", err)
	}
	if v, err := b.Ticket(ctx, sent.Code, false); err != nil || v.Subject != review.Subject || len(v.Outbox) != 1 {
		t.Errorf("a waiting report shows as %+v, %v", v, err)
	}
	if st, _ := b.State(ctx); st.Waiting != 1 {
		t.Errorf("have %d waiting", st.Waiting)
	}

	if err := os.Remove(down); err != nil {
		t.Fatal(err)
	}
	within(t, 20*time.Second, "the desk comes up and takes the report", func() bool {
		left, err := b.Flush(ctx)
		return err == nil && len(left) == 0
	})
	again, err := b.Send(ctx, inc.ID, in) // a second click makes no second ticket
	if err != nil || again.State != "sent" || again.Number == "" {
		t.Fatalf("have %+v, %v", again, err)
	}
	number := again.Number
	list, err := b.Tickets(ctx, true)
	if err != nil || len(list.Tickets) != 1 || list.Problem != nil {
		t.Fatalf("have %+v, %v", list, err)
	}
	link, err := b.DeskURL(ctx)
	if err != nil {
		t.Fatal(err)
	}
	tech := signInTechnician(t, link)
	tech.answer(number, "Videz la corbeille, merci.", "pending")
	within(t, 20*time.Second, "the notification", func() bool { return len(b.bell.rung()) == 1 })
	note := b.bell.rung()[0]
	if note.Title != review.Subject || !strings.Contains(note.Body, "corbeille") || note.Key != "ticket/"+number {
		t.Errorf("have %+v", note)
	}
	if st, _ := b.State(ctx); st.Unread != 1 {
		t.Errorf("have %d unread", st.Unread)
	}
	view, err := b.Ticket(ctx, "#"+number, true)
	if err != nil || view.Status != client.StatusPending || view.Ref != inc.ID || view.Code != inc.Code {
		t.Fatalf("have %+v, %v", view, err)
	}
	if err := b.MarkSeen(ctx, number); err != nil {
		t.Fatal(err)
	}
	if st, _ := b.State(ctx); st.Unread != 0 {
		t.Errorf("have %d unread", st.Unread)
	}
	attachments(t, b, number, view)

	file := filepath.Join(b.dir, "photo (1).txt")
	if err := os.WriteFile(file, []byte("bonjour"), 0o600); err != nil {
		t.Fatal(err)
	}
	reply, err := b.Reply(ctx, number, api.ReplyInput{Text: "C’est fait.", Attach: []string{file}})
	if err != nil || reply.State != "sent" {
		t.Fatalf("have %+v, %v", reply, err)
	}
	records(t, b, number, inc, review)
	tech.answer(number, "Parfait.", "resolved")
	if _, err := b.Tickets(ctx, true); err != nil { // a look of the user's own, between two of the loop's
		t.Error(err)
	}
	if n := b.bell.rung(); len(n) != 2 {
		t.Errorf("the second answer: %+v", n)
	}
	if err := b.Rate(ctx, number, client.Rating{Value: 4}); err != nil {
		t.Error(err)
	}
	if re, err := b.Reopen(ctx, inc.ID, ""); err != nil || re.State != "sent" {
		t.Errorf("have %+v, %v", re, err)
	}
	time.Sleep(300 * time.Millisecond)
	if _, err := b.Tickets(ctx, true); err != nil {
		t.Error(err)
	}
	if n := b.bell.rung(); len(n) != 2 {
		t.Errorf("the user's own words rang: %+v", n)
	}
	if view.Left == nil || view.Left.Ref != inc.ID {
		t.Errorf("left with the ticket: %+v", view.Left)
	}
}

// attachments reads every attachment of the thread.
func attachments(t *testing.T, b *bench, number string, view api.TicketView) {
	t.Helper()
	names := map[string]int{}
	for _, m := range view.Messages {
		for _, at := range m.Attachments {
			var out bytes.Buffer
			if err := b.Download(t.Context(), number, at.ID, &out); err != nil {
				t.Errorf("%s: %v", at.Name, err)
			}
			names[at.Name] = out.Len()
		}
	}
	for _, name := range []string{"report.html", "report.json", "screenshot.png"} {
		if names[name] == 0 {
			t.Errorf("no %s on the ticket: %v", name, names)
		}
	}
	if err := b.Download(t.Context(), number, "no-such", &bytes.Buffer{}); api.CodeOf(err) != api.CodeNotFound {
		t.Errorf("have %v", err)
	}
}

// TestInProcess is a command without a resident agent: the same, within the call.
func TestInProcess(t *testing.T) {
	p, b := params(t, "")
	start(t, p, b)
	inc := b.open(t, false)
	sent, err := b.Send(t.Context(), inc.ID, api.Input{Subject: "S", Description: "D"})
	if err != nil || sent.State != "sent" || sent.Number == "" {
		t.Fatalf("have %+v, %v", sent, err)
	}
	b.practice.stop()
	within(t, 10*time.Second, "the desk ends", func() bool {
		_, err := b.DeskURL(t.Context())
		return api.CodeOf(err) == api.CodeNoAgent
	})
	if _, err := New(p); api.CodeOf(err) != api.CodeBusy {
		t.Errorf("a second agent on the same state: %v", err)
	}
}
