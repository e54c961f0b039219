package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const privacySchema = "org.gnome.desktop.privacy"

// switches asks the desktop's portal, which knows whatever the desktop is, and then GNOME's own tool if its
// schema is installed and GNOME is what runs: elsewhere nobody heeds these switches.
func switches(ctx context.Context) (Switches, error) {
	s, err := portalSwitches(ctx)
	if err == nil || !errors.Is(err, ErrNoBus) && !errors.Is(err, ErrNoSwitches) {
		return s, err
	}
	if !strings.Contains(os.Getenv("XDG_CURRENT_DESKTOP"), "GNOME") || !schemaInstalled() {
		return s, ErrNoSwitches
	}
	for key, off := range s.keys() {
		const patience = 400 * time.Millisecond
		out, _, err := command(ctx, patience, "gsettings", "get", privacySchema, key)
		if errors.Is(err, ErrNoTool) {
			return s, ErrNoSwitches
		}
		if err != nil {
			return s, err
		}
		switch strings.TrimSpace(string(out)) {
		case "true":
			*off = true
		case "false":
		default:
			return s, fmt.Errorf("read %s: unexpected answer", key)
		}
	}
	return s, nil
}

func portalSwitches(ctx context.Context) (Switches, error) {
	ctx, cancel := context.WithTimeout(ctx, systemPatience/2)
	defer cancel()
	var s Switches
	b, err := openUserBus(ctx)
	if err != nil {
		return s, err
	}
	defer b.close()
	for key, off := range s.keys() {
		var v dbus.Variant
		err := b.call(ctx, "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop",
			"org.freedesktop.portal.Settings.ReadOne", []any{privacySchema, key}, &v)
		if missing(err) {
			return s, ErrNoSwitches
		}
		if err != nil {
			return s, err
		}
		// Old portals wrap the value once more.
		if inner, ok := v.Value().(dbus.Variant); ok {
			v = inner
		}
		*off, _ = v.Value().(bool)
	}
	return s, nil
}

// keys are the switches' names on the desktop.
func (s *Switches) keys() map[string]*bool {
	return map[string]*bool{"disable-microphone": &s.MicrophoneOff, "disable-camera": &s.CameraOff}
}

// missing tells whether a portal says that it knows no such setting.
func missing(err error) bool {
	var e dbus.Error
	return errors.As(err, &e) && e.Name == "org.freedesktop.portal.Error.NotFound"
}

func schemaInstalled() bool {
	for _, dir := range []string{"/usr/share", "/usr/local/share"} {
		name := filepath.Join(dir, "glib-2.0/schemas/org.gnome.desktop.privacy.gschema.xml")
		if _, err := os.Stat(name); err == nil {
			return true
		}
	}
	return false
}
