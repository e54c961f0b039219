package redmine

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"strings"

	"balise/client"
	"balise/client/transport"
)

// newIssue is the body of a create request. There is no author in it: Redmine takes who is signed in, and passes over
// another without a word.
type newIssue struct {
	Project     id           `json:"project_id"`
	Tracker     id           `json:"tracker_id,omitempty"`
	Category    id           `json:"category_id,omitempty"`
	Priority    string       `json:"priority_id,omitempty"`
	Subject     string       `json:"subject"`
	Description string       `json:"description"`
	Fields      []fieldValue `json:"custom_fields,omitempty"`
	Uploads     []uploadRef  `json:"uploads,omitempty"`
}

type fieldValue struct {
	ID    id     `json:"id"`
	Value string `json:"value"`
}

// Create makes an issue, or completes the one of resume. Receipt.Changed says what arrives otherwise than given: files
// "empty" (not sent), "renamed", "as name.txt" (their type is refused) or "refused"; "category" and "priority" when
// the desk did not take them.
func (d *Driver) Create(ctx context.Context, dr client.Draft, resume client.Receipt) (client.Receipt, error) {
	if !dr.ClientRef.Valid() {
		return client.Receipt{}, &client.InvalidError{Message: "no reference"}
	}
	files, changed := prepare(dr.Attachments)
	if resume.Ref.ID != "" {
		return d.complete(ctx, dr, files, changed, resume)
	}
	form, err := d.form(ctx, dr, changed)
	if err != nil {
		return client.Receipt{}, beforeWrite(err)
	}
	sent, tokens, err := d.upload(ctx, files, resume.Tokens, changed)
	if err != nil {
		return client.Receipt{Tokens: tokens}, beforeWrite(err)
	}
	form.Uploads = refsTo(sent)
	r := d.request(http.MethodPost, "/issues.json", nil)
	r.JSON = map[string]any{"issue": form}
	var made struct{ Issue issue }
	r.Into = &made
	a, err := d.p.Transport.Do(ctx, r)
	key := made.Issue.ID.String()
	if !made.Issue.ID.valid() {
		key = ""
		if at := path.Base(a.Header.Get("Location")); a.Status == http.StatusCreated && isID(at) {
			key = at
		}
	}
	switch {
	case key != "":
		dropped(form, made.Issue, changed)
		return d.verify(ctx, key, sent, changed)
	case err == nil:
		err = fmt.Errorf("no number in the answer: %w", client.ErrUnknownOutcome)
	case refused(err) && len(resume.Tokens) > 0:
		// A token of an earlier try may have gone stale; without them the files are sent again.
		return d.Create(ctx, dr, client.Receipt{})
	}
	return client.Receipt{}, fmt.Errorf("create issue: %w", err)
}

// dropped compares what the desk made with what it was asked for.
func dropped(form newIssue, made issue, changed map[string]string) {
	if form.Category.valid() && made.ID.valid() && made.Category.ID != form.Category {
		changed["category"] = "dropped"
	}
	if form.Priority != "" && made.ID.valid() && made.Priority.ID.String() != form.Priority {
		changed["priority"] = "dropped"
	}
}

// form fills in what the desk wants to know.
func (d *Driver) form(ctx context.Context, dr client.Draft, changed map[string]string) (newIssue, error) {
	if _, err := d.me(ctx); err != nil {
		return newIssue{}, err
	}
	p, err := d.project(ctx, dr.Queue)
	if err != nil {
		return newIssue{}, err
	}
	form := newIssue{
		Project: p.ID, Subject: subjectOf(dr.Subject), Description: textWith(dr.Text, dr.ClientRef),
	}
	if d.p.Tracker != "" {
		t, ok := find(p.Trackers, d.p.Tracker)
		if !ok {
			return form, &client.InvalidError{Message: "no tracker " + transport.Line(d.p.Tracker, 60) + " in this project"}
		}
		form.Tracker = t.ID
	}
	if c, ok := find(p.Categories, dr.Category); ok && dr.Category != "" {
		form.Category = c.ID
	} else if dr.Category != "" {
		changed["category"] = "unknown"
	}
	for name, value := range dr.Fields {
		if f, ok := find(p.Fields, name); ok {
			form.Fields = append(form.Fields, fieldValue{f.ID, value})
		}
	}
	if f, ok := find(p.Fields, d.p.RefField); ok && d.p.RefField != "" {
		form.Fields = append(form.Fields, fieldValue{f.ID, string(dr.ClientRef)})
	} else {
		form.Subject = subjectWith(dr.Subject, dr.ClientRef)
	}
	if dr.Priority > 0 {
		list, err := d.readPriorities(ctx)
		if err != nil {
			return form, err
		}
		form.Priority = priorityTo(list, dr.Priority)
	}
	return form, nil
}

// subjectOf is never empty: Redmine refuses that.
func subjectOf(s string) string {
	if s = transport.Line(s, maxSubject); s == "" {
		return "-"
	}
	return s
}

// verify reads the new issue back. It exists: whatever goes wrong now, the receipt names it.
func (d *Driver) verify(
	ctx context.Context, key string, files []file, changed map[string]string,
) (client.Receipt, error) {
	rec := client.Receipt{Ref: d.ref(key), Changed: changed}
	if len(files) == 0 {
		return rec, nil
	}
	i, _, err := d.issue(ctx, key, "attachments", nil)
	if err != nil {
		rec.Pending = names(files)
		return rec, fmt.Errorf("verify issue %s: %w", key, err)
	}
	rec.Pending = names(missing(files, i.Attachments))
	return rec, nil
}

// complete adds the files that are not on the issue, by a reply that says no more than their names.
func (d *Driver) complete(
	ctx context.Context, dr client.Draft, files []file, changed map[string]string, resume client.Receipt,
) (client.Receipt, error) {
	key := resume.Ref.ID
	if err := checkID(key); err != nil {
		return client.Receipt{}, err
	}
	rec := client.Receipt{Ref: d.ref(key), Changed: changed, Pending: names(files)}
	i, _, err := d.issue(ctx, key, "attachments", nil)
	if err != nil {
		return rec, fmt.Errorf("complete issue %s: %w", key, err)
	}
	left := missing(files, i.Attachments)
	if rec.Pending = names(left); len(left) == 0 {
		return rec, nil
	}
	sent, _, err := d.upload(ctx, left, nil, changed)
	if err != nil {
		return rec, fmt.Errorf("complete issue %s: %w", key, err)
	}
	if len(sent) > 0 {
		text := textWith("+ "+strings.Join(names(sent), ", "), dr.ClientRef)
		if err := d.update(ctx, key, change{Notes: text, Uploads: refsTo(sent)}); err != nil {
			return rec, fmt.Errorf("complete issue %s: %w", key, err)
		}
	}
	rec, err = d.verify(ctx, key, sent, changed)
	if err != nil {
		return rec, err
	}
	for _, name := range rec.Pending { // accepted and not there: it never will be
		changed[name] = "dropped"
	}
	rec.Pending = nil
	return rec, nil
}
