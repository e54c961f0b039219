package rt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"balise/client"
	"balise/client/transport"
)

// ticket is RT's record, with the fields that fieldsOf asks for.
type ticket struct {
	ID           text
	Subject      string
	Status       string
	Created      stamp
	LastUpdated  stamp
	Priority     text
	Owner        user
	Queue        named
	CustomFields []customField
	Hyperlinks   []link `json:"_hyperlinks"`
}

type named struct {
	ID   text
	Name string
}

type customField struct {
	Name   string
	Values []text
}

// link is what RT lets this user do: correspond, and the changes of status of the life cycle.
type link struct {
	Ref  string
	To   string
	Type string
	ID   text
	URL  string `json:"_url"`
}

func fieldsOf() url.Values {
	return url.Values{
		"fields":        {"Subject,Status,Created,LastUpdated,Priority,Owner,Queue,CustomFields"},
		"fields[Owner]": {"Name,RealName"},
		"fields[Queue]": {"Name"},
	}
}

// statuses holds the words of RT's own life cycles and the commonest additions. Life cycles are free: an
// unknown word is StatusUnknown and shown as it is.
func statuses(raw string) client.Status {
	switch raw {
	case "new":
		return client.StatusNew
	case "open":
		return client.StatusOpen
	case "stalled", "waiting", "pending":
		return client.StatusPending
	case "resolved":
		return client.StatusResolved
	case "closed", "rejected", "deleted":
		return client.StatusClosed
	}
	return client.StatusUnknown
}

func (d *Driver) status(raw string) client.Status {
	key := strings.ToLower(strings.TrimSpace(raw))
	if s, ok := d.p.StatusMap[key]; ok {
		return s
	}
	return statuses(key)
}

// Get reads one ticket, or says that it has not changed.
func (d *Driver) Get(ctx context.Context, id string, v client.Validator) (client.Ticket, error) {
	if err := checkID(id); err != nil {
		return client.Ticket{}, err
	}
	if _, err := d.me(ctx); err != nil {
		return client.Ticket{}, err
	}
	var t ticket
	r := d.request(http.MethodGet, "/ticket/"+id, fieldsOf())
	r.Into = &t
	if v.ETag != "" {
		r.Header.Set("If-None-Match", v.ETag)
	}
	a, err := d.p.Transport.Do(ctx, r)
	if err != nil {
		return client.Ticket{}, fmt.Errorf("read ticket %s: %w", id, err)
	}
	if !isID(string(t.ID)) || t.Status == "" {
		return client.Ticket{}, fmt.Errorf("read ticket %s: no ticket in the answer: %w", id, client.ErrNotADesk)
	}
	out := d.ticket(t)
	out.Ref = d.ref(id) // a merged ticket answers with the number of the one it went into
	out.Validator.ETag = a.Header.Get("ETag")
	out.Actions = actions(t, out.Status)
	return out, nil
}

// actions reads the links, which RT has filtered by this user's rights.
func actions(t ticket, s client.Status) client.Actions {
	out := client.Actions{Reply: client.No, Close: client.No, Reopen: client.No, Rate: client.No}
	for _, l := range t.Hyperlinks {
		if l.Ref == "correspond" {
			out.Reply = client.Yes
		}
	}
	if s == client.StatusResolved || s == client.StatusClosed {
		out.Reopen = out.Reply // a reply of the requestor reopens from every inactive status
	}
	return out
}

func (d *Driver) ticket(t ticket) client.Ticket {
	out := client.Ticket{
		Ref:       d.ref(string(t.ID)),
		Subject:   transport.Line(t.Subject, 300),
		Status:    d.status(t.Status),
		RawStatus: transport.Line(t.Status, 60),
		Queue:     transport.Line(t.Queue.Name, 200),
		Priority:  priorityFrom(string(t.Priority)),
		Created:   t.Created.Time,
		Updated:   t.LastUpdated.Time,
		Actions:   client.Actions{Reply: client.Maybe, Close: client.No, Reopen: client.Maybe, Rate: client.No},
	}
	if owner := string(t.Owner.ID); owner != "" && owner != "Nobody" && t.Owner.Name != "Nobody" {
		out.Assignee = t.Owner.person()
		if out.Assignee.Name == "" {
			out.Assignee = client.Person{ID: owner, Name: transport.Line(owner, 200)}
		}
	}
	out.ClientRef, out.Subject = d.refOf(t, out.Subject)
	return out
}

