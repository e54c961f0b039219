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

func TestJudgeMemory(t *testing.T) {
	spec := (catalogue.Catalogue{}).Get("perf.memory")
	for _, c := range []struct {
		name                     string
		available, swap, waiting float64
		status                   diagnostics.Status
		cause                    diagnostics.Cause
	}{
		{"healthy", 60, 0, 0, diagnostics.Pass, ""},
		{"not measured", 60, 0, -1, diagnostics.Pass, ""},
		{"a small swap is full and memory is not", 60, 100, 0, diagnostics.Pass, ""},
		{"low", 10, 0, 0, diagnostics.Warn, MemoryLow},
		{"out", 4, 0, 0, diagnostics.Fail, MemoryLow},
		{"low and swap full", 14, 95, 0, diagnostics.Fail, MemoryLow},
		{"programs wait", 50, 0, 12, diagnostics.Warn, MemoryPressure},
		{"programs wait long", 50, 0, 45, diagnostics.Fail, MemoryPressure},
		{"low, and programs wait long", 10, 0, 45, diagnostics.Fail, MemoryPressure},
	} {
		o := judgeMemory(spec, c.available, c.swap, c.waiting)
		if o.Status != c.status || o.Cause != c.cause {
			t.Errorf("%s: %s %q, want %s %q", c.name, o.Status, o.Cause, c.status, c.cause)
		}
	}
}

// busyMachine is a machine whose processors are busy by these percentages in the moments to come, the last of
// them for ever.
func busyMachine(busy ...float64) (probe.Perf, *int) {
	looks, used, clock := 0, probe.CPUTime{}, time.Unix(0, 0)
	p := probe.Perf{
		CPUs: 2,
		CPU:  func(context.Context) (probe.CPUTime, error) { return used, nil },
		Sleep: func(_ context.Context, d time.Duration) error {
			share := busy[min(looks, len(busy)-1)]
			used.Busy += share * d.Seconds()
			used.Idle += (100 - share) * d.Seconds()
			clock = clock.Add(d)
			looks++
			return nil
		},
		Own: func(context.Context) ([]probe.Process, error) { return nil, nil },
		Now: func() time.Time { return clock },
		Processes: func(context.Context) ([]probe.Process, error) {
			return []probe.Process{{PID: 7, Name: "hog", CPU: used.Busy / 100}}, nil
		},
	}
	return p, &looks
}

func TestProcessorsAreWatchedOnce(t *testing.T) {
	p, _ := busyMachine(0)
	for _, c := range checks(catalogue.Catalogue{}, p, probe.Machine{}) {
		if c.ID == "perf.cpu" && !c.Once {
			t.Error("a second look would overlap the first and measure the same")
		}
	}
}

func TestBusyOnlyAfterALongLook(t *testing.T) {
	spec := (catalogue.Catalogue{}).Get("perf.cpu")
	const whole = int(longLook / slice)
	for _, c := range []struct {
		name   string
		busy   []float64
		status diagnostics.Status
		looks  int
	}{
		{"idle", []float64{3}, diagnostics.Pass, 1},
		{"a program was just opened", []float64{99, 99, 40}, diagnostics.Pass, 3},
		{"many programs were opened", []float64{99, 99, 99, 99, 99, 99, 99, 20}, diagnostics.Pass, 8},
		{"busy", []float64{90, 85}, diagnostics.Warn, whole},
		{"busy, with a breath", []float64{100, 100, 70, 100}, diagnostics.Fail, whole},
		{"frozen", []float64{100}, diagnostics.Fail, whole},
	} {
		p, looks := busyMachine(c.busy...)
		o := checkCPU(t.Context(), p, spec)
		if o.Status != c.status || *looks != c.looks {
			t.Errorf("%s: %s after %d looks: %+v", c.name, o.Status, *looks, o.Facts)
		}
		top, named := diagnostics.Result{Facts: o.Facts}.Fact("top")
		if o.Status.Bad() && (!named || top.Value.([]string)[0] != "hog") {
			t.Errorf("%s: who? %+v", c.name, o.Facts)
		}
		if total := time.Duration(*looks) * slice; total >= spec.Timeout {
			t.Errorf("%s: looks for %s of %s", c.name, total, spec.Timeout)
		}
	}
}

func TestABrokenProbeIsUnknown(t *testing.T) {
	p := probe.Perf{
		Pressure: func(string) (probe.Pressure, error) { return probe.Pressure{}, probe.ErrNoPressure },
		Own:      func(context.Context) ([]probe.Process, error) { return nil, errors.New("denied") },
		Now:      time.Now,
		Memory:   func(context.Context) (probe.Memory, error) { return probe.Memory{}, errors.New("denied") },
		CPU:      func(context.Context) (probe.CPUTime, error) { return probe.CPUTime{}, errors.New("denied") },
	}
	m := probe.Machine{
		Heat:    func(context.Context) (probe.Heat, error) { return probe.Heat{}, errors.New("denied") },
		Boot:    func(context.Context) (probe.Boot, error) { return probe.Boot{}, errors.New("denied") },
		Traffic: func(context.Context) ([]probe.Traffic, error) { return nil, errors.New("denied") },
	}
	for _, c := range checks(catalogue.Catalogue{}, p, m) {
		if o := c.Run(t.Context(), 0); o.Status != diagnostics.Unknown || o.Cause != "" {
			t.Errorf("%s: %+v", c.ID, o)
		}
	}
}
