package secret

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"balise/client"

	"github.com/zalando/go-keyring"
)

// fake is a keyring in memory; hold makes it wait as one that is locked does.
type fake struct {
	items map[string]string
	hold  chan struct{}
	err   error
	calls atomic.Int32
}

func (f *fake) wait() error {
	f.calls.Add(1)
	if f.hold != nil {
		<-f.hold
	}
	return f.err
}

func (f *fake) Get(_, account string) (string, error) {
	if err := f.wait(); err != nil {
		return "", err
	}
	v, ok := f.items[account]
	if !ok {
		return "", keyring.ErrNotFound
	}
	return v, nil
}

func (f *fake) Set(_, account, secret string) error {
	if err := f.wait(); err != nil {
		return err
	}
	f.items[account] = secret
	return nil
}

func (f *fake) Delete(_, account string) error {
	if err := f.wait(); err != nil {
		return err
	}
	if _, ok := f.items[account]; !ok {
		return keyring.ErrNotFound
	}
	delete(f.items, account)
	return nil
}

// env has a session bus and, if given, a token.
func env(token string) func(string) string {
	return func(k string) string {
		return map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere", EnvToken: token}[k]
	}
}

func TestCredentialsComeBack(t *testing.T) {
	for _, c := range []client.Credential{
		{Kind: "token", Token: "1-28-c9049095647dd4b7fb4bb71c09a9b8a7"},
		{Kind: "token", Token: ""},
		{Kind: "basic", User: "alice", Password: "pässword: with 3:things 😀"},
		{Kind: "basic", User: "a:b:1", Password: ""},
		{Kind: "basic", User: "", Password: "12:x"},
	} {
		for name, k := range map[string]Keeper{
			"keyring": newStore(Params{Env: env("")}, &fake{items: map[string]string{}}),
			"memory":  NewMemory(),
		} {
			if _, err := k.Get(t.Context(), "desk"); !errors.Is(err, ErrNone) {
				t.Errorf("%s: get before set: %v, want ErrNone", name, err)
			}
			if err := k.Set(t.Context(), "desk", c); err != nil {
				t.Errorf("%s: set: %v", name, err)
			}
			if got, err := k.Get(t.Context(), "desk"); err != nil || got != c {
				t.Errorf("%s: another credential came back, %v", name, err)
			}
			if err := k.Delete(t.Context(), "desk"); err != nil {
				t.Errorf("%s: delete: %v", name, err)
			}
			if err := k.Delete(t.Context(), "desk"); !errors.Is(err, ErrNone) {
				t.Errorf("%s: delete twice: %v, want ErrNone", name, err)
			}
		}
	}
}

func TestWhatOthersWroteIsNothing(t *testing.T) {
	for _, raw := range []string{"", "x", "b:", "b:9:short", "b:-1:x", "b:x:y", `{"token":"x"}`} {
		s := newStore(Params{Env: env("")}, &fake{items: map[string]string{"desk": raw}})
		if _, err := s.Get(t.Context(), "desk"); !errors.Is(err, ErrNone) {
			t.Errorf("%q: %v, want ErrNone", raw, err)
		}
	}
}

func TestEnvironmentWins(t *testing.T) {
	f := &fake{items: map[string]string{"desk": "t:stored"}}
	s := newStore(Params{Env: env("given")}, f)
	if c, err := s.Get(t.Context(), "desk"); err != nil || c.Token != "given" || c.Kind != "token" || f.calls.Load() != 0 {
		t.Errorf("%v; the keyring was asked %d times", err, f.calls.Load())
	}
}

func TestTooLarge(t *testing.T) {
	s := newStore(Params{Env: env("")}, &fake{items: map[string]string{}})
	long := client.Credential{Kind: "token", Token: strings.Repeat("x", 2558)}
	if err := s.Set(t.Context(), "desk", long); err != nil {
		t.Errorf("2560 bytes: %v", err)
	}
	long.Token += "x"
	if err := s.Set(t.Context(), "desk", long); !errors.Is(err, ErrTooLarge) || strings.Contains(err.Error(), "xxx") {
		t.Errorf("2561 bytes: %v, want ErrTooLarge", err)
	}
	if err := s.Set(t.Context(), "desk", client.Credential{Kind: "cookie"}); err == nil {
		t.Error("a credential of no known kind was stored")
	}
}

func TestLockedKeyringIsAskedOnce(t *testing.T) {
	f := &fake{items: map[string]string{"desk": "t:x"}, hold: make(chan struct{})}
	s := newStore(Params{Env: env(""), Timeout: 300 * time.Millisecond}, f)
	if _, err := s.Get(t.Context(), "desk"); !errors.Is(err, ErrLocked) {
		t.Errorf("locked: %v, want ErrLocked", err)
	}
	start := time.Now()
	for range 3 {
		if _, err := s.Get(t.Context(), "desk"); !errors.Is(err, ErrLocked) {
			t.Errorf("still locked: %v, want ErrLocked", err)
		}
	}
	if f.calls.Load() != 1 || time.Since(start) > 250*time.Millisecond {
		t.Errorf("%d prompts, want 1; the later questions waited %v, want at once", f.calls.Load(), time.Since(start))
	}
	close(f.hold) // the owner typed the password after all
	deadline := time.Now().Add(5 * time.Second)
	for {
		c, err := s.Get(t.Context(), "desk")
		if err == nil && c.Token == "x" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("unlocked: %v", err)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestCancelledIsNotLocked(t *testing.T) {
	f := &fake{hold: make(chan struct{})}
	defer close(f.hold)
	s := newStore(Params{Env: env("")}, f)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := s.Get(ctx, "desk"); !errors.Is(err, context.Canceled) || errors.Is(err, ErrLocked) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

func TestPlatformErrors(t *testing.T) {
	for _, tc := range []struct{ err, want error }{
		{keyring.ErrNotFound, ErrNone},
		{keyring.ErrUnsupportedPlatform, ErrAbsent},
		{keyring.ErrSetDataTooBig, ErrTooLarge},
		{errors.New("something else"), ErrAbsent},
	} {
		s := newStore(Params{Env: env("")}, &fake{err: tc.err})
		if err := s.Delete(t.Context(), "desk"); !errors.Is(err, tc.want) {
			t.Errorf("%v: %v, want %v", tc.err, err, tc.want)
		}
	}
}
