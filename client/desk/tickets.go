package desk

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"balise/client"
	"balise/client/relay"
)

// The requester's side of the store: what package relay serves. Nothing here may show an internal note.

// ratingMax is the best rating.
const ratingMax = 5

// minPoll is short: the desk is on the same computer, and a tryer wants to see the answer come.
const minPoll = 15 * time.Second

// Me says what the practice desk can do.
func (s *store) Me(_ context.Context, who client.Person) (client.Caps, client.Person, error) {
	return client.Caps{
		Product: "Balise practice desk", Version: "1", CanReply: true, CanReopen: true, ReopenByReply: true,
		CanRate: true, RateMax: ratingMax, HasNotices: true, MaxAttachmentBytes: relay.MaxFileBytes,
		MinPoll: minPoll, Practice: true,
	}, who, nil
}

// ticketColumns are what scanTicket reads.
const ticketColumns = `id, subject, status, level, priority, queue, client_ref, rating, rating_comment,
	created, updated, rev`

type scanner interface{ Scan(into ...any) error }

func (s *store) scanTicket(row scanner) (client.Ticket, error) {
	var t client.Ticket
	var id, created, updated, rev int64
	var rating client.Rating
	err := row.Scan(&id, &t.Subject, &t.Status, &t.Level, &t.Priority, &t.Queue, &t.ClientRef,
		&rating.Value, &rating.Comment, &created, &updated, &rev)
	if err != nil {
		return t, err
	}
	t.Ref = s.ref(id)
	t.RawStatus = string(t.Status)
	t.Created, t.Updated = fromMS(created), fromMS(updated)
	t.Validator.ETag = fmt.Sprintf(`"%d-%d"`, id, rev)
	if rating.Value > 0 {
		rating.Max = ratingMax
		t.Rating = &rating
	}
	t.Actions = actions(t.Status)
	return t, nil
}

func (s *store) ref(id int64) client.Ref {
	n := strconv.FormatInt(id, 10)
	return client.Ref{ID: n, Number: n, WebURL: s.base + "/tickets/" + n}
}

// actions is what a requester may do to a ticket in this state.
func actions(status client.Status) client.Actions {
	a := client.Actions{Reply: client.Yes, Close: client.No, Reopen: client.No, Rate: client.No}
	switch status {
	case client.StatusPending:
		a.Reopen = client.Yes
	case client.StatusResolved:
		a.Reopen, a.Rate = client.Yes, client.Yes
	case client.StatusClosed:
		a.Reply, a.Rate = client.No, client.Yes
	}
	return a
}

// number reads an ID from outside; anything that cannot be one is not found.
func number(id string) (int64, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 {
		return 0, client.ErrNotFound
	}
	return n, nil
}

// mine is the row of one of who's tickets; another's is not found.
func (s *store) mine(ctx context.Context, who client.Person, id string) (int64, error) {
	n, err := number(id)
	if err != nil {
		return 0, err
	}
	err = s.db.QueryRowContext(ctx, `SELECT id FROM tickets WHERE id = ? AND requester = ?`, n, who.ID).Scan(&n)
	return n, typed(err)
}

// Get returns one of who's tickets.
func (s *store) Get(ctx context.Context, who client.Person, id string) (client.Ticket, error) {
	n, err := number(id)
	if err != nil {
		return client.Ticket{}, err
	}
	t, err := s.scanTicket(s.db.QueryRowContext(ctx,
		`SELECT `+ticketColumns+` FROM tickets WHERE id = ? AND requester = ?`, n, who.ID))
	return t, typed(err)
}

// cursor is where a page ended. Now is the clock when the first page was read: what changes while a client
// turns the pages moves to the front, and must be found by its next "changed since".
type cursor struct {
	Updated int64 `json:"u"`
	ID      int64 `json:"i"`
	Now     int64 `json:"n"`
}

func (c cursor) String() string { return fmt.Sprintf("%d.%d.%d", c.Updated, c.ID, c.Now) }

