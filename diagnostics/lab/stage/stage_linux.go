package stage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
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
	// Strained says that this machine was too busy to do it evenly: a line may then really have been uneven.
	Strained bool `json:"strained,omitempty"`
}

// Isolate makes cmd, a re-exec of the lab itself, start in network, mount, PID, IPC and UTS namespaces of its
// own. It dies with the process that starts it, and everything made inside disappears with it, however it
// dies.
func Isolate(cmd *exec.Cmd) { isolate(cmd) }

// Prepare is called first thing inside: mounts become private, and /run and the folders below /etc that `ip`
// writes to become memory of this process' own.
func Prepare() error { return prepare() }

// Stage is one isolated machine, its network and its world. Do, Observed and Client may be called from
// several goroutines.
type Stage struct {
	p       Params
	lab     *Lab
	world   *World
	machine *machine
	rand    *rand.Rand

	mu       sync.Mutex // one action at a time
	done     []*deed
	settings map[string]any
	env      map[string]string // of the client, beside what is always there
	uptime   *holder           // keeps the time namespace in which the machine started some days ago
	closers  []func() error    // in the order of opening
	props                      // what only some scenarios need
}

// Open builds the healthy stage in an isolated, prepared process.
func Open(ctx context.Context, p Params) (*Stage, error) {
	if os.Getpid() != 1 {
		return nil, errors.New("open stage: not in a process of its own (see Isolate)")
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stage{p: p, env: map[string]string{}, rand: rand.New(rand.NewPCG(p.Seed, 1))}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open stage: %w", err), s.Close())
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context) error {
	var err error
	if s.lab, err = Build(); err != nil {
		return err
	}
	s.closers = append(s.closers, s.lab.Close)
	dir, err := os.MkdirTemp(private, "stage-")
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(dir) })
	if s.world, err = StartWorld(s.lab, dir); err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { s.world.Close(); return nil })
	if err := s.world.ServeOffice(); err != nil {
		return err
	}
	if s.machine, err = newMachine(s.lab, filepath.Join(dir, "machine")); err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { s.machine.close(); return nil })
	if err := s.furnish(); err != nil {
		return err
	}
	if err := s.started(restUptime + time.Duration(s.rand.IntN(48))*time.Hour); err != nil {
		return err
	}
	return ctx.Err()
}

// Close takes everything down. Whoever forgets it, or is killed first, leaves nothing behind either: see
// Isolate.
func (s *Stage) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, d := range slices.Backward(s.done) {
		if d.stop != nil {
			errs = append(errs, d.stop())
		}
	}
	s.done = nil
	errs = append(errs, s.keep())
	for _, c := range slices.Backward(s.closers) {
		errs = append(errs, c())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// keep writes into the stage's folder what helps to understand a case afterwards.
func (s *Stage) keep() error {
	if s.p.Dir == "" || s.machine == nil {
		return nil
	}
	var errs []error
	for from, to := range map[string]string{settingsPath: "settings.yaml", "/var/log/cups.error": "cups.log"} {
		if text, err := s.machine.read(from); err == nil {
			errs = append(errs, put(filepath.Join(s.p.Dir, to), text))
		}
	}
	return errors.Join(errs...)
}

// Actions lists every action, in reading order.
func Actions() []Action {
	all := []Action{undoAction}
	for _, a := range actions() {
		all = append(all, a.Action)
	}
	return all
}

// Do does one action with its arguments as they were parsed from YAML. The action "undo" takes the name of an
// earlier one and takes that back.
func (s *Stage) Do(ctx context.Context, name string, with map[string]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	start := time.Now()
	err := s.act(ctx, name, with)
	s.p.Log.Debug("action", "name", name, "with", with, "took", time.Since(start), "error", err)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Observed tells for every action that was done and not undone whether it took effect. It may take a second;
// call it after the client, because counters count the client's own packets.
func (s *Stage) Observed(ctx context.Context) ([]Observation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Observation, len(s.done))
	var all sync.WaitGroup
	for i, d := range s.done {
		list[i] = Observation{Action: d.name, How: "nobody looks", Strained: d.strained != nil && d.strained()}
		if d.seen != nil {
			all.Go(func() { list[i].OK, list[i].How = d.seen(ctx) })
		}
	}
	all.Wait()
	return list, ctx.Err()
}

// Settings is the client's settings file, its targets being those of the world. Actions may change it; Client
// writes it out.
func (s *Stage) Settings() map[string]any { return s.settings }

// World is what stands behind the router, for tests of the stage itself.
func (s *Stage) World() *World { return s.world }

// Client prepares the program under test as a plain user on the stage's machine. The settings file is in its
// environment already; args are those of a person, such as check --json.
func (s *Stage) Client(ctx context.Context, args ...string) *exec.Cmd {
	return s.command(ctx, clientPath, args...)
}

// command is Client for any program of the machine.
func (s *Stage) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prepared(ctx, name, args...)
}

// prepared is command for whoever holds the lock.
func (s *Stage) prepared(ctx context.Context, name string, args ...string) *exec.Cmd {
	namespaces := fmt.Sprintf("/proc/%d/task/%d/ns/", os.Getpid(), s.machine.tid)
	identity := []string{"--setuid", strconv.Itoa(userID), "--setgid", strconv.Itoa(userID)}
	line := []string{"--mount=" + namespaces + "mnt", "--net=" + namespaces + "net"}
	if s.uptime != nil {
		line = append(line, "--time="+s.uptime.path)
	}
	line = append(append(append(line, identity...), name), args...)
	cmd := exec.CommandContext(ctx, "nsenter", line...)
	cmd.Env = s.environment()
	if err := s.writeSettings(); err != nil {
		cmd.Err = err
	}
	return cmd
}

func (s *Stage) environment() []string {
	env := map[string]string{
		"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": homeDir, "USER": user, "LOGNAME": user, "LANG": "C.UTF-8",
		"XDG_RUNTIME_DIR": runUser, "BALISE_STATE_DIR": homeDir +
			"/.local/state/balise", "BALISE_CONFIG": settingsPath,
		"DBUS_SYSTEM_BUS_ADDRESS":  "unix:path=/run/dbus/system_bus_socket",
		"DBUS_SESSION_BUS_ADDRESS": "unix:path=" + runUser + "/bus",
	}
	maps.Copy(env, s.env)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

func (s *Stage) writeSettings() error {
	raw, err := yaml.Marshal(s.settings)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return s.machine.write(settingsPath, string(raw))
}
