package znuny

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"balise/client"
	"balise/client/transport"
)

const (
	perPage = 50
	// deltaOverlap is added to "changed since": the desk counts in minutes, and by its own clock.
	deltaOverlap = 2 * time.Minute
)

// statusOf maps by the type of a state: names are the installation's own and may be in any language. An unknown
// type is StatusUnknown and shown as it is.
func (d *Driver) statusOf(state, kind string) client.Status {
	state, kind = strings.ToLower(strings.TrimSpace(state)), strings.ToLower(strings.TrimSpace(kind))
	for _, key := range []string{state, kind} {
		if s, ok := d.p.StatusMap[key]; ok && key != "" {
			return s
		}
	}
	switch kind {
	case "new":
		return client.StatusNew
	case "open", "pending auto":
		return client.StatusOpen
	case "pending reminder":
		return client.StatusPending
	case "closed", "merged", "removed":
		return client.StatusClosed
	}
	return client.StatusUnknown
}

// ticket turns the desk's record into ours.
func (d *Driver) ticket(t ticket, now time.Time) client.Ticket {
	off := zone(t, now)
	out := client.Ticket{
		Ref:       d.ref(string(t.TicketID), transport.Line(string(t.TicketNumber), 60)),
		Subject:   transport.Line(string(t.Title), 300),
		Status:    d.statusOf(string(t.State), string(t.StateType)),
		RawStatus: transport.Line(string(t.State), 60),
		Queue:     transport.Line(string(t.Queue), 200),
		Priority:  priorityFrom(string(t.Priority)),
		Created:   parse(t.Created, off), Updated: parse(t.Changed, off),
	}
	// Tickets that nobody took belong to the first account.
	if t.OwnerID != "1" && t.Owner != "" {
		owner := transport.Line(string(t.Owner), 200)
		out.Assignee = client.Person{ID: owner, Name: owner}
	}
	out.ClientRef, out.Subject = d.refOf(t, out.Subject)
	out.Actions = actions(out.Status, string(t.StateType))
	return out
}

// actions: the interface does not say what a customer may do. By its defaults he may set any state of his own
// tickets, but queues, access lists and add-ons can refuse.
func actions(s client.Status, kind string) client.Actions {
	out := client.Actions{Reply: client.Yes, Close: client.Maybe, Reopen: client.No, Rate: client.No}
	if k := strings.ToLower(kind); k == "merged" || k == "removed" {
		return client.Actions{Reply: client.No, Close: client.No, Reopen: client.No, Rate: client.No}
	}
	switch s {
	case client.StatusResolved:
		out.Reopen = client.Maybe
	case client.StatusClosed:
		out.Reply, out.Close, out.Reopen = client.Maybe, client.No, client.Maybe
	}
	return out
}

// Get reads one ticket. The desk cannot say that it has not changed.
func (d *Driver) Get(ctx context.Context, id string, _ client.Validator) (client.Ticket, error) {
	if err := checkID(id); err != nil {
		return client.Ticket{}, err
	}
	got, now, err := d.tickets(ctx, []string{id})
	if err == nil && len(got) == 0 {
		err = fmt.Errorf("no ticket in the answer: %w", client.ErrNotADesk)
	}
	if err != nil {
		return client.Ticket{}, fmt.Errorf("read ticket %s: %w", id, err)
	}
	return d.ticket(got[0], now), nil
}

