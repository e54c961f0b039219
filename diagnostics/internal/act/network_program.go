package act

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Program is one call of one of the system's own programs: a name and arguments from the closed list below, never a
// shell. Programs come from the constructors only.
type Program struct {
	name string
	args []string
	bad  error
}

// Argv is what would be run, for tests and for the record.
func (p Program) Argv() []string { return append([]string{p.name}, p.args...) }

// The programs of Windows and macOS that stand for what Linux has services for. They are compiled and their
// arguments are tested; none has been run on such a machine. Sources: learn.microsoft.com (ipconfig, rasdial,
// w32tm), and the manual pages dscacheutil(1) and scutil(8) of macOS.

// FlushNamesProgram forgets what name servers answered.
func FlushNamesProgram(goos string) (Program, bool) {
	switch goos {
	case "windows":
		return Program{name: "ipconfig.exe", args: []string{"/flushdns"}}, true
	case "darwin":
		return Program{name: "dscacheutil", args: []string{"-flushcache"}}, true
	}
	return Program{}, false
}

// RenewProgram asks for new addresses on all cards. Windows lets administrators and network operators do it; on
// macOS only an administrator may.
func RenewProgram(goos string) (Program, bool) {
	if goos == "windows" {
		return Program{name: "ipconfig.exe", args: []string{"/renew"}}, true
	}
	return Program{}, false
}

// ResyncProgram asks for the time at once; Windows lets administrators do it.
func ResyncProgram(goos string) (Program, bool) {
	if goos == "windows" {
		return Program{name: "w32tm.exe", args: []string{"/resync"}}, true
	}
	return Program{}, false
}

// LowerProgram and RaiseProgram disconnect and connect a VPN of the user's by its name in the settings. Without a
// stored password rasdial says so and ends; macOS asks by itself.
func LowerProgram(goos, name string) (Program, bool) {
	switch goos {
	case "windows":
		return named(Program{name: "rasdial.exe", args: []string{name, "/disconnect"}}, name), true
	case "darwin":
		return named(Program{name: "scutil", args: []string{"--nc", "stop", name}}, name), true
	}
	return Program{}, false
}

// RaiseProgram connects a VPN.
func RaiseProgram(goos, name string) (Program, bool) {
	switch goos {
	case "windows":
		return named(Program{name: "rasdial.exe", args: []string{name}}, name), true
	case "darwin":
		return named(Program{name: "scutil", args: []string{"--nc", "start", name}}, name), true
	}
	return Program{}, false
}

// named refuses a name that a program would take for an option, or that is none.
func named(p Program, name string) Program {
	const most = 100
	if name == "" || len(name) > most || strings.ContainsAny(name[:1], "-/") || strings.ContainsAny(name, "\"\n\r\x00") {
		p.bad = fmt.Errorf("%q is not a name for %s", name, p.name)
	}
	return p
}

const (
	programLimit = 64 << 10
	// lateOutput is how long output is waited for once the program is gone.
	lateOutput = 500 * time.Millisecond
)

// ExitError says that a program ran and ended with another code than 0.
type ExitError struct {
	Name string
	Code int
	Said string // its first lines, for the log
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("%s: exit code %d: %s", e.Name, e.Code, e.Said)
}

// Run runs a program and returns what it printed. ErrAbsent: it is not installed.
func (p Program) Run(ctx context.Context) (string, error) {
	if p.bad != nil || p.name == "" {
		return "", errors.Join(errors.New("run a program"), p.bad)
	}
	path, err := findProgram(p.name)
	if err != nil {
		return "", err
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, path, p.args...)
	cmd.Env, cmd.Dir = programEnv(), filepath.Dir(path)
	cmd.Stdout, cmd.Stderr = &bounded{&out}, &bounded{&errs}
	cmd.WaitDelay = lateOutput
	err = cmd.Run()
	if ctx.Err() != nil {
		return "", fmt.Errorf("wait for %s: %w", p.name, ctx.Err())
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out.String(), &ExitError{Name: p.name, Code: exit.ExitCode(), Said: strings.TrimSpace(errs.String())}
	}
	if err != nil {
		return "", fmt.Errorf("run %s: %w", p.name, err)
	}
	return out.String(), nil
}

// findProgram looks in the system's own folders only: the search path is the user's.
func findProgram(name string) (string, error) {
	for _, dir := range programFolders() {
		full := filepath.Join(dir, name)
		if st, err := os.Stat(full); err == nil && st.Mode().IsRegular() {
			return full, nil
		}
	}
	return "", fmt.Errorf("%w: %s is not installed", ErrAbsent, name)
}

// programEnv is what a program needs to find the user's session and settings, and nothing else of ours.
func programEnv() []string {
	env := []string{"LC_ALL=C", "LANGUAGE=C"}
	for _, name := range []string{
		"HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_DIRS", "XDG_CURRENT_DESKTOP",
		"DBUS_SESSION_BUS_ADDRESS", "GSETTINGS_BACKEND", "DCONF_PROFILE", "SystemRoot", "USERPROFILE", "APPDATA",
		"LOCALAPPDATA", "TEMP",
	} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// bounded keeps the beginning of what is written and swallows the rest.
type bounded struct{ to *bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if room := programLimit - b.to.Len(); room > 0 {
		_, _ = b.to.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
