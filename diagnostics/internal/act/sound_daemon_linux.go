package act

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"time"
)

// pulseProgram is PulseAudio where distributions put it; the search path is the user's, and is not asked.
const pulseProgram = "/usr/bin/pulseaudio"

// pulseTime is how long PulseAudio may take to start or to end by its own means.
const pulseTime = 15 * time.Second

// pulseNames are the variables by which PulseAudio finds the session, its sockets and its settings. Not PULSE_SERVER:
// with it PulseAudio refuses to start a server of this computer.
var pulseNames = []string{
	"HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
	"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_SESSION_ID", "XDG_CURRENT_DESKTOP", "DBUS_SESSION_BUS_ADDRESS",
	"DBUS_SYSTEM_BUS_ADDRESS", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH", "PULSE_CONFIG_PATH", "PULSE_COOKIE",
}

// PulseInstalled tells whether there is a PulseAudio to be started.
func PulseInstalled() bool {
	st, err := os.Stat(pulseProgram)
	return err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0
}

// StartPulse starts the user's PulseAudio as pulseaudio(1) says: --start ends when the server is ready, and starts
// nothing where one runs already.
func StartPulse(ctx context.Context) error { return pulseRun(ctx, "--start", "--log-target=syslog") }

// EndPulse asks the user's PulseAudio to end and waits a little for that, and says nothing where none runs. One that
// does not listen is left as it is: StartPulse then starts none beside it.
func EndPulse(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pulseTime)
	defer cancel()
	const most, every = 25, 200 * time.Millisecond
	err := pulseRun(ctx, "--kill")
	for range most {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
			return nil // none runs: that is the exit code of --kill and --check
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
		err = pulseRun(ctx, "--check")
	}
	return nil
}

func pulseRun(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, pulseTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, pulseProgram, args...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin"}
	for _, name := range pulseNames {
		if v := os.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	// No pipes: the server would inherit them, and waiting for its last word is waiting for its end.
	err := cmd.Run()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	case ctx.Err() != nil:
		return fmt.Errorf("pulseaudio %s: %w", args[0], ctx.Err())
	case err != nil:
		return fmt.Errorf("pulseaudio %s: %w", args[0], err)
	}
	return nil
}
