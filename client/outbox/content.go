package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"balise/client"
)

// content is what leaves, without the files' bytes.
type content struct {
	Draft *client.Draft    `json:"draft,omitempty"`
	Reply *client.Outgoing `json:"reply,omitempty"`
}

func (c content) uploads() []client.Upload {
	if c.Draft != nil {
		return c.Draft.Attachments
	}
	return c.Reply.Attachments
}

// AddTicket stores a report durably. When it returns without an error, the report survives a power cut.
func (o *Outbox) AddTicket(ctx context.Context, d client.Draft) (Item, error) {
	return o.add(ctx, Item{Ref: d.ClientRef, Kind: Ticket, Subject: d.Subject}, content{Draft: &d}, len(d.Text))
}

// AddReply stores a reply to a ticket that the desk has, durably. Replies to one ticket keep their order.
func (o *Outbox) AddReply(ctx context.Context, ticket client.Ref, subject string, m client.Outgoing) (Item, error) {
	it := Item{Ref: m.ClientRef, Kind: Reply, Ticket: ticket, Subject: subject}
	return o.add(ctx, it, content{Reply: &m}, len(m.Text))
}

func (o *Outbox) add(ctx context.Context, it Item, c content, text int) (Item, error) {
	if !it.Ref.Valid() {
		return it, fmt.Errorf("store report: reference %q is not valid", it.Ref)
	}
	it.State, it.phase, it.Created = Draft, phaseReady, o.p.Now().UTC()
	it.Next, it.Bytes, it.Files = it.Created, int64(text), []File{}
	o.p.Hook("add.begin")
	// The words come first: should the files not fit on the disk, they are not lost.
	_, err := o.p.DB.ExecContext(ctx, `INSERT INTO outbox (ref, kind, ticket, subject, content, state, phase,
		created, next, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, it.Ref, it.Kind, toJSON(it.Ticket),
		it.Subject, toJSON(c), it.State, it.phase, toMS(it.Created), toMS(it.Next), it.Bytes)
	if err != nil {
		return it, fmt.Errorf("store report: %w", err)
	}
	o.p.Hook("add.row")
	if it, err = o.storeFiles(it, c.uploads()); err != nil {
		return it, errors.Join(err, o.refuse(ctx, it.Ref))
	}
	o.p.Hook("add.files")
	it.State = Waiting
	_, err = o.p.DB.ExecContext(ctx, `UPDATE outbox SET state = ?, files = ?, bytes = ? WHERE ref = ?`,
		it.State, toJSON(it.Files), it.Bytes, it.Ref)
	if err != nil {
		return it, errors.Join(fmt.Errorf("store report: %w", err), o.refuse(ctx, it.Ref))
	}
	o.p.Hook("add.committed")
	o.changed(it)
	o.Kick()
	return it, nil
}

// refuse takes back a report that could not be stored whole: the caller still has everything and says so. The
// files go first, or a full disk has no room to forget the words.
func (o *Outbox) refuse(ctx context.Context, ref client.ClientRef) error {
	if err := os.RemoveAll(o.folder(ref)); err != nil {
		return fmt.Errorf("take back report %s: %w", ref, err)
	}
	return o.drop(context.WithoutCancel(ctx), ref)
}

func (o *Outbox) folder(ref client.ClientRef) string { return filepath.Join(o.p.Dir, string(ref)) }

// storeFiles copies the attachments beside the database under numbers, never under names from outside.
func (o *Outbox) storeFiles(it Item, uploads []client.Upload) (Item, error) {
	if len(uploads) == 0 {
		return it, nil
	}
	dir := o.folder(it.Ref)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return it, fmt.Errorf("store attachments: %w", err)
	}
	for i, u := range uploads {
		n, err := copyFile(filepath.Join(dir, strconv.Itoa(i)), u)
		if err != nil {
			return it, fmt.Errorf("store attachment %q: %w", u.Name, err)
		}
		it.Files = append(it.Files, File{Name: u.Name, MIME: u.MIME, Size: n})
		it.Bytes += n
		o.p.Hook("add.file")
	}
	if err := syncDir(dir); err != nil {
		return it, fmt.Errorf("store attachments: %w", err)
	}
	if err := syncDir(o.p.Dir); err != nil {
		return it, fmt.Errorf("store attachments: %w", err)
	}
	return it, nil
}

func copyFile(to string, u client.Upload) (int64, error) {
	from, err := u.Open()
	if err != nil {
		return 0, err
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return n, err
}

// load reads an item's content back, its uploads opening the stored files.
func (o *Outbox) load(ctx context.Context, it Item) (content, error) {
	var raw string
	var c content
	err := o.p.DB.QueryRowContext(ctx, `SELECT content FROM outbox WHERE ref = ?`, it.Ref).Scan(&raw)
	if err != nil {
		return c, fmt.Errorf("read report %s: %w", it.Ref, err)
	}
	if err := json.Unmarshal([]byte(raw), &c); err != nil || (c.Draft == nil) == (c.Reply == nil) {
		return c, fmt.Errorf("read report %s: %w", it.Ref, errContent)
	}
	uploads := make([]client.Upload, 0, len(it.Files))
	for i, f := range it.Files {
		path := filepath.Join(o.folder(it.Ref), strconv.Itoa(i))
		if info, err := os.Stat(path); err != nil || info.Size() != f.Size {
			return c, fmt.Errorf("read attachment %q of %s: %w", f.Name, it.Ref, errContent)
		}
		uploads = append(uploads, client.Upload{
			Name: f.Name, MIME: f.MIME, Size: f.Size,
			Open: func() (io.ReadCloser, error) { return os.Open(path) },
		})
	}
	if c.Draft != nil {
		c.Draft.Attachments = uploads
	} else {
		c.Reply.Attachments = uploads
	}
	return c, nil
}

// forget deletes content that the desk now has. The row stays as the record of what was sent.
func (o *Outbox) forget(ctx context.Context, ref client.ClientRef) error {
	if err := os.RemoveAll(o.folder(ref)); err != nil {
		return fmt.Errorf("delete sent content: %w", err)
	}
	o.p.Hook("forget.files")
	_, err := o.p.DB.ExecContext(ctx, `UPDATE outbox SET content = '' WHERE ref = ?`, ref)
	if err != nil {
		return fmt.Errorf("delete sent content: %w", err)
	}
	return nil
}

// drop removes an item entirely.
func (o *Outbox) drop(ctx context.Context, ref client.ClientRef) error {
	if _, err := o.p.DB.ExecContext(ctx, `DELETE FROM outbox WHERE ref = ?`, ref); err != nil {
		return fmt.Errorf("discard report %s: %w", ref, err)
	}
	if err := os.RemoveAll(o.folder(ref)); err != nil {
		return fmt.Errorf("discard report %s: %w", ref, err)
	}
	return nil
}

// recover brings the outbox to a clean state after whatever ended the last process.
func (o *Outbox) recover(ctx context.Context) error {
	// A request that was on its way may have been stored: it is looked up, never simply repeated.
	_, err := o.p.DB.ExecContext(ctx, `UPDATE outbox SET phase = 'verify', asked = 0, asked_at = 0, next = 0
		WHERE phase = 'in_flight'`)
	if err != nil {
		return fmt.Errorf("recover outbox: %w", err)
	}
	// Delivered, but the crash came before its content was deleted.
	sent, err := o.list(ctx, `SELECT `+columns+` FROM outbox WHERE state = 'sent' AND content != ''`)
	if err != nil {
		return err
	}
	for _, it := range sent {
		if err := o.forget(ctx, it.Ref); err != nil {
			return err
		}
	}
	open, err := o.Items(ctx, false)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, it := range open {
		known[string(it.Ref)] = true
		if it.State == Draft {
			if err := o.recoverDraft(ctx, it); err != nil {
				return err
			}
		}
	}
	return o.sweep(known)
}

// recoverDraft looks at a report that was being stored when the process ended. Whole, it was meant to be sent
// and is sent. With files missing, its words are kept and the user decides.
func (o *Outbox) recoverDraft(ctx context.Context, it Item) error {
	if it.Reason != nil {
		return nil // found by an earlier start; the user has not decided yet
	}
	var raw string
	var c content
	err := o.p.DB.QueryRowContext(ctx, `SELECT content FROM outbox WHERE ref = ?`, it.Ref).Scan(&raw)
	if err != nil {
		return fmt.Errorf("recover outbox: %w", err)
	}
	if err := json.Unmarshal([]byte(raw), &c); err != nil || (c.Draft == nil) == (c.Reply == nil) {
		return fmt.Errorf("recover outbox item %s: %w", it.Ref, errContent)
	}
	for i, u := range c.uploads() {
		info, err := os.Stat(filepath.Join(o.folder(it.Ref), strconv.Itoa(i)))
		if err != nil || info.Size() != u.Size {
			break
		}
		it.Files = append(it.Files, File{Name: u.Name, MIME: u.MIME, Size: u.Size})
		it.Bytes += u.Size
	}
	it.State = Waiting
	if missing := len(c.uploads()) - len(it.Files); missing > 0 {
		it.State = Draft
		it.Reason = &Reason{Code: "outbox.incomplete", Args: map[string]string{"n": strconv.Itoa(missing)}}
	}
	_, err = o.p.DB.ExecContext(ctx, `UPDATE outbox SET files = ?, bytes = ? WHERE ref = ?`,
		toJSON(it.Files), it.Bytes, it.Ref)
	if err != nil {
		return fmt.Errorf("recover outbox: %w", err)
	}
	return o.save(ctx, it)
}

// sweep removes folders that belong to no item.
func (o *Outbox) sweep(known map[string]bool) error {
	entries, err := os.ReadDir(o.p.Dir)
	if err != nil {
		return fmt.Errorf("recover outbox: %w", err)
	}
	for _, e := range entries {
		if client.ClientRef(e.Name()).Valid() && !known[e.Name()] {
			if err := os.RemoveAll(filepath.Join(o.p.Dir, e.Name())); err != nil {
				return fmt.Errorf("recover outbox: %w", err)
			}
		}
	}
	return nil
}
