// Package agent is the core of Balise: the only owner of its state, and the one way out of the computer.
//
// An Agent implements api.Service. Resident, it also sends what waits, follows the tickets, keeps the
// practice desk running and answers on its socket (Run). A command without a resident agent makes one in
// its own process, calls it and closes it (see Connect); the lock on the state folder keeps the two apart.
//
// What is heavy or may hang runs in children (package child). The agent never decodes an image and never
// builds a report, so that its memory stays small for weeks.
package agent

import (
	"context"
	"log/slog"
	"time"

	"balise/app/internal/config"
	"balise/app/internal/ipc/api"
	"balise/client"
)

// Params is everything that an agent needs from outside. StateDir, Settings and Version must be set.
type Params struct {
	// StateDir is where the state lives; made 0700.
	StateDir string
	// Socket is where Run listens; see paths.Socket. Empty: no socket.
	Socket  string
	Version string
	Log     *slog.Logger
	// Resident says that Run will be called: what waits is then sent in the background. Without it Send and
	// Flush try once, in the call.
	Resident bool
	// Settings reads and changes the settings; see FileSettings.
	Settings Settings
	// Secrets keeps the desk's credential; nil is a computer without a keyring.
	Secrets Secrets
	// Self is the command of the children, os.Executable() when empty; tests put their own binary.
	Self []string
	// PackDirs are the system's folders for support packs, in which only an administrator can write; this is
	// checked. UserPacks are folders in which packs must be signed.
	PackDirs, UserPacks []string
	// ChildEnv is added to the children's environment.
	ChildEnv []string
	// Notifier shows a notification; nil shows none.
	Notifier Notifier
	// Window brings up the window on a page, with an incident that was opened for it or "". A window that
	// runs already has been told by an event: see WindowProgram. Nil is a computer without one
	// (api.CodeNoWindow).
	Window func(ctx context.Context, page, incident string) error
	// OpenURL shows a web page to the user; nil opens none.
	OpenURL func(url string) error
	// OpenSettings shows a page of the system's own settings by its code ("sound"); nil opens none. HasSettings tells
	// whether there is such a page here.
	OpenSettings func(page string) error
	HasSettings  func(page string) bool
	// Autostart makes Balise come back with the user's next session; nil cannot.
	Autostart Autostart
	// CaptureWhy is a code when this session cannot be captured, and nothing when it can.
	CaptureWhy func() string
	// Driver replaces the choice of the desk's driver in tests.
	Driver func(desk config.Desk, cred client.Credential) (client.Driver, error)
	// Now is the clock, replaced in tests.
	Now func() time.Time
	// SendWait is how long Send waits for a number before it says "queued"; zero is 20 s.
	SendWait time.Duration
}

// Settings is where the effective settings come from and where the user's are changed.
type Settings interface {
	// Load reads them all again.
	Load() (config.Config, []api.Setting, error)
	// Set writes some of the user's settings together, or none of them; a locked key is an *api.Error with
	// api.CodePolicy.
	Set(values map[string]string) error
}

// Secrets keeps one credential for each desk.
type Secrets interface {
	Get(ctx context.Context, account string) (client.Credential, error)
	Set(ctx context.Context, account string, c client.Credential) error
	Delete(ctx context.Context, account string) error
}

// Autostart is the user's own entry among the programs that start with a session.
type Autostart interface {
	Status() (bool, error)
	Enable() error
	Disable() error
}

// Note is one notification: what happened to which ticket.
type Note struct {
	// Key is the page that a click opens: "ticket/<number>".
	Key string
	// Title and Body are plain text in the user's language; the title is the ticket's.
	Title, Body string
	Urgent      bool
	Quiet       bool // without a sound: nobody asked
}

// Notifier shows notifications. Its errors are expected on machines without a desktop.
type Notifier interface {
	Show(ctx context.Context, n Note) error
	// Withdraw takes one away, for a ticket that was read elsewhere.
	Withdraw(ctx context.Context, key string) error
}
