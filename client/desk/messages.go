package desk

import (
	"context"
	"strconv"

	"balise/client"
	"balise/client/relay"
)

// The kinds of messages. Only public ones and changes of state are for the requester's eyes.
const (
	kindPublic = "public" // said to the other side
	kindNote   = "note"   // between technicians
	kindStatus = "status" // value is the new state
	kindLevel  = "level"  // value is the new level
	kindRating = "rating" // value is the rating, text its comment
)

// The sides of a ticket.
const (
	sideRequester  = "requester"
	sideTechnician = "technician"
)

// message is a row to be.
type message struct {
	ticket             int64
	kind, side, author string
	text, value        string
}

// add appends a message at the desk's clock.
func (s *store) add(tx *txn, m message) int64 {
	return tx.exec(`INSERT INTO messages(ticket, kind, side, author, at, text, value)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		m.ticket, m.kind, m.side, m.author, s.now().UnixMilli(), m.text, m.value)
}

// bump says that something changed which the requester can see. "updated" always moves on, also when two
// changes fall into one millisecond or the clock was set back.
func (s *store) bump(tx *txn, ticket int64) {
	now := s.now().UnixMilli()
	tx.exec(`UPDATE tickets SET updated = max(updated + 1, ?), touched = max(touched + 1, ?), rev = rev + 1
		WHERE id = ?`, now, now, ticket)
}

// touch says that something changed which is no business of the requester.
func (s *store) touch(tx *txn, ticket int64) {
	tx.exec(`UPDATE tickets SET touched = max(touched + 1, ?) WHERE id = ?`, s.now().UnixMilli(), ticket)
}

// setStatus changes the state, with an entry in the thread; false when it had that state already.
func (s *store) setStatus(tx *txn, ticket int64, to client.Status, side, author string) bool {
	var from client.Status
	if !tx.get(`SELECT status FROM tickets WHERE id = ?`, []any{ticket}, &from) || from == to {
		return false
	}
	tx.exec(`UPDATE tickets SET status = ? WHERE id = ?`, string(to), ticket)
	s.add(tx, message{ticket: ticket, kind: kindStatus, side: side, author: author, value: string(to)})
	return true
}

// Thread is the public thread of one of who's tickets.
func (s *store) Thread(ctx context.Context, who client.Person, id string) ([]client.Message, error) {
	ticket, err := s.mine(ctx, who, id)
	if err != nil {
		return nil, err
	}
	entries, err := s.entries(ctx, ticket, `kind IN ('`+kindPublic+`', '`+kindStatus+`')`)
	if err != nil {
		return nil, err
	}
	var all []client.Message
	for _, e := range entries {
		m := client.Message{
			ID: strconv.FormatInt(e.ID, 10), At: e.At, Text: e.Text,
			From: client.Person{Name: e.Author}, FromMe: e.Side == sideRequester,
		}
		if e.Kind == kindStatus {
			m.StatusNote = e.Value
		}
		for _, f := range e.Files {
			m.Attachments = append(m.Attachments, f.Attachment)
		}
		all = append(all, m)
	}
	return all, nil
}

// attach moves the files of a message to their place and writes their rows.
func (m *moved) attach(tx *txn, ticket, message int64, files []relay.File) error {
	for _, f := range files {
		if tx.err != nil {
			return tx.err
		}
		stored, err := m.keep(f)
		if err != nil {
			return err
		}
		tx.exec(`INSERT INTO files(ticket, message, name, mime, size, sha256, stored)
			VALUES (?, ?, ?, ?, ?, ?, ?)`,
			ticket, message, f.Name, f.MIME, f.Size, f.SHA256, stored)
	}
	if tx.err != nil {
		return tx.err
	}
	return m.flush()
}
