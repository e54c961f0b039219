package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"balise/client"
)

// Cached is a ticket as it was last seen.
type Cached struct {
	client.Ticket
	Ref    string // ours, when we made it
	Unread bool
	// ThreadAt is the ticket's Updated when its thread was last read; older than Updated means stale.
	ThreadAt time.Time
	// ReadAt is when ticket and thread were last read, on our clock.
	ReadAt time.Time
}

// Desk is one desk and one user's view of it: the cache, which must not mix what belongs to two people.
type Desk struct {
	s  *Store
	id string
}

// Desk returns the cache of a desk. id is stable for one desk and one user.
func (s *Store) Desk(id string) *Desk { return &Desk{s: s, id: id} }

// ErrNone is a ticket that the cache does not have.
var ErrNone = errors.New("no such ticket here")

const cachedColumns = `body, ref, unread, threads, read_at`

type scanner interface{ Scan(...any) error }

func scanCached(row scanner) (Cached, error) {
	var c Cached
	var body string
	var threads, read int64
	if err := row.Scan(&body, &c.Ref, &c.Unread, &threads, &read); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return c, ErrNone
		}
		return c, fmt.Errorf("read the ticket cache: %w", err)
	}
	if err := json.Unmarshal([]byte(body), &c.Ticket); err != nil {
		return c, fmt.Errorf("read the ticket cache: %w", err)
	}
	c.ThreadAt, c.ReadAt = at(threads), at(read)
	return c, nil
}

// Tickets lists the cache, newest change first.
func (d *Desk) Tickets(ctx context.Context) ([]Cached, error) {
	rows, err := d.s.DB.QueryContext(ctx, `SELECT `+cachedColumns+` FROM tickets WHERE desk = ?
		ORDER BY updated DESC, id DESC`, d.id)
	if err != nil {
		return nil, fmt.Errorf("read the ticket cache: %w", err)
	}
	defer rows.Close()
	var out []Cached
	for rows.Next() {
		c, err := scanCached(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// Find returns a ticket by the desk's number or by our reference; ErrNone if it is not in the cache.
func (d *Desk) Find(ctx context.Context, n string) (Cached, error) {
	return scanCached(d.s.DB.QueryRowContext(ctx, `SELECT `+cachedColumns+` FROM tickets
		WHERE desk = ? AND (number = ? OR (ref != '' AND ref = ?)) LIMIT 1`, d.id, n, n))
}

// ByID returns a ticket by the desk's id; ErrNone if it is not in the cache.
func (d *Desk) ByID(ctx context.Context, id string) (Cached, error) {
	return scanCached(d.s.DB.QueryRowContext(ctx, `SELECT `+cachedColumns+` FROM tickets
		WHERE desk = ? AND id = ?`, d.id, id))
}

// Put keeps a ticket as the desk shows it now. An empty ref leaves the one that is known.
func (d *Desk) Put(ctx context.Context, t client.Ticket, ref string) error {
	body, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("write the ticket cache: %w", err)
	}
	_, err = d.s.DB.ExecContext(ctx, `INSERT INTO tickets (desk, id, number, ref, body, updated)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (desk, id) DO UPDATE SET number = excluded.number,
		ref = CASE WHEN excluded.ref = '' THEN ref ELSE excluded.ref END,
		body = excluded.body, updated = excluded.updated`,
		d.id, t.ID, t.Number, ref, string(body), ms(t.Updated))
	if err != nil {
		return fmt.Errorf("write the ticket cache: %w", err)
	}
	return nil
}

// Thread returns the cached messages in the desk's order.
func (d *Desk) Thread(ctx context.Context, id string) ([]client.Message, error) {
	return documents[client.Message](ctx, d.s, "read the thread cache",
		`SELECT body FROM messages WHERE desk = ? AND ticket = ? ORDER BY pos`, d.id, id)
}

// PutThread keeps a whole thread, and returns the messages that were not there before. The ticket must be
// in the cache.
func (d *Desk) PutThread(
	ctx context.Context, t client.Ticket, msgs []client.Message, now time.Time,
) (fresh []client.Message, err error) {
	tx, err := d.s.DB.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("write the thread cache: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
	known, err := knownMessages(ctx, tx, d.id, t.ID)
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM messages WHERE desk = ? AND ticket = ?`, d.id, t.ID)
	if err != nil {
		return nil, fmt.Errorf("write the thread cache: %w", err)
	}
	for i, m := range msgs {
		body, err := json.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("write the thread cache: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO messages (desk, ticket, id, pos, body) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, d.id, t.ID, m.ID, i, string(body))
		if err != nil {
			return nil, fmt.Errorf("write the thread cache: %w", err)
		}
		if !known[m.ID] {
			fresh = append(fresh, m)
		}
	}
	_, err = tx.ExecContext(ctx, `UPDATE tickets SET threads = ?, read_at = ? WHERE desk = ? AND id = ?`,
		ms(t.Updated), ms(now), d.id, t.ID)
	if err != nil {
		return nil, fmt.Errorf("write the thread cache: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("write the thread cache: %w", err)
	}
	return fresh, nil
}

func knownMessages(ctx context.Context, tx *sql.Tx, desk, ticket string) (map[string]bool, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id FROM messages WHERE desk = ? AND ticket = ?`, desk, ticket)
	if err != nil {
		return nil, fmt.Errorf("read the thread cache: %w", err)
	}
	defer rows.Close()
	known := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read the thread cache: %w", err)
		}
		known[id] = true
	}
	return known, rows.Err()
}

// SetUnread marks a ticket as having something new, or as read.
func (d *Desk) SetUnread(ctx context.Context, id string, unread bool) error {
	_, err := d.s.DB.ExecContext(ctx, `UPDATE tickets SET unread = ? WHERE desk = ? AND id = ?`,
		unread, d.id, id)
	if err != nil {
		return fmt.Errorf("mark a ticket: %w", err)
	}
	return nil
}

// Unread counts the tickets with something new.
func (d *Desk) Unread(ctx context.Context) (int, error) {
	var n int
	err := d.s.DB.QueryRowContext(ctx, `SELECT count(*) FROM tickets WHERE desk = ? AND unread`, d.id).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count unread tickets: %w", err)
	}
	return n, nil
}

// Tell claims the right to notify the user of an event: true the first time, false for ever after. The claim
// is on disk before anything is shown.
func (d *Desk) Tell(ctx context.Context, key string, now time.Time) (bool, error) {
	res, err := d.s.DB.ExecContext(ctx, `INSERT INTO told (desk, key, at) VALUES (?, ?, ?)
		ON CONFLICT DO NOTHING`, d.id, key, ms(now))
	if err != nil {
		return false, fmt.Errorf("remember a notification: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("remember a notification: %w", err)
	}
	return n == 1, nil
}

// Forget drops the whole cache of the desk: somebody else signs in, or the user signs out.
func (d *Desk) Forget(ctx context.Context) error {
	for _, table := range []string{"messages", "tickets", "told"} {
		if _, err := d.s.DB.ExecContext(ctx, `DELETE FROM `+table+` WHERE desk = ?`, d.id); err != nil {
			return fmt.Errorf("forget the tickets: %w", err)
		}
	}
	return nil
}
