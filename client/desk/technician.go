package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"balise/client"
	"balise/client/relay"
)

// The technician's side of the store: everything of every ticket.

// work is a ticket as its technician sees it.
type work struct {
	ID             int64
	Requester      string
	Subject        string
	Status         client.Status
	Level          int
	Priority       int
	Category       string
	Queue          string
	Fields         map[string]string
	ClientRef      client.ClientRef
	Rating         int
	RatingComment  string
	Created        time.Time
	Updated        time.Time
	Unread         bool
	Files, Replies int // in the queue only
}

const workColumns = `t.id, t.requester_name, t.subject, t.status, t.level, t.priority, t.category, t.queue,
	t.fields, t.client_ref, t.rating, t.rating_comment, t.created, t.touched, t.unread,
	(SELECT count(*) FROM files f WHERE f.ticket = t.id),
	(SELECT count(*) FROM messages m WHERE m.ticket = t.id AND m.kind = '` + kindPublic + `')`

func scanWork(row scanner) (work, error) {
	var w work
	var created, updated int64
	var fields string
	err := row.Scan(&w.ID, &w.Requester, &w.Subject, &w.Status, &w.Level, &w.Priority, &w.Category, &w.Queue,
		&fields, &w.ClientRef, &w.Rating, &w.RatingComment, &created, &updated, &w.Unread, &w.Files, &w.Replies)
	if err != nil {
		return w, typed(err)
	}
	w.Created, w.Updated = fromMS(created), fromMS(updated)
	if err := json.Unmarshal([]byte(fields), &w.Fields); err != nil {
		return w, fmt.Errorf("read fields of ticket %d: %w", w.ID, err)
	}
	return w, nil
}

// filter selects tickets of the queue; empty members select all.
type filter struct {
	Status   string // a status, "active" (not resolved, not closed) or "all"
	Level    int
	Category string
	Search   string
	Page     int // from 0
}

// queuePage is how many tickets the queue shows at once.
const queuePage = 50

func (f filter) where() (string, []any) {
	conds, args := []string{"1"}, []any{}
	switch f.Status {
	case "all":
	case "active":
		conds = append(conds, `t.status IN ('new', 'open', 'pending')`)
	default:
		conds, args = append(conds, `t.status = ?`), append(args, f.Status)
	}
	if f.Level > 0 {
		conds, args = append(conds, `t.level = ?`), append(args, f.Level)
	}
	if f.Category != "" {
		conds, args = append(conds, `t.category = ?`), append(args, f.Category)
	}
	if words := strings.TrimSpace(f.Search); words != "" {
		cond, some := search(words)
		conds, args = append(conds, cond), append(args, some...)
	}
	return strings.Join(conds, " AND "), args
}

// search understands what a technician has at hand: a number, the code that the caller reads out, the
// reference, words of the subject.
func search(words string) (string, []any) {
	if n, err := strconv.ParseInt(strings.TrimPrefix(words, "#"), 10, 64); err == nil {
		return `t.id = ?`, []any{n}
	}
	if code, err := client.ParseCode(words); err == nil {
		head, _, _ := strings.Cut(code, "-")
		return `t.client_ref LIKE ?`, []any{"BA" + head + "%"}
	}
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(words) + "%"
	return `(t.subject LIKE ? ESCAPE '\' OR t.requester_name LIKE ? ESCAPE '\' OR t.client_ref = upper(?))`,
		[]any{like, like, words}
}

// queue returns one page of tickets, the newest first, and whether there are more.
func (s *store) queue(ctx context.Context, f filter) (page []work, more bool, err error) {
	where, args := f.where()
	rows, err := s.db.QueryContext(ctx, `SELECT `+workColumns+` FROM tickets t WHERE `+where+
		` ORDER BY t.id DESC LIMIT ? OFFSET ?`, append(args, queuePage+1, max(f.Page, 0)*queuePage)...)
	if err != nil {
		return nil, false, typed(err)
	}
	defer rows.Close()
	for rows.Next() {
		w, err := scanWork(rows)
		if err != nil {
			return nil, false, err
		}
		page = append(page, w)
	}
	if len(page) > queuePage {
		page, more = page[:queuePage], true
	}
	return page, more, typed(rows.Err())
}

