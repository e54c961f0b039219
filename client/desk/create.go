package desk

import (
	"context"
	"encoding/json"
	"fmt"

	"balise/client"
	"balise/client/relay"
)

// known looks a key up inside the transaction that would use it.
func (s *store) known(
	tx *txn, who client.Person, key client.ClientRef, digest string,
) (stored relay.Stored, again bool, err error) {
	var had string
	var ticket, message int64
	if !tx.get(`SELECT digest, ticket, message FROM keys WHERE requester = ? AND key = ?`,
		[]any{who.ID, string(key)}, &had, &ticket, &message) {
		return relay.Stored{}, false, tx.err
	}
	if had != digest {
		return relay.Stored{}, false, relay.ErrKeyReused
	}
	stored = s.stored(key, ticket, message)
	stored.Again = true
	return stored, true, nil
}

// Create stores a ticket with all its files, or nothing.
func (s *store) Create(ctx context.Context, who client.Person, in relay.NewTicket) (relay.Stored, error) {
	var out relay.Stored
	files := &moved{s: s}
	err := s.write(ctx, func(tx *txn) error {
		stored, again, err := s.known(tx, who, in.ClientRef, in.Digest)
		if err != nil || again {
			out = stored
			return err
		}
		fields, err := json.Marshal(in.Fields)
		if err != nil {
			return fmt.Errorf("write fields: %w", err)
		}
		now := s.now().UnixMilli()
		ticket := tx.exec(`INSERT INTO tickets(requester, requester_name, subject, status, level, priority,
				category, queue, fields, client_ref, created, updated, touched)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			who.ID, who.Name, in.Subject, string(client.StatusNew), max(in.Level, 1), int(in.Priority),
			in.Category, in.Queue, string(fields), string(in.ClientRef), now, now, now)
		first := s.add(tx, message{
			ticket: ticket, kind: kindPublic, side: sideRequester, author: who.Name, text: in.Text,
		})
		tx.exec(`INSERT INTO keys(requester, key, digest, ticket) VALUES (?, ?, ?, ?)`,
			who.ID, string(in.ClientRef), in.Digest, ticket)
		out = s.stored(in.ClientRef, ticket, 0)
		return files.attach(tx, ticket, first, in.Files)
	})
	files.settle(err)
	if err != nil {
		return relay.Stored{}, err
	}
	return out, nil
}

// Reply stores what the requester says. It reopens a ticket that waits for him or was thought solved.
func (s *store) Reply(
	ctx context.Context, who client.Person, id string, in relay.NewReply,
) (relay.Stored, error) {
	ticket, err := s.mine(ctx, who, id)
	if err != nil {
		return relay.Stored{}, err
	}
	var out relay.Stored
	files := &moved{s: s}
	err = s.write(ctx, func(tx *txn) error {
		stored, again, err := s.known(tx, who, in.ClientRef, in.Digest)
		if err != nil || again {
			out = stored
			return err
		}
		var status client.Status
		if !tx.get(`SELECT status FROM tickets WHERE id = ?`, []any{ticket}, &status) {
			return client.ErrNotFound
		}
		if status == client.StatusClosed {
			return relay.ErrTicketClosed
		}
		said := s.add(tx, message{
			ticket: ticket, kind: kindPublic, side: sideRequester, author: who.Name, text: in.Text,
		})
		if status == client.StatusPending || status == client.StatusResolved {
			s.setStatus(tx, ticket, client.StatusOpen, sideRequester, who.Name)
		}
		tx.exec(`UPDATE tickets SET unread = 1 WHERE id = ?`, ticket)
		tx.exec(`INSERT INTO keys(requester, key, digest, ticket, message) VALUES (?, ?, ?, ?, ?)`,
			who.ID, string(in.ClientRef), in.Digest, ticket, said)
		s.bump(tx, ticket)
		out = s.stored(in.ClientRef, ticket, said)
		return files.attach(tx, ticket, said, in.Files)
	})
	files.settle(err)
	if err != nil {
		return relay.Stored{}, err
	}
	return out, nil
}
