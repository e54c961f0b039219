package rt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"balise/client"
	"balise/client/transport"
)

const (
	// maxPages bounds the reading of one ticket's history: 100 pages of 100 entries.
	maxPages = 100
	// maxText is how much of one message is shown; the rest is a click away on the desk's page.
	maxText = 256 << 10
)

// entry is a transaction. It has a "Type" and a "type", in any order, and encoding/json folds case unless
// both have a field of their own.
type entry struct {
	ID       text   `json:"id"`
	Type     string `json:"Type"`
	Record   string `json:"type"` // always "transaction"
	Field    string
	NewValue text
	Created  stamp
	Creator  user
}

// part is one piece of a message: a container, a text, or a file.
type part struct {
	ID            text
	Filename      string
	ContentType   string
	ContentLength text
	TransactionID text `json:"TransactionId"`
}

func (p part) size() int64 {
	n, _ := strconv.ParseInt(string(p.ContentLength), 10, 64)
	return n
}

func (p part) isText() bool {
	return p.Filename == "" && (p.ContentType == "text/plain" || p.ContentType == "text/html")
}

// isFile is true for what is offered to be downloaded: not for containers and empty bodies.
func (p part) isFile() bool {
	return !p.isText() && !strings.HasPrefix(p.ContentType, "multipart/") && (p.Filename != "" || p.size() > 0)
}

// pages reads a list of a ticket's parts. Totals are null there and pages come back short, because RT
// leaves out what this user may not see after it has counted: only an empty page is the end.
func pages[T any](ctx context.Context, d *Driver, path string, query url.Values, most int) ([]T, error) {
	var out []T
	query.Set("per_page", strconv.Itoa(perPage))
	for page := 1; page <= most; page++ {
		query.Set("page", strconv.Itoa(page))
		var res *struct {
			Items []T
			Pages *float64
		}
		if _, err := d.read(ctx, path, query, &res); err != nil {
			return nil, notHere(err) // for a ticket that is not there RT has an empty list
		}
		if res == nil || res.Items == nil {
			return nil, fmt.Errorf("no list in the answer: %w", client.ErrNotADesk)
		}
		out = append(out, res.Items...)
		if len(res.Items) == 0 || res.Pages != nil && float64(page) >= *res.Pages {
			break
		}
	}
	return out, nil
}

func (d *Driver) attachments(ctx context.Context, id string, most int) ([]part, error) {
	// Never "Parent" among the fields: RT answers that with 500.
	query := url.Values{"fields": {"Filename,ContentType,ContentLength,TransactionId"}}
	return pages[part](ctx, d, "/ticket/"+id+"/attachments", query, most)
}

func (d *Driver) history(ctx context.Context, id string) ([]entry, error) {
	query := url.Values{
		"fields":          {"Type,Field,NewValue,Creator,Created"},
		"fields[Creator]": {"Name,RealName,EmailAddress"},
	}
	out, err := pages[entry](ctx, d, "/ticket/"+id+"/history", query, maxPages)
	if err == nil && len(out) == 0 {
		// RT has an empty history, not an error, for a ticket that is not there or not ours.
		_, err = d.Get(ctx, id, client.Validator{})
	}
	return out, err
}

// Thread reads what was said to and by the requestor. Comments are internal: RT hides them from him, and
// they are left out here even if it shows them.
func (d *Driver) Thread(ctx context.Context, id string) ([]client.Message, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	me, err := d.me(ctx)
	if err != nil {
		return nil, err
	}
	history, err := d.history(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read thread of %s: %w", id, err)
	}
	parts, err := d.attachments(ctx, id, maxPages)
	if err != nil {
		return nil, fmt.Errorf("read thread of %s: %w", id, err)
	}
	of := map[text][]part{}
	for _, p := range parts {
		of[p.TransactionID] = append(of[p.TransactionID], p)
	}
	var out []client.Message
	for _, e := range history {
		m := client.Message{
			ID: string(e.ID), From: e.Creator.person(), At: e.Created.Time,
			FromMe: strings.EqualFold(e.Creator.Name, me.Name),
		}
		switch e.Type {
		case "Create", "Correspond":
			if err := d.fill(ctx, &m, of[e.ID]); err != nil {
				return nil, fmt.Errorf("read message %s of %s: %w", e.ID, id, err)
			}
		case "Status":
			m.StatusNote = d.statusNote(string(e.NewValue))
			if e.Creator.Name == systemUser {
				m.From = client.Person{}
			}
		default:
			continue
		}
		out = append(out, m)
	}
	return client.FoldReopened(out), nil
}

