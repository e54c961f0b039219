package znuny

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"balise/client"
	"balise/client/transport"

	"golang.org/x/text/unicode/norm"
)

// maxFiles is how much may go in one request: the interface takes 100,000,000 bytes of JSON, and base64 needs four
// for three.
const maxFiles = 70 << 20

const plainText = "text/plain; charset=utf8"

// upload is a file inside a request.
type upload struct {
	Filename, ContentType, Content string
}

// Create makes a ticket, or completes the one of resume. Receipt.Changed says of files that travel otherwise
// than given why: "empty" (the desk refuses empty files: not sent), "renamed".
func (d *Driver) Create(ctx context.Context, dr client.Draft, resume client.Receipt) (client.Receipt, error) {
	if !dr.ClientRef.Valid() {
		return client.Receipt{}, &client.InvalidError{Message: "no reference"}
	}
	files, changed := prepare(dr.Attachments)
	if resume.Ref.ID != "" {
		return d.complete(ctx, dr, files, changed, resume)
	}
	attached, err := encode(files)
	if err != nil {
		return client.Receipt{}, err
	}
	if _, _, err := d.signIn(ctx); err != nil {
		return client.Receipt{}, fmt.Errorf("create ticket: %w", beforeWrite(err))
	}
	var got answer
	in := d.form(dr, attached)
	err = d.write(ctx, http.MethodPost, "/Ticket", in, &got)
	if in["DynamicField"] != nil && unknownField(err) {
		// The desk has no such field, or not this one; it said so before it stored anything.
		d.mu.Lock()
		d.noField = true
		d.mu.Unlock()
		err = d.write(ctx, http.MethodPost, "/Ticket", d.form(dr, attached), &got)
	}
	id := ""
	if len(got.TicketID) == 1 {
		id = string(got.TicketID[0])
	}
	if err == nil && !isID(id) {
		err = fmt.Errorf("no number in the answer: %w", client.ErrUnknownOutcome)
	}
	if err != nil {
		return client.Receipt{}, fmt.Errorf("create ticket: %w", err)
	}
	ref := d.ref(id, transport.Line(string(got.TicketNumber), 60))
	return client.Receipt{Ref: ref, Changed: changed}, nil
}

// unknownField: the sentence is English whatever the user's language, and read here only to try another way.
func unknownField(err error) bool {
	var invalid *client.InvalidError
	return errors.As(err, &invalid) && strings.Contains(invalid.Message, "DynamicField")
}

// form fills in what the desk wants to know. CustomerUser is never the caller by itself.
func (d *Driver) form(dr client.Draft, attached []upload) map[string]any {
	queue := dr.Queue
	if queue == "" {
		queue = d.p.Queue
	}
	// The reference is always in the title too: Znuny has no transaction, and a desk that dies between the ticket
	// and its fields leaves one that only the title names.
	title := titleWith(dr.Subject, dr.ClientRef)
	fields := []map[string]string{}
	for name, value := range dr.Fields {
		fields = append(fields, map[string]string{"Name": name, "Value": value})
	}
	if d.useField() {
		fields = append(fields, map[string]string{"Name": d.p.RefField, "Value": string(dr.ClientRef)})
	}
	subject := transport.Line(dr.Subject, maxTitle)
	if subject == "" { // a required parameter
		subject = string(dr.ClientRef)
	}
	in := map[string]any{
		"Ticket": map[string]any{
			"Title": title, "Queue": queue, "State": d.p.NewState, "PriorityID": priorityTo(dr.Priority),
			"CustomerUser": d.p.Credential.User,
		},
		"Article": d.article(subject, textWith(dr.Text, dr.ClientRef), ""),
	}
	if len(fields) > 0 {
		in["DynamicField"] = fields
	}
	if len(attached) > 0 {
		in["Attachment"] = attached
	}
	return in
}

