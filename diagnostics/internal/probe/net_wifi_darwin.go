package probe

import (
	"context"
	"errors"
	"time"
)

// ReadRadios asks networksetup whether the Wi-Fi adapter has power. CoreWLAN would need cgo.
func ReadRadios(ctx context.Context) (Radios, error) {
	out, err := askTool(ctx, "networksetup", "-listallhardwareports")
	if err != nil {
		return Radios{}, err
	}
	device := parseWifiPort(out)
	if device == "" {
		return Radios{}, nil
	}
	out, err = askTool(ctx, "networksetup", "-getairportpower", device)
	if err != nil {
		return Radios{}, err
	}
	on, ok := parseAirportPower(out)
	if !ok {
		return Radios{}, errors.New("networksetup did not say whether Wi-Fi has power")
	}
	return Radios{Present: 1, Soft: !on}, nil
}

// askTool runs one of the system's own programs.
func askTool(ctx context.Context, name string, args ...string) ([]byte, error) {
	const patience = time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := tool{name: name, args: args}.run(ctx)
	return a.out, err
}

// RadiosBlocked tells whether Wi-Fi has no power.
func RadiosBlocked() bool {
	r, err := ReadRadios(context.Background())
	return err == nil && r.Off()
}

// WifiSignals is not known here without CoreWLAN; net.wifi is n/a.
func WifiSignals(context.Context) ([]Signal, error) { return nil, errors.ErrUnsupported }
