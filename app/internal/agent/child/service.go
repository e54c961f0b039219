package child

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Serve runs a child that stays (the practice desk) until it ends by itself or ctx does; it is then asked to
// end and, after grace, killed. The error is nil only when ctx ended it.
func (r *Runner) Serve(ctx context.Context, args, env []string, grace time.Duration) error {
	name := strings.Join(args, " ")
	cmd, err := r.command(args)
	if err != nil {
		return err
	}
	cmd.Env = append(cmd.Env, env...)
	complaints := &tail{max: maxStderr}
	cmd.Stderr = complaints
	done, err := start(cmd)
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	select {
	case <-done:
		kill(cmd.Process)
		return &ExitError{Name: name, Code: cmd.ProcessState.ExitCode(), Stderr: complaints.String()}
	case <-ctx.Done():
	}
	ask(cmd.Process)
	select {
	case <-done:
		kill(cmd.Process) // what it may have left in its group
		return nil
	case <-time.After(grace):
	}
	kill(cmd.Process)
	select {
	case <-done:
	case <-time.After(abandon):
		r.log().Error("a child does not go", "child", name, "pid", cmd.Process.Pid)
	}
	return nil
}
