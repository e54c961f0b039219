package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"balise/client"
)

const schema = `
CREATE TABLE IF NOT EXISTS outbox (
	seq      INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which the user spoke
	ref      TEXT NOT NULL UNIQUE,
	kind     TEXT NOT NULL,
	ticket   TEXT NOT NULL DEFAULT '{}',        -- client.Ref as JSON
	subject  TEXT NOT NULL,
	content  TEXT NOT NULL DEFAULT '',          -- the draft as JSON; emptied after delivery
	files    TEXT NOT NULL DEFAULT '[]',
	bytes    INTEGER NOT NULL DEFAULT 0,
	state    TEXT NOT NULL,
	phase    TEXT NOT NULL,
	created  INTEGER NOT NULL,                  -- unix milliseconds, as all times here
	next     INTEGER NOT NULL DEFAULT 0,
	tries    INTEGER NOT NULL DEFAULT 0,
	asked    INTEGER NOT NULL DEFAULT 0,
	asked_at INTEGER NOT NULL DEFAULT 0,
	hold     INTEGER NOT NULL DEFAULT 0,        -- the desk asked not to be called before
	receipt  TEXT NOT NULL DEFAULT '{}',
	reason   TEXT NOT NULL DEFAULT '',
	sent_at  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS outbox_open ON outbox(state, next);`

const columns = `ref, kind, ticket, subject, files, bytes, state, phase, created, next, tries, asked,
	asked_at, hold, receipt, reason, sent_at`

func (o *Outbox) migrate(ctx context.Context) error {
	if _, err := o.p.DB.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("make outbox tables: %w", err)
	}
	return nil
}

type scanner interface{ Scan(...any) error }

func scanItem(row scanner) (Item, error) {
	var it Item
	var ticket, files, receipt, reason string
	var created, next, sentAt, askedAt, hold int64
	err := row.Scan(&it.Ref, &it.Kind, &ticket, &it.Subject, &files, &it.Bytes, &it.State, &it.phase,
		&created, &next, &it.Tries, &it.asked, &askedAt, &hold, &receipt, &reason, &sentAt)
	if errors.Is(err, sql.ErrNoRows) {
		return it, ErrNotFound
	}
	if err != nil {
		return it, fmt.Errorf("read outbox: %w", err)
	}
	it.Created, it.Next, it.SentAt = fromMS(created), fromMS(next), fromMS(sentAt)
	it.askedAt, it.hold = fromMS(askedAt), fromMS(hold)
	for _, part := range []struct {
		text string
		into any
	}{{ticket, &it.Ticket}, {files, &it.Files}, {receipt, &it.Receipt}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return it, fmt.Errorf("read outbox item %s: %w", it.Ref, err)
		}
	}
	if reason != "" {
		it.Reason = &Reason{}
		if err := json.Unmarshal([]byte(reason), it.Reason); err != nil {
			return it, fmt.Errorf("read outbox item %s: %w", it.Ref, err)
		}
	}
	return it, nil
}

// Item returns one item by its reference.
func (o *Outbox) Item(ctx context.Context, ref client.ClientRef) (Item, error) {
	return scanItem(o.p.DB.QueryRowContext(ctx, `SELECT `+columns+` FROM outbox WHERE ref = ?`, ref))
}

// Items returns what is not delivered yet, oldest first, or everything with sent true.
func (o *Outbox) Items(ctx context.Context, sent bool) ([]Item, error) {
	query := `SELECT ` + columns + ` FROM outbox WHERE state != 'sent' ORDER BY seq`
	if sent {
		query = `SELECT ` + columns + ` FROM outbox ORDER BY seq`
	}
	return o.list(ctx, query)
}

func (o *Outbox) list(ctx context.Context, query string, args ...any) ([]Item, error) {
	rows, err := o.p.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	defer rows.Close()
	items := []Item{}
	for rows.Next() {
		it, err := scanItem(rows)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, rows.Err()
}

// save writes where the item stands. It is one statement, so that a crash leaves the old or the new row.
func (o *Outbox) save(ctx context.Context, it Item) error {
	reason := ""
	if it.Reason != nil {
		reason = toJSON(it.Reason)
	}
	_, err := o.p.DB.ExecContext(ctx, `UPDATE outbox SET ticket = ?, state = ?, phase = ?, next = ?,
		tries = ?, asked = ?, asked_at = ?, hold = ?, receipt = ?, reason = ?, sent_at = ? WHERE ref = ?`,
		toJSON(it.Ticket), it.State, it.phase, toMS(it.Next), it.Tries, it.asked,
		toMS(it.askedAt), toMS(it.hold), toJSON(it.Receipt), reason, toMS(it.SentAt), it.Ref)
	if err != nil {
		return fmt.Errorf("write outbox item %s: %w", it.Ref, err)
	}
	return nil
}

func toJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of this package; cannot fail
	}
	return string(raw)
}

func toMS(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
