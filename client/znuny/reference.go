package znuny

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"balise/client"
	"balise/client/transport"
)

// maxTitle is under the 255 of the desk's column, which would cut a reference at the end.
const maxTitle = 200

// tailSize is how far from the end of a text a reference is looked for: behind it stand signatures.
const tailSize = 2 << 10

// titleWith puts the reference where a search finds it.
func titleWith(subject string, ref client.ClientRef) string {
	tail := " [" + string(ref) + "]"
	return transport.Line(subject, maxTitle-utf8.RuneCountInString(tail)) + tail
}

// cutTitle is its inverse.
func cutTitle(s string) (head string, ref client.ClientRef, ok bool) {
	i := strings.LastIndex(s, " [")
	if i < 0 || !strings.HasSuffix(s, "]") {
		return s, "", false
	}
	ref = client.ClientRef(s[i+2 : len(s)-1])
	return s[:i], ref, ref.Valid()
}

// textWith ends a text with the reference in a line of its own, unless its end names it already.
func textWith(text string, ref client.ClientRef) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "") // PostgreSQL stores no NUL
	if endsWith(text, ref) {
		return text
	}
	return strings.TrimRight(text, " \t\r\n") + "\n\n" + string(ref)
}

func endsWith(text string, ref client.ClientRef) bool {
	return strings.Contains(text[max(0, len(text)-tailSize/2):], string(ref))
}

// withoutRef takes our reference off a text for people.
func withoutRef(s string) string {
	s = strings.TrimRight(s, " \t\r\n")
	i := strings.LastIndexByte(s, '\n') + 1
	if client.ClientRef(strings.TrimSpace(s[i:])).Valid() {
		return strings.TrimRight(s[:i], " \t\r\n")
	}
	return s
}

// refOf finds our reference and takes it off the title that people read.
func (d *Driver) refOf(t ticket, title string) (client.ClientRef, string) {
	if head, ref, ok := cutTitle(title); ok {
		return ref, head
	}
	for _, f := range t.DynamicField {
		if d.p.RefField != "" && f.Name == d.p.RefField {
			if r := client.ClientRef(f.Value); r.Valid() {
				return r, title
			}
		}
	}
	return "", title
}

// useField says whether the reference goes into a dynamic field.
func (d *Driver) useField() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.p.RefField != "" && !d.noField && !strings.ContainsAny(d.p.RefField, "_ \t&=")
}

// FindByClientRef looks in the dynamic field and in the title. A desk that does not know the field leaves the
// condition out and gives all tickets, so each one is looked at.
func (d *Driver) FindByClientRef(ctx context.Context, ref client.ClientRef) (client.Ref, error) {
	if !ref.Valid() {
		return client.Ref{}, fmt.Errorf("find %q: %w", transport.Line(string(ref), 40), client.ErrNotFound)
	}
	wheres := []url.Values{{"Title": {"*" + string(ref) + "*"}}}
	if d.useField() {
		wheres = append([]url.Values{{"DynamicField_" + d.p.RefField: {string(ref)}}}, wheres...)
	}
	for _, where := range wheres {
		where.Set("Limit", "20")
		where["SortBy"], where["OrderBy"] = []string{"Age"}, []string{"Up"} // the youngest first
		found, _, err := d.search(ctx, where)
		if err != nil {
			return client.Ref{}, fmt.Errorf("find %s: %w", ref, err)
		}
		ids, err := idsOf(found)
		if err != nil || len(ids) == 0 {
			if err != nil {
				return client.Ref{}, fmt.Errorf("find %s: %w", ref, err)
			}
			continue
		}
		got, _, err := d.tickets(ctx, ids)
		if err != nil {
			return client.Ref{}, fmt.Errorf("find %s: %w", ref, notHere(err))
		}
		for _, t := range got {
			if have, _ := d.refOf(t, transport.Line(string(t.Title), 300)); have == ref {
				return d.ref(string(t.TicketID), transport.Line(string(t.TicketNumber), 60)), nil
			}
		}
	}
	return client.Ref{}, fmt.Errorf("find %s: %w", ref, client.ErrNotFound)
}
