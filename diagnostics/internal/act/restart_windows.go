package act

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// winServices restarts services through the service control manager. Untried: compiled only.
type winServices struct{ m *mgr.Mgr }

// OpenServices connects to the service manager. A user has no services of his own there.
func OpenServices(_ context.Context, user bool) (Services, error) {
	if user {
		return nil, ErrAbsent
	}
	// Only the right to connect: mgr.Connect asks for all and is refused to everybody who is no administrator.
	h, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return nil, winDenied(fmt.Errorf("open the service manager: %w", err))
	}
	return winServices{&mgr.Mgr{Handle: h}}, nil
}

func (s winServices) Close() { _ = s.m.Disconnect() }

func (s winServices) open(name string, access uint32) (*mgr.Service, error) {
	p, err := windows.UTF16PtrFromString(strings.TrimSuffix(name, ".service"))
	if err != nil {
		return nil, err
	}
	h, err := windows.OpenService(s.m.Handle, p, access)
	if err != nil {
		return nil, winDenied(fmt.Errorf("open service: %w", err))
	}
	return &mgr.Service{Name: name, Handle: h}, nil
}

func (s winServices) State(_ context.Context, name string) (UnitState, error) {
	one, err := s.open(name, windows.SERVICE_QUERY_STATUS)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return UnitState{Load: "not-found", Active: "inactive"}, nil
	}
	if err != nil {
		return UnitState{}, err
	}
	defer one.Close()
	st, err := one.Query()
	if err != nil {
		return UnitState{}, fmt.Errorf("read service: %w", err)
	}
	u := UnitState{Load: "loaded", Active: "inactive", Result: strconv.Itoa(int(st.Win32ExitCode))}
	switch {
	case st.State == svc.Running:
		u.Active = "active"
	case st.State == svc.StartPending:
		u.Active = "activating"
	case st.State == svc.Stopped && st.Win32ExitCode != 0:
		u.Active = "failed"
	}
	return u, nil
}

func (s winServices) Restart(ctx context.Context, name string) error {
	one, err := s.open(name, windows.SERVICE_QUERY_STATUS|windows.SERVICE_START|windows.SERVICE_STOP)
	if err != nil {
		return err
	}
	defer one.Close()
	st, err := one.Query()
	if err != nil {
		return fmt.Errorf("read service: %w", err)
	}
	if st.State != svc.Stopped {
		if _, err := one.Control(svc.Stop); err != nil {
			return winDenied(fmt.Errorf("stop service: %w", err))
		}
		if err := winWait(ctx, one, svc.Stopped); err != nil {
			return err
		}
	}
	if err := one.Start(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return winDenied(fmt.Errorf("start service: %w", err))
	}
	return winWait(ctx, one, svc.Running)
}

func (s winServices) Start(ctx context.Context, name string) error { return s.Restart(ctx, name) }

// Forget has nothing to do: Windows does not count starts.
func (s winServices) Forget(context.Context, string) error { return nil }

func winWait(ctx context.Context, one *mgr.Service, want svc.State) error {
	ctx, cancel := context.WithTimeout(ctx, unitTime)
	defer cancel()
	const pace = 300 * time.Millisecond
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		st, err := one.Query()
		if err != nil {
			return fmt.Errorf("read service: %w", err)
		}
		switch {
		case st.State == want:
			return nil
		case want == svc.Running && st.State == svc.Stopped:
			return &FailedError{Deed: "start", Result: strconv.Itoa(int(st.Win32ExitCode))}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func winDenied(err error) error {
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return err
}

// winRestarter runs shutdown.exe. Untried: compiled, and its arguments tested.
type winRestarter struct{}

// OpenRestarter has nothing to connect to.
func OpenRestarter(context.Context) (Restarter, error) { return winRestarter{}, nil }

func (winRestarter) Close() {}

func (winRestarter) Reason(context.Context) (string, bool, error) { return "", false, nil }

// Planned is not known: Windows does not say.
func (winRestarter) Planned(context.Context) (Planned, error) {
	return Planned{}, errors.ErrUnsupported
}

func (w winRestarter) Schedule(ctx context.Context, at time.Time) error {
	code, err := w.shutdown(ctx, windowsRestart(time.Until(at)))
	if err == nil && code != 0 && code != windowsScheduled {
		err = &FailedError{Deed: "shutdown", Result: "exit-code", Status: code}
	}
	return err
}

func (w winRestarter) Cancel(ctx context.Context) error {
	code, err := w.shutdown(ctx, windowsKeep())
	if err == nil && code != 0 && code != windowsNothingSet {
		err = &FailedError{Deed: "shutdown", Result: "exit-code", Status: code}
	}
	return err
}

func (winRestarter) shutdown(ctx context.Context, args []string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return 0, fmt.Errorf("find shutdown: %w", err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "shutdown.exe"), args...)
	cmd.Dir = dir
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if exit.ExitCode() == windowsDenied {
			return 0, fmt.Errorf("%w: shutdown", ErrDenied)
		}
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 0, fmt.Errorf("run shutdown: %w", err)
	}
	return 0, nil
}

// Boot names the present run of the computer by the counter that Windows keeps of its starts.
func Boot() (string, error) {
	const key = `SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters`
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, key, registry.QUERY_VALUE)
	if err != nil {
		return "", fmt.Errorf("read which start this is: %w", err)
	}
	defer k.Close()
	n, _, err := k.GetIntegerValue("BootId")
	if err != nil {
		return "", fmt.Errorf("read which start this is: %w", err)
	}
	return strconv.FormatUint(n, 10), nil
}
