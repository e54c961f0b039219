// Package child runs Balise's own hidden children: short-lived processes for work that is heavy or may hang
// in the kernel.
//
// A child gets its input on a pipe and answers on a pipe. It has a deadline, a bound on what it may say, and
// an environment without settings and secrets; when its time is over, or the one who asked has gone, its
// whole process group is killed. One that the kernel does not let go is left behind rather than waited for.
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// The errors that callers branch on.
var (
	ErrDeadline = errors.New("the child ran out of time")
	ErrOutput   = errors.New("the child said more than it may")
)

const (
	// abandon is how long a killed child may take to go before it is left to the kernel.
	abandon = 2 * time.Second
	// maxStderr is what is kept of a child's complaints; the last word counts, so it is the tail.
	maxStderr = 8 << 10
	// defaultOutput bounds an answer whose request does not say.
	defaultOutput = 16 << 20
)

// Runner starts children.
type Runner struct {
	// Self is the command, os.Executable() when empty.
	Self []string
	// Env is added to the cleaned environment.
	Env []string
	Log *slog.Logger
}

// Request is one child's work.
type Request struct {
	// Args follow the program: "internal", "probe".
	Args []string
	// Stdin is copied to the child; nil is empty.
	Stdin io.Reader
	// Stdout receives the answer.
	Stdout io.Writer
	// Timeout must be set.
	Timeout time.Duration
	// MaxOutput bounds the answer in bytes; zero is 16 MiB.
	MaxOutput int64
}

// ExitError is a child that ended by itself, with a complaint.
type ExitError struct {
	Name   string
	Code   int // -1: by a signal
	Stderr string
}

func (e *ExitError) Error() string {
	s := fmt.Sprintf("%s ended with code %d", e.Name, e.Code)
	if e.Stderr != "" {
		s += ": " + e.Stderr
	}
	return s
}

// Run runs one child to its end. When ctx ends first the error is ctx's cause; after the deadline it is
// ErrDeadline.
func (r *Runner) Run(ctx context.Context, q Request) error {
	name := strings.Join(q.Args, " ")
	within, cancel := context.WithTimeoutCause(ctx, q.Timeout, ErrDeadline)
	defer cancel()
	limit := q.MaxOutput
	if limit == 0 {
		limit = defaultOutput
	}
	cmd, err := r.command(q.Args)
	if err != nil {
		return err
	}
	complaints := &tail{max: maxStderr}
	out := &bounded{w: q.Stdout, left: limit, over: cancel}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = q.Stdin, out, complaints
	done, err := start(cmd)
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	select {
	case err = <-done:
	case <-within.Done():
		kill(cmd.Process)
		select {
		case <-done:
		case <-time.After(abandon):
			r.log().Error("a child does not go", "child", name, "pid", cmd.Process.Pid)
		}
		err = context.Cause(within)
		if out.exceeded() {
			err = ErrOutput
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	// The group may hold grandchildren that outlived their parent.
	kill(cmd.Process)
	switch exit := (*exec.ExitError)(nil); {
	case out.exceeded():
		return fmt.Errorf("%s: %w", name, ErrOutput)
	case errors.As(err, &exit):
		return &ExitError{Name: name, Code: exit.ExitCode(), Stderr: complaints.String()}
	case err != nil:
		return fmt.Errorf("run %s: %w", name, err)
	}
	return nil
}

func (r *Runner) command(args []string) (*exec.Cmd, error) {
	self := r.Self
	if len(self) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find our own program: %w", err)
		}
		self = []string{exe}
	}
	argv := append(append([]string{}, self...), args...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(CleanEnv(os.Environ()), r.Env...)
	// Pipes that a grandchild keeps open do not hold Wait for ever.
	cmd.WaitDelay = abandon
	isolate(cmd)
	return cmd, nil
}

func (r *Runner) log() *slog.Logger {
	if r.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.Log
}

// start starts cmd and waits for it, both on one thread of its own: Linux sends a child its parent-death
// signal when the *thread* that started it ends.
func start(cmd *exec.Cmd) (<-chan error, error) {
	started, done := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		done <- cmd.Wait()
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return done, nil
}

// CleanEnv drops what a child must not see: our own variables (the desk's token is one) and whatever else
// looks like a secret.
func CleanEnv(env []string) []string {
	kept := make([]string, 0, len(env))
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		if !private(strings.ToUpper(name)) {
			kept = append(kept, e)
		}
	}
	return kept
}

func private(name string) bool {
	if strings.HasPrefix(name, "BALISE_") {
		return true
	}
	for _, word := range []string{"TOKEN", "SECRET", "PASSW", "API_KEY", "APIKEY", "CREDENTIAL"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// JSON runs a child that reads one document and writes one; the answer is returned raw.
func (r *Runner) JSON(ctx context.Context, q Request) ([]byte, error) {
	var out bytes.Buffer
	q.Stdout = &out
	if err := r.Run(ctx, q); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