// systemUser is RT itself, which calls itself "The RT System itself" and is nobody to talk to.
const systemUser = "RT_System"

// statusNote is the state that a change led to, with RT's own word where ours has none.
func (d *Driver) statusNote(raw string) string {
	if s := d.status(raw); s != client.StatusUnknown {
		return string(s)
	}
	return transport.Line(raw, 60)
}

// fill reads a message's text and names its files. Mail often has the same text as plain and as HTML;
// the plain one is taken where there is one.
func (d *Driver) fill(ctx context.Context, m *client.Message, parts []part) error {
	var texts []string
	for _, kind := range []string{"text/plain", "text/html"} {
		for _, p := range parts {
			if !p.isText() || p.ContentType != kind || p.size() == 0 {
				continue
			}
			s, err := d.text(ctx, p)
			if err != nil {
				return err
			}
			if s != "" {
				texts = append(texts, s)
			}
		}
		if len(texts) > 0 {
			break
		}
	}
	m.Text = strings.Join(texts, "\n\n")
	if m.FromMe {
		m.Text = withoutRef(m.Text)
	}
	for _, p := range parts {
		if p.isFile() {
			m.Attachments = append(m.Attachments, client.Attachment{
				ID: string(p.ID), Name: transport.SafeName(p.Filename),
				MIME: transport.Line(p.ContentType, 100), Size: p.size(),
			})
		}
	}
	return nil
}

// text reads one text part, at most maxText of it.
func (d *Driver) text(ctx context.Context, p part) (string, error) {
	if !isID(string(p.ID)) {
		return "", client.ErrNotADesk
	}
	var buf bytes.Buffer
	err := d.content(ctx, string(p.ID), &buf, maxText)
	cut := errors.Is(err, client.ErrTooLarge)
	if err != nil && !cut {
		return "", err
	}
	s := transport.PlainText(buf.String())
	if p.ContentType == "text/html" {
		s = transport.HTMLToText(buf.String())
	}
	s = strings.TrimSpace(s)
	if cut {
		s += "\n[…]"
	}
	return s, nil
}

// FindReply looks for a reply with this reference, the newest first.
func (d *Driver) FindReply(ctx context.Context, id string, ref client.ClientRef) (client.Receipt, error) {
	if err := checkID(id); err != nil {
		return client.Receipt{}, err
	}
	me, err := d.me(ctx)
	if err != nil {
		return client.Receipt{}, err
	}
	history, err := d.history(ctx, id)
	if err != nil {
		return client.Receipt{}, fmt.Errorf("find reply %s: %w", ref, err)
	}
	parts, err := d.attachments(ctx, id, maxPages)
	if err != nil {
		return client.Receipt{}, fmt.Errorf("find reply %s: %w", ref, err)
	}
	slices.Reverse(history)
	for _, e := range history {
		if e.Type != "Correspond" || !strings.EqualFold(e.Creator.Name, me.Name) {
			continue
		}
		for _, p := range parts {
			if p.TransactionID != e.ID || !p.isText() || p.size() == 0 {
				continue
			}
			tail, err := d.tail(ctx, p)
			if err != nil {
				return client.Receipt{}, fmt.Errorf("find reply %s: %w", ref, err)
			}
			if endsWith(tail, ref) {
				return client.Receipt{Ref: d.ref(id)}, nil
			}
		}
	}
	return client.Receipt{}, fmt.Errorf("find reply %s: %w", ref, client.ErrNotFound)
}

// Download streams an attachment. RT answers 500 for one that does not exist, so that looks like a desk
// in trouble.
func (d *Driver) Download(ctx context.Context, a client.Attachment, w io.Writer, limit int64) error {
	if !isID(a.ID) {
		return fmt.Errorf("attachment %q: %w", transport.Line(a.ID, 40), client.ErrNotFound)
	}
	if limit <= 0 || limit > transport.MaxAttachment {
		limit = transport.MaxAttachment
	}
	if a.Size > limit {
		return fmt.Errorf("download %q: %w", a.Name, client.ErrTooLarge)
	}
	if err := d.content(ctx, a.ID, w, limit); err != nil {
		return fmt.Errorf("download %q: %w", a.Name, err)
	}
	return nil
}
