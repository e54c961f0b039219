package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"balise/app/internal/ipc/api"
)

// Get reads a small value into v; false when there is none.
func (s *Store) Get(ctx context.Context, key string, v any) (bool, error) {
	var raw string
	err := s.DB.QueryRowContext(ctx, `SELECT value FROM kv WHERE key = ?`, key).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	if err := json.Unmarshal([]byte(raw), v); err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	return true, nil
}

// Put writes a small value.
func (s *Store) Put(ctx context.Context, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	_, err = s.DB.ExecContext(ctx, `INSERT INTO kv (key, value) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, string(raw))
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// Record keeps the manifest of a report. It is written before the report leaves.
func (s *Store) Record(ctx context.Context, desk string, m api.Manifest) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("record what is sent: %w", err)
	}
	_, err = s.DB.ExecContext(ctx, `INSERT INTO sent (ref, at, desk, subject, manifest) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (ref) DO UPDATE SET at = excluded.at, manifest = excluded.manifest`,
		m.Ref, ms(m.At), desk, m.Subject, string(raw))
	if err != nil {
		return fmt.Errorf("record what is sent: %w", err)
	}
	return nil
}

// Unrecord removes the manifest of a report that was discarded before it left.
func (s *Store) Unrecord(ctx context.Context, ref string) error {
	if _, err := s.DB.ExecContext(ctx, `DELETE FROM sent WHERE ref = ?`, ref); err != nil {
		return fmt.Errorf("forget what was not sent: %w", err)
	}
	return nil
}

// RecordOf is the manifest of one report; nil when there is none.
func (s *Store) RecordOf(ctx context.Context, ref string) (*api.Manifest, error) {
	var raw string
	err := s.DB.QueryRowContext(ctx, `SELECT manifest FROM sent WHERE ref = ?`, ref).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	var m api.Manifest
	if err == nil {
		err = json.Unmarshal([]byte(raw), &m)
	}
	if err != nil {
		return nil, fmt.Errorf("read what was sent: %w", err)
	}
	return &m, nil
}

// Records lists the manifests, newest first.
func (s *Store) Records(ctx context.Context, limit int) ([]api.Manifest, error) {
	return documents[api.Manifest](ctx, s, "read what was sent", `SELECT manifest FROM sent ORDER BY at DESC LIMIT ?`, limit)
}

// documents reads the one JSON column that query selects, row by row; doing is what an error is told with.
func documents[T any](ctx context.Context, s *Store, doing, query string, args ...any) ([]T, error) {
	rows, err := s.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var raw string
		var doc T
		if err := rows.Scan(&raw); err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		if err := json.Unmarshal([]byte(raw), &doc); err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		out = append(out, doc)
	}
	return out, rows.Err()
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Delete forgets a small value.
func (s *Store) Delete(ctx context.Context, key string) error {
	if _, err := s.DB.ExecContext(ctx, `DELETE FROM kv WHERE key = ?`, key); err != nil {
		return fmt.Errorf("forget %s: %w", key, err)
	}
	return nil
}