// tickets reads records, in the order of ids, and the desk's time.
func (d *Driver) tickets(ctx context.Context, ids []string) ([]ticket, time.Time, error) {
	var got answer
	query := url.Values{"DynamicFields": {"1"}}
	a, err := d.read(ctx, "/Ticket/"+strings.Join(ids, ","), query, &got)
	if errors.Is(err, client.ErrForbidden) && len(ids) > 1 {
		return d.oneByOne(ctx, ids)
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	by := map[text]ticket{}
	for _, t := range got.Ticket {
		if !isID(string(t.TicketID)) || t.State == "" {
			return nil, time.Time{}, fmt.Errorf("no ticket in the answer: %w", client.ErrNotADesk)
		}
		by[t.TicketID] = t
	}
	var out []ticket
	for _, id := range ids {
		if t, ok := by[text(id)]; ok {
			out = append(out, t)
		}
	}
	return out, a.Date(), nil
}

// oneByOne reads what can be read: one ticket that was taken away since the search refuses the whole list.
func (d *Driver) oneByOne(ctx context.Context, ids []string) (out []ticket, now time.Time, err error) {
	for _, id := range ids {
		got, at, err := d.tickets(ctx, []string{id})
		if errors.Is(err, client.ErrForbidden) || errors.Is(err, client.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, now, err
		}
		out, now = append(out, got...), at
	}
	return out, now, nil
}

// List reads one page of the signed-in user's tickets, the last changed first. The desk's search gives numbers
// only and has no pages, so the cursor counts how many of them were read.
func (d *Driver) List(ctx context.Context, q client.ListQuery) (client.Page, error) {
	skip := 0
	if q.Cursor != "" {
		n, err := strconv.Atoi(q.Cursor)
		if err != nil || n < 1 {
			return client.Page{}, &client.InvalidError{Message: "cursor " + transport.Line(q.Cursor, 20)}
		}
		skip = n
	}
	size := perPage
	if q.Limit > 0 {
		size = min(q.Limit, perPage)
	}
	ids, now, err := d.newest(ctx, q.Since, skip+size+1)
	if err != nil {
		return client.Page{}, fmt.Errorf("list tickets: %w", err)
	}
	page := client.Page{Exact: true, Now: now}
	if len(ids) <= skip {
		return page, nil
	}
	here := ids[skip:min(skip+size, len(ids))]
	got, at, err := d.tickets(ctx, here)
	if err != nil {
		return client.Page{}, fmt.Errorf("list tickets: %w", err)
	}
	for _, t := range got {
		tk := d.ticket(t, at)
		since := q.Since.Truncate(time.Second)
		if zone(t, at) != 0 {
			since = since.Add(-time.Hour) // summer time may lie between the two dates of a ticket
		}
		if !q.Since.IsZero() && tk.Updated.Before(since) {
			continue
		}
		if !q.IncludeClosed && (tk.Status == client.StatusClosed || tk.Status == client.StatusResolved) {
			continue
		}
		page.Tickets = append(page.Tickets, tk)
	}
	if len(ids) > skip+size {
		page.Next = strconv.Itoa(skip + size)
	}
	return page, nil
}

// newest searches the user's own tickets. Customers of one company see each other's, so the login is named.
func (d *Driver) newest(ctx context.Context, since time.Time, most int) ([]string, time.Time, error) {
	query := url.Values{
		"CustomerUserLogin": {d.p.Credential.User},
		"SortBy":            {"Changed", "TicketNumber"}, "OrderBy": {"Down", "Down"},
		"Limit": {strconv.Itoa(most)},
	}
	if !since.IsZero() {
		// In minutes back from now: a date would be read in the desk's own zone.
		back := max(d.deskNow().Sub(since), 0) + deltaOverlap
		query.Set("TicketLastChangeTimeNewerMinutes", strconv.Itoa(int(back/time.Minute)+1))
	}
	found, a, err := d.search(ctx, query)
	if err != nil {
		return nil, time.Time{}, err
	}
	ids, err := idsOf(found)
	return ids, a.Date(), err
}

func idsOf(found []text) ([]string, error) {
	var out []string
	for _, id := range found {
		if !isID(string(id)) {
			return nil, fmt.Errorf("ticket %q: %w", transport.Line(string(id), 40), client.ErrNotADesk)
		}
		if !slices.Contains(out, string(id)) {
			out = append(out, string(id))
		}
	}
	return out, nil
}

// priorityTo names the stock priorities, which TicketCreate takes by number too.
func priorityTo(p client.Priority) string {
	if p == 0 {
		p = 3
	}
	return strconv.Itoa(int(min(max(p, 1), 5)))
}

// priorityFrom reads the number that the stock names begin with.
func priorityFrom(raw string) client.Priority {
	if len(raw) > 1 && raw[0] >= '1' && raw[0] <= '5' && raw[1] == ' ' {
		return client.Priority(raw[0] - '0')
	}
	return 0
}
