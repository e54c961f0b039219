package redmine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"balise/client"
	"balise/client/transport"
)

// issue is Redmine's record; what is below the line is there when it was asked for.
type issue struct {
	ID          id     `json:"id"`
	Project     named  `json:"project"`
	Tracker     named  `json:"tracker"`
	Status      status `json:"status"`
	Priority    named  `json:"priority"`
	Category    named  `json:"category"`
	Author      named  `json:"author"`
	Assignee    named  `json:"assigned_to"`
	Subject     string `json:"subject"`
	Description string `json:"description"`
	Created     stamp  `json:"created_on"`
	Updated     stamp  `json:"updated_on"`

	CustomFields []customField `json:"custom_fields"`

	Attachments []attachment `json:"attachments"`
	Journals    []journal    `json:"journals"`
	Allowed     *[]status    `json:"allowed_statuses"` // nil before Redmine 5.0
}

type customField struct {
	ID    id     `json:"id"`
	Name  string `json:"name"`
	Value words  `json:"value"`
}

// words is a custom field's value: a text, a list of texts, or null.
type words []string

func (w *words) UnmarshalJSON(b []byte) error {
	var one *string
	if json.Unmarshal(b, &one) == nil {
		if *w = nil; one != nil {
			*w = words{*one}
		}
		return nil
	}
	var many []string
	if json.Unmarshal(b, &many) == nil {
		*w = many
	}
	return nil // a number, or what a plugin makes of it: nothing of ours
}

// stamp is a time in UTC, or none.
type stamp struct{ time.Time }

func (s *stamp) UnmarshalJSON(b []byte) error {
	var raw *string
	if err := json.Unmarshal(b, &raw); err != nil || raw == nil {
		return nil
	}
	if t, err := time.Parse(time.RFC3339, *raw); err == nil {
		s.Time = t.UTC()
	}
	return nil
}

// issue reads one issue.
func (d *Driver) issue(ctx context.Context, key, include string, header http.Header) (issue, transport.Answer, error) {
	if _, err := d.me(ctx); err != nil {
		return issue{}, transport.Answer{}, err
	}
	if err := d.readStatuses(ctx); err != nil {
		return issue{}, transport.Answer{}, err
	}
	var res struct{ Issue issue }
	r := d.request(http.MethodGet, "/issues/"+key+".json", url.Values{"include": {include}})
	for k, v := range header {
		r.Header[k] = v
	}
	r.Into = &res
	a, err := d.p.Transport.Do(ctx, r)
	if err == nil && (!res.Issue.ID.valid() || !res.Issue.Status.ID.valid()) {
		err = fmt.Errorf("no issue in the answer: %w", client.ErrNotADesk)
	}
	return res.Issue, a, err
}

// Get reads one issue, or says that it has not changed. The journal is asked for because the times of Redmine count
// in seconds: two changes within one differ in nothing else, and the validator is made of the answer.
func (d *Driver) Get(ctx context.Context, key string, v client.Validator) (client.Ticket, error) {
	if err := checkID(key); err != nil {
		return client.Ticket{}, err
	}
	header := http.Header{}
	if v.ETag != "" {
		header.Set("If-None-Match", v.ETag)
	}
	i, a, err := d.issue(ctx, key, "journals,allowed_statuses", header)
	if err != nil {
		return client.Ticket{}, fmt.Errorf("read issue %s: %w", key, err)
	}
	out := d.ticket(i)
	out.Validator.ETag = a.Header.Get("ETag")
	out.Actions = d.actions(i)
	return out, nil
}

func (d *Driver) ticket(i issue) client.Ticket {
	out := client.Ticket{
		Ref:       d.ref(i.ID.String()),
		Subject:   transport.Line(i.Subject, 300),
		Status:    d.unified(i.Status),
		RawStatus: transport.Line(d.statusOf(i.Status).Name, 60),
		Queue:     transport.Line(i.Project.Name, 200),
		Created:   i.Created.Time, Updated: i.Updated.Time,
		Actions: client.Actions{
			Reply: client.Maybe, Close: client.Maybe, Reopen: client.Maybe, Rate: client.No,
		},
	}
	if i.Assignee.ID.valid() {
		out.Assignee = i.Assignee.person()
	}
	d.mu.Lock()
	out.Priority = priorityFrom(d.priorities, i.Priority.ID.String())
	d.mu.Unlock()
	if head, tail, ok := cutSubject(out.Subject); ok {
		out.Subject, out.ClientRef = head, tail
	} else {
		out.ClientRef = d.refOf(i)
	}
	return out
}

