package relay

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"balise/client"
	"balise/client/transport"
)

// maxThreadPages ends a thread whose desk never says that it ends.
const maxThreadPages = 200

// List returns one page of the user's tickets.
func (d *Driver) List(ctx context.Context, q client.ListQuery) (client.Page, error) {
	v := url.Values{}
	if !q.Since.IsZero() {
		v.Set("changed_since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	if q.IncludeClosed {
		v.Set("include_closed", "true")
	}
	if q.Cursor != "" {
		v.Set("cursor", q.Cursor)
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(min(q.Limit, maxPage)))
	}
	var doc ticketPageDoc
	if err := d.get(ctx, "/v1/tickets", v, &doc); err != nil {
		return client.Page{}, fmt.Errorf("list tickets: %w", absent(err))
	}
	page := client.Page{Next: doc.Next, Exact: doc.Exact, Now: doc.Now}
	for _, t := range doc.Tickets {
		if t.ID == "" {
			return client.Page{}, fmt.Errorf("list tickets: one has no id: %w", client.ErrNotADesk)
		}
		page.Tickets = append(page.Tickets, fromTicket(t))
	}
	return page, nil
}

// Get reads one ticket, conditionally.
func (d *Driver) Get(ctx context.Context, id string, v client.Validator) (client.Ticket, error) {
	header := d.header()
	if v.ETag != "" {
		header.Set("If-None-Match", v.ETag)
	}
	var doc ticketDoc
	a, err := d.do(ctx, transport.Request{Path: ticketPath(id), Header: header, Into: &doc})
	if err != nil {
		return client.Ticket{}, fmt.Errorf("get ticket: %w", err)
	}
	if doc.ID == "" {
		return client.Ticket{}, fmt.Errorf("get ticket: it has no id: %w", client.ErrNotADesk)
	}
	if doc.ETag == "" {
		doc.ETag = a.Header.Get("ETag")
	}
	return fromTicket(doc), nil
}

// Thread reads the public thread, oldest first.
func (d *Driver) Thread(ctx context.Context, id string) ([]client.Message, error) {
	var all []client.Message
	q := url.Values{}
	for range maxThreadPages {
		var doc messagePageDoc
		if err := d.get(ctx, ticketPath(id, "messages"), q, &doc); err != nil {
			return nil, fmt.Errorf("read thread: %w", err)
		}
		for _, m := range doc.Messages {
			all = append(all, fromMessage(id, m))
		}
		if doc.Next == "" {
			return client.FoldReopened(all), nil
		}
		q.Set("cursor", doc.Next)
	}
	return nil, fmt.Errorf("read thread: it does not end: %w", client.ErrNotADesk)
}

// FindByClientRef looks for the ticket that was made with ref.
func (d *Driver) FindByClientRef(ctx context.Context, ref client.ClientRef) (client.Ref, error) {
	doc, err := d.locate(ctx, ref)
	if err != nil {
		return client.Ref{}, fmt.Errorf("find ticket: %w", err)
	}
	if doc.MessageID != "" {
		return client.Ref{}, fmt.Errorf("find ticket: %s is a reply's: %w", ref, client.ErrNotFound)
	}
	return fromRef(doc.Ticket), nil
}

// FindReply looks for the reply that was made with ref.
func (d *Driver) FindReply(ctx context.Context, id string, ref client.ClientRef) (client.Receipt, error) {
	doc, err := d.locate(ctx, ref)
	if err != nil {
		return client.Receipt{}, fmt.Errorf("find reply: %w", err)
	}
	if doc.MessageID == "" || doc.Ticket.ID != id {
		return client.Receipt{}, fmt.Errorf("find reply: %s is another thing's: %w", ref, client.ErrNotFound)
	}
	return client.Receipt{Ref: fromRef(doc.Ticket)}, nil
}

func (d *Driver) locate(ctx context.Context, ref client.ClientRef) (receiptDoc, error) {
	var doc receiptDoc
	err := d.get(ctx, "/v1/client-refs/"+url.PathEscape(string(ref)), nil, &doc)
	if err == nil && (doc.Ticket.ID == "" || doc.ClientRef != string(ref)) {
		err = fmt.Errorf("not the reference that was asked for: %w", client.ErrNotADesk)
	}
	return doc, err
}

// Download streams an attachment's bytes to w.
func (d *Driver) Download(ctx context.Context, a client.Attachment, w io.Writer, limit int64) error {
	ticket, file, ok := strings.Cut(a.Handle, "/")
	if !ok {
		return fmt.Errorf("download: this attachment is no relay's: %w", client.ErrNotFound)
	}
	r := transport.Request{Path: ticketPath(ticket, "attachments", file), Header: d.header()}
	err := d.t.Stream(ctx, r, func(head transport.Answer, body io.Reader) error {
		if n, err := strconv.ParseInt(head.Header.Get("Content-Length"), 10, 64); err == nil && n > limit {
			return client.ErrTooLarge
		}
		n, err := io.Copy(w, io.LimitReader(body, limit))
		if err == nil && n == limit {
			if more, _ := io.CopyN(io.Discard, body, 1); more > 0 {
				err = client.ErrTooLarge
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	return nil
}

// Notices are the desk's known outages.
func (d *Driver) Notices(ctx context.Context) ([]client.Notice, error) {
	var doc noticeListDoc
	if err := d.get(ctx, "/v1/notices", nil, &doc); err != nil {
		return nil, fmt.Errorf("read notices: %w", absent(err))
	}
	var all []client.Notice
	for _, n := range doc.Notices {
		all = append(all, client.Notice{
			ID: n.ID, Title: line(n.Title), Text: transport.PlainText(n.Text), From: n.From, Until: n.Until,
		})
	}
	return all, nil
}

// isWebURL tells a link that may be offered to a browser.
func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}
