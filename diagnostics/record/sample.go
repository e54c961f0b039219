package record

import (
	"context"
	"time"

	"balise/diagnostics/internal/probe"
)

// Sampler takes one minute after another. It is not safe for concurrent use.
type Sampler struct {
	from Source
	last probe.Counters
	// lastAt is when it was read; a minute says what happened since.
	lastAt time.Time
}

// Source is where the figures come from; each can be replaced in tests.
type Source struct {
	Counters func() probe.Counters
	Dumps    func(after, until time.Time) (int, bool)
	Signal   func() (dBm float64, ok bool)
	Load     func() (float64, error)
	Perf     probe.Perf
	Routes   func() ([]probe.Route, error)
	// Resolve asks the computer's own name server for the root of all names; asked is false without a server.
	Resolve func(ctx context.Context) (took time.Duration, asked bool, err error)
}

// ThisComputer is the Source of this computer.
func ThisComputer() Source {
	return Source{
		Counters: probe.ReadCounters, Dumps: probe.Dumps, Signal: probe.WeakestSignal, Load: probe.LoadAverage,
		Perf: probe.NewPerf(), Routes: probe.DefaultRoutes, Resolve: resolve,
	}
}

// NewSampler makes a sampler; its first minute has no figures that are differences.
func NewSampler(from Source) *Sampler { return &Sampler{from: from} }

const (
	// resolveWait is how long the name server may take: what programs wait for before they ask again.
	resolveWait = 3 * time.Second
	// oldReading is how old a reading may be for a difference to say something of a minute: after a pause or a
	// suspended night it does not.
	oldReading = 5 * time.Minute
	// leastSegments is how many segments make a share of repeated ones mean anything.
	leastSegments = 50
)

// resolve asks the first name server, that of the computer before those beyond it, as programs do.
func resolve(ctx context.Context) (time.Duration, bool, error) {
	local, remote, ok := probe.NameServers()
	servers := append(local, remote...)
	if !ok || len(servers) == 0 {
		return 0, false, nil
	}
	a := probe.AskServer(ctx, servers[0], "", resolveWait)
	return a.Took, true, a.Err
}

// Take looks at the computer now. It ends within some seconds, whatever the name server does.
func (s *Sampler) Take(ctx context.Context, now time.Time) Minute {
	m := Minute{At: now.UTC()}
	s.counters(&m, now)
	if v, ok := s.from.Signal(); ok {
		m.SignalDBm = rounded(v)
	}
	if v, err := s.from.Load(); err == nil && s.from.Perf.CPUs > 0 {
		m.Load = rounded(v / float64(s.from.Perf.CPUs))
	}
	for resource, into := range map[string]**float64{
		"cpu": &m.CPUPercent, "memory": &m.MemoryPercent, "io": &m.IOPercent,
	} {
		if p, err := s.from.Perf.Pressure(resource); err == nil {
			*into = rounded(p.Some60)
		}
	}
	if v, err := s.from.Perf.Memory(ctx); err == nil && v.Total > 0 {
		m.FreeMemoryPercent = rounded(100 * float64(v.Available) / float64(v.Total))
	}
	s.network(ctx, &m)
	return m
}

// counters are differences from the last reading.
func (s *Sampler) counters(m *Minute, now time.Time) {
	was, at := s.last, s.lastAt
	s.last, s.lastAt = s.from.Counters(), now
	since := now.Sub(at)
	if at.IsZero() || since <= 0 || since > oldReading {
		return
	}
	if was.TCP && s.last.TCP && s.last.Segments >= was.Segments+leastSegments && s.last.Again >= was.Again {
		m.LossPercent = rounded(min(100, 100*float64(s.last.Again-was.Again)/float64(s.last.Segments-was.Segments)))
	}
	crashes, known := s.from.Dumps(at, now)
	if was.Memory && s.last.Memory && s.last.Killed >= was.Killed {
		crashes, known = crashes+int(s.last.Killed-was.Killed), true
	}
	if known {
		m.Crashes = &crashes
	}
}

func (s *Sampler) network(ctx context.Context, m *Minute) {
	routes, err := s.from.Routes()
	if err != nil {
		return
	}
	online := len(routes) > 0
	m.Online = &online
	if !online {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, resolveWait)
	defer cancel()
	took, asked, err := s.from.Resolve(ctx)
	if !asked {
		return
	}
	failed := err != nil
	if m.DNSFailed = &failed; !failed {
		m.DNSMS = rounded(float64(took) / float64(time.Millisecond))
	}
}

func rounded(v float64) *float64 {
	v = tenth(v)
	return &v
}
