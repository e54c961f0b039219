package act

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// UserProxy is the proxy of the user's own desktop settings, in GNOME and the desktops that heed its settings. It is
// read and written with GNOME's own tool: the store behind it (dconf) has a binary format of its own, and the tool
// keeps to what an administrator has locked.
type UserProxy struct {
	run func(ctx context.Context, args ...string) (string, error)
}

// NewUserProxy is this user's.
func NewUserProxy() UserProxy {
	return UserProxy{run: func(ctx context.Context, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, proxyPatience)
		defer cancel()
		return Program{name: "gsettings", args: args}.Run(ctx)
	}}
}

const (
	proxyPatience = 5 * time.Second
	proxySchema   = "org.gnome.system.proxy"
	proxyMode     = "mode"
)

// proxyModes are the words of org.gnome.desktop.GDesktopProxyMode.
var proxyModes = [...]string{"none", "manual", "auto"}

// Mode reads how the desktop reaches the network: "none", "manual" or "auto". ErrAbsent: no such settings here.
func (u UserProxy) Mode(ctx context.Context) (string, error) {
	out, err := u.ask(ctx, "get")
	if err != nil {
		return "", err
	}
	mode := strings.Trim(strings.TrimSpace(out), "'")
	if !slices.Contains(proxyModes[:], mode) {
		return "", fmt.Errorf("read the proxy setting: %q", mode)
	}
	return mode, nil
}

// Locked tells whether an administrator keeps the user from changing it.
func (u UserProxy) Locked(ctx context.Context) (bool, error) {
	out, err := u.ask(ctx, "writable")
	return strings.TrimSpace(out) != "true", err
}

// Clear takes the user's own setting away, so that what the system provides counts again, and returns what counts
// then. The addresses are kept; only whether they are used is changed.
func (u UserProxy) Clear(ctx context.Context) (string, error) {
	if _, err := u.ask(ctx, "reset"); err != nil {
		return "", err
	}
	return u.Mode(ctx)
}

// Put sets the user's own setting. The tool ends well even when the store does not answer, so it is read back.
func (u UserProxy) Put(ctx context.Context, mode string) error {
	if !slices.Contains(proxyModes[:], mode) {
		return fmt.Errorf("%q is not a way to reach the network", mode)
	}
	if _, err := u.ask(ctx, "set", mode); err != nil {
		return err
	}
	now, err := u.Mode(ctx)
	if err == nil && now != mode {
		err = errors.New("the desktop's settings did not take the change")
	}
	return err
}

func (u UserProxy) ask(ctx context.Context, verb string, more ...string) (string, error) {
	out, err := u.run(ctx, append([]string{verb, proxySchema, proxyMode}, more...)...)
	var exit *ExitError
	if errors.As(err, &exit) {
		switch {
		case strings.Contains(exit.Said, "No such schema"), strings.Contains(exit.Said, "No such key"):
			return "", fmt.Errorf("%w: %w", ErrAbsent, err)
		case strings.Contains(exit.Said, "not writable"):
			return "", fmt.Errorf("%w: %w", ErrDenied, err)
		}
	}
	return out, err
}
