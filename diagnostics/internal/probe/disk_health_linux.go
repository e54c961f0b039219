package probe

import (
	"context"
	"errors"
)

const udisks = "org.freedesktop.UDisks2"

// driveHealth asks the disk service, which reads the drives' own figures every ten minutes; nothing here
// wakes a drive.
func driveHealth(ctx context.Context) ([]DriveHealth, error) {
	var all managed
	err := onSystemBus(ctx, func(ctx context.Context, b bus) (err error) {
		all, err = b.managedObjects(ctx, udisks, "/org/freedesktop/UDisks2")
		return err
	})
	if errors.Is(err, ErrNoBus) {
		return nil, ErrNoHealth
	}
	if err != nil {
		return nil, err
	}
	return healthFrom(all), nil
}

// healthFrom picks the drives that have told something. One whose figures were never read is silent.
func healthFrom(all managed) []DriveHealth {
	var list []DriveHealth
	for _, interfaces := range all {
		if ata, ok := interfaces[udisks+".Drive.Ata"]; ok {
			if d, ok := ataHealth(ata); ok {
				list = append(list, d)
			}
		}
		if nvme, ok := interfaces[udisks+".NVMe.Controller"]; ok {
			if d, ok := nvmeHealth(nvme); ok {
				list = append(list, d)
			}
		}
	}
	return list
}

func ataHealth(p busProps) (DriveHealth, bool) {
	supported, _ := busValue[bool](p, "SmartSupported")
	enabled, told := busValue[bool](p, "SmartEnabled")
	read, _ := busValue[uint64](p, "SmartUpdated")
	if !supported || told && !enabled || read == 0 {
		return DriveHealth{}, false
	}
	d := DriveHealth{Kind: "ata", WearPercent: -1}
	d.Failing, _ = busValue[bool](p, "SmartFailing")
	kelvin, _ := busValue[float64](p, "SmartTemperature")
	d.TempC = celsius(kelvin)
	return d, true
}

func nvmeHealth(p busProps) (DriveHealth, bool) {
	d := DriveHealth{Kind: "nvme", WearPercent: -1}
	read, _ := busValue[uint64](p, "SmartUpdated")
	warnings, told := busValue[[]string](p, "SmartCriticalWarning")
	if read == 0 && len(warnings) == 0 || !told {
		return d, false
	}
	for _, w := range warnings {
		if w = codeOf(w); w != "" {
			d.Warnings = append(d.Warnings, w)
		}
	}
	kelvin, _ := busValue[uint16](p, "SmartTemperature")
	d.TempC = celsius(float64(kelvin))
	return d, true
}

// celsius is 0 for what no drive that answers can have.
func celsius(kelvin float64) float64 {
	const zero = 273.15
	if c := kelvin - zero; saneTemp(c) {
		return c
	}
	return 0
}
