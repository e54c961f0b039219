//go:build !windows && !darwin

package secret

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
)

// haveBus looks for a session bus without connecting. Without one the D-Bus library would run dbus-launch,
// which starts a second session of its own.
func haveBus(env func(string) string) bool {
	if env("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	dir := env("XDG_RUNTIME_DIR")
	if dir == "" {
		return false
	}
	info, err := os.Stat(filepath.Join(dir, "bus"))
	return err == nil && info.Mode()&os.ModeSocket != 0
}

// translatePlatform reads the errors of the Secret Service.
func translatePlatform(err error) error {
	var bus dbus.Error
	switch {
	case errors.As(err, &bus) && strings.HasPrefix(bus.Name, "org.freedesktop.Secret.Error.IsLocked"):
		return ErrLocked
	case errors.As(err, &bus) && strings.HasPrefix(bus.Name, "org.freedesktop.Secret.Error.NoSuchObject"):
		return ErrNone
	case errors.As(err, &bus):
		return fmt.Errorf("%w: %s", ErrAbsent, bus.Name)
	case strings.HasPrefix(err.Error(), "failed to unlock"), strings.Contains(err.Error(), "dismissed"):
		return ErrLocked // the prompt was closed, or there was nobody to show it to
	}
	return fmt.Errorf("%w: no answer on the session bus", ErrAbsent)
}
