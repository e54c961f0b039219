package probe

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/windows/registry"
)

// consentStore is where Windows keeps who may use what: for the computer, for the user, and for the user's
// desktop programs.
const consentStore = `SOFTWARE\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore\`

func switches(context.Context) (Switches, error) {
	mic, known, err := denied("microphone")
	if err != nil {
		return Switches{}, err
	}
	camera, too, err := denied("webcam")
	if err != nil {
		return Switches{}, err
	}
	if !known && !too {
		return Switches{}, ErrNoSwitches
	}
	return Switches{MicrophoneOff: mic, CameraOff: camera}, nil
}

// denied tells whether any of the three switches of a device says no.
func denied(device string) (off, known bool, err error) {
	for _, at := range []struct {
		root registry.Key
		path string
	}{
		{registry.LOCAL_MACHINE, consentStore + device},
		{registry.CURRENT_USER, consentStore + device},
		{registry.CURRENT_USER, consentStore + device + `\NonPackaged`},
	} {
		key, err := registry.OpenKey(at.root, at.path, registry.QUERY_VALUE)
		if errors.Is(err, registry.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, false, fmt.Errorf("read %s switch: %w", device, err)
		}
		v, _, err := key.GetStringValue("Value")
		key.Close()
		if err != nil {
			continue // a key without a value switches nothing
		}
		known = true
		off = off || v == "Deny"
	}
	return off, known, nil
}
