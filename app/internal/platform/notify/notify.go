// Package notify shows desktop notifications and reports the click on one.
//
// Titles and bodies come from a service desk, so from outside: they are shown as text, whatever they hold.
package notify

import (
	"errors"
	"log/slog"
	"strings"
	"unicode"
)

// The reasons why nothing was shown. All are expected on some machines; the answer still stands in the
// window and in the tray.
var (
	ErrNoBus       = errors.New("no session bus for notifications")
	ErrNoDaemon    = errors.New("no notification daemon on the session bus")
	ErrUnsupported = errors.New("notifications are not built for this system yet")
)

// Params is what a Notifier needs.
type Params struct {
	AppName string // shown by the daemon
	AppID   string // the desktop file's name without its suffix
	// Icon is a PNG file's path or a themed icon's name; may be empty.
	Icon string
	// Action is the word on the button of daemons that show one ("Open").
	Action string
	// OnClick gets the key of the notification that was clicked, on a goroutine of the Notifier.
	OnClick func(key string)
	Log     *slog.Logger
}

// Note is one notification. Title and Body are plain text, from whomever; they are escaped here.
type Note struct {
	Key    string // same key: the new one replaces the old one
	Title  string
	Body   string
	Urgent bool
	Quiet  bool // without a sound
}

const (
	maxTitle = 120 // characters; daemons cut later and less well
	maxBody  = 400
)

// plain makes one line of text: no control characters, no marks that turn the reading direction, and not
// longer than max.
func plain(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	rs := []rune(strings.Join(strings.Fields(s), " "))
	if len(rs) > max {
		return strings.TrimSpace(string(rs[:max-1])) + "…"
	}
	return string(rs)
}

// markup writes text for a daemon that reads the body as markup.
func markup(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(s)
}
