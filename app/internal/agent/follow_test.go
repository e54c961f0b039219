package agent

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"balise/app/internal/ipc/api"
	"balise/client"
)

// at makes an agent on a fake desk, not resident: the test says when to look.
func at(t *testing.T, settings string) (*bench, *fakeDesk) {
	t.Helper()
	p, b := params(t, settings)
	f := newFakeDesk()
	p.Driver = f.driver
	p.Now = f.now
	return start(t, p, b), f
}

func refresh(t *testing.T, b *bench) api.TicketList {
	t.Helper()
	l, err := b.Tickets(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestHistoryIsNotNews(t *testing.T) {
	b, f := at(t, "")
	f.add("1", client.StatusOpen)
	f.say("1", "an old answer", false, "")
	f.add("2", client.StatusClosed)
	if l := refresh(t, b); len(l.Tickets) != 2 || f.reads != 0 {
		t.Fatalf("have %d tickets, %d threads read", len(l.Tickets), f.reads)
	}
	refresh(t, b)
	if n := b.bell.rung(); len(n) != 0 || f.reads != 0 {
		t.Fatalf("history rang: %+v, %d threads read", n, f.reads)
	}
	f.say("1", "a new answer", false, "")
	refresh(t, b)
	n := b.bell.rung()
	if len(n) != 1 || n[0].Body != "Tech: a new answer" || n[0].Title != "Ticket 1" || f.reads != 1 {
		t.Fatalf("have %+v, %d threads read", n, f.reads)
	}
	for range 3 { // the overlap lists it again and again
		refresh(t, b)
	}
	if n := b.bell.rung(); len(n) != 1 {
		t.Errorf("told twice: %+v", n)
	}
}

func TestWhatRings(t *testing.T) {
	for _, c := range []struct {
		name         string
		before, then client.Status
		text         string
		mine         bool
		want         string // "" is silence
	}{
		{"an answer", client.StatusOpen, "", "Hello", false, "Tech: Hello"},
		{"an answer that also closes is one event", client.StatusOpen, client.StatusResolved, "Done", false, "Tech: Done"},
		{"my own words", client.StatusOpen, "", "Hello", true, ""},
		{"my own words open it again", client.StatusResolved, client.StatusOpen, "Still broken", true, ""},
		{"somebody takes it", client.StatusNew, client.StatusOpen, "", false, "Somebody is taking care of it."},
		{"it waits for me", client.StatusOpen, client.StatusPending, "", false, "Your service desk is waiting for your answer."},
		{"it is solved", client.StatusOpen, client.StatusResolved, "", false, "Your service desk says that it is solved."},
		{"it closes by itself", client.StatusResolved, client.StatusClosed, "", false, ""},
		{"it is parked", client.StatusPending, client.StatusOpen, "", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, f := at(t, "")
			f.add("1", c.before)
			refresh(t, b)
			f.say("1", c.text, c.mine, c.then)
			refresh(t, b)
			got := ""
			if n := b.bell.rung(); len(n) == 1 {
				got = n[0].Body
			} else if len(n) > 1 {
				t.Fatalf("rang %d times", len(n))
			}
			if got != c.want {
				t.Errorf("have %q, want %q", got, c.want)
			}
			if st, _ := b.State(t.Context()); (st.Unread == 1) != (c.want != "") {
				t.Errorf("%d unread", st.Unread)
			}
		})
	}
}

func TestManyNewsAreOneNotification(t *testing.T) {
	b, f := at(t, "")
	for i := range 6 {
		f.add(strconv.Itoa(i), client.StatusOpen)
	}
	refresh(t, b)
	for i := range 6 {
		f.say(strconv.Itoa(i), "Hello", false, "")
	}
	refresh(t, b)
	if n := b.bell.rung(); len(n) != 1 || !strings.Contains(n[0].Body, "6") || n[0].Key != "tickets" {
		t.Errorf("have %+v", n)
	}
}

func TestNotificationTextIsOneShortLine(t *testing.T) {
	b, f := at(t, "")
	f.add("1", client.StatusOpen)
	refresh(t, b)
	f.say("1", "a\n\n b\t"+strings.Repeat("é", 500), false, "")
	refresh(t, b)
	body := b.bell.rung()[0].Body
	if strings.ContainsAny(body, "\n\t") || len([]rune(body)) > 250 || !strings.HasPrefix(body, "Tech: a b é") {
		t.Errorf("have %q", body)
	}
}

func TestTheDeskIsDown(t *testing.T) {
	b, f := at(t, "")
	f.add("1", client.StatusOpen)
	first := refresh(t, b)
	f.set(func() { f.err = client.ErrUnreachable })
	l := refresh(t, b)
	if len(l.Tickets) != 1 || l.Problem == nil || l.Problem.Code != api.CodeDeskUnreachable {
		t.Fatalf("have %+v", l)
	}
	if !l.AsOf.Equal(first.AsOf) {
		t.Errorf("as of %s, want %s", l.AsOf, first.AsOf)
	}
	if st, _ := b.State(t.Context()); st.Desk.Problem == nil || st.Desk.Problem.Code != api.CodeDeskUnreachable {
		t.Errorf("have %+v", st.Desk)
	}
	f.set(func() { f.err = nil })
	if l := refresh(t, b); l.Problem != nil {
		t.Errorf("have %+v", l.Problem)
	}
}

func TestRetryAfterIsKept(t *testing.T) {
	b, f := at(t, "")
	f.add("1", client.StatusOpen)
	refresh(t, b)
	f.set(func() { f.err = &client.ThrottledError{RetryAfter: 20 * time.Minute} })
	l := refresh(t, b)
	if l.Problem == nil || l.Problem.Code != api.CodeDeskThrottled || l.Problem.Args["wait"] != "20 min" {
		t.Fatalf("have %+v", l.Problem)
	}
	if wait, err := b.follow.plan(t.Context()); err != nil || wait != 20*time.Minute {
		t.Errorf("have %s, %v", wait, err)
	}
	again := newFollow(b.Agent) // after a restart
	if wait, err := again.plan(t.Context()); err != nil || wait != 20*time.Minute {
		t.Errorf("after a restart: %s, %v", wait, err)
	}
}

func TestAnotherPersonSeesNoTicketsOfTheFirst(t *testing.T) {
	b, f := at(t, "")
	f.add("1", client.StatusOpen)
	refresh(t, b)
	f.set(func() { f.who, f.tickets = client.Person{ID: "u2", Name: "Paul"}, nil })
	b.link.reset() // signed in again
	if l := refresh(t, b); len(l.Tickets) != 0 {
		t.Errorf("have %+v", l.Tickets)
	}
}

func TestSinceOverlaps(t *testing.T) {
	b, f := at(t, "")
	refresh(t, b)
	was := f.clock
	f.add("1", client.StatusOpen)
	refresh(t, b)
	if got := f.lists[len(f.lists)-1].Since; !got.Equal(was.Add(-overlap)) {
		t.Errorf("asked since %s, want %s", got, was.Add(-overlap))
	}
}

func TestTicketByNumberThatTheCacheDoesNotKnow(t *testing.T) {
	b, f := at(t, "")
	f.add("7", client.StatusOpen)
	f.say("7", "Hello", false, "")
	v, err := b.Ticket(t.Context(), "7", false)
	if err != nil || len(v.Messages) != 1 {
		t.Fatalf("have %+v, %v", v, err)
	}
	if len(b.bell.rung()) != 0 {
		t.Error("what the user reads just now rang")
	}
	for _, n := range []string{"8", "BA000000000000000000", "../../etc"} {
		if _, err := b.Ticket(t.Context(), n, false); api.CodeOf(err) != api.CodeNotFound {
			t.Errorf("%s: %v", n, err)
		}
	}
	f.set(func() { f.err = client.ErrUnavailable })
	v, err = b.Ticket(t.Context(), "7", true)
	if err != nil || len(v.Messages) != 1 || v.Problem == nil || v.Problem.Code != api.CodeDeskUnavailable {
		t.Errorf("from the cache: %+v, %v", v, err)
	}
}

func TestReplyWaitsAndShows(t *testing.T) {
	b, f := at(t, "")
	f.add("7", client.StatusOpen)
	refresh(t, b)
	f.set(func() { f.err = client.ErrUnreachable })
	sent, err := b.Reply(t.Context(), "7", api.ReplyInput{Text: "Hello"})
	if err != nil || sent.State != "queued" || sent.Reason == nil {
		t.Fatalf("have %+v, %v", sent, err)
	}
	v, err := b.Ticket(t.Context(), "7", false)
	if err != nil || len(v.Outbox) != 1 || v.Outbox[0].Ticket != "7" {
		t.Errorf("have %+v, %v", v.Outbox, err)
	}
	f.set(func() { f.err = nil })
	if left, err := b.Flush(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("have %+v, %v", left, err)
	}
	for name, in := range map[string]struct {
		in   api.ReplyInput
		code string
	}{
		"nothing":  {api.ReplyInput{Text: " \n"}, api.CodeUsage},
		"too long": {api.ReplyInput{Text: strings.Repeat("x", maxReply+1)}, api.CodeTextTooLong},
		"no file":  {api.ReplyInput{Text: "x", Attach: []string{"/none/such"}}, api.CodeAttachUnreadable},
		"a folder": {api.ReplyInput{Text: "x", Attach: []string{b.dir}}, api.CodeAttachUnreadable},
		"relative": {api.ReplyInput{Text: "x", Attach: []string{"follow_test.go"}}, api.CodeAttachUnreadable},
	} {
		if _, err := b.Reply(t.Context(), "7", in.in); api.CodeOf(err) != in.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLookingAgainIsNoEvent keeps a window that looks at each event from looking for ever.
func TestLookingAgainIsNoEvent(t *testing.T) {
	b, f := at(t, "")
	f.add("7", client.StatusOpen)
	f.say("7", "Hello", false, "")
	if _, err := b.Ticket(t.Context(), "7", true); err != nil {
		t.Fatal(err)
	}
	events, cancel := b.bus.subscribe()
	defer cancel()
	for range 3 {
		if _, err := b.Ticket(t.Context(), "7", true); err != nil {
			t.Fatal(err)
		}
		refresh(t, b)
	}
	select {
	case ev := <-events:
		t.Errorf("nothing changed, and yet %+v", ev)
	default:
	}
}

func TestAStatusInTheThreadIsNotAnAnswer(t *testing.T) {
	now := client.Ticket{Ref: client.Ref{ID: "1", Number: "1"}, Status: client.StatusPending}
	note := client.Message{ID: "9", From: client.Person{Name: "The RT System itself"}, StatusNote: "stalled", Text: "stalled"}
	got := whatIsNew(client.Ticket{Status: client.StatusOpen}, true, now, []client.Message{note})
	if len(got) != 1 || got[0].status != client.StatusPending || got[0].text != "" {
		t.Errorf("have %+v", got)
	}
}

func TestNewsOfOneTicketSurviveTheTroubleOfTheNext(t *testing.T) {
	b, f := at(t, "")
	f.add("1", client.StatusOpen)
	f.add("2", client.StatusOpen)
	refresh(t, b)
	f.say("1", "Hello", false, "")
	f.say("2", "Hello too", false, "")
	f.broken = "id2"
	if l := refresh(t, b); l.Problem == nil {
		t.Error("the trouble is not told")
	}
	if n := b.bell.rung(); len(n) != 1 || n[0].Key != "ticket/1" {
		t.Errorf("have %+v", n)
	}
	f.broken = ""
	refresh(t, b)
	if n := b.bell.rung(); len(n) != 2 || n[1].Key != "ticket/2" {
		t.Errorf("have %+v", n)
	}
}

func TestToldOnceForEver(t *testing.T) {
	b, f := at(t, "")
	f.add("1", client.StatusOpen)
	refresh(t, b)
	n := []news{{key: "m:id1:7", id: "id1", number: "1", title: "T", text: "x"}}
	for range 3 {
		if err := b.follow.tell(t.Context(), b.tickets(), n); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.bell.rung(); len(n) != 1 {
		t.Errorf("rang %d times", len(n))
	}
}

func TestALargeFileIsRefusedBeforeItIsRead(t *testing.T) {
	b, f := at(t, "")
	f.add("7", client.StatusOpen)
	refresh(t, b)
	file := filepath.Join(b.dir, "film\u202e.mkv")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, maxFile+1); err != nil {
		t.Fatal(err)
	}
	_, err := b.Reply(t.Context(), "7", api.ReplyInput{Text: "x", Attach: []string{file}})
	var e *api.Error
	if !errors.As(err, &e) || e.Code != api.CodeAttachTooLarge || e.Args["limit"] != "64 MiB" {
		t.Fatalf("have %v", err)
	}
	if strings.ContainsRune(e.Args["file"], '\u202e') {
		t.Errorf("a name that turns the line around: %q", e.Args["file"])
	}
}
