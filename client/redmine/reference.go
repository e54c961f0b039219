package redmine

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"balise/client"
	"balise/client/transport"
)

// maxSubject is what Redmine takes; it refuses what is longer.
const maxSubject = 255

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

// tailSize holds a reference and what people may write behind it.
const tailSize = 2 << 10

func tail(s string) string { return s[max(0, len(s)-tailSize):] }

// textWith ends a text with the reference in a line of its own, unless its end names it already, as that of a report
// does: people find it there, and so do we when every other place has failed.
func textWith(text string, ref client.ClientRef) string {
	if strings.Contains(text[max(0, len(text)-tailSize/2):], string(ref)) {
		return text
	}
	return strings.TrimRight(text, " \t\r\n") + "\n\n" + string(ref)
}

// withoutRef takes our reference off a text for people.
func withoutRef(s string) string {
	s = strings.TrimRight(s, " \t\r\n")
	cut := strings.LastIndexByte(s, '\n') + 1
	if client.ClientRef(strings.TrimSpace(s[cut:])).Valid() {
		return strings.TrimRight(s[:cut], " \t\r\n")
	}
	return s
}

// refOf reads our reference off an issue's custom field, or off the last word of its text.
func (d *Driver) refOf(i issue) client.ClientRef {
	for _, f := range i.CustomFields {
		ours := f.ID.String() == d.p.RefField || strings.EqualFold(f.Name, d.p.RefField)
		if d.p.RefField != "" && ours && len(f.Value) == 1 {
			if r := client.ClientRef(f.Value[0]); r.Valid() {
				return r
			}
		}
	}
	end := tail(i.Description)
	if words := strings.Fields(end); len(words) > 0 && client.ClientRef(words[len(words)-1]).Valid() {
		return client.ClientRef(words[len(words)-1])
	}
	return ""
}

// holds says whether an issue was made with this reference, wherever it stands.
func (d *Driver) holds(i issue, ref client.ClientRef) bool {
	if _, inSubject, ok := cutSubject(strings.TrimSpace(i.Subject)); ok && inSubject == ref {
		return true
	}
	return d.refOf(i) == ref || strings.Contains(tail(i.Description), string(ref))
}

// recentIssues is how many issues are looked through one by one: more than anybody opens while a report is in doubt.
const recentIssues = 50

// FindByClientRef looks in every place the reference can be: the custom field, the subject and, because a workflow may
// drop a field without a word, the end of recent issues' text. What a search gives is looked at: Redmine passes over
// a filter that it does not know, and gives everything.
func (d *Driver) FindByClientRef(ctx context.Context, ref client.ClientRef) (client.Ref, error) {
	if !ref.Valid() {
		return client.Ref{}, fmt.Errorf("find %q: %w", transport.Line(string(ref), 40), client.ErrNotFound)
	}
	byName := mine("id:desc")
	byName.Set("subject", "~"+string(ref))
	searches := []url.Values{byName, mine("id:desc")}
	if field, ok := d.knownField(); ok {
		byField := mine("id:desc")
		byField.Set("cf_"+field.String(), string(ref))
		searches = append([]url.Values{byField}, searches...)
	}
	for _, query := range searches {
		for from := 0; from < recentIssues; {
			res, _, err := d.search(ctx, query, from, recentIssues)
			if err != nil {
				return client.Ref{}, fmt.Errorf("find %s: %w", ref, err)
			}
			for _, i := range res.Issues {
				if i.ID.valid() && d.holds(i, ref) {
					return d.ref(i.ID.String()), nil
				}
			}
			if from += res.taken; res.taken == 0 || from >= res.Total {
				break
			}
		}
	}
	return client.Ref{}, fmt.Errorf("find %s: %w", ref, client.ErrNotFound)
}

// knownField is the number of the field for our reference, where it is set as one or a project was read that has it.
func (d *Driver) knownField() (id, bool) {
	if isID(d.p.RefField) {
		n, err := strconv.ParseInt(d.p.RefField, 10, 53)
		return id(n), err == nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.projects {
		if f, ok := find(p.Fields, d.p.RefField); ok && d.p.RefField != "" {
			return f.ID, true
		}
	}
	return 0, false
}
