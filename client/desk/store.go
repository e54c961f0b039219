package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"balise/client"
	"balise/client/relay"
)

const (
	// busyWait is how long one statement waits for another connection of this process.
	busyWait = 5 * time.Second
	// openWait bounds opening and checking the file: a practice desk holds some hundred tickets.
	openWait = 20 * time.Second
)

// store is the desk's database and the folder of files beside it. It implements relay.Store; what only a
// technician may see or do has methods of its own.
type store struct {
	db    *sql.DB
	files string // folder of stored attachments
	spool string // folder of uploads on their way in, inside files
	base  string // the desk's address, for links to tickets
	now   func() time.Time
}

// openStore opens or makes the database at path. A damaged one is moved aside together with its files, and a
// new one begins; aside says where it went.
func openStore(ctx context.Context, path string, now func() time.Time) (s *store, aside string, err error) {
	ctx, cancel := context.WithTimeout(ctx, openWait)
	defer cancel()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, "", fmt.Errorf("make the desk's folder: %w", err)
	}
	if s, err = tryStore(ctx, path, now); isCorrupt(err) {
		if aside, err = moveAside(path, now()); err == nil {
			s, err = tryStore(ctx, path, now)
		}
	}
	if err != nil {
		return nil, aside, fmt.Errorf("open the desk's database %s: %w", path, err)
	}
	return s, aside, nil
}

func tryStore(ctx context.Context, path string, now func() time.Time) (*store, error) {
	// Made here, so that SQLite and its companions inherit the mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f.Close()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(3) // a writer and two readers; each connection costs memory
	db.SetMaxIdleConns(1)
	s := &store{db: db, files: filesFolder(path), now: now}
	s.spool = filepath.Join(s.files, "incoming")
	if err := s.prepare(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

func filesFolder(path string) string { return path + "-files" }

func dsn(path string) string {
	q := url.Values{"_txlock": {"immediate"}} // two writers queue up instead of failing half-way
	for _, pragma := range []string{
		fmt.Sprintf("busy_timeout(%d)", busyWait.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(FULL)", // an answer "stored" is true after a power cut too
		"foreign_keys(1)",
		"cache_size(-1024)", // KiB
		"journal_size_limit(1048576)",
	} {
		q.Add("_pragma", pragma)
	}
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + q.Encode()
}

func (s *store) prepare(ctx context.Context) error {
	var verdict string
	if err := s.db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, verdict)
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(s.spool, 0o700); err != nil {
		return err
	}
	return s.sweep(ctx)
}

func (s *store) close() error { return s.db.Close() }

var errDamaged = errors.New("the file is damaged")

// moveAside renames the database, its companions and its files, which belong together should anyone repair
// them.
func moveAside(path string, now time.Time) (string, error) {
	aside := path + ".damaged-" + now.UTC().Format("20060102T150405.000Z")
	for _, suffix := range []string{"", "-wal", "-shm", "-files"} {
		err := os.Rename(path+suffix, aside+suffix)
		if err != nil && (suffix == "" || !errors.Is(err, os.ErrNotExist)) {
			return "", fmt.Errorf("move the damaged database aside: %w", err)
		}
	}
	return aside, nil
}

func isCorrupt(err error) bool {
	if errors.Is(err, errDamaged) {
		return true
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// typed gives an error of the database or the disk the type that package relay answers by.
func typed(err error) error {
	var e *sqlite.Error
	switch {
	case err == nil, errors.Is(err, client.ErrFull):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return client.ErrNotFound
	case relay.IsDiskFull(err), errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", client.ErrFull, err)
	}
	return err
}

// txn is a transaction that remembers its first error, so that a sequence of writes reads as one.
type txn struct {
	ctx context.Context
	tx  *sql.Tx
	err error
}

func (t *txn) exec(query string, args ...any) (id int64) {
	if t.err != nil {
		return 0
	}
	res, err := t.tx.ExecContext(t.ctx, query, args...)
	if err == nil {
		id, err = res.LastInsertId()
	}
	t.err = err
	return id
}

// get reads one row; it returns false when there is none.
func (t *txn) get(query string, args []any, into ...any) bool {
	if t.err != nil {
		return false
	}
	err := t.tx.QueryRowContext(t.ctx, query, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false
	}
	t.err = err
	return err == nil
}

// write runs do in a transaction. Errors come back typed.
func (s *store) write(ctx context.Context, do func(tx *txn) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return typed(err)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return typed(err)
	}
	defer tx.Rollback() // without effect after Commit
	t := &txn{ctx: ctx, tx: tx}
	if err := do(t); err != nil {
		return typed(err)
	}
	if t.err != nil {
		return typed(t.err)
	}
	if err := tx.Commit(); err != nil {
		return s.commitFailed(ctx, conn, typed(err))
	}
	return nil
}

// commitFailed frees the connection of a transaction whose commit failed, and says what is certain about it.
func (s *store) commitFailed(ctx context.Context, conn *sql.Conn, err error) error {
	// SQLite keeps some failed transactions open; it has rolled others back itself, and then this fails.
	_, _ = conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
	switch {
	case errors.Is(err, client.ErrFull), errors.Is(err, sql.ErrTxDone),
		ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return err // the commit was never written
	}
	// A flush that failed may have reached the disk. Only a look-up can tell.
	return fmt.Errorf("%w: %w", &commitError{}, err)
}

// commitError marks a commit that failed: nobody knows what is on the disk.
type commitError struct{}

func (*commitError) Error() string { return "commit failed" }

func (*commitError) Is(target error) bool { return target == client.ErrUnknownOutcome }

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v).UTC()
}
