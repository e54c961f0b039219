package act

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// soundServices are Windows's, in the order of starting (Microsoft, "Audiosrv": it depends on
// AudioEndpointBuilder).
var soundServices = [...]string{"AudioEndpointBuilder", "Audiosrv"}

// StartSound starts the sound services that do not run. It needs an administrator's rights: ErrDenied. Untried: no
// Windows was at hand.
func StartSound(ctx context.Context) error {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return serviceError(err)
	}
	defer func() { _ = windows.CloseServiceHandle(manager) }()
	for _, name := range soundServices {
		if err := startService(ctx, manager, name); err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
	}
	return nil
}

func startService(ctx context.Context, manager windows.Handle, name string) error {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	service, err := windows.OpenService(manager, wide, windows.SERVICE_QUERY_STATUS|windows.SERVICE_START)
	if err != nil {
		return serviceError(err)
	}
	defer func() { _ = windows.CloseServiceHandle(service) }()
	err = windows.StartService(service, 0, nil)
	if err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return serviceError(err)
	}
	const most, every = 30 * time.Second, 200 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		var s windows.SERVICE_STATUS
		if err := windows.QueryServiceStatus(service, &s); err != nil {
			return serviceError(err)
		}
		switch s.CurrentState {
		case windows.SERVICE_RUNNING:
			return nil
		case windows.SERVICE_STOPPED:
			return &FailedError{Deed: "start", Result: "stopped", Status: int(s.Win32ExitCode)}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
}

// serviceError gives an error of the service manager its place among ours.
func serviceError(err error) error {
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return fmt.Errorf("%w: %w: %w", ErrDenied, os.ErrPermission, err)
	case errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST), errors.Is(err, windows.ERROR_SERVICE_DISABLED):
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	return err
}
