package rt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	"balise/client"
	"balise/client/transport"
)

// maxSubject is what RT's column holds; it cuts the rest off, and with it a reference at the end.
const maxSubject = 200

// subjectWith puts the reference where a search finds it.
func subjectWith(subject string, ref client.ClientRef) string {
	tail := " [" + string(ref) + "]"
	return transport.Line(subject, maxSubject-utf8.RuneCountInString(tail)) + tail
}

// cutSubject is its inverse.
func cutSubject(s string) (head string, ref client.ClientRef, ok bool) {
	i := strings.LastIndex(s, " [")
	if i < 0 || !strings.HasSuffix(s, "]") {
		return s, "", false
	}
	ref = client.ClientRef(s[i+2 : len(s)-1])
	return s[:i], ref, ref.Valid()
}

// textWith ends a text with the reference in a line of its own, unless its end names it already, as that of
// a report does: people find it there, and so do we when every other place has failed. Further up it does not
// count, because tail does not look there.
func textWith(text string, ref client.ClientRef) string {
	if strings.Contains(text[max(0, len(text)-tailSize/2):], string(ref)) {
		return text
	}
	return strings.TrimRight(text, " \t\r\n") + "\n\n" + string(ref)
}

func lastLine(s string) string {
	s = strings.TrimRight(s, " \t\r\n")
	return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
}

// endsWith tells whether a text has the reference as its last line, or, quoted or signed by some mail
// program, near its end.
func endsWith(tail string, ref client.ClientRef) bool { return strings.Contains(tail, string(ref)) }

// withoutRef takes our reference off a text for people.
func withoutRef(s string) string {
	if client.ClientRef(lastLine(s)).Valid() {
		s = strings.TrimRight(s, " \t\r\n")
		return strings.TrimRight(s[:strings.LastIndexByte(s, '\n')+1], " \t\r\n")
	}
	return s
}

// refField says whether the custom field for the reference can be seen on the queue. If not, RT would
// drop the value without a word and searches would find nothing.
func (d *Driver) refField(ctx context.Context, queue string) (bool, error) {
	if d.p.RefField == "" || strings.ContainsAny(d.p.RefField, `'"{}\`) {
		return false, nil
	}
	d.mu.Lock()
	seen, known := d.fields[queue]
	d.mu.Unlock()
	if known {
		return seen, nil
	}
	var q struct {
		TicketCustomFields []struct{ Name string }
	}
	_, err := d.read(ctx, "/queue/"+url.PathEscape(queue), nil, &q)
	switch {
	case errors.Is(err, client.ErrForbidden), errors.Is(err, client.ErrNotFound):
		return false, nil // creating there may be allowed all the same
	case err != nil:
		return false, fmt.Errorf("read queue %q: %w", queue, err)
	}
	for _, f := range q.TicketCustomFields {
		seen = seen || f.Name == d.p.RefField
	}
	d.mu.Lock()
	d.fields[queue] = seen
	d.mu.Unlock()
	return seen, nil
}

// FindByClientRef looks in every place the reference can be: the custom field, the subject and, because RT
// may have dropped a field that the user is not allowed to set, the last line of recent tickets' text.
func (d *Driver) FindByClientRef(ctx context.Context, ref client.ClientRef) (client.Ref, error) {
	if !ref.Valid() {
		return client.Ref{}, fmt.Errorf("find %q: %w", transport.Line(string(ref), 40), client.ErrNotFound)
	}
	if _, err := d.me(ctx); err != nil {
		return client.Ref{}, err
	}
	where := "Subject LIKE '" + string(ref) + "'"
	useField := d.p.RefField != "" && !strings.ContainsAny(d.p.RefField, `'"{}\`)
	if useField {
		where = "( 'CF.{" + d.p.RefField + "}' = '" + string(ref) + "' OR " + where + " )"
	}
	res, _, err := d.search(ctx, mine+" AND "+where, 1, perPage)
	if err != nil {
		return client.Ref{}, fmt.Errorf("find %s: %w", ref, err)
	}
	for _, t := range res.Items {
		if got, _ := d.refOf(t, transport.Line(t.Subject, 300)); got == ref && isID(string(t.ID)) {
			return d.ref(string(t.ID)), nil
		}
	}
	if useField {
		return d.findInText(ctx, ref)
	}
	return client.Ref{}, fmt.Errorf("find %s: %w", ref, client.ErrNotFound)
}

// recentTickets is how many tickets findInText reads: more than anybody opens while a report is in doubt.
const recentTickets = 20

func (d *Driver) findInText(ctx context.Context, ref client.ClientRef) (client.Ref, error) {
	res, _, err := d.search(ctx, mine+" AND Created > '3 days ago'", 1, recentTickets)
	if err != nil {
		return client.Ref{}, fmt.Errorf("find %s: %w", ref, err)
	}
	for _, t := range res.Items {
		if got, _ := d.refOf(t, transport.Line(t.Subject, 300)); got != "" || !isID(string(t.ID)) {
			continue
		}
		parts, err := d.attachments(ctx, string(t.ID), 1)
		if err != nil {
			return client.Ref{}, fmt.Errorf("find %s: %w", ref, err)
		}
		for _, p := range parts {
			if !p.isText() {
				continue
			}
			tail, err := d.tail(ctx, p)
			if err != nil {
				return client.Ref{}, fmt.Errorf("find %s: %w", ref, err)
			}
			if endsWith(tail, ref) {
				return d.ref(string(t.ID)), nil
			}
			break // the first text is the one the ticket was made with
		}
	}
	return client.Ref{}, fmt.Errorf("find %s: %w", ref, client.ErrNotFound)
}

// tailSize holds a reference and what a desk may add behind it.
const tailSize = 2 << 10

// tail reads the end of a text without holding the rest.
func (d *Driver) tail(ctx context.Context, p part) (string, error) {
	var w tailWriter
	err := d.content(ctx, string(p.ID), &w, transport.MaxAttachment)
	return string(w.buf), err
}

type tailWriter struct{ buf []byte }

func (w *tailWriter) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	if over := len(w.buf) - tailSize; over > 0 {
		w.buf = bytes.Clone(w.buf[over:])
	}
	return len(p), nil
}

// content streams the bytes of an attachment: RT has them as base64 inside JSON and in no other form.
func (d *Driver) content(ctx context.Context, id string, w io.Writer, limit int64) error {
	return d.p.Transport.Stream(ctx, d.request("GET", "/attachment/"+id, nil),
		func(_ transport.Answer, r io.Reader) error {
			_, err := transport.DecodeBase64Field(r, "Content", w, limit)
			return err
		})
}
