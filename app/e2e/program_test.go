//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"balise/diagnostics/lab/stage"
)

// program is an installed Balise with a state of its own.
type program struct {
	t   testing.TB
	dir string // holds balise and balise-window
	env []string
	// stdin is what the next command reads.
	stdin string
	// lab, when set, is the broken network that it runs in.
	lab *stage.Lab
	// wrap, when set, is the program that starts it, with arguments.
	wrap []string
}

// command prepares the program with its own environment and nothing else.
func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	name := filepath.Join(p.dir, "balise")
	cmd := exec.CommandContext(ctx, name, args...)
	if p.lab != nil {
		cmd = p.lab.Command(ctx, name, args...)
	}
	if len(p.wrap) > 0 {
		cmd = exec.CommandContext(ctx, p.wrap[0], slices.Concat(p.wrap[1:], []string{name}, args)...)
	}
	cmd.Env, cmd.WaitDelay = p.env, 5*time.Second
	return cmd
}

// install puts the real programs beside each other, as packages do.
func install(t testing.TB, env ...string) *program {
	t.Helper()
	p := &program{t: t, dir: t.TempDir()}
	for name, variable := range map[string]string{"balise": "BALISE_BIN", "balise-window": "BALISE_WINDOW_BIN"} {
		from := os.Getenv(variable)
		if from == "" {
			t.Fatalf("%s must name the built %s", variable, name)
		}
		to := filepath.Join(p.dir, name)
		if err := errors.Join(copyFile(from, to)); err != nil {
			t.Fatal(err)
		}
	}
	p.env = append(os.Environ(), "LANG=fr_FR.UTF-8", "LC_ALL=fr_FR.UTF-8", "LANGUAGE=fr",
		"BALISE_STATE_DIR="+filepath.Join(p.dir, "state"), "XDG_CONFIG_HOME="+filepath.Join(p.dir, "config"))
	p.env = append(p.env, env...)
	return p
}

func copyFile(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// agent is a running agent.
type agent struct {
	t    testing.TB
	cmd  *exec.Cmd
	done chan error
	gone chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
}

// Write keeps what the agent logs.
func (a *agent) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.log.Write(b)
}

func (a *agent) said() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.log.String()
}

// start starts `balise agent`; the test's end stops it.
func (p *program) start(args ...string) *agent {
	p.t.Helper()
	a := &agent{t: p.t, done: make(chan error, 1), gone: make(chan struct{})}
	a.cmd = p.command(context.Background(), args...)
	a.cmd.Stdout, a.cmd.Stderr = a, a
	if err := a.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() { a.done <- a.cmd.Wait(); close(a.gone) }()
	p.t.Cleanup(func() {
		// It has ended already when all went well. Otherwise its window and its desk go with it.
		_ = a.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-a.gone:
		case <-time.After(10 * time.Second):
			_ = a.cmd.Process.Kill()
		}
		if p.t.Failed() {
			p.t.Logf("the agent said:\n%s", a.said())
		}
	})
	return a
}

// stop sends SIGTERM and wants a clean end.
func (a *agent) stop() {
	a.t.Helper()
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		a.t.Fatal(err)
	}
	select {
	case err := <-a.done:
		if err != nil {
			a.t.Errorf("after SIGTERM: %v", err)
		}
	case <-time.After(15 * time.Second):
		a.t.Error("SIGTERM does not end the agent")
	}
	if log := a.said(); strings.Contains(log, "panic") || strings.Contains(log, "goroutine ") {
		a.t.Errorf("the agent panicked:\n%s", log)
	}
}

// run runs one command and returns its exit code and both its answers.
func (p *program) run(args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := p.command(ctx, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Stdin, p.stdin = strings.NewReader(p.stdin), ""
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		p.t.Fatalf("balise %v: %v", args, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// json runs a command with --json and reads its document.
func (p *program) json(into any, args ...string) {
	p.t.Helper()
	code, out, errs := p.run(append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		p.t.Fatalf("balise %v: exit %d: %v\n%s%s", args, code, err, out, errs)
	}
}

// tickets is what `balise tickets --json` says, as far as the tests need it.
type tickets struct {
	Tickets []struct {
		Number  string `json:"number"`
		Subject string `json:"subject"`
		Status  string `json:"status"`
		Unread  bool   `json:"unread"`
	} `json:"tickets"`
	Outbox []struct {
		State string `json:"state"`
	} `json:"outbox"`
}