// tally counts tickets by state, for the filter, and lists the categories in use.
func (s *store) tally(ctx context.Context) (counts map[string]int, categories []string, err error) {
	counts = map[string]int{}
	rows, err := s.db.QueryContext(ctx, `SELECT status, count(*) FROM tickets GROUP BY status`)
	if err != nil {
		return nil, nil, typed(err)
	}
	defer rows.Close()
	for rows.Next() {
		var status string
		var n int
		if err := rows.Scan(&status, &n); err != nil {
			return nil, nil, typed(err)
		}
		counts[status] = n
		counts["all"] += n
		if status == "new" || status == "open" || status == "pending" {
			counts["active"] += n
		}
	}
	if err := rows.Err(); err != nil {
		return nil, nil, typed(err)
	}
	categories, err = s.categories(ctx)
	return counts, categories, err
}

func (s *store) categories(ctx context.Context) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, `
		SELECT DISTINCT category FROM tickets WHERE category <> '' ORDER BY 1 LIMIT 100`)
	if err != nil {
		return nil, typed(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var c string
		if err := rows.Scan(&c); err != nil {
			return nil, typed(err)
		}
		all = append(all, c)
	}
	return all, typed(rows.Err())
}

// ticket returns one ticket with its whole thread.
func (s *store) ticket(ctx context.Context, id int64) (work, []entry, error) {
	w, err := scanWork(s.db.QueryRowContext(ctx, `SELECT `+workColumns+` FROM tickets t WHERE t.id = ?`, id))
	if err != nil {
		return w, nil, err
	}
	entries, err := s.entries(ctx, id, "1")
	return w, entries, err
}

// seen says that a technician has read the ticket.
func (s *store) seen(ctx context.Context, id int64) error {
	return s.write(ctx, func(tx *txn) error {
		tx.exec(`UPDATE tickets SET unread = 0 WHERE id = ? AND unread = 1`, id)
		return nil
	})
}

// answer is what a technician says.
type answer struct {
	Text   string
	Note   bool          // between technicians
	Status client.Status // afterwards; empty leaves it, but an answer takes a new ticket up
	Files  []relay.File
}

func (s *store) answer(ctx context.Context, id int64, author string, a answer) error {
	files := &moved{s: s}
	err := s.write(ctx, func(tx *txn) error {
		var status client.Status
		if !tx.get(`SELECT status FROM tickets WHERE id = ?`, []any{id}, &status) {
			return client.ErrNotFound
		}
		m := message{ticket: id, kind: kindPublic, side: sideTechnician, author: author, text: a.Text}
		if a.Note {
			m.kind = kindNote
		}
		said := s.add(tx, m)
		if a.Note {
			s.touch(tx, id)
			return files.attach(tx, id, said, a.Files)
		}
		if a.Status == "" && status == client.StatusNew {
			a.Status = client.StatusOpen
		}
		if a.Status != "" {
			s.setStatus(tx, id, a.Status, sideTechnician, author)
		}
		s.bump(tx, id)
		return files.attach(tx, id, said, a.Files)
	})
	files.settle(err)
	return err
}

// changeStatus changes the state alone.
func (s *store) changeStatus(ctx context.Context, id int64, author string, to client.Status) error {
	return s.write(ctx, func(tx *txn) error {
		if s.setStatus(tx, id, to, sideTechnician, author) {
			s.bump(tx, id)
		}
		return nil
	})
}

// changeLevel hands the ticket to another level of support.
func (s *store) changeLevel(ctx context.Context, id int64, author string, to int) error {
	return s.write(ctx, func(tx *txn) error {
		var from int
		if !tx.get(`SELECT level FROM tickets WHERE id = ?`, []any{id}, &from) || from == to {
			return tx.err
		}
		tx.exec(`UPDATE tickets SET level = ? WHERE id = ?`, to, id)
		s.add(tx, message{
			ticket: id, kind: kindLevel, side: sideTechnician, author: author, value: strconv.Itoa(to),
		})
		s.bump(tx, id)
		return nil
	})
}
