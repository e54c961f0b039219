// Package store is the agent's one SQLite file: the ticket cache, the record of what was sent, and small
// values. The outbox keeps its own tables in the same file.
//
// A report that the user was told is safe must survive a power cut: every commit is synced. A file that is
// damaged is moved aside, never deleted, and a new one begins.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	fileName    = "balise.db"
	reserveName = "balise.reserve"
	// reserveSize holds SQLite's companions and a report without attachments.
	reserveSize = 512 << 10
	// busyWait is how long one statement waits for another connection of this process.
	busyWait = 5 * time.Second
	// openWait bounds opening and checking; a cache of thousands of tickets checks in far less.
	openWait = 15 * time.Second
)

// Params says where the file is.
type Params struct {
	// Dir is the state folder; the file is balise.db in it.
	Dir string
	// Now names the file that is moved aside; nil is time.Now.
	Now func() time.Time
}

// Store is the open file. DB is shared with the outbox.
type Store struct {
	DB *sql.DB
	// MovedAside is where a corrupt file was put; empty when all was well.
	MovedAside string
}

// Open opens or makes the file. The caller holds the lock of the folder.
func Open(ctx context.Context, p Params) (*Store, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	ctx, cancel := context.WithTimeout(ctx, openWait)
	defer cancel()
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	path := filepath.Join(p.Dir, fileName)
	s, err := open(ctx, path)
	if ProblemOf(err) == Full && os.Remove(filepath.Join(p.Dir, reserveName)) == nil {
		s, err = open(ctx, path)
	} else if err == nil {
		setAside(filepath.Join(p.Dir, reserveName))
	}
	if err == nil || ProblemOf(err) != Corrupt {
		return s, err
	}
	aside, err := moveAside(path, p.Now())
	if err != nil {
		return nil, err
	}
	if s, err = open(ctx, path); err != nil {
		return nil, err
	}
	s.MovedAside = aside
	return s, nil
}

// setAside keeps some room for the day when the disk is full, which is when a user needs help with it: the
// file is given up to open the state, run the self-tests and write a report. That there is no room for it is
// no failure of today.
func setAside(path string) {
	if st, err := os.Stat(path); err == nil && st.Size() == reserveSize {
		return
	}
	// Not zeros: some file systems store those without taking room.
	fill := make([]byte, reserveSize)
	for i := range fill {
		fill[i] = byte(i*i>>3) | 1
	}
	if err := os.WriteFile(path, fill, 0o600); err != nil {
		os.Remove(path)
	}
}

// Close closes the file.
func (s *Store) Close() error { return s.DB.Close() }

func open(ctx context.Context, path string) (*Store, error) {
	// Made here, so that SQLite and its companions inherit the mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the state: %w", err)
	}
	f.Close()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("open the state: %w", err)
	}
	// One writer and one reader: enough for one user, and each connection costs memory.
	db.SetMaxOpenConns(2)
	db.SetMaxIdleConns(1)
	s := &Store{DB: db}
	if err := s.prepare(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the state: %w", err)
	}
	return s, nil
}

func dsn(path string) string {
	q := url.Values{"_txlock": {"immediate"}}
	for _, pragma := range []string{
		fmt.Sprintf("busy_timeout(%d)", busyWait.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"secure_delete(1)", // what was sent and forgotten is not to be found in free pages
		"cache_size(-512)", // KiB; the file is small, the promise on memory is too
		"journal_size_limit(1048576)",
	} {
		q.Add("_pragma", pragma)
	}
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + q.Encode()
}

// prepare checks the file and brings its tables up to date.
func (s *Store) prepare(ctx context.Context) error {
	var verdict string
	if err := s.DB.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, verdict)
	}
	return s.migrate(ctx)
}

var errDamaged = errors.New("the file is damaged")

// moveAside renames the file and its companions, which belong together should anyone repair them.
func moveAside(path string, now time.Time) (string, error) {
	aside, err := freeName(path + ".corrupt-" + now.UTC().Format("20060102T150405Z"))
	if err != nil {
		return "", err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Rename(path+suffix, aside+suffix)
		if err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return "", fmt.Errorf("move the damaged state aside: %w", err)
		}
	}
	return aside, nil
}

// freeName adds a number to a name that is taken, by a file or by the attachments that were put beside it: two
// files can break within one second, and neither may be lost for the other.
func freeName(name string) (string, error) {
	for i := range 100 {
		try := name
		if i > 0 {
			try = fmt.Sprintf("%s-%d", name, i+1)
		}
		_, err1 := os.Lstat(try)
		_, err2 := os.Lstat(try + FilesSuffix)
		if errors.Is(err1, fs.ErrNotExist) && errors.Is(err2, fs.ErrNotExist) {
			return try, nil
		}
	}
	return "", fmt.Errorf("move the damaged state aside: no free name like %s", name)
}

// FilesSuffix is added to a moved file's name for the folder of the attachments that belonged to it.
const FilesSuffix = ".files"

// Problem is a kind of failure of the file that callers treat differently.
type Problem string

// The problems. Other errors have none.
const (
	Corrupt  Problem = "corrupt"
	Full     Problem = "full"
	ReadOnly Problem = "read_only"
)

// ProblemOf names what an error of the database or of a file beside it means.
func ProblemOf(err error) Problem {
	if errors.Is(err, errDamaged) {
		return Corrupt
	}
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return Corrupt
		case sqlite3.SQLITE_FULL:
			return Full
		case sqlite3.SQLITE_IOERR:
			if e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE { // the one place where SQLite does not say "full"
				return Full
			}
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
			return ReadOnly
		}
	}
	switch {
	case err == nil:
		return ""
	case isFull(err), e != nil && strings.Contains(e.Error(), "disk is full"):
		return Full
	case isReadOnly(err):
		return ReadOnly
	}
	return ""
}
