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
	"fmt"
	"os"
	"sync"
	"time"

	"balise/client"

	"github.com/zalando/go-keyring"
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

// Store is the keyring. It is safe for concurrent use; the keyring itself is asked one thing at a time.
type Store struct {
	p    Params
	ring ring

	mu   sync.Mutex
	late chan struct{} // closed when a call that outlived its deadline returns; nil without one
	turn chan struct{} // holds one token: whoever has it may ask
}

var _ Keeper = (*Store)(nil)

// ring is the part of go-keyring in use. It does not know deadlines.
type ring interface {
	Get(service, account string) (string, error)
	Set(service, account, secret string) error
	Delete(service, account string) error
}

type osRing struct{}

func (osRing) Get(service, account string) (string, error) { return keyring.Get(service, account) }
func (osRing) Set(service, account, secret string) error {
	return keyring.Set(service, account, secret)
}
func (osRing) Delete(service, account string) error { return keyring.Delete(service, account) }

// New prepares a Store. It does not touch the keyring.
func New(p Params) *Store { return newStore(p, osRing{}) }

func newStore(p Params, r ring) *Store {
	if p.Service == "" {
		p.Service = "Balise"
	}
	if p.Timeout <= 0 {
		p.Timeout = DefaultTimeout
	}
	if p.Env == nil {
		p.Env = os.Getenv
	}
	s := &Store{p: p, ring: r, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// Get reads the credential of an account (the desk's address). BALISE_DESK_TOKEN, when set, is the answer
// for every account, and the keyring is not asked.
func (s *Store) Get(ctx context.Context, account string) (client.Credential, error) {
	if token := s.p.Env(EnvToken); token != "" {
		return client.Credential{Kind: "token", Token: token}, nil
	}
	var raw string
	err := s.ask(ctx, func() (err error) {
		raw, err = s.ring.Get(s.p.Service, account)
		return err
	})
	if err != nil {
		return client.Credential{}, fmt.Errorf("read the keyring: %w", err)
	}
	c, err := decode(raw)
	if err != nil {
		return client.Credential{}, fmt.Errorf("read the keyring: %w", err)
	}
	return c, nil
}

// Set stores it, in place of an earlier one.
func (s *Store) Set(ctx context.Context, account string, c client.Credential) error {
	raw, err := encode(c)
	if err != nil {
		return fmt.Errorf("write to the keyring: %w", err)
	}
	if err := s.ask(ctx, func() error { return s.ring.Set(s.p.Service, account, raw) }); err != nil {
		return fmt.Errorf("write to the keyring: %w", err)
	}
	return nil
}

// Delete forgets it; ErrNone when there was none.
func (s *Store) Delete(ctx context.Context, account string) error {
	if err := s.ask(ctx, func() error { return s.ring.Delete(s.p.Service, account) }); err != nil {
		return fmt.Errorf("delete from the keyring: %w", err)
	}
	return nil
}

// ask runs call in a goroutine of its own and waits no longer than the deadline. A call that hangs is left
// behind, at most one at a time: while it waits for its prompt to be answered, every other is ErrLocked at
// once, so that no second prompt pops up over the first.
func (s *Store) ask(ctx context.Context, call func() error) error {
	if !haveBus(s.p.Env) {
		return fmt.Errorf("%w: no session bus", ErrAbsent)
	}
	ctx, cancel := context.WithTimeout(ctx, s.p.Timeout)
	defer cancel()
	if s.hanging() {
		return fmt.Errorf("%w: an earlier question is not answered yet", ErrLocked)
	}
	select {
	case <-s.turn:
	case <-ctx.Done():
		return locked(ctx)
	}
	done := make(chan error, 1)
	over := make(chan struct{})
	go func() { // ends when the keyring answers, which may be never
		done <- call()
		s.turn <- struct{}{}
		close(over)
	}()
	select {
	case err := <-done:
		return translate(err)
	case <-ctx.Done():
		s.mu.Lock()
		s.late = over
		s.mu.Unlock()
		return locked(ctx)
	}
}

func (s *Store) hanging() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.late == nil {
		return false
	}
	select {
	case <-s.late:
		s.late = nil
		return false
	default:
		return true
	}
}

// locked is what a deadline means: nothing but a prompt takes a keyring that long.
func locked(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return fmt.Errorf("%w: no answer in time", ErrLocked)
}

// Memory keeps credentials until the program ends, for computers without a keyring. It is chosen openly:
// the user is told that he will have to sign in again.
type Memory struct {
	mu   sync.Mutex
	kept map[string]client.Credential
}

var _ Keeper = (*Memory)(nil)

// NewMemory is empty.
func NewMemory() *Memory { return &Memory{kept: map[string]client.Credential{}} }

// Get returns what was set, or ErrNone.
func (m *Memory) Get(_ context.Context, account string) (client.Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.kept[account]
	if !ok {
		return c, ErrNone
	}
	return c, nil
}

// Set keeps c.
func (m *Memory) Set(_ context.Context, account string, c client.Credential) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[account] = c
	return nil
}

// Delete forgets, or says ErrNone.
func (m *Memory) Delete(_ context.Context, account string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.kept[account]; !ok {
		return ErrNone
	}
	delete(m.kept, account)
	return nil
}
