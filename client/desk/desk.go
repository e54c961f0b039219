// Package desk is the practice desk: a whole service desk in one process, on this computer only.
//
// It is the embedded default, for the first try and for a machine that no desk serves. It speaks relay
// protocol v1 (package relay) to the client over SQLite, and shows a technician's web page to the one who
// holds a one-time link. It listens on the loopback interface only; nothing leaves the computer.
//
// Two secrets guard it, both in the state folder: the client token lets Balise file and follow tickets,
// the technician key mints the links. Neither opens the other's door.
package desk

import (
	"errors"
	"log/slog"
)

// ErrNotRunning is Lookup's answer when no practice desk runs on this state folder.
var ErrNotRunning = errors.New("the practice desk is not running")

// ErrRunning is Run's answer when another practice desk already serves this state folder.
var ErrRunning = errors.New("a practice desk is already running")

// Params is what a practice desk needs. Only StateDir is required.
type Params struct {
	// Listen is a loopback address such as "127.0.0.1:8089"; empty takes the port of the last start, and
	// at first, or when that one is taken, a port that the system chooses.
	Listen string
	// DBPath is the database file; empty is desk/desk.db in StateDir. Attachments are stored beside it.
	DBPath string
	// StateDir is Balise's state folder. The desk keeps its secrets, its port and its lock in desk/ there.
	StateDir string
	// Log never receives a secret; nil logs nothing.
	Log *slog.Logger
	// Ready is called once, when the desk answers.
	Ready func(Info)
}

// Info is a running practice desk.
type Info struct {
	URL         string // "http://127.0.0.1:PORT", the base of the relay protocol and of the page
	ClientToken string // for client.Credential{Kind: "token"}
	PID         int
	StateDir    string // TechnicianLink reads the technician key there
	// MovedAside is where a damaged database was kept when this desk started; empty when all was well.
	MovedAside string
}

// String leaves the token out.
func (i Info) String() string { return "practice desk at " + i.URL }

// GoString does the same for %#v.
func (i Info) GoString() string { return i.String() }

// LogValue does the same for slog.
func (i Info) LogValue() slog.Value { return slog.StringValue(i.String()) }
