// Package store is the agent's one SQLite file: the ticket cache, the record of what was sent, and small
// values. The outbox keeps its own tables in the same file.
package store

import (
	"context"
	"database/sql"
	"errors"
)

// Params says where the file is.
type Params struct {
	// Dir is the state folder; the file is balise.db in it.
	Dir string
}

// Store is the open file. DB is shared with the outbox.
type Store struct {
	DB *sql.DB
	// MovedAside is where a corrupt file was put; empty when all was well.
	MovedAside string
}

// Open opens or makes the file. The caller holds the lock of the folder.
func Open(ctx context.Context, p Params) (*Store, error) {
	return nil, errors.New("store: not built yet")
}

// Close closes the file.
func (s *Store) Close() error { return s.DB.Close() }
