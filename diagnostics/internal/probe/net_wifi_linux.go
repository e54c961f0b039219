package probe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

const sysRfkill = "/sys/class/rfkill"

// ReadRadios asks the kernel's switches, and NetworkManager, which has one of its own.
func ReadRadios(ctx context.Context) (Radios, error) {
	r, err := readRfkill(sysRfkill)
	if err != nil {
		return r, err
	}
	m, err := readManager(ctx)
	if err != nil {
		return r, nil // nobody manages the network here, or not by this name
	}
	return mergeRadios(r, m), nil
}

// mergeRadios adds NetworkManager's view. Without a radio its switches mean nothing: both stand at "on".
func mergeRadios(r Radios, m manager) Radios {
	r.Present = max(r.Present, len(m.wifi))
	if r.Present > 0 {
		r.Soft = r.Soft || !m.radioOn && !r.Hard
		r.Hard = r.Hard || !m.hardwareOn
	}
	return r
}

// readRfkill counts the radios of a folder and tells whether all are blocked. A laptop often has two switches
// for the same Wi-Fi; either may hold it.
func readRfkill(root string) (Radios, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return Radios{}, nil
	}
	if err != nil {
		return Radios{}, err
	}
	var r Radios
	soft, hard, blocked := 0, 0, 0
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		if readWord(filepath.Join(dir, "type")) != "wlan" {
			continue
		}
		s, h := readWord(filepath.Join(dir, "soft")), readWord(filepath.Join(dir, "hard"))
		if s == "" && h == "" {
			continue // half written: it says nothing
		}
		r.Present++
		if s == "1" {
			soft++
		}
		if h == "1" {
			hard++
		}
		if s == "1" || h == "1" {
			blocked++
		}
	}
	if r.Present > 0 && blocked == r.Present {
		r.Hard = hard > 0
		r.Soft = soft > 0
	}
	return r, nil
}

// RadiosBlocked tells whether every Wi-Fi radio is switched off, by software or by a switch. Without a radio
// it is false.
func RadiosBlocked() bool {
	r, err := readRfkill(sysRfkill)
	return err == nil && r.Off()
}

// WifiSignals are the Wi-Fi connections in use: NetworkManager's figures, and the kernel's where it has none.
func WifiSignals(ctx context.Context) ([]Signal, error) {
	var signals []Signal
	raw, err := os.ReadFile("/proc/net/wireless")
	if err == nil {
		signals = parseWireless(string(raw))
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	m, err := readManager(ctx)
	if err != nil {
		return signals, nil
	}
	return mergeSignals(signals, m), nil
}

// mergeSignals prefers NetworkManager's strength, which is an average; the kernel's is of one moment.
func mergeSignals(kernel []Signal, m manager) []Signal {
	signals := kernel
	for _, w := range m.wifi {
		if w.strength < 0 {
			continue
		}
		s := Signal{Iface: w.iface, Strength: w.strength, MHz: w.mhz}
		found := false
		for i, k := range signals {
			if k.Iface == w.iface {
				s.DBm = k.DBm
				signals[i], found = s, true
			}
		}
		if !found {
			signals = append(signals, s)
		}
	}
	return signals
}
