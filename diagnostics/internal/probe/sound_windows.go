package probe

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

func soundExpected() bool { return true }

// soundEndpoints is where Windows keeps the list of its sound devices.
const soundEndpoints = `SOFTWARE\Microsoft\Windows\CurrentVersion\MMDevices\Audio\`

// soundCards counts what Windows has ever seen as an output or an input.
func soundCards() (SoundCards, error) {
	out, err := endpoints("Render")
	if err != nil {
		return SoundCards{}, err
	}
	in, err := endpoints("Capture")
	if err != nil {
		return SoundCards{}, err
	}
	return SoundCards{Cards: max(len(out), len(in)), Playback: len(out), Capture: len(in), Detailed: true}, nil
}

// soundServer asks the service manager, and then which devices are there and switched on. Volume and muting
// need COM, and stay unknown.
func soundServer(context.Context) (SoundServer, error) {
	started := time.Now()
	s := SoundServer{Backend: "windows"}
	running, err := audioServiceRuns()
	if err != nil {
		return s, err
	}
	if !running {
		return s, ErrNoSoundServer
	}
	out, err := endpoints("Render")
	if err != nil {
		return s, err
	}
	in, err := endpoints("Capture")
	if err != nil {
		return s, err
	}
	s.Outputs, s.Output = activeEndpoints(out)
	s.Inputs, s.Input = activeEndpoints(in)
	s.Took = time.Since(started)
	return s, nil
}

// activeEndpoints keeps the devices that are plugged in and switched on. Which of them is the default is the
// user's affair: any one will do.
func activeEndpoints(states []uint64) (list []SoundDevice, first *SoundDevice) {
	const active, mask = 1, 0xf
	for _, s := range states {
		if s&mask == active {
			list = append(list, SoundDevice{Kind: "other"})
		}
	}
	if len(list) > 0 {
		first = &list[0]
	}
	return list, first
}

// endpoints reads the state of each device of a direction.
func endpoints(direction string) ([]uint64, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, soundEndpoints+direction,
		registry.ENUMERATE_SUB_KEYS|registry.QUERY_VALUE)
	if err == registry.ErrNotExist {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list sound devices: %w", err)
	}
	defer key.Close()
	names, err := key.ReadSubKeyNames(-1)
	if err != nil {
		return nil, fmt.Errorf("list sound devices: %w", err)
	}
	var states []uint64
	for _, name := range names {
		sub, err := registry.OpenKey(key, name, registry.QUERY_VALUE)
		if err != nil {
			continue
		}
		if v, _, err := sub.GetIntegerValue("DeviceState"); err == nil {
			states = append(states, v)
		}
		sub.Close()
	}
	return states, nil
}

func audioServiceRuns() (bool, error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return false, fmt.Errorf("ask the service manager: %w", err)
	}
	defer func() { _ = windows.CloseServiceHandle(manager) }()
	name, err := windows.UTF16PtrFromString("Audiosrv")
	if err != nil {
		return false, fmt.Errorf("ask the service manager: %w", err)
	}
	service, err := windows.OpenService(manager, name, windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return false, fmt.Errorf("ask for the sound service: %w", err)
	}
	defer func() { _ = windows.CloseServiceHandle(service) }()
	var status windows.SERVICE_STATUS
	if err := windows.QueryServiceStatus(service, &status); err != nil {
		return false, fmt.Errorf("ask for the sound service: %w", err)
	}
	return status.CurrentState == windows.SERVICE_RUNNING, nil
}
