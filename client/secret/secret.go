// Package secret keeps the desk's credential in the keyring of the operating system.
//
// A keyring may ask its owner to unlock it and wait for ever, or not be there at all. Every call therefore
// has a deadline and one of three answers besides success: there is no such item, the keyring is locked,
// there is no keyring. A credential is never written to a file: where there is no keyring it lives in
// memory until the program ends, see Memory.
package secret

import (
	"context"
	"errors"
	"time"

	"balise/client"
)

// The errors that callers branch on.
var (
	ErrNone     = errors.New("nothing stored")
	ErrLocked   = errors.New("the keyring is locked")
	ErrAbsent   = errors.New("there is no keyring")
	ErrTooLarge = errors.New("too long for the keyring")
)

// Keeper is what the agent needs: the keyring's Store, or Memory where there is none.
type Keeper interface {
	Get(ctx context.Context, account string) (client.Credential, error)
	Set(ctx context.Context, account string, c client.Credential) error
	Delete(ctx context.Context, account string) error
}

// Params says under which name and how patiently.
type Params struct {
	Service string        // the name users see in their keyring; "" is "Balise"
	Timeout time.Duration // how long an unlock prompt may take; 0 is DefaultTimeout
	// Env looks up BALISE_DESK_TOKEN; nil is os.Getenv.
	Env func(string) string
}

// EnvToken wins over the keyring: for headless use, tests and first set-up by an administrator.
const EnvToken = "BALISE_DESK_TOKEN"

// DefaultTimeout is about what it takes to type a password into an unlock prompt that popped up.
const DefaultTimeout = 20 * time.Second

// Store is the keyring.
type Store struct{ p Params }

// New prepares a Store. It does not touch the keyring.
func New(p Params) *Store { return &Store{p: p} }

// Get reads the credential of an account (the desk's address).
func (s *Store) Get(ctx context.Context, account string) (client.Credential, error) {
	return client.Credential{}, ErrAbsent
}

// Set stores it, in place of an earlier one.
func (s *Store) Set(ctx context.Context, account string, c client.Credential) error { return ErrAbsent }

// Delete forgets it; ErrNone when there was none.
func (s *Store) Delete(ctx context.Context, account string) error { return ErrAbsent }
