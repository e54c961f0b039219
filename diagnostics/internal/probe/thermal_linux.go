package probe

import (
	"context"
	"io/fs"
	"path"
	"strings"
)

func heat(context.Context) (Heat, error) { return kernelHeat(sysRoot()), nil }

// kernelHeat reads the thermal zones, the sensor chips and the processors' own counters.
func kernelHeat(tree fs.FS) Heat {
	var h Heat
	h.zones(tree)
	h.chips(tree)
	h.throttles(tree)
	return h
}

const millidegrees = 1000

func (h *Heat) zones(tree fs.FS) {
	dirs, _ := fs.Glob(tree, "sys/class/thermal/thermal_zone*") // the pattern is constant
	for _, dir := range dirs {
		s := Sensor{Name: sysCode(tree, path.Join(dir, "type"))}
		for _, kind := range globbed(tree, dir, "trip_point_*_type") {
			if sysText(tree, kind) == "critical" {
				s.Critical = h.degrees(tree, strings.TrimSuffix(kind, "_type")+"_temp")
			}
		}
		h.add(tree, s, path.Join(dir, "temp"))
	}
}

// chips reads the hwmon class. Several thermometers of one chip are one sensor: the hottest counts.
func (h *Heat) chips(tree fs.FS) {
	dirs, _ := fs.Glob(tree, "sys/class/hwmon/hwmon*") // the pattern is constant
	for _, dir := range dirs {
		name := sysCode(tree, path.Join(dir, "name"))
		if name == "acpitz" {
			continue // a thermal zone, seen already
		}
		for _, input := range globbed(tree, dir, "temp*_input") {
			s := Sensor{Name: name, Critical: h.degrees(tree, strings.TrimSuffix(input, "_input")+"_crit")}
			h.add(tree, s, input)
		}
	}
}

func globbed(tree fs.FS, dir, pattern string) []string {
	names, _ := fs.Glob(tree, path.Join(dir, pattern)) // the patterns are constant
	return names
}

func (h *Heat) degrees(tree fs.FS, name string) float64 {
	v, ok := sysNumber(tree, name)
	if !ok {
		return 0
	}
	return v / millidegrees
}

func (h *Heat) add(tree fs.FS, s Sensor, name string) {
	s.Temp = h.degrees(tree, name)
	if !saneTemp(s.Temp) {
		h.Silent++
		return
	}
	if !saneCritical(s.Critical) {
		s.Critical = 0
	}
	h.Sensors = append(h.Sensors, s)
}

func (h *Heat) throttles(tree fs.FS) {
	const pattern = "sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count"
	files, _ := fs.Glob(tree, pattern) // the pattern is constant
	for _, name := range files {
		if n, ok := sysNumber(tree, name); ok && n >= 0 && n < 1e12 {
			h.Throttled += int64(n)
			h.Counts = true
		}
	}
}
