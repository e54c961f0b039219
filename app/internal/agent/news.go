package agent

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"balise/app/internal/agent/store"
	"balise/app/internal/ipc/api"
	"balise/client"
)

const (
	// maxNotes is how many notifications one look shows; after a holiday one that sums up is kinder.
	maxNotes = 3
	// maxExcerpt is how much of an answer a notification shows.
	maxExcerpt = 200
	noteWait   = 5 * time.Second
)

// news is one event of a ticket that its user should hear of, once.
type news struct {
	key    string // unique for ever: see store.Desk.Tell
	id     string // of the ticket
	number string
	title  string
	// Either a message or a new status.
	from, text string
	status     client.Status
}

// whatIsNew compares a ticket with what was known of it. The user's own words are not news, and neither is
// what follows from them: a ticket that is open again because he answered. A message says more than the
// status that changed with it.
func whatIsNew(before client.Ticket, found bool, now client.Ticket, fresh []client.Message) []news {
	var out []news
	for _, m := range fresh {
		if m.FromMe || m.StatusNote != "" || (strings.TrimSpace(m.Text) == "" && len(m.Attachments) == 0) {
			continue
		}
		out = append(out, news{
			key: "m:" + now.ID + ":" + m.ID, id: now.ID, number: now.Number, title: now.Subject,
			from: m.From.Name, text: m.Text,
		})
	}
	if len(out) > 0 || !found || before.Status == now.Status || !tellStatus(before.Status, now.Status) {
		return out
	}
	return append(out, news{
		key: fmt.Sprintf("s:%s:%s:%d", now.ID, now.Status, now.Updated.Unix()),
		id:  now.ID, number: now.Number, title: now.Subject, status: now.Status,
	})
}

// tellStatus says which changes a user wants to hear of.
func tellStatus(from, to client.Status) bool {
	switch to {
	case client.StatusOpen:
		return from == client.StatusNew // somebody has taken it
	case client.StatusPending, client.StatusResolved:
		return true
	case client.StatusClosed:
		return from != client.StatusResolved // the desk's own clock, some days later
	}
	return false
}

// tell marks the tickets as unread and shows what the user was not told yet. What was told is on disk before
// it is shown: rather never than twice.
func (f *follow) tell(ctx context.Context, cache *store.Desk, all []news) error {
	ctx = context.WithoutCancel(ctx) // the look's time may be over; what it found is told all the same
	var untold []news
	for _, n := range all {
		first, err := cache.Tell(ctx, n.key, f.a.p.Now())
		if err != nil {
			return err
		}
		if !first {
			continue
		}
		if err := cache.SetUnread(ctx, n.id, true); err != nil {
			return err
		}
		untold = append(untold, n)
	}
	if len(untold) == 0 {
		return nil
	}
	f.show(ctx, untold)
	for _, n := range untold {
		f.a.bus.publish(api.Event{Kind: "ticket", Ticket: n.number})
	}
	return f.a.recount(ctx)
}

func (f *follow) show(ctx context.Context, all []news) {
	if f.a.p.Notifier == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteWait)
	defer cancel()
	t := f.a.texts()
	notes := latest(all)
	var show []Note
	for _, n := range notes {
		body := t.T("agent.status." + string(n.status))
		if n.text != "" || n.status == "" {
			body = excerpt(n.text)
			if n.from != "" {
				body = t.T("agent.said", "name", line(n.from), "text", body)
			}
		}
		show = append(show, Note{
			Key: "ticket/" + n.number, Title: line(n.title), Body: body, Urgent: n.status == client.StatusPending,
		})
	}
	if len(show) > maxNotes {
		show = []Note{{Key: "tickets", Title: t.T("app.name"), Body: t.N("agent.news", len(show))}}
	}
	for _, n := range show {
		if err := f.a.p.Notifier.Show(ctx, n); err != nil {
			f.a.p.Log.Info("no notification", "error", err)
		}
	}
}

// latest keeps one piece of news for each ticket, the last.
func latest(all []news) []news {
	var out []news
	for _, n := range all {
		at := -1
		for i := range out {
			if out[i].id == n.id {
				at = i
			}
		}
		if at < 0 {
			out = append(out, n)
		} else {
			out[at] = n
		}
	}
	return out
}

// line makes one line of a text from outside.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }

func excerpt(s string) string {
	s = line(s)
	if utf8.RuneCountInString(s) <= maxExcerpt {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:maxExcerpt-1])) + "…"
}
