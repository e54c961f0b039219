package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"balise/client"
	"balise/client/relay"
)

// moved are files that were moved into the folder for a transaction that is not committed yet.
type moved struct {
	s     *store
	names []string
}

// keep moves one spooled file to its place and returns its name there.
func (m *moved) keep(f relay.File) (string, error) {
	name := rand.Text() + ".bin"
	if err := os.Rename(f.Path, filepath.Join(m.s.files, name)); err != nil {
		return "", fmt.Errorf("keep attachment: %w", err)
	}
	m.names = append(m.names, name)
	return name, nil
}

// flush makes the moves outlast a power cut; to be called before the commit that names them.
func (m *moved) flush() error {
	if len(m.names) == 0 {
		return nil
	}
	return syncDir(m.s.files)
}

// settle removes the files when their transaction did not happen. After a failed commit nobody knows: they
// stay, and the next start sweeps what no ticket names.
func (m *moved) settle(err error) {
	var commit *commitError
	if err == nil || errors.As(err, &commit) {
		return
	}
	for _, name := range m.names {
		os.Remove(filepath.Join(m.s.files, name))
	}
}

// sweep removes what a crash left: uploads on their way in, and files that no ticket names.
func (s *store) sweep(ctx context.Context) error {
	known := map[string]bool{}
	rows, err := s.db.QueryContext(ctx, `SELECT stored FROM files`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		known[name] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, dir := range []string{s.files, s.spool} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.IsDir() && (dir == s.spool || !known[e.Name()]) {
				os.Remove(filepath.Join(dir, e.Name()))
			}
		}
	}
	return nil
}

// storedFile is an attachment's row.
type storedFile struct {
	client.Attachment
	SHA256  string
	message int64
	stored  string
}

// openFile opens a file of a ticket. public leaves out the files of internal notes.
func (s *store) openFile(ctx context.Context, ticket, file int64, public bool) (storedFile, *os.File, error) {
	f := storedFile{}
	query := `SELECT f.id, f.name, f.mime, f.size, f.sha256, f.stored FROM files f
		JOIN messages m ON m.id = f.message WHERE f.ticket = ? AND f.id = ?`
	if public {
		query += ` AND m.kind = '` + kindPublic + `'`
	}
	err := s.db.QueryRowContext(ctx, query, ticket, file).
		Scan(&f.ID, &f.Name, &f.MIME, &f.Size, &f.SHA256, &f.stored)
	if err != nil {
		return f, nil, typed(err)
	}
	body, err := os.Open(filepath.Join(s.files, f.stored))
	if err != nil {
		return f, nil, fmt.Errorf("open attachment: %w", err)
	}
	return f, body, nil
}

// isPicture looks at the first bytes of a file.
func (s *store) isPicture(f storedFile) bool {
	body, err := os.Open(filepath.Join(s.files, f.stored))
	if err != nil {
		return false
	}
	defer body.Close()
	first := make([]byte, sniffBytes)
	n, err := io.ReadFull(body, first)
	return (err == nil || errors.Is(err, io.ErrUnexpectedEOF)) && shownAs(f, first[:n]) != ""
}

// Open opens a file of the public thread of one of who's tickets.
func (s *store) Open(
	ctx context.Context, who client.Person, id, attachment string,
) (client.Attachment, io.ReadCloser, error) {
	ticket, err := s.mine(ctx, who, id)
	if err != nil {
		return client.Attachment{}, nil, err
	}
	file, err := number(attachment)
	if err != nil {
		return client.Attachment{}, nil, err
	}
	f, body, err := s.openFile(ctx, ticket, file, true)
	if err != nil {
		return client.Attachment{}, nil, err
	}
	return f.Attachment, body, nil
}