// refOf finds our reference and takes it off the subject that people read.
func (d *Driver) refOf(t ticket, subject string) (client.ClientRef, string) {
	if head, tail, ok := cutSubject(subject); ok {
		return tail, head
	}
	for _, f := range t.CustomFields {
		if f.Name == d.p.RefField && len(f.Values) > 0 {
			if r := client.ClientRef(f.Values[0]); r.Valid() {
				return r, subject
			}
		}
	}
	return "", subject
}

// List reads one page of the signed-in user's tickets, the last changed first.
func (d *Driver) List(ctx context.Context, q client.ListQuery) (client.Page, error) {
	page := 1
	if q.Cursor != "" {
		n, err := strconv.Atoi(q.Cursor)
		if err != nil || n < 1 {
			return client.Page{}, &client.InvalidError{Message: "cursor " + transport.Line(q.Cursor, 20)}
		}
		page = n
	}
	if _, err := d.me(ctx); err != nil {
		return client.Page{}, err
	}
	size := perPage
	if q.Limit > 0 {
		size = min(q.Limit, perPage)
	}
	res, a, err := d.search(ctx, listQuery(q), page, size)
	if err != nil {
		return client.Page{}, fmt.Errorf("list tickets: %w", err)
	}
	out := client.Page{Exact: true, Now: a.Date()}
	done := false // newest first: behind one ticket from before Since there are only such
	for _, t := range res.Items {
		if !isID(string(t.ID)) || t.Status == "" {
			continue // RT lists what it may not show as an empty record
		}
		tk := d.ticket(t)
		if !q.Since.IsZero() && tk.Updated.Before(q.Since.Truncate(time.Second)) {
			done = true
			continue
		}
		out.Tickets = append(out.Tickets, tk)
	}
	if !done && res.more(page, size) {
		out.Next = strconv.Itoa(page + 1)
	}
	return out, nil
}

const (
	perPage = 100 // the most RT gives
	// zoneOverlap: RT reads the dates of a search in the user's time zone, up to 12 hours behind UTC,
	// whatever zone is written beside them. What comes too much is filtered here.
	zoneOverlap = 24 * time.Hour
)

func listQuery(q client.ListQuery) string {
	sql := mine
	if !q.IncludeClosed {
		sql += " AND Status = '__Active__'"
	}
	if !q.Since.IsZero() {
		sql += " AND LastUpdated > '" + q.Since.UTC().Add(-zoneOverlap).Format(time.DateTime) + "'"
	}
	return sql
}

const mine = "Requestor.id = '__CurrentUser__'"

// found is a page of a search. Total and pages are null for some searches.
type found struct {
	Items    []ticket
	Count    int
	Pages    *float64
	NextPage string `json:"next_page"`
}

func (f found) more(page, size int) bool {
	if f.Pages != nil {
		return float64(page) < *f.Pages
	}
	return f.NextPage != "" || f.Count >= size
}

func (d *Driver) search(ctx context.Context, sql string, page, size int) (found, transport.Answer, error) {
	query := fieldsOf()
	query.Set("query", sql)
	query.Set("orderby", "LastUpdated")
	query.Set("order", "DESC")
	query.Set("page", strconv.Itoa(page))
	query.Set("per_page", strconv.Itoa(size))
	var res *found
	a, err := d.read(ctx, "/tickets", query, &res)
	if err == nil && (res == nil || res.Items == nil) {
		// An answer without a list is no answer. It must not pass for "nothing found".
		err = fmt.Errorf("no list in the answer: %w", client.ErrNotADesk)
	}
	if err != nil {
		return found{}, a, notHere(err)
	}
	return *res, a, nil
}

// notHere keeps "this address does not exist" apart from "this ticket does not exist": the second lets the
// outbox send again.
func notHere(err error) error {
	if errors.Is(err, client.ErrNotFound) {
		return fmt.Errorf("%w: %s", client.ErrNotADesk, err.Error())
	}
	return err
}

// priorityTo spreads 1 to 5 over RT's 0 to 100.
func priorityTo(p client.Priority) int { return int(min(max(p, 1), 5)-1) * 25 }

// priorityFrom is its inverse; 0 is what RT gives to tickets without one.
func priorityFrom(raw string) client.Priority {
	n, err := strconv.Atoi(raw)
	if err != nil || n <= 0 {
		return 0
	}
	return client.Priority(min((n+12)/25+1, 5))
}

// isOpen tells the statuses that a reopened ticket may have.
func isOpen(s client.Status) bool {
	return slices.Contains([]client.Status{client.StatusNew, client.StatusOpen, client.StatusPending}, s)
}
