package record

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"balise/diagnostics/internal/probe"
)

// still is a source on which nothing happens.
func still() Source {
	perf := probe.NewPerf()
	perf.CPUs = 4
	perf.Pressure = func(string) (probe.Pressure, error) { return probe.Pressure{Some60: 12.34}, nil }
	perf.Memory = func(context.Context) (probe.Memory, error) { return probe.Memory{Total: 100, Available: 48}, nil }
	return Source{
		Counters: func() probe.Counters { return probe.Counters{} },
		Dumps:    func(_, _ time.Time) (int, bool) { return 0, false },
		Signal:   func() (float64, bool) { return 0, false },
		Load:     func() (float64, error) { return 2, nil },
		Perf:     perf,
		Routes:   func() ([]probe.Route, error) { return []probe.Route{{}}, nil },
		Resolve: func(context.Context) (time.Duration, bool, error) {
			return 40 * time.Millisecond, true, nil
		},
	}
}

func TestTakeSaysWhatHappenedSince(t *testing.T) {
	from := still()
	c := probe.Counters{Segments: 1000, Again: 10, Killed: 1, TCP: true, Memory: true}
	from.Counters = func() probe.Counters { return c }
	s := NewSampler(from)
	first := s.Take(t.Context(), noon)
	if first.LossPercent != nil || first.Crashes != nil {
		t.Errorf("a difference from nothing: %+v", first)
	}
	if *first.Load != 0.5 || *first.CPUPercent != 12.3 || *first.FreeMemoryPercent != 48 || *first.DNSMS != 40 || *first.DNSFailed {
		t.Errorf("have %+v", first)
	}
	c.Segments, c.Again, c.Killed = 2000, 60, 3
	from.Dumps = func(after, until time.Time) (int, bool) { return 1, until.Sub(after) == time.Minute }
	s.from = from
	second := s.Take(t.Context(), noon.Add(time.Minute))
	if *second.LossPercent != 5 || *second.Crashes != 3 {
		t.Errorf("have loss %v, crashes %v", *second.LossPercent, *second.Crashes)
	}
	c.Segments, c.Again = 2010, 70 // ten segments say nothing
	if m := s.Take(t.Context(), noon.Add(2*time.Minute)); m.LossPercent != nil {
		t.Errorf("a share of ten: %v", *m.LossPercent)
	}
	c.Segments = 9000
	if m := s.Take(t.Context(), noon.Add(3*time.Hour)); m.LossPercent != nil || m.Crashes != nil {
		t.Error("a difference over a night says nothing of a minute")
	}
	c.Segments, c.Again = 5, 0 // the counters began again
	if m := s.Take(t.Context(), noon.Add(3*time.Hour+time.Minute)); m.LossPercent != nil {
		t.Error("a difference from before a restart")
	}
}

func TestTakeWithoutANetwork(t *testing.T) {
	from := still()
	from.Routes = func() ([]probe.Route, error) { return nil, nil }
	from.Resolve = func(context.Context) (time.Duration, bool, error) { t.Error("asked"); return 0, true, nil }
	m := NewSampler(from).Take(t.Context(), noon)
	if m.Online == nil || *m.Online || m.DNSFailed != nil {
		t.Errorf("have %+v", m)
	}
	from.Routes = func() ([]probe.Route, error) { return []probe.Route{{}}, nil }
	from.Resolve = func(context.Context) (time.Duration, bool, error) { return 0, true, errors.New("silence") }
	if m := NewSampler(from).Take(t.Context(), noon); !*m.DNSFailed || m.DNSMS != nil {
		t.Errorf("have %+v", m)
	}
	from.Routes = func() ([]probe.Route, error) { return nil, errors.ErrUnsupported }
	if m := NewSampler(from).Take(t.Context(), noon); m.Online != nil {
		t.Error("not knowing became offline")
	}
}

// TestTakeThisComputer also prints what one minute costs: go test -v -bench . ./diagnostics/record
func TestTakeThisComputer(t *testing.T) {
	s := NewSampler(ThisComputer())
	s.Take(t.Context(), time.Now())
	m := s.Take(t.Context(), time.Now().Add(time.Minute))
	if m.Load == nil && m.FreeMemoryPercent == nil {
		t.Errorf("nothing could be read: %+v", m)
	}
	raw, _ := json.Marshal(m)
	t.Logf("%s", raw)
}

func BenchmarkTake(b *testing.B) {
	from := ThisComputer()
	from.Resolve = still().Resolve // the name server's time is not ours
	s := NewSampler(from)
	for b.Loop() {
		s.Take(b.Context(), time.Now())
	}
}

func TestWhy(t *testing.T) {
	for want, c := range map[string]probe.Conditions{
		"": {}, PausedMetered: {Metered: true}, PausedSaver: {Saver: true, Metered: true},
		PausedBattery: {LowBattery: true, Saver: true},
	} {
		if have := why(c); have != want {
			t.Errorf("%+v: %q", c, have)
		}
	}
}
