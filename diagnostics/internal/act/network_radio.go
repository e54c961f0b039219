package act

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Switches are the kernel's switches of radios: a folder that says how they stand, and a device that the user at
// the computer may write to (systemd gives it the uaccess tag; 70-uaccess.rules).
type Switches struct{ Class, Device string }

// KernelSwitches are this computer's.
func KernelSwitches() Switches { return Switches{Class: "/sys/class/rfkill", Device: "/dev/rfkill"} }

// Switch is one Wi-Fi radio's.
type Switch struct {
	Index uint32 `json:"index"`
	Soft  bool   `json:"soft,omitempty"` // off by software
	Hard  bool   `json:"hard,omitempty"` // off by a switch or a key of the computer
}

// Wifi are the switches of Wi-Fi radios.
func (s Switches) Wifi() ([]Switch, error) {
	entries, err := os.ReadDir(s.Class)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the radios' switches: %w", err)
	}
	var list []Switch
	for _, e := range entries {
		word := func(name string) string {
			raw, err := os.ReadFile(filepath.Join(s.Class, e.Name(), name))
			if err != nil {
				return "" // it was pulled out meanwhile
			}
			return strings.TrimSpace(string(raw))
		}
		n, err := strconv.ParseUint(word("index"), 10, 32)
		if err != nil || word("type") != "wlan" {
			continue
		}
		list = append(list, Switch{Index: uint32(n), Soft: word("soft") == "1", Hard: word("hard") == "1"})
	}
	return list, nil
}

// Set switches one radio on or off by software. The kernel takes events of eight bytes (struct rfkill_event in
// linux/rfkill.h: idx, type, op, soft, hard); op 2 is "change this one", and the type is then not looked at.
func (s Switches) Set(ctx context.Context, index uint32, off bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	const wlan, change = 1, 2
	event := binary.NativeEndian.AppendUint32(nil, index)
	event = append(event, wlan, change, 0, 0)
	if off {
		event[6] = 1
	}
	f, err := os.OpenFile(s.Device, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.Write(event)
		err = errors.Join(err, f.Close())
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrDenied, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	case err != nil:
		return fmt.Errorf("switch the radio: %w", err)
	}
	return nil
}
