package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// ErrNoCommand says that the program to ask is not installed.
var ErrNoCommand = errors.New("no such program here")

// commandLimit bounds what is read of a program's answer.
const commandLimit = 4 << 20

// command asks a program of the system: fixed words, no shell, plain English, and it dies with its deadline.
// A child that the kernel does not let die is left behind; the caller is not.
func command(ctx context.Context, patience time.Duration, name string, args ...string,
) (out, problems []byte, err error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s", ErrNoCommand, name)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "LANGUAGE=C")
	cmd.WaitDelay = 100 * time.Millisecond
	var stdout, stderr capped
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	select {
	case err = <-done:
	case <-ctx.Done():
		// Killed; a healthy child is gone at once.
		select {
		case <-done:
		case <-time.After(2 * cmd.WaitDelay):
		}
		return nil, nil, fmt.Errorf("ask %s: %w", name, context.DeadlineExceeded)
	}
	if err != nil {
		err = fmt.Errorf("ask %s: %w", name, err)
	}
	return stdout.buf.Bytes(), stderr.buf.Bytes(), err
}

// capped keeps the beginning of what is written to it.
type capped struct{ buf bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if room := commandLimit - c.buf.Len(); room > 0 {
		c.buf.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}
