package stage

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
)

// ErrUnknown is the error of Do for an action or an argument that does not exist; its text lists what does.
var ErrUnknown = errors.New("unknown")

// Params are what a stage needs.
type Params struct {
	// Seed varies what may vary without changing the verdict: names of adapters, sizes, ages, host names.
	Seed uint64
	// Dir takes what should outlive the stage, such as logs of the props; empty keeps nothing.
	Dir string
	// Client is the path of the program under test.
	Client string
	// Log gets a line for every action; nil is silence.
	Log *slog.Logger
}

// Action is one thing that can happen on the stage.
type Action struct {
	// Name is "thing.verb".
	Name string `json:"name"`
	// Doc is one line.
	Doc string `json:"doc"`
	// Args are its arguments, in reading order.
	Args []Arg `json:"args,omitempty"`
}

// Arg is one argument of an action.
type Arg struct {
	Name string `json:"name"`
	// Kind is string, int, float, bool, duration ("400ms") or list (of strings).
	Kind string `json:"kind"`
	// Default stands in for an argument that is not given; nil makes it obligatory.
	Default any    `json:"default,omitempty"`
	Doc     string `json:"doc"`
}

// Observation says of one action, without asking the client, whether it took effect.
type Observation struct {
	Action string `json:"action"`
	OK     bool   `json:"ok"`
	// How is what was looked at: a counter, a log, a dial of the stage's own, a file as the client sees it.
	How string `json:"how"`
}

// Isolate makes cmd, a re-exec of the lab itself, start in network, mount, PID, IPC and UTS namespaces of its
// own. It dies with the process that starts it, and everything made inside disappears with it, however it dies.
func Isolate(cmd *exec.Cmd) { isolate(cmd) }

// Prepare is called first thing inside: mounts become private, and /run and the folders below /etc that `ip`
// writes to become memory of this process' own.
func Prepare() error { return prepare() }

// Actions lists every action, in reading order.
func Actions() []Action { return nil }

// Stage is one isolated machine, its network and its world. Do, Observed and Client may be called from several
// goroutines.
type Stage struct{}

// Open builds the healthy stage in an isolated, prepared process.
func Open(_ context.Context, _ Params) (*Stage, error) { return nil, errors.ErrUnsupported }

// Close takes everything down. Whoever forgets it, or is killed first, leaves nothing behind either: see Isolate.
func (s *Stage) Close() error { return nil }

// Do does one action with its arguments as they were parsed from YAML. The action "undo" takes the name of an
// earlier one and takes that back.
func (s *Stage) Do(_ context.Context, _ string, _ map[string]any) error { return errors.ErrUnsupported }

// Observed tells for every action that was done and not undone whether it took effect. It may take a second; call
// it after the client, because counters count the client's own packets.
func (s *Stage) Observed(_ context.Context) ([]Observation, error) { return nil, errors.ErrUnsupported }

// Settings is the client's settings file, its targets being those of the world. Actions may change it; Client
// writes it out.
func (s *Stage) Settings() map[string]any { return nil }

// Client prepares the program under test as a plain user on the stage's machine. The settings file is in its
// environment already; args are those of a person, such as check --json.
func (s *Stage) Client(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "false", args...)
}
