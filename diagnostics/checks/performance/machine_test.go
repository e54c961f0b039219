package performance

import (
	"context"
	"errors"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func TestIO(t *testing.T) {
	spec := (catalogue.Catalogue{}).Get("perf.io")
	for _, c := range []struct {
		name     string
		psi      probe.Pressure
		none     bool
		requests uint64
		took     time.Duration
		status   diagnostics.Status
		cause    diagnostics.Cause
	}{
		{name: "idle", status: diagnostics.Pass},
		{name: "a copy has just begun", psi: probe.Pressure{Full10: 80, Full60: 5}, status: diagnostics.Pass},
		{name: "a copy has just ended", psi: probe.Pressure{Full10: 1, Full60: 60}, status: diagnostics.Pass},
		{name: "slow, and nobody waits", requests: 50, took: 50 * time.Second, status: diagnostics.Pass},
		{name: "programs wait", psi: probe.Pressure{Full10: 30, Full60: 25}, requests: 50, took: time.Second, status: diagnostics.Warn, cause: IOWaiting},
		{name: "programs only wait", psi: probe.Pressure{Full10: 90, Full60: 70}, status: diagnostics.Fail, cause: IOWaiting},
		{name: "no pressure figures, quick", none: true, requests: 500, took: time.Second, status: diagnostics.Pass},
		{name: "no pressure figures, slow", none: true, requests: 50, took: 10 * time.Second, status: diagnostics.Warn, cause: IOSlow},
		{name: "no pressure figures, hardly used", none: true, requests: 3, took: 10 * time.Second, status: diagnostics.Pass},
		{name: "no pressure figures, very slow", none: true, requests: 50, took: 50 * time.Second, status: diagnostics.Fail, cause: IOSlow},
	} {
		n := uint64(0)
		p := probe.Perf{
			Pressure: func(string) (probe.Pressure, error) {
				if c.none {
					return probe.Pressure{}, probe.ErrNoPressure
				}
				return c.psi, nil
			},
			Sleep: func(context.Context, time.Duration) error { n++; return nil },
		}
		m := probe.Machine{Traffic: func(context.Context) ([]probe.Traffic, error) {
			return []probe.Traffic{{Disk: "sda", Done: 10 + n*c.requests, Took: time.Duration(n) * c.took}}, nil
		}}
		o := checkIO(t.Context(), p, m, spec)
		if o.Status != c.status || o.Cause != c.cause || o.Status.Bad() != (o.Severity != "") {
			t.Errorf("%s: %s %q %+v", c.name, o.Status, o.Cause, o.Facts)
		}
	}
}

func TestHeat(t *testing.T) {
	spec := (catalogue.Catalogue{}).Get("perf.thermal")
	at := func(temp, critical float64) []probe.Sensor {
		return []probe.Sensor{{Name: "nvme", Temp: 40, Critical: 85}, {Name: "x86_pkg_temp", Temp: temp, Critical: critical}}
	}
	for _, c := range []struct {
		name   string
		h      probe.Heat
		slowed int64
		status diagnostics.Status
		cause  diagnostics.Cause
	}{
		{"no thermometer", probe.Heat{}, 0, diagnostics.NA, ""},
		{"thermometers without sense", probe.Heat{Silent: 2}, 0, diagnostics.Unknown, ""},
		{"counters, and thermometers without sense", probe.Heat{Silent: 2, Counts: true}, 0, diagnostics.Unknown, ""},
		{"cool", probe.Heat{Sensors: at(55, 100)}, 0, diagnostics.Pass, ""},
		{"at work", probe.Heat{Sensors: at(92, 100), Counts: true}, 0, diagnostics.Pass, ""},
		{"close", probe.Heat{Sensors: at(96, 100)}, 0, diagnostics.Warn, TooHot},
		{"about to switch off", probe.Heat{Sensors: at(99, 100)}, 0, diagnostics.Fail, TooHot},
		{"no limit known", probe.Heat{Sensors: at(99, 0)}, 0, diagnostics.Pass, ""},
		{"slows down", probe.Heat{Sensors: at(93, 100), Counts: true}, 4, diagnostics.Fail, Throttled},
		{"saves energy", probe.Heat{Sensors: at(60, 100), Counts: true}, 4, diagnostics.Pass, ""},
		{"a Mac at full speed", probe.Heat{SpeedLimit: 100}, 0, diagnostics.Pass, ""},
		{"a Mac that slows down", probe.Heat{SpeedLimit: 62}, 0, diagnostics.Fail, Throttled},
	} {
		o := judgeHeat(spec, c.h, c.slowed)
		if o.Status != c.status || o.Cause != c.cause || o.Status.Bad() != (o.Severity != "") {
			t.Errorf("%s: %s %q", c.name, o.Status, o.Cause)
		}
	}
}

func TestThrottlingIsCountedBetweenTwoLooks(t *testing.T) {
	n := int64(0)
	m := probe.Machine{Heat: func(context.Context) (probe.Heat, error) {
		n += 7
		return probe.Heat{Counts: true, Throttled: n, Sensors: []probe.Sensor{{Name: "x", Temp: 95}}}, nil
	}}
	p := probe.Perf{Sleep: func(context.Context, time.Duration) error { return nil }}
	if o := checkThermal(t.Context(), p, m, (catalogue.Catalogue{}).Get("perf.thermal")); o.Cause != Throttled {
		t.Errorf("%+v", o)
	}
}

func TestBoot(t *testing.T) {
	spec := (catalogue.Catalogue{}).Get("perf.boot")
	for _, c := range []struct {
		name   string
		b      probe.Boot
		err    error
		status diagnostics.Status
	}{
		{"quick", probe.Boot{Kernel: 2 * time.Second, User: 12 * time.Second, Finished: true}, nil, diagnostics.Pass},
		{"slow", probe.Boot{Kernel: 2 * time.Second, User: 140 * time.Second, Finished: true}, nil, diagnostics.Warn},
		{
			"a password was typed, and the firmware waited",
			probe.Boot{Firmware: 70 * time.Second, Kernel: time.Second, Initrd: 200 * time.Second, User: 9 * time.Second, Finished: true},
			nil, diagnostics.Pass,
		},
		{"still starting", probe.Boot{Kernel: time.Second}, nil, diagnostics.Unknown},
		{"no systemd", probe.Boot{}, probe.ErrNoBus, diagnostics.NA},
		{"denied", probe.Boot{}, errors.New("denied"), diagnostics.Unknown},
	} {
		m := probe.Machine{Boot: func(context.Context) (probe.Boot, error) { return c.b, c.err }}
		o := checkBoot(t.Context(), m, spec)
		if o.Status != c.status || (o.Cause == BootSlow) != (c.status == diagnostics.Warn) {
			t.Errorf("%s: %s %q", c.name, o.Status, o.Cause)
		}
		if o.Status.Bad() && o.Severity != diagnostics.Notice {
			t.Errorf("%s: %s", c.name, o.Severity)
		}
	}
}

// One program that takes a processor for itself on a computer with many is named; a burst is not.
func TestHog(t *testing.T) {
	spec := (catalogue.Catalogue{}).Get("perf.cpu")
	for _, c := range []struct {
		name  string
		share []float64 // of one processor, in each moment; the last for ever
		cause diagnostics.Cause
	}{
		{"a burst", []float64{1, 1, 0.3}, ""},
		{"all the time", []float64{1, 0.98}, CPUHog},
		{"half of one", []float64{0.5}, ""},
	} {
		busy := make([]float64, len(c.share))
		for i, s := range c.share {
			busy[i] = 100 * s / 8
		}
		p, looks := busyMachine(busy...)
		used := 0.0
		wait := p.Sleep
		p.Sleep = func(ctx context.Context, d time.Duration) error {
			used += c.share[min(*looks, len(c.share)-1)] * d.Seconds()
			return wait(ctx, d)
		}
		p.Own = func(context.Context) ([]probe.Process, error) {
			return []probe.Process{{PID: 9, Name: "encoder", CPU: used}, {PID: 8, Name: "shell", CPU: 1}}, nil
		}
		o := checkCPU(t.Context(), p, spec)
		if o.Cause != c.cause {
			t.Errorf("%s: %s %q %+v", c.name, o.Status, o.Cause, o.Facts)
		}
		top, _ := diagnostics.Result{Facts: o.Facts}.Fact("top")
		if c.cause != "" && top.Value.([]string)[0] != "encoder" {
			t.Errorf("%s: who? %+v", c.name, o.Facts)
		}
	}
}
