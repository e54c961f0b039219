package act

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
)

// ShareUnit is what mounts a network folder at its place: a unit of the user's service manager or of the system's.
type ShareUnit struct {
	Name string `json:"name"`
	User bool   `json:"user"`
}

// FindShareUnit finds what mounted the folder at a point, without touching the folder: the service in which the
// program behind it runs, else the mount's own unit, the user's before the system's (one that was made from
// /etc/fstab is the system's). ErrAbsent where nobody knows how to mount it again.
func FindShareUnit(ctx context.Context, point string) (ShareUnit, error) {
	if !filepath.IsAbs(point) || filepath.Clean(point) != point || point == "/" {
		return ShareUnit{}, fmt.Errorf("%q is not a mounted folder's name", point)
	}
	var last error
	for _, user := range []bool{true, false} {
		name, err := findShareUnit(ctx, point, user)
		if err == nil {
			return ShareUnit{Name: name, User: user}, nil
		}
		if !errors.Is(err, ErrAbsent) {
			last = err // a manager that hangs must not look like one that does not know
		}
	}
	if last != nil {
		return ShareUnit{}, last
	}
	return ShareUnit{}, fmt.Errorf("%w: no unit mounts this folder", ErrAbsent)
}

func findShareUnit(ctx context.Context, point string, user bool) (string, error) {
	connect := SystemBus
	if user {
		connect = UserBus
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b, err := connect(ctx)
	if err != nil {
		return "", err
	}
	defer b.Close()
	m := manager{b}
	if user {
		for _, pid := range serving(point) {
			if name, ok := m.serviceOf(ctx, pid); ok {
				return name, nil
			}
		}
	}
	name := mountUnit(point)
	path, err := m.unit(ctx, name)
	if err != nil {
		return "", err
	}
	// systemd makes a unit for whatever is mounted. Only one with a file of its own says how to mount it again.
	file, err := b.Get(ctx, systemdName, path, systemdUnit, "FragmentPath")
	if err != nil {
		return "", err
	}
	if text, _ := file.(string); text == "" {
		return "", fmt.Errorf("%w: the folder was mounted by hand", ErrAbsent)
	}
	return name, nil
}

// serviceOf is the user's service that a process belongs to; a program that was started by hand has none.
func (m manager) serviceOf(ctx context.Context, pid int) (string, bool) {
	var path dbus.ObjectPath
	err := m.b.Do(ctx, systemdName, systemdPath, systemdManager+".GetUnitByPID", []any{uint32(pid)}, &path)
	if err != nil {
		return "", false
	}
	id, err := m.b.Get(ctx, systemdName, path, systemdUnit, "Id")
	name, _ := id.(string)
	if err != nil || !unitName(name) || !strings.HasSuffix(name, ".service") {
		return "", false
	}
	file, err := m.b.Get(ctx, systemdName, path, systemdUnit, "FragmentPath")
	text, _ := file.(string)
	return name, err == nil && text != "" && !strings.HasPrefix(text, "/run/user/") && !desktopService(name)
}

// desktopService tells services that hold much more than one folder.
func desktopService(name string) bool {
	return strings.HasPrefix(name, "gvfs") || strings.HasPrefix(name, "gnome-") || strings.HasPrefix(name, "plasma-") ||
		strings.HasPrefix(name, "app-") || strings.HasPrefix(name, "dbus")
}

// mountUnit is the name of a mount point's unit: systemd.unit(5), "string escaping for inclusion in unit names".
func mountUnit(point string) string {
	rel := strings.Trim(point, "/")
	var b strings.Builder
	for i := range len(rel) {
		c := rel[i]
		switch {
		case c == '/':
			b.WriteByte('-')
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == ':', c == '_', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String() + ".mount"
}
