package rt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"balise/client"
	"balise/client/transport"

	"golang.org/x/text/unicode/norm"
)

// octets is the type under which RT keeps every byte. What it is told to be text it recodes.
const octets = "application/octet-stream"

// newTicket is the JSON part of a create request.
type newTicket struct {
	Queue        string
	Requestor    string
	Subject      string
	Content      string
	ContentType  string
	Priority     *int              `json:",omitempty"`
	CustomFields map[string]string `json:",omitempty"`
}

// Create makes a ticket, or completes the one of resume. Files that the desk turns out not to hold are in
// Receipt.Pending; files that it holds otherwise than given are in Receipt.Changed with the reason:
// "octet-stream" (text, declared as bytes so that RT leaves it alone), "empty" (RT refuses empty files: not
// sent), "renamed", "cut" or "dropped" (over the desk's size limit).
func (d *Driver) Create(ctx context.Context, dr client.Draft, resume client.Receipt) (client.Receipt, error) {
	if !dr.ClientRef.Valid() {
		return client.Receipt{}, &client.InvalidError{Message: "no reference"}
	}
	files, changed := prepare(dr.Attachments)
	if resume.Ref.ID != "" {
		return d.complete(ctx, dr, files, changed, resume)
	}
	form, err := d.form(ctx, dr)
	if err != nil {
		return client.Receipt{}, beforeWrite(err)
	}
	r := d.request(http.MethodPost, "/ticket", nil)
	r.Parts, err = formParts(form, files)
	if err != nil {
		return client.Receipt{}, err
	}
	var made struct{ ID text }
	r.Into = &made
	a, err := d.p.Transport.Do(ctx, r)
	id := string(made.ID)
	if !isID(id) && a.Status == http.StatusCreated {
		id = path.Base(a.Header.Get("Location"))
	}
	switch {
	case isID(id):
	case err == nil:
		err = fmt.Errorf("no number in the answer: %w", client.ErrUnknownOutcome)
		fallthrough
	default:
		return client.Receipt{}, fmt.Errorf("create ticket: %w", err)
	}
	return d.verify(ctx, d.ref(id), files, changed)
}

// form fills in what the desk wants to know.
func (d *Driver) form(ctx context.Context, dr client.Draft) (newTicket, error) {
	me, err := d.me(ctx)
	if err != nil {
		return newTicket{}, err
	}
	queue := dr.Queue
	if queue == "" {
		queue = d.p.Queue
	}
	inField, err := d.refField(ctx, queue)
	if err != nil {
		return newTicket{}, err
	}
	form := newTicket{
		Queue: queue, Requestor: d.requestor(me),
		Subject: transport.Line(dr.Subject, maxSubject),
		Content: textWith(dr.Text, dr.ClientRef), ContentType: "text/plain",
		CustomFields: map[string]string{},
	}
	for k, v := range dr.Fields {
		form.CustomFields[k] = v
	}
	if inField {
		form.CustomFields[d.p.RefField] = string(dr.ClientRef)
	} else {
		form.Subject = subjectWith(dr.Subject, dr.ClientRef)
	}
	if dr.Priority > 0 {
		p := priorityTo(dr.Priority)
		form.Priority = &p
	}
	return form, nil
}

// beforeWrite marks a failure of a read that precedes the write: nothing was stored, whatever came back.
func beforeWrite(err error) error {
	if errors.Is(err, client.ErrUnavailable) || errors.Is(err, client.ErrNotADesk) {
		return fmt.Errorf("%w: %w", client.ErrUnreachable, err)
	}
	return err
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
		kind, _, _ := strings.Cut(u.MIME, ";")
		switch kind = strings.ToLower(strings.TrimSpace(kind)); {
		case kind == "" || !strings.Contains(kind, "/"):
			u.MIME = octets
		case strings.HasPrefix(kind, "text/") && kind != "text/html",
			strings.HasPrefix(kind, "message/"), strings.HasPrefix(kind, "multipart/"):
			u.MIME = octets
			changed[name] = "octet-stream"
		}
		files = append(files, u)
	}
	return files, changed
}

// formParts makes multipart/form-data, the only form in which every file name survives.
func formParts(form any, files []client.Upload) ([]transport.Part, error) {
	raw, err := json.Marshal(form)
	if err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	parts := []transport.Part{transport.FieldPart("JSON", "application/json", raw)}
	for _, u := range files {
		parts = append(parts, transport.FilePart("Attachments", u))
	}
	return parts, nil
}

// verify reads the new ticket back. It exists: whatever goes wrong now, the receipt names it.
func (d *Driver) verify(
	ctx context.Context, ref client.Ref, files []client.Upload, changed map[string]string,
) (client.Receipt, error) {
	rec := client.Receipt{Ref: ref, Changed: changed}
	missing, err := d.missing(ctx, ref.ID, files, changed)
	if errors.Is(err, client.ErrForbidden) {
		// Made for somebody else: the desk does not show it to us.
		changed["requestor"] = "unreadable"
		return rec, nil
	}
	if err != nil {
		rec.Pending = names(files)
		return rec, fmt.Errorf("verify ticket %s: %w", ref.ID, err)
	}
	rec.Pending = names(missing)
	return rec, nil
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
	if _, err := d.me(ctx); err != nil {
		return resume, err
	}
	rec := client.Receipt{Ref: d.ref(id), Changed: changed, Pending: names(files)}
	missing, err := d.missing(ctx, id, files, changed)
	if err != nil {
		return rec, fmt.Errorf("complete ticket %s: %w", id, err)
	}
	if rec.Pending = names(missing); len(missing) == 0 {
		return rec, nil
	}
	text := textWith("+ "+strings.Join(names(missing), ", "), dr.ClientRef)
	if err := d.correspond(ctx, id, text, missing); err != nil {
		return rec, fmt.Errorf("complete ticket %s: %w", id, err)
	}
	rec, err = d.verify(ctx, d.ref(id), files, changed)
	if err != nil {
		return rec, err
	}
	for _, name := range rec.Pending { // accepted and not there: it never will be
		changed[name] = "dropped"
	}
	rec.Pending = nil
	return rec, nil
}

func names(files []client.Upload) []string {
	var out []string
	for _, u := range files {
		out = append(out, u.Name)
	}
	return out
}

// missing compares the ticket's attachments with what was sent. A file of the same name and another size
// is there, cut by the desk; sending it again would change nothing.
func (d *Driver) missing(
	ctx context.Context, id string, files []client.Upload, changed map[string]string,
) ([]client.Upload, error) {
	if len(files) == 0 {
		_, err := d.Get(ctx, id, client.Validator{}) // does the requestor see it?
		return nil, err
	}
	parts, err := d.attachments(ctx, id, maxPages)
	if err != nil {
		return nil, err
	}
	there := map[string][]int64{}
	for _, p := range parts {
		if p.Filename != "" {
			key := norm.NFC.String(p.Filename)
			there[key] = append(there[key], p.size())
		}
	}
	var out []client.Upload
	for _, u := range files {
		switch sizes := there[u.Name]; {
		case take(there, u.Name, u.Size):
		case len(sizes) > 0:
			changed[u.Name] = "cut"
		case len(there[u.Name+".txt"]) > 0: // what RT leaves of a file over its limit
			changed[u.Name] = "dropped"
		default:
			out = append(out, u)
		}
	}
	return out, nil
}

// take removes one entry of that size, so that two files of one name count as two.
func take(there map[string][]int64, name string, size int64) bool {
	for i, s := range there[name] {
		if s == size {
			there[name] = append(there[name][:i:i], there[name][i+1:]...)
			return true
		}
	}
	return false
}
