package desk

import (
	"context"
	"time"

	"balise/client"
)

// entry is one message as it is stored, with its files.
type entry struct {
	ID                 int64
	Kind, Side, Author string
	At                 time.Time
	Text, Value        string
	Files              []storedFile
}

// entries reads messages of a ticket, oldest first. where is a condition of ours, never from outside.
func (s *store) entries(ctx context.Context, ticket int64, where string) ([]entry, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, kind, side, author, at, text, value FROM messages
		WHERE ticket = ? AND `+where+` ORDER BY id`, ticket)
	if err != nil {
		return nil, typed(err)
	}
	defer rows.Close()
	var all []entry
	place := map[int64]int{}
	for rows.Next() {
		var e entry
		var at int64
		if err := rows.Scan(&e.ID, &e.Kind, &e.Side, &e.Author, &at, &e.Text, &e.Value); err != nil {
			return nil, typed(err)
		}
		e.At = fromMS(at)
		place[e.ID] = len(all)
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		return nil, typed(err)
	}
	files, err := s.ticketFiles(ctx, ticket)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if i, ok := place[f.message]; ok { // a file of an entry that was not asked for stays out
			all[i].Files = append(all[i].Files, f)
		}
	}
	return all, nil
}

func (s *store) ticketFiles(ctx context.Context, ticket int64) ([]storedFile, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, message, name, mime, size, sha256, stored FROM files
		WHERE ticket = ? ORDER BY id`, ticket)
	if err != nil {
		return nil, typed(err)
	}
	defer rows.Close()
	var all []storedFile
	for rows.Next() {
		var f storedFile
		if err := rows.Scan(&f.ID, &f.message, &f.Name, &f.MIME, &f.Size, &f.SHA256, &f.stored); err != nil {
			return nil, typed(err)
		}
		all = append(all, f)
	}
	return all, typed(rows.Err())
}

// notice is a notice with what the technician sees of it.
type notice struct {
	client.Notice
	Created time.Time
}

// notices reads the notices, the newest first; current leaves out those that are over.
func (s *store) notices(ctx context.Context, current bool) ([]notice, error) {
	now := int64(0)
	if current {
		now = s.now().UnixMilli()
	}
	rows, err := s.db.QueryContext(ctx, `SELECT id, title, text, starts, ends, created FROM notices
		WHERE ends = 0 OR ends >= ? ORDER BY id DESC LIMIT 200`, now)
	if err != nil {
		return nil, typed(err)
	}
	defer rows.Close()
	var all []notice
	for rows.Next() {
		var n notice
		var starts, ends, created int64
		if err := rows.Scan(&n.ID, &n.Title, &n.Text, &starts, &ends, &created); err != nil {
			return nil, typed(err)
		}
		n.From, n.Until, n.Created = fromMS(starts), fromMS(ends), fromMS(created)
		all = append(all, n)
	}
	return all, typed(rows.Err())
}

// Notices are those in force or to come.
func (s *store) Notices(ctx context.Context, _ client.Person) ([]client.Notice, error) {
	stored, err := s.notices(ctx, true)
	var all []client.Notice
	for _, n := range stored {
		all = append(all, n.Notice)
	}
	return all, err
}

func (s *store) publish(ctx context.Context, n client.Notice) error {
	return s.write(ctx, func(tx *txn) error {
		tx.exec(`INSERT INTO notices(title, text, starts, ends, created) VALUES (?, ?, ?, ?, ?)`,
			n.Title, n.Text, ms(n.From), ms(n.Until), s.now().UnixMilli())
		return nil
	})
}

func (s *store) withdraw(ctx context.Context, id int64) error {
	return s.write(ctx, func(tx *txn) error {
		tx.exec(`DELETE FROM notices WHERE id = ?`, id)
		return nil
	})
}
