package relay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"balise/client"
	"balise/client/transport"
)

// Create makes a ticket, once: the draft's reference is the idempotency key. A ticket arrives whole or not at
// all, so that there is nothing to go on with when resume names one: its files need not travel again.
func (d *Driver) Create(ctx context.Context, dr client.Draft, resume client.Receipt) (client.Receipt, error) {
	if resume.Ref.ID != "" {
		return client.Receipt{Ref: resume.Ref}, nil
	}
	doc := newTicketDoc{
		Subject: dr.Subject, Text: dr.Text, Queue: dr.Queue, Category: dr.Category,
		Level: dr.Level, Priority: int(dr.Priority), Fields: dr.Fields,
	}
	got, err := d.send(ctx, upload{
		path: "/v1/tickets", key: dr.ClientRef, name: "ticket", doc: doc, text: dr.Text, files: dr.Attachments,
	})
	if err != nil {
		return client.Receipt{}, fmt.Errorf("create ticket: %w", err)
	}
	return client.Receipt{Ref: fromRef(got.Ticket)}, nil
}

// Reply adds to a ticket's thread, once.
func (d *Driver) Reply(ctx context.Context, id string, m client.Outgoing) (client.Receipt, error) {
	got, err := d.send(ctx, upload{
		path: ticketPath(id, "messages"), key: m.ClientRef, name: "reply",
		doc: newReplyDoc{Text: m.Text, Reopen: m.Reopen}, text: m.Text, files: m.Attachments,
	})
	if err != nil {
		return client.Receipt{}, fmt.Errorf("reply: %w", err)
	}
	return client.Receipt{Ref: fromRef(got.Ticket)}, nil
}

// Rate stores the user's satisfaction.
func (d *Driver) Rate(ctx context.Context, id string, r client.Rating) error {
	_, err := d.do(ctx, transport.Request{
		Method: http.MethodPut, Path: ticketPath(id, "rating"), JSON: ratingDoc(r),
	})
	if err != nil {
		return fmt.Errorf("rate: %w", err)
	}
	return nil
}

// upload is a multipart request to be.
type upload struct {
	path  string
	key   client.ClientRef
	name  string // of the JSON part
	doc   any
	text  string
	files []client.Upload
}

// check finds what the protocol's limits forbid, before a byte leaves.
func (u upload) check() error {
	if len(u.text) > MaxTextBytes {
		return &client.InvalidError{
			Message: "The text is too long",
			Fields:  map[string]string{"text": fmt.Sprintf("at most %d bytes", MaxTextBytes)},
		}
	}
	if len(u.files) > MaxFiles {
		return fmt.Errorf("%d files, at most %d: %w", len(u.files), MaxFiles, client.ErrTooLarge)
	}
	for _, f := range u.files {
		if f.Size > MaxFileBytes {
			return fmt.Errorf("%s: %w", line(f.Name), client.ErrTooLarge)
		}
	}
	return nil
}

func (d *Driver) send(ctx context.Context, u upload) (receiptDoc, error) {
	if err := u.check(); err != nil {
		return receiptDoc{}, err
	}
	meta, err := json.Marshal(u.doc)
	if err != nil {
		return receiptDoc{}, fmt.Errorf("write JSON: %w", err)
	}
	parts := []transport.Part{transport.FieldPart(u.name, "application/json", meta)}
	for _, f := range u.files {
		part := transport.FilePart("file", f)
		if part.MIME == "" {
			part.MIME = "application/octet-stream"
		}
		parts = append(parts, part)
	}
	header := d.header()
	header.Set("Idempotency-Key", string(u.key))
	var got receiptDoc
	_, err = d.do(ctx, transport.Request{
		Method: http.MethodPost, Path: u.path, Header: header, Parts: parts, Into: &got,
	})
	if err != nil {
		return receiptDoc{}, err
	}
	if got.Ticket.ID == "" || got.ClientRef != string(u.key) {
		// Something said yes, but not to this.
		return receiptDoc{}, fmt.Errorf("%w: %w", client.ErrUnknownOutcome, client.ErrNotADesk)
	}
	return got, nil
}