func parseCursor(text string) (cursor, error) {
	var c cursor
	parts := strings.Split(text, ".")
	if len(parts) == 3 {
		var errs [3]error
		c.Updated, errs[0] = strconv.ParseInt(parts[0], 10, 64)
		c.ID, errs[1] = strconv.ParseInt(parts[1], 10, 64)
		c.Now, errs[2] = strconv.ParseInt(parts[2], 10, 64)
		if errs == [3]error{} {
			return c, nil
		}
	}
	return c, &client.InvalidError{
		Message: "no such page", Fields: map[string]string{"cursor": "not one of ours"},
	}
}

// List returns a page of who's tickets, the one changed last first.
func (s *store) List(ctx context.Context, who client.Person, q client.ListQuery) (client.Page, error) {
	at := cursor{Now: s.now().UnixMilli()}
	where, args := `requester = ? AND updated >= ?`, []any{who.ID, ms(q.Since)}
	if !q.IncludeClosed {
		where += ` AND status NOT IN ('resolved', 'closed')`
	}
	if q.Cursor != "" {
		var err error
		if at, err = parseCursor(q.Cursor); err != nil {
			return client.Page{}, err
		}
		where += ` AND (updated, id) < (?, ?)`
		args = append(args, at.Updated, at.ID)
	}
	rows, err := s.db.QueryContext(ctx, `SELECT `+ticketColumns+` FROM tickets WHERE `+where+
		` ORDER BY updated DESC, id DESC LIMIT ?`, append(args, q.Limit+1)...)
	if err != nil {
		return client.Page{}, typed(err)
	}
	defer rows.Close()
	page := client.Page{Exact: true, Now: fromMS(at.Now)}
	for rows.Next() {
		t, err := s.scanTicket(rows)
		if err != nil {
			return client.Page{}, typed(err)
		}
		if len(page.Tickets) == q.Limit {
			page.Next = at.String()
			break
		}
		at.ID, _ = number(t.ID)
		at.Updated = ms(t.Updated)
		page.Tickets = append(page.Tickets, t)
	}
	return page, typed(rows.Err())
}

// Locate finds what a key made.
func (s *store) Locate(ctx context.Context, who client.Person, key client.ClientRef) (relay.Stored, error) {
	var ticket, message int64
	err := s.db.QueryRowContext(ctx, `SELECT ticket, message FROM keys WHERE requester = ? AND key = ?`,
		who.ID, string(key)).Scan(&ticket, &message)
	if err != nil {
		return relay.Stored{}, typed(err)
	}
	return s.stored(key, ticket, message), nil
}

func (s *store) stored(key client.ClientRef, ticket, message int64) relay.Stored {
	out := relay.Stored{Ref: s.ref(ticket), Key: key}
	if message > 0 {
		out.Message = strconv.FormatInt(message, 10)
	}
	return out
}

// Rate stores the requester's rating. It never changes the state: "thanks" does not reopen.
func (s *store) Rate(ctx context.Context, who client.Person, id string, r client.Rating) error {
	n, err := s.mine(ctx, who, id)
	if err != nil {
		return err
	}
	if r.Max != ratingMax || r.Value < 1 || r.Value > ratingMax {
		return &client.InvalidError{
			Message: "A rating is 1 to 5", Fields: map[string]string{"value": "want 1 to 5", "max": "want 5"},
		}
	}
	return s.write(ctx, func(tx *txn) error {
		var status client.Status
		tx.get(`SELECT status FROM tickets WHERE id = ?`, []any{n}, &status)
		if tx.err == nil && actions(status).Rate != client.Yes {
			return &client.InvalidError{Message: "A ticket can be rated once it is resolved"}
		}
		tx.exec(`UPDATE tickets SET rating = ?, rating_comment = ? WHERE id = ?`, r.Value, r.Comment, n)
		s.add(tx, message{
			ticket: n, kind: kindRating, side: sideRequester, author: who.Name,
			text: r.Comment, value: strconv.Itoa(r.Value),
		})
		s.bump(tx, n)
		return nil
	})
}