func (n named) person() client.Person {
	return client.Person{ID: n.ID.String(), Name: transport.Line(n.Name, 200)}
}

const perPage = 100 // the most Redmine gives

// List reads one page of the signed-in user's issues, the last changed first. The cursor is an offset.
func (d *Driver) List(ctx context.Context, q client.ListQuery) (client.Page, error) {
	from := 0
	if q.Cursor != "" {
		n, err := strconv.Atoi(q.Cursor)
		if err != nil || n < 0 {
			return client.Page{}, &client.InvalidError{Message: "cursor " + transport.Line(q.Cursor, 20)}
		}
		from = n
	}
	size := perPage
	if q.Limit > 0 {
		size = min(q.Limit, perPage)
	}
	query := mine("updated_on:desc,id:desc")
	if !q.Since.IsZero() {
		query.Set("updated_on", ">="+q.Since.UTC().Format("2006-01-02T15:04:05Z"))
	}
	if !q.IncludeClosed {
		query.Set("status_id", "open")
	}
	res, a, err := d.search(ctx, query, from, size)
	if err != nil {
		return client.Page{}, fmt.Errorf("list issues: %w", err)
	}
	return d.page(q, res, a, from), nil
}

func (d *Driver) page(q client.ListQuery, res found, a transport.Answer, from int) client.Page {
	out := client.Page{Exact: true, Now: a.Date()}
	since := q.Since.Truncate(time.Second)
	for _, i := range res.Issues {
		if !i.ID.valid() || !q.Since.IsZero() && i.Updated.Before(since) {
			continue
		}
		t := d.ticket(i)
		if a.Date().IsZero() && t.Updated.After(out.Now) {
			// Puma without a web server before it does not say what time it is. What changes later than the last
			// change that we see is found from there.
			out.Now = t.Updated
		}
		// Resolved is open to Redmine, and finished to the user.
		if q.IncludeClosed || !finished(t.Status) {
			out.Tickets = append(out.Tickets, t)
		}
	}
	if a.Date().IsZero() && out.Now.Before(q.Since) {
		out.Now = q.Since
	}
	if next := from + res.taken; res.taken > 0 && next < res.Total {
		out.Next = strconv.Itoa(next)
	}
	return out
}

// mine selects the signed-in user's own issues. Without status_id Redmine leaves the closed ones out.
func mine(sort string) url.Values {
	return url.Values{"author_id": {"me"}, "status_id": {"*"}, "sort": {sort}}
}

// found is a page of a search. taken counts what the page passed, more than it has where one was too large.
type found struct {
	Issues []issue `json:"issues"`
	Total  int     `json:"total_count"`
	taken  int
}

// search reads a page. Lists carry whole descriptions: a page that is too large is asked for in smaller ones, and an
// issue that is too large by itself is passed over.
func (d *Driver) search(ctx context.Context, query url.Values, from, size int) (found, transport.Answer, error) {
	if _, err := d.me(ctx); err != nil {
		return found{}, transport.Answer{}, err
	}
	if err := d.readStatuses(ctx); err != nil {
		return found{}, transport.Answer{}, err
	}
	for {
		query.Set("offset", strconv.Itoa(from))
		query.Set("limit", strconv.Itoa(size))
		var res *found
		a, err := d.read(ctx, "/issues.json", query, &res)
		if errors.Is(err, client.ErrTooLarge) {
			if size > 1 {
				size = max(size/4, 1)
				continue
			}
			return found{Total: from + 2, taken: 1}, a, nil
		}
		if err == nil && (res == nil || res.Issues == nil) {
			// An answer without a list is no answer. It must not pass for "nothing found".
			err = fmt.Errorf("no list in the answer: %w", client.ErrNotADesk)
		}
		if err != nil {
			return found{}, a, notHere(err)
		}
		res.taken = len(res.Issues)
		return *res, a, nil
	}
}
