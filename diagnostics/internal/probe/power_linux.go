package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/godbus/dbus/v5"
)

// supplies asks the kernel, and the power service where the kernel shows no battery: a phone-like device, or
// a sandbox without the files.
func supplies(ctx context.Context) (Supplies, error) {
	s, err := kernelSupplies(sysRoot())
	if err != nil || len(s.Batteries) > 0 {
		return s, err
	}
	all, err := upowerSupplies(ctx)
	switch {
	case errors.Is(err, ErrNoBus):
		return s, nil
	case err != nil:
		return s, err
	case len(all.Batteries) == 0:
		return s, nil
	}
	return all, nil
}

const supplyDir = "sys/class/power_supply"

// kernelSupplies reads the files of the power supply class (kernel documentation, ABI/testing).
func kernelSupplies(tree fs.FS) (Supplies, error) {
	var s Supplies
	entries, err := fs.ReadDir(tree, supplyDir)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("list power supplies: %w", err)
	}
	for _, e := range entries {
		dir := path.Join(supplyDir, e.Name())
		if sysCode(tree, path.Join(dir, "scope")) == "device" {
			continue // a mouse, a keyboard, a pen
		}
		switch kind := sysText(tree, path.Join(dir, "type")); {
		case kind == "Battery" && sysText(tree, path.Join(dir, "present")) != "0":
			s.Batteries = append(s.Batteries, kernelBattery(tree, dir))
		case kind == "Mains", strings.HasPrefix(kind, "USB"):
			s.Chargers++
			if online, ok := sysNumber(tree, path.Join(dir, "online")); ok && online > 0 {
				s.Online++
			}
		}
	}
	return s, nil
}

func kernelBattery(tree fs.FS, dir string) Battery {
	number := func(name string) (float64, bool) { return sysNumber(tree, path.Join(dir, name)) }
	b := Battery{State: batteryState(sysText(tree, path.Join(dir, "status")))}
	b.Percent = believable(number("capacity"))
	for _, unit := range []string{"energy", "charge"} { // µWh or µAh, whichever the battery counts in
		full, known := number(unit + "_full")
		design, too := number(unit + "_full_design")
		if known && too {
			b.Full, b.Design = full, design
			break
		}
	}
	if n, ok := number("cycle_count"); ok && n > 0 && n < 1e5 {
		b.Cycles = int64(n)
	}
	return b
}

// UPower's words for kinds and states of devices (org.freedesktop.UPower.Device).
const (
	upLinePower = 1
	upBattery   = 2
)

func upowerSupplies(ctx context.Context) (Supplies, error) {
	const service = "org.freedesktop.UPower"
	var s Supplies
	err := onSystemBus(ctx, func(ctx context.Context, b bus) error {
		var paths []dbus.ObjectPath
		err := b.call(ctx, service, "/org/freedesktop/UPower", service+".EnumerateDevices", nil, &paths)
		if err != nil {
			return err
		}
		const most = 32
		for _, p := range paths[:min(len(paths), most)] {
			all, err := b.allProperties(ctx, service, p, service+".Device")
			if err != nil {
				return err
			}
			s.addUPower(all)
		}
		return nil
	})
	return s, err
}

// addUPower adds a device by its properties; one that does not power the computer is left out.
func (s *Supplies) addUPower(all busProps) {
	kind, _ := busValue[uint32](all, "Type")
	powers, _ := busValue[bool](all, "PowerSupply")
	present, told := busValue[bool](all, "IsPresent")
	switch {
	case !powers:
	case kind == upLinePower:
		s.Chargers++
		if online, _ := busValue[bool](all, "Online"); online {
			s.Online++
		}
	case kind == upBattery && (present || !told):
		b := Battery{}
		state, _ := busValue[uint32](all, "State")
		b.State = map[uint32]string{1: "charging", 2: "discharging", 4: "full", 5: "not_charging"}[state]
		b.Percent = believable(busValue[float64](all, "Percentage"))
		b.Full, _ = busValue[float64](all, "EnergyFull")
		b.Design, _ = busValue[float64](all, "EnergyFullDesign")
		if n, ok := busValue[int32](all, "ChargeCycles"); ok && n > 0 {
			b.Cycles = int64(n)
		}
		s.Batteries = append(s.Batteries, b)
	}
}
