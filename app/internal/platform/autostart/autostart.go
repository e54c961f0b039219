// Package autostart makes Balise start with the user's session, for this user only.
package autostart

// Params says what starts.
type Params struct {
	ID   string   // "org.balise.Balise"
	Name string   // for people
	Exec []string // the program by absolute path, and its arguments
}

// Entry is this user's autostart entry.
type Entry struct{ p Params }

// New returns the entry; nothing is touched yet.
func New(p Params) *Entry { return &Entry{p: p} }

// Status tells whether the entry is there and enabled.
func (e *Entry) Status() (bool, error) { return false, nil }

// Enable writes the entry.
func (e *Entry) Enable() error { return nil }

// Disable removes the entry.
func (e *Entry) Disable() error { return nil }
