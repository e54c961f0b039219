package desk

import (
	"context"
	"fmt"
)

// migrations bring an older file up to date, each in a transaction of its own. Times are Unix milliseconds.
var migrations = [...]string{
	`CREATE TABLE tickets (
		id             INTEGER PRIMARY KEY AUTOINCREMENT, -- also the number that people read
		requester      TEXT NOT NULL,
		requester_name TEXT NOT NULL,
		subject        TEXT NOT NULL,
		status         TEXT NOT NULL,
		level          INTEGER NOT NULL DEFAULT 0,
		priority       INTEGER NOT NULL DEFAULT 0,
		category       TEXT NOT NULL DEFAULT '',
		queue          TEXT NOT NULL DEFAULT '',
		fields         TEXT NOT NULL DEFAULT '{}',        -- JSON
		client_ref     TEXT NOT NULL,
		rating         INTEGER NOT NULL DEFAULT 0,
		rating_comment TEXT NOT NULL DEFAULT '',
		created        INTEGER NOT NULL,
		updated        INTEGER NOT NULL,                  -- the last change that the requester can see
		touched        INTEGER NOT NULL,                  -- the last change at all
		rev            INTEGER NOT NULL DEFAULT 1,        -- counts what moves "updated": the ETag
		unread         INTEGER NOT NULL DEFAULT 1         -- the requester spoke since the page was open
	);
	INSERT INTO sqlite_sequence(name, seq) VALUES ('tickets', 1000);
	CREATE INDEX tickets_mine ON tickets(requester, updated DESC, id DESC);
	CREATE INDEX tickets_queue ON tickets(status, created DESC);
	CREATE TABLE keys (                                   -- what each idempotency key made
		requester TEXT NOT NULL,
		key       TEXT NOT NULL,
		digest    TEXT NOT NULL,
		ticket    INTEGER NOT NULL REFERENCES tickets(id) ON DELETE CASCADE,
		message   INTEGER NOT NULL DEFAULT 0,             -- 0: the key made the ticket itself
		PRIMARY KEY (requester, key)
	) WITHOUT ROWID;
	CREATE TABLE messages (
		id     INTEGER PRIMARY KEY AUTOINCREMENT,
		ticket INTEGER NOT NULL REFERENCES tickets(id) ON DELETE CASCADE,
		kind   TEXT NOT NULL,                             -- see the kinds in messages.go
		side   TEXT NOT NULL,                             -- 'requester' or 'technician'
		author TEXT NOT NULL,
		at     INTEGER NOT NULL,
		text   TEXT NOT NULL DEFAULT '',
		value  TEXT NOT NULL DEFAULT ''                   -- of a change: the new value
	);
	CREATE INDEX messages_ticket ON messages(ticket, id);
	CREATE TABLE files (
		id      INTEGER PRIMARY KEY AUTOINCREMENT,
		ticket  INTEGER NOT NULL REFERENCES tickets(id) ON DELETE CASCADE,
		message INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
		name    TEXT NOT NULL,
		mime    TEXT NOT NULL,
		size    INTEGER NOT NULL,
		sha256  TEXT NOT NULL,
		stored  TEXT NOT NULL UNIQUE                      -- its name in the folder beside the database
	);
	CREATE INDEX files_ticket ON files(ticket, id);
	CREATE TABLE notices (
		id      INTEGER PRIMARY KEY AUTOINCREMENT,
		title   TEXT NOT NULL,
		text    TEXT NOT NULL,
		starts  INTEGER NOT NULL DEFAULT 0,
		ends    INTEGER NOT NULL DEFAULT 0,
		created INTEGER NOT NULL
	);
	CREATE TABLE sessions (
		hash    TEXT PRIMARY KEY,                         -- of the cookie: the file alone opens no page
		csrf    TEXT NOT NULL,
		name    TEXT NOT NULL DEFAULT '',                 -- how this technician signs
		expires INTEGER NOT NULL
	) WITHOUT ROWID;`,
}

func (s *store) migrate(ctx context.Context) error {
	var version int
	if err := s.db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return fmt.Errorf("read the version: %w", err)
	}
	for ; version < len(migrations); version++ {
		err := s.write(ctx, func(tx *txn) error {
			tx.exec(migrations[version])
			tx.exec(fmt.Sprintf(`PRAGMA user_version = %d`, version+1))
			return nil
		})
		if err != nil {
			return fmt.Errorf("bring it to version %d: %w", version+1, err)
		}
	}
	return nil
}
