package capture

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"balise/app/internal/platform/sessionbus"
)

// dialTimeout bounds the look whether the display server lives; its socket is local.
const dialTimeout = 300 * time.Millisecond

// Why is a cheap test of whether this session can be captured: a code, or nothing when it can.
func Why() string {
	if wayland() {
		if sessionbus.Address() == "" {
			return CodeNone
		}
		return ""
	}
	if !displayLives(os.Getenv("DISPLAY")) {
		return CodeNone
	}
	return ""
}

// wayland tells whether X11, if there, is only the guest of a Wayland session: it then shows black.
func wayland() bool {
	return os.Getenv("WAYLAND_DISPLAY") != "" || os.Getenv("XDG_SESSION_TYPE") == "wayland"
}

func displayLives(display string) bool {
	host, rest, found := strings.Cut(display, ":")
	if !found {
		return false
	}
	if host != "" && host != "unix" {
		return true // another machine's display: it is asked when it is needed
	}
	number, _, _ := strings.Cut(rest, ".")
	socket := "/tmp/.X11-unix/X" + number
	for _, address := range []string{socket, "@" + socket} {
		conn, err := net.DialTimeout("unix", address, dialTimeout)
		if err == nil {
			conn.Close()
			return true
		}
	}
	return false
}

func run(ctx context.Context, req Request, out io.Writer) error {
	if wayland() {
		return portal(ctx, req.Interactive, out)
	}
	return direct(ctx, out)
}
