package redmine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"balise/client"
	"balise/client/transport"
)

// journal is an entry of an issue's history: a note, changes, or both.
type journal struct {
	ID      id     `json:"id"`
	User    named  `json:"user"`
	Notes   string `json:"notes"`
	Private bool   `json:"private_notes"`
	Created stamp  `json:"created_on"`
	Details []struct {
		Property string `json:"property"`
		Name     string `json:"name"`
		New      words  `json:"new_value"`
	} `json:"details"`
}

// maxText is how much of one message is shown; the rest is a click away on the desk's page.
const maxText = 256 << 10

// Thread reads the description and the public notes. Private ones Redmine hides from who may not see them; for who
// may, they are left out here: they are for the desk's own people.
func (d *Driver) Thread(ctx context.Context, key string) ([]client.Message, error) {
	if err := checkID(key); err != nil {
		return nil, err
	}
	i, _, err := d.issue(ctx, key, "journals,attachments", nil)
	if err != nil {
		return nil, fmt.Errorf("read thread of %s: %w", key, err)
	}
	me, err := d.me(ctx)
	if err != nil {
		return nil, err
	}
	// Redmine gives them newest first to who wants that in his settings.
	slices.SortFunc(i.Journals, func(a, b journal) int { return cmp.Compare(a.ID, b.ID) })
	files := map[string]client.Attachment{}
	for _, a := range i.Attachments {
		if a.ID.valid() {
			files[a.ID.String()] = client.Attachment{
				ID: a.ID.String(), Name: transport.SafeName(a.Filename),
				MIME: transport.Line(a.ContentType, 100), Size: a.Size,
			}
		}
	}
	var rest []client.Message
	for _, j := range i.Journals {
		if m := d.message(j, files, me); m.Text != "" || m.StatusNote != "" || len(m.Attachments) > 0 {
			rest = append(rest, m)
		}
	}
	first := client.Message{
		ID: "description", From: i.Author.person(), FromMe: i.Author.ID == me.ID, At: i.Created.Time,
		Text: shown(i.Description),
	}
	if first.FromMe {
		first.Text = withoutRef(first.Text)
	}
	for _, a := range i.Attachments { // those of no entry came with the issue
		if f, ok := files[a.ID.String()]; ok {
			first.Attachments = append(first.Attachments, f)
		}
	}
	return client.FoldReopened(append([]client.Message{first}, rest...)), nil
}

// message makes a message of an entry and takes its files out of files.
func (d *Driver) message(j journal, files map[string]client.Attachment, me account) client.Message {
	m := client.Message{
		ID: j.ID.String(), From: j.User.person(), FromMe: j.User.ID == me.ID, At: j.Created.Time,
	}
	if !j.Private {
		m.Text = shown(j.Notes)
	}
	if m.FromMe {
		m.Text = withoutRef(m.Text)
	}
	for _, c := range j.Details {
		switch {
		case c.Property == "attachment" && len(c.New) > 0:
			if f, ok := files[c.Name]; ok {
				m.Attachments = append(m.Attachments, f)
				delete(files, c.Name)
			}
		case c.Property == "attr" && c.Name == "status_id" && len(c.New) == 1 && isID(c.New[0]):
			m.StatusNote = d.note(d.statusByID(c.New[0]))
		}
	}
	return m
}

func (d *Driver) statusByID(key string) status {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.statuses[key]
}

func shown(s string) string {
	s = strings.TrimSpace(transport.PlainText(s))
	if len(s) <= maxText {
		return s
	}
	return strings.TrimSpace(strings.ToValidUTF8(s[:maxText], "")) + "\n[…]"
}

// said looks for a reply of the signed-in user's with this reference.
func (d *Driver) said(i issue, ref client.ClientRef) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range i.Journals {
		if d.self != nil && j.User.ID == d.self.ID && strings.Contains(tail(j.Notes), string(ref)) {
			return true
		}
	}
	return false
}

// Download streams an attachment. Its address is made here: the one in Redmine's answers is the installation's idea
// of its own, which behind a proxy may be anything.
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
	if _, err := d.me(ctx); err != nil {
		return err
	}
	r := d.request("GET", "/attachments/download/"+a.ID, nil)
	err := d.p.Transport.Stream(ctx, r, func(_ transport.Answer, body io.Reader) error {
		n, err := io.Copy(w, io.LimitReader(body, limit))
		if err == nil && n == limit {
			if extra, more := io.CopyN(io.Discard, body, 1); extra > 0 || more == nil {
				return client.ErrTooLarge
			} else if !errors.Is(more, io.EOF) {
				return more
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("download %q: %w", a.Name, err)
	}
	return nil
}
