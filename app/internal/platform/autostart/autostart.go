// Package autostart makes Balise start with the user's session, for this user only.
//
// An administrator who installs Balise for everybody uses the package's own system-wide entry; this one is the
// user's tick box.
package autostart

import (
	"errors"
	"strings"
	"unicode"
)

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

// errExec refuses what the system's own files cannot carry.
var errExec = errors.New("autostart: no program, or control characters in its path")

func (e *Entry) check() error {
	if len(e.p.Exec) == 0 {
		return errExec
	}
	for _, word := range append([]string{e.p.ID, e.p.Name}, e.p.Exec...) {
		if word == "" || strings.ContainsFunc(word, unicode.IsControl) {
			return errExec
		}
	}
	return nil
}
