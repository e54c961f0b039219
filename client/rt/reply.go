package rt

import (
	"context"
	"fmt"
	"net/http"

	"balise/client"
)

// message is the JSON part of a reply. ContentType is required when there is a Content.
type message struct {
	Content     string
	ContentType string
}

// Reply answers on a ticket; /comment, which is for the desk's own people, is never called.
//
// A reply of the requestor reopens by itself from every inactive status. Where the desk has switched that
// off and grants a change of status instead, Reopen uses it; where it grants neither, Receipt.Changed has
// "status": "not reopened".
func (d *Driver) Reply(ctx context.Context, id string, m client.Outgoing) (client.Receipt, error) {
	if err := checkID(id); err != nil {
		return client.Receipt{}, err
	}
	if !m.ClientRef.Valid() {
		return client.Receipt{}, &client.InvalidError{Message: "no reference"}
	}
	if _, err := d.me(ctx); err != nil {
		return client.Receipt{}, beforeWrite(err)
	}
	files, changed := prepare(m.Attachments)
	if err := d.correspond(ctx, id, textWith(m.Text, m.ClientRef), files); err != nil {
		return client.Receipt{}, fmt.Errorf("reply on %s: %w", id, err)
	}
	rec := client.Receipt{Ref: d.ref(id), Changed: changed}
	if m.Reopen {
		if err := d.reopen(ctx, id, changed); err != nil {
			changed["status"] = "unknown" // the reply is there; whether the ticket is open will be seen
		}
	}
	return rec, nil
}

// correspond posts. The body of the answer is a sentence in the user's language, under a wrong encoding
// when that is not English; the status alone counts.
func (d *Driver) correspond(ctx context.Context, id, text string, files []client.Upload) error {
	r := d.request(http.MethodPost, "/ticket/"+id+"/correspond", nil)
	form := message{Content: text, ContentType: "text/plain"}
	if len(files) == 0 {
		r.JSON = form
	} else {
		parts, err := formParts(form, files)
		if err != nil {
			return err
		}
		r.Parts = parts
	}
	_, err := d.p.Transport.Do(ctx, r)
	return err
}

func (d *Driver) reopen(ctx context.Context, id string, changed map[string]string) error {
	t, links, err := d.links(ctx, id)
	if err != nil || isOpen(t.Status) {
		return err
	}
	for _, l := range links {
		if l.To == "" || !isOpen(d.status(l.To)) {
			continue
		}
		r := d.request(http.MethodPut, "/ticket/"+id, nil)
		r.JSON = map[string]string{"Status": l.To}
		if _, err := d.p.Transport.Do(ctx, r); err != nil {
			return err
		}
		break
	}
	// PUT says 200 to refusals as well.
	if t, err = d.Get(ctx, id, client.Validator{}); err == nil && !isOpen(t.Status) {
		changed["status"] = "not reopened"
	}
	return err
}

// links reads a ticket with what this user may do to it.
func (d *Driver) links(ctx context.Context, id string) (client.Ticket, []link, error) {
	var t ticket
	if _, err := d.read(ctx, "/ticket/"+id, fieldsOf(), &t); err != nil {
		return client.Ticket{}, nil, err
	}
	return d.ticket(t), t.Hyperlinks, nil
}
