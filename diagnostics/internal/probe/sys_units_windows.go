package probe

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"github.com/shirou/gopsutil/v3/process"
	"golang.org/x/sys/windows"
)

// winService is what decides whether a stopped service is a fault.
type winService struct {
	name      string
	stopped   bool
	exit      uint32
	automatic bool
	disabled  bool // somebody decided that it never runs
	triggered bool // it is started when something happens, and ends again
}

// failed tells whether a service that should run by itself ended with an error.
func (s winService) failed() bool {
	neverStarted := s.exit == uint32(windows.ERROR_SERVICE_NEVER_STARTED)
	return s.stopped && s.automatic && !s.triggered && s.exit != 0 && !neverStarted
}

func failedUnits(ctx context.Context) ([]Unit, error) {
	// No more rights than to look: everybody has these.
	scm, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return nil, fmt.Errorf("open the service manager: %w", err)
	}
	defer windows.CloseServiceHandle(scm)
	all, err := listWinServices(scm)
	if err != nil {
		return nil, err
	}
	var units []Unit
	for _, s := range all {
		if ctx.Err() != nil {
			return units, ctx.Err()
		}
		if !s.stopped || s.exit == 0 {
			continue
		}
		s.configure(scm)
		if s.failed() {
			result := strconv.FormatUint(uint64(s.exit), 10)
			units = append(units, Unit{Name: PlainWinService(s.name), Full: s.name, Result: result})
		}
	}
	return units, nil
}

func listWinServices(scm windows.Handle) ([]winService, error) {
	const enough = 256 << 10 // the most that the call gives at once
	buf := make([]byte, enough)
	var needed, n, resume uint32
	err := windows.EnumServicesStatusEx(scm, windows.SC_ENUM_PROCESS_INFO, windows.SERVICE_WIN32,
		windows.SERVICE_STATE_ALL, &buf[0], uint32(len(buf)), &needed, &n, &resume, nil)
	if err != nil && !errors.Is(err, windows.ERROR_MORE_DATA) {
		return nil, fmt.Errorf("list services: %w", err)
	}
	rows := unsafe.Slice((*windows.ENUM_SERVICE_STATUS_PROCESS)(unsafe.Pointer(&buf[0])), n)
	all := make([]winService, 0, n)
	for _, r := range rows {
		st := r.ServiceStatusProcess
		all = append(all, winService{
			name:    windows.UTF16PtrToString(r.ServiceName),
			stopped: st.CurrentState == windows.SERVICE_STOPPED, exit: st.Win32ExitCode,
		})
	}
	return all, nil
}

// configure reads how a service is started. One whose settings we may not read stays as if it were started by
// hand, so that it is never called a fault.
func (s *winService) configure(scm windows.Handle) {
	name, err := windows.UTF16PtrFromString(s.name)
	if err != nil {
		return
	}
	h, err := windows.OpenService(scm, name, windows.SERVICE_QUERY_CONFIG)
	if err != nil {
		return
	}
	defer windows.CloseServiceHandle(h)
	const enough = 8 << 10
	buf := make([]byte, enough)
	var needed uint32
	config := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buf[0]))
	if windows.QueryServiceConfig(h, config, uint32(len(buf)), &needed) != nil {
		return
	}
	s.automatic = config.StartType == windows.SERVICE_AUTO_START
	s.disabled = config.StartType == windows.SERVICE_DISABLED
	info := make([]byte, enough)
	err = windows.QueryServiceConfig2(h, windows.SERVICE_CONFIG_TRIGGER_INFO, &info[0], uint32(len(info)), &needed)
	// The structure begins with the number of triggers.
	s.triggered = err != nil || *(*uint32)(unsafe.Pointer(&info[0])) > 0
}

// winServiceDisabled tells whether somebody decided that a service never runs.
func winServiceDisabled(name string) bool {
	scm, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return false
	}
	defer windows.CloseServiceHandle(scm)
	s := winService{name: name}
	s.configure(scm)
	return s.disabled
}

// serviceState asks the service manager, and the table of processes for what is no service.
func serviceState(ctx context.Context, name string) (ServiceState, error) {
	state, err := winServiceState(name)
	if !errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) && !errors.Is(err, windows.ERROR_INVALID_NAME) {
		return state, err
	}
	procs, err := process.ProcessesWithContext(ctx)
	if err != nil {
		return "", fmt.Errorf("list programs: %w", err)
	}
	want := strings.TrimSuffix(strings.ToLower(name), ".exe")
	for _, p := range procs {
		own, err := p.NameWithContext(ctx)
		if err == nil && strings.TrimSuffix(strings.ToLower(filepath.Base(own)), ".exe") == want {
			return ServiceRuns, nil
		}
	}
	return ServiceAbsent, nil
}

func winServiceState(name string) (ServiceState, error) {
	scm, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return "", fmt.Errorf("open the service manager: %w", err)
	}
	defer windows.CloseServiceHandle(scm)
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return "", fmt.Errorf("name of a service: %w", err)
	}
	h, err := windows.OpenService(scm, wide, windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return "", fmt.Errorf("open the service: %w", err)
	}
	defer windows.CloseServiceHandle(h)
	var st windows.SERVICE_STATUS
	if err := windows.QueryServiceStatus(h, &st); err != nil {
		return "", fmt.Errorf("ask the service: %w", err)
	}
	switch st.CurrentState {
	case windows.SERVICE_STOPPED, windows.SERVICE_STOP_PENDING, windows.SERVICE_PAUSED:
		if st.Win32ExitCode != 0 && st.Win32ExitCode != uint32(windows.ERROR_SERVICE_NEVER_STARTED) {
			return ServiceFailed, nil
		}
		return ServiceStopped, nil
	}
	return ServiceRuns, nil
}
