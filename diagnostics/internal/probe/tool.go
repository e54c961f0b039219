package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNoTool says that the system lacks the program that would know.
var ErrNoTool = errors.New("the program is not installed")

// toolFolders are where a system keeps its own programs. The search path is the user's, and what stands first
// in it need not be the system's.
var toolFolders = []string{"/usr/bin", "/bin", "/usr/sbin", "/sbin"}

// toolLimit bounds what is kept of a program's output.
const toolLimit = 1 << 20

// toolAnswer is what one of the system's programs said.
type toolAnswer struct {
	out, err []byte
	code     int
}

// tool is one call of one of the system's own programs: an argument list, never a shell.
type tool struct {
	name  string
	args  []string
	files []*os.File // inherited, from descriptor 3 on
}

// run returns when the program ends or the context does, whichever is first. A program that is stuck in the
// kernel ignores even its killing; it is left behind, and the goroutine that waits for it with it, until the
// kernel lets go.
func (t tool) run(ctx context.Context) (toolAnswer, error) {
	program, err := findTool(t.name)
	if err != nil {
		return toolAnswer{}, err
	}
	var out, errs limited
	cmd := exec.CommandContext(ctx, program, t.args...)
	// The language is fixed, because the answer is read by a program.
	cmd.Env = append(session(), "LC_ALL=C", "LANGUAGE=C", "PATH=/usr/bin:/bin:/usr/sbin:/sbin")
	cmd.ExtraFiles, cmd.Dir = t.files, "/"
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = lateOutput
	if err := cmd.Start(); err != nil {
		return toolAnswer{}, fmt.Errorf("start %s: %w", t.name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		// The buffers still belong to the waiting goroutine.
		return toolAnswer{}, fmt.Errorf("wait for %s: %w", t.name, ctx.Err())
	}
	if ctx.Err() != nil {
		return toolAnswer{}, fmt.Errorf("wait for %s: %w", t.name, ctx.Err())
	}
	a := toolAnswer{out: out.kept.Bytes(), err: errs.kept.Bytes(), code: cmd.ProcessState.ExitCode()}
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		return a, fmt.Errorf("run %s: %w", t.name, err)
	} else if ok && !exit.Exited() {
		return a, fmt.Errorf("run %s: %w", t.name, err)
	}
	return a, nil
}

func findTool(name string) (string, error) {
	for _, dir := range toolFolders {
		full := filepath.Join(dir, name)
		if st, err := os.Stat(full); err == nil && !st.IsDir() && st.Mode()&0o111 != 0 {
			return full, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, ErrNoTool)
}

// limited keeps the beginning of what is written to it and swallows the rest.
//
// The buffer is no embedded one: io.Copy would fill it by its ReadFrom, past the limit.
type limited struct{ kept bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := toolLimit - l.kept.Len(); room > 0 {
		_, _ = l.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// sessionNames are the variables by which a program finds the user's session and settings. Nothing else of our
// environment is read or handed on: it may hold anything.
var sessionNames = []string{
	"HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_DIRS", "XDG_CURRENT_DESKTOP",
	"DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "GSETTINGS_BACKEND", "DCONF_PROFILE", "KRB5_CONFIG",
}

func session() []string {
	var env []string
	for _, name := range sessionNames {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}
