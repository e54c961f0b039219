package cli

import (
	"context"
	"io"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
)

// Exit codes. They are stable: scripts branch on them.
const (
	ExitDone    = 0 // done; check: nothing named
	ExitProblem = 1 // check: a problem is named
	ExitUsage   = 2 // the command line is wrong, or a yes was needed and could not be asked for
	ExitFailed  = 3 // could not
	ExitRefused = 4 // refused by the desk or by the policy
)

// Params is everything that a command may touch. What a command does to tickets, reports and the computer
// goes through Connect; the functions below are the few commands that are not calls of the Service, and
// main wires them.
type Params struct {
	// Args is the command line without the program's name.
	Args   []string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Terminal says that a person sits at Stdin and sees Stdout, so that a question can be asked.
	Terminal bool
	// Width is the terminal's columns; 0 is 80.
	Width int
	// Version is what `balise version` prints.
	Version Version

	// UseConfig names the settings file of --config. It is called at most once, before everything else.
	UseConfig func(file string) error
	// Texts is the user's language, asked for after UseConfig. Nil is English.
	Texts func() *i18n.Printer
	// Connect reaches the running agent, or opens the same Service in this process. The function that it
	// returns gives everything back.
	Connect func(ctx context.Context) (api.Service, func(), error)

	// ReadSecret asks for a token without showing it. Nil: only the flags of sign-in are offered.
	ReadSecret func(ctx context.Context, prompt string) (string, error)

	// Start is `balise` alone: tray and agent, or the window of the agent that runs already.
	Start func(ctx context.Context) error
	// HasDisplay tells whether Start could show anything.
	HasDisplay func() bool
	// Open is `balise balise:...` (a link): it shows the describe page, on a symptom if the link names one, and
	// never more.
	Open func(ctx context.Context, symptom string) error
	// Agent is `balise agent`: in the foreground until ctx ends.
	Agent func(ctx context.Context, o AgentOptions) error
	// Desk is `balise desk`: the practice desk in the foreground; ready is called once with its address.
	Desk func(ctx context.Context, o DeskOptions, ready func(DeskInfo)) error
	// CheckConfig reads a settings file and says what is wrong with it, with file, line and column.
	CheckConfig func(file string) error
	// Packs is what the commands of packs need.
	Packs PackTools
	// Internal runs a hidden child ("probe", "snapshot", "capture", "render") and returns its exit code.
	Internal func(ctx context.Context, name string, args []string) int
}

// AgentOptions are the flags of `balise agent`.
type AgentOptions struct {
	NoTray bool
}

// DeskOptions are the flags of `balise desk`.
type DeskOptions struct {
	Listen string // "127.0.0.1:PORT"; empty lets the system choose, or keeps the port of last time
	DB     string // empty is the one in the state folder
}

// DeskInfo is what `balise desk` says once it serves.
type DeskInfo struct {
	URL string `json:"url"`
	PID int    `json:"pid"`
}

// Version is what the program knows about its own build.
type Version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	AppID    string `json:"app_id"`
}
