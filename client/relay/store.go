package relay

import (
	"context"
	"errors"
	"io"

	"balise/client"
)

// ErrKeyReused is a Store's answer to a key that it knows with another digest.
var ErrKeyReused = errors.New("this idempotency key was used for other content")

// ErrTicketClosed is a Store's answer to a reply to a closed ticket.
var ErrTicketClosed = errors.New("the ticket is closed")

// Store is what a Handler serves: one desk, seen by the person who asks. A method gets only what that person
// may see or do; another's ticket is client.ErrNotFound. Errors are package client's or this one's.
type Store interface {
	// Me tells what the desk can do and who is asking.
	Me(ctx context.Context, who client.Person) (client.Caps, client.Person, error)
	List(ctx context.Context, who client.Person, q client.ListQuery) (client.Page, error)
	// Get returns the ticket with an ETag that changes exactly when its requester can see a change.
	Get(ctx context.Context, who client.Person, id string) (client.Ticket, error)
	// Thread is the public thread, oldest first.
	Thread(ctx context.Context, who client.Person, id string) ([]client.Message, error)
	// Locate finds what a key made; client.ErrNotFound if nothing.
	Locate(ctx context.Context, who client.Person, key client.ClientRef) (Stored, error)
	// Create stores a ticket with all its files or nothing. A key that it knows gives the first answer with
	// Again set when the digest is the same too, and ErrKeyReused when it is not. Handler never has two calls
	// with one person's key at once.
	Create(ctx context.Context, who client.Person, in NewTicket) (Stored, error)
	// Reply does the same for a reply.
	Reply(ctx context.Context, who client.Person, id string, in NewReply) (Stored, error)
	// Open opens a file of the public thread.
	Open(ctx context.Context, who client.Person, id, attachment string) (client.Attachment, io.ReadCloser, error)
	Rate(ctx context.Context, who client.Person, id string, r client.Rating) error
	Notices(ctx context.Context, who client.Person) ([]client.Notice, error)
}

// Stored is what a key made.
type Stored struct {
	Ref     client.Ref
	Key     client.ClientRef
	Message string // the reply's ID; empty for a ticket
	Again   bool   // it had been made before
}

// NewTicket is a ticket that arrived whole. Its Attachments read the spooled Files.
type NewTicket struct {
	client.Draft
	Files  []File
	Digest string
}

// NewReply is a reply that arrived whole.
type NewReply struct {
	client.Outgoing
	Files  []File
	Digest string
}

// File is an upload on the disk, complete and flushed. A Store may move it away; Handler deletes what is left
// when the request ends.
type File struct {
	Name   string // as the sender wrote it
	MIME   string
	Size   int64
	SHA256 string // hexadecimal
	Path   string
}
