package store

import (
	"context"
	"fmt"
)

// migrations bring an older file up to date, each in a transaction of its own. They only add: an older
// Balise must still open a newer file, because a user who goes back one version has reports in it.
var migrations = [...]string{
	`CREATE TABLE tickets (
		desk    TEXT NOT NULL,             -- which desk and which user: see Desk
		id      TEXT NOT NULL,
		number  TEXT NOT NULL,
		ref     TEXT NOT NULL DEFAULT '',  -- ours, when we made it
		body    TEXT NOT NULL,             -- client.Ticket as JSON
		updated INTEGER NOT NULL,          -- on the desk's clock, unix milliseconds as all times here
		threads INTEGER NOT NULL DEFAULT 0,-- "updated" of the ticket when its thread was last read
		read_at INTEGER NOT NULL DEFAULT 0,-- when ticket and thread were last read, on our clock
		unread  INTEGER NOT NULL DEFAULT 0,
		PRIMARY KEY (desk, id)
	);
	CREATE INDEX tickets_number ON tickets(desk, number);
	CREATE INDEX tickets_ref ON tickets(desk, ref);
	CREATE TABLE messages (
		desk   TEXT NOT NULL,
		ticket TEXT NOT NULL,
		id     TEXT NOT NULL,
		pos    INTEGER NOT NULL,           -- the desk's order
		body   TEXT NOT NULL,              -- client.Message as JSON
		PRIMARY KEY (desk, ticket, id),
		FOREIGN KEY (desk, ticket) REFERENCES tickets(desk, id) ON DELETE CASCADE
	);
	CREATE TABLE told (                    -- events that the user was notified of, once for ever
		desk TEXT NOT NULL,
		key  TEXT NOT NULL,
		at   INTEGER NOT NULL,
		PRIMARY KEY (desk, key)
	);
	CREATE TABLE sent (                    -- what left this computer: never the content
		ref      TEXT PRIMARY KEY,
		at       INTEGER NOT NULL,
		desk     TEXT NOT NULL,
		subject  TEXT NOT NULL,
		manifest TEXT NOT NULL             -- Manifest as JSON
	);
	CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL);`,
}

func (s *Store) migrate(ctx context.Context) error {
	var version int
	if err := s.DB.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return fmt.Errorf("read the state's version: %w", err)
	}
	for ; version < len(migrations); version++ {
		if err := s.step(ctx, version); err != nil {
			return fmt.Errorf("bring the state to version %d: %w", version+1, err)
		}
	}
	return nil
}

func (s *Store) step(ctx context.Context, version int) error {
	tx, err := s.DB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
	if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
		return err
	}
	// A pragma takes no placeholder; the value is ours.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, version+1)); err != nil {
		return err
	}
	return tx.Commit()
}