// article is a message that the customer writes himself and sees.
func (d *Driver) article(subject, body, author string) map[string]any {
	out := map[string]any{
		"Subject": subject, "Body": body, "ContentType": plainText,
		"SenderType": "customer", "IsVisibleForCustomer": 1, "CommunicationChannel": "Internal",
	}
	if author != "" {
		out["From"] = author
	}
	return out
}

// prepare puts uploads in the form in which they travel.
func prepare(in []client.Upload) (files []client.Upload, changed map[string]string) {
	changed = map[string]string{}
	for _, u := range in {
		name := u.Name
		if u.Size == 0 {
			changed[name] = "empty"
			continue
		}
		if u.Name = transport.SafeName(name); u.Name != name {
			changed[name] = "renamed"
		}
		if !strings.Contains(u.MIME, "/") {
			u.MIME = "application/octet-stream"
		}
		files = append(files, u)
	}
	return files, changed
}

// encode reads the files. The interface takes them inside the JSON and in no other form.
func encode(files []client.Upload) ([]upload, error) {
	var out []upload
	left := int64(maxFiles)
	for _, u := range files {
		data, err := readAll(u, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(data))
		out = append(out, upload{u.Name, u.MIME, base64.StdEncoding.EncodeToString(data)})
	}
	return out, nil
}

func readAll(u client.Upload, limit int64) ([]byte, error) {
	f, err := u.Open()
	if err != nil {
		return nil, &client.LocalError{File: u.Name, Err: fmt.Errorf("open %q: %w", u.Name, err)}
	}
	defer f.Close()
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, &client.LocalError{File: u.Name, Err: fmt.Errorf("read %q: %w", u.Name, err)}
	case n > limit:
		return nil, fmt.Errorf("attach %q: %w", u.Name, client.ErrTooLarge)
	case n == 0:
		return nil, &client.LocalError{File: u.Name, Err: fmt.Errorf("read %q: it is empty", u.Name)}
	}
	return buf.Bytes(), nil
}

// complete adds the files that are not on the ticket, by a reply that says no more than their names.
func (d *Driver) complete(
	ctx context.Context, dr client.Draft, files []client.Upload, changed map[string]string,
	resume client.Receipt,
) (client.Receipt, error) {
	id := resume.Ref.ID
	if err := checkID(id); err != nil {
		return client.Receipt{}, err
	}
	rec := client.Receipt{Ref: resume.Ref, Changed: changed, Pending: names(files)}
	t, _, err := d.thread(ctx, id)
	if err != nil {
		return rec, fmt.Errorf("complete ticket %s: %w", id, err)
	}
	rec.Ref = d.ref(id, transport.Line(string(t.TicketNumber), 60))
	missing := missing(t, files)
	if rec.Pending = names(missing); len(missing) == 0 {
		return rec, nil
	}
	attached, err := encode(missing)
	if err == nil {
		text := textWith("+ "+strings.Join(names(missing), ", "), dr.ClientRef)
		err = d.update(ctx, id, map[string]any{
			"Article": d.article("+", text, from(d.me(ctx))), "Attachment": attached,
		})
	}
	if err != nil {
		return rec, fmt.Errorf("complete ticket %s: %w", id, err)
	}
	rec.Pending = nil
	return rec, nil
}

// missing compares a ticket's attachments with what was sent.
func missing(t ticket, files []client.Upload) []client.Upload {
	there := map[string]int{}
	key := func(name string, size int64) string { return fmt.Sprint(size, " ", norm.NFC.String(name)) }
	for _, a := range t.Article {
		for _, f := range a.Attachment {
			there[key(string(f.Filename), f.size())]++
		}
	}
	var out []client.Upload
	for _, u := range files {
		if k := key(u.Name, u.Size); there[k] > 0 {
			there[k]-- // two files of one name count as two
			continue
		}
		out = append(out, u)
	}
	return out
}

func names(files []client.Upload) []string {
	var out []string
	for _, u := range files {
		out = append(out, u.Name)
	}
	return out
}
