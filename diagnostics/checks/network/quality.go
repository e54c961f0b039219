package network

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// qualityLimits are the catalogue's, in Go's units.
type qualityLimits struct {
	lossWarn, lossFail       float64 // per cent
	latencyWarn, latencyFail time.Duration
	jitter                   time.Duration
	busy                     time.Duration // this computer wakes up so late that it measures itself
}

func newQualityLimits(s catalogue.Spec) qualityLimits {
	ms := func(name string) time.Duration {
		return time.Duration(s.Limit(name) * float64(time.Millisecond))
	}
	return qualityLimits{
		lossWarn: s.Limit("loss_warn_percent"), lossFail: s.Limit("loss_fail_percent"),
		latencyWarn: ms("latency_warn_ms"), latencyFail: ms("latency_fail_ms"),
		jitter: ms("jitter_ms"), busy: ms("busy_ms"),
	}
}

// The pace of the probes. Home routers take a burst of connections for an attack; one every 25 ms at a host,
// and never more than eight open at once, is what a browser does with one page.
const (
	qualityFirst  = 20 // at each host: enough to see that all is well
	qualityAll    = 40 // at each host, when it is not
	qualityHosts  = 2
	qualityPace   = 25 * time.Millisecond
	qualityAtOnce = 8
	qualityTime   = 2500 * time.Millisecond
	// qualitySettle is how long the answers to the first probes are waited for: the far side of the earth
	// answers within. What takes longer wants a longer look.
	qualitySettle = 250 * time.Millisecond
	// qualityNoReply is how long one probe waits: a lost request is sent again after 1 s.
	qualityNoReply = 1150 * time.Millisecond
)

func quality(spec catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	lim := newQualityLimits(spec)
	targets := p.qualityTargets()
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		if len(targets) == 0 {
			return notConfigured("probes.egress")
		}
		ctx, cancel := context.WithTimeout(ctx, qualityTime)
		defer cancel()
		lags := make(chan []time.Duration, 1)
		lagCtx, stopLag := context.WithCancel(ctx)
		defer stopLag()
		go func() { lags <- probe.Lag(lagCtx) }()
		s := sampleAll(ctx, targets, lim)
		stopLag()
		return judgeQuality(s, quantile(<-lags, nine), lim)
	}
}

// qualityTargets are two of the way out, of one family: IPv4, which nearly every network has, if they can.
func (p Params) qualityTargets() []netip.AddrPort {
	var v4, v6 []netip.AddrPort
	for _, raw := range p.Egress {
		a, err := netip.ParseAddrPort(raw)
		switch {
		case err != nil:
		case a.Addr().Unmap().Is4():
			v4 = append(v4, a)
		default:
			v6 = append(v6, a)
		}
	}
	if len(v4) == 0 {
		v4 = v6
	}
	return v4[:min(len(v4), qualityHosts)]
}

// sampleAll knocks at all targets side by side. It stops after the first twenty rounds unless something
// wants a longer look; then all go on, so that there is something to compare.
func sampleAll(ctx context.Context, targets []netip.AddrPort, lim qualityLimits) []sample {
	pr := &prober{open: make([]int, len(targets)), fates: make([][]probe.Knock, len(targets))}
	pace := time.NewTicker(qualityPace)
	defer pace.Stop()
	for round := range qualityAll {
		if round == qualityFirst {
			if pr.quiet(ctx, lim) {
				break
			}
			pace.Reset(qualityPace)
		}
		for i, t := range targets {
			pr.launch(ctx, i, t)
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	pr.all.Wait()
	list := make([]sample, len(targets))
	for i := range list {
		list[i] = withoutGap(pr.fates[i], lim.latencyWarn)
	}
	return list
}

// prober keeps count of the probes on their way.
type prober struct {
	all   sync.WaitGroup
	mu    sync.Mutex
	open  []int
	fates [][]probe.Knock // of each host, in the order of their launch; errPending while under way
}

var errPending = errors.New("still on its way")

// launch sends a probe unless eight are on their way to that host already; it then waits for its turn in the
// next round.
func (p *prober) launch(ctx context.Context, i int, t netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[i] == qualityAtOnce {
		return
	}
	p.open[i]++
	n := len(p.fates[i])
	p.fates[i] = append(p.fates[i], probe.Knock{Err: errPending})
	p.all.Go(func() {
		k := probe.KnockTCP(ctx, t.String(), qualityNoReply)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.open[i]--
		p.fates[i][n] = k
	})
}

// quiet waits for the answers to the first probes, a moment at most, and tells whether nothing in them
// wants a longer look. A host of which nothing was heard at all is another self-test's finding: it would
// only wait.
func (p *prober) quiet(ctx context.Context, lim qualityLimits) bool {
	const step = 5 * time.Millisecond
	for end := time.Now().Add(qualitySettle); ; {
		p.mu.Lock()
		waiting, heard := 0, 0
		list := make([]sample, len(p.fates))
		for i, fates := range p.fates {
			list[i] = sampleOf(fates)
			if list[i].heard() {
				heard++
				waiting += p.open[i]
			}
		}
		calm := heard > 0 && waiting == 0 && !suspicious(list, lim)
		p.mu.Unlock()
		if calm || time.Now().After(end) || ctx.Err() != nil {
			return calm
		}
		wait(ctx, step)
	}
}

// sample is what the probes of one host saw.
type sample struct {
	lost         int
	rtts         []time.Duration
	exact        bool
	answeredLate bool // after being asked again
}

// withoutGap leaves out a single hole in an otherwise good line: a router that restarts, a cable that is
// moved. That is over when it is over; other self-tests name it while it lasts. Loss and delay as
// properties of the line are there from the first probe to the last.
func withoutGap(fates []probe.Knock, late time.Duration) sample {
	const least = 4
	first, last, bad, good := -1, -1, 0, 0
	for i, k := range fates {
		switch {
		case k.Lost || k.Err == nil && k.RTT > late:
			if first < 0 {
				first = i
			}
			last = i
			bad++
		case k.Err == nil:
			good++
		}
	}
	if bad >= least && good >= least && bad >= last-first {
		return sampleOf(slices.Delete(slices.Clone(fates), first, last+1))
	}
	return sampleOf(fates)
}

func sampleOf(fates []probe.Knock) sample {
	var s sample
	for _, k := range fates {
		s.add(k)
	}
	return s
}

// sent are the probes whose fate is known.
func (s sample) sent() int { return s.lost + len(s.rtts) }

// heard tells whether anything came back.
func (s sample) heard() bool { return len(s.rtts) > 0 || s.answeredLate }

// add counts one probe. One that failed at once, or whose time was up for another reason than its own, is no
// measure of the way.
func (s *sample) add(k probe.Knock) {
	switch {
	case k.Err != nil && !k.Lost:
	case k.Err != nil:
		s.lost++
	case k.Lost:
		s.lost++
		s.answeredLate = true
	default:
		s.rtts = append(s.rtts, k.RTT)
		s.exact = k.Exact
	}
}
