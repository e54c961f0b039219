package probe

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// desktopProxies asks the desktop portal, which knows the user's settings whatever the desktop and evaluates
// a PAC file itself. No portal that runs, no answer: it is never started for this.
func desktopProxies(ctx context.Context, target *url.URL) []string {
	const patience = 500 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" {
		return nil
	}
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return nil
	}
	defer conn.Close()
	var list []string
	portal := conn.Object("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop")
	const lookup = "org.freedesktop.portal.ProxyResolver.Lookup"
	err = portal.CallWithContext(ctx, lookup, dbus.FlagNoAutoStart, target.String()).Store(&list)
	if err != nil {
		return nil
	}
	return list
}

// desktopScript asks GNOME's own tool, where GNOME or a desktop that heeds its settings runs.
func desktopScript(ctx context.Context) string {
	desktop := os.Getenv("XDG_CURRENT_DESKTOP")
	heeds := func(name string) bool { return strings.Contains(desktop, name) }
	if !slices.ContainsFunc([]string{"GNOME", "Unity", "Cinnamon", "Pantheon", "Budgie"}, heeds) {
		return ""
	}
	const patience = 400 * time.Millisecond
	out, _, err := command(ctx, patience, "gsettings", "list-recursively", gnomeProxy)
	if err != nil {
		return ""
	}
	return parseGProxy(out)
}
