// Package performance holds the self-tests perf.memory, perf.cpu, perf.io, perf.thermal and perf.boot: is the
// computer out of breath, and because of whom.
//
// Programs are named, never more: a command line holds what people type.
package performance

import (
	"context"
	"math"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that these tests name.
const (
	MemoryLow      diagnostics.Cause = "perf.memory/low"
	MemoryPressure diagnostics.Cause = "perf.memory/pressure"
	CPUBusy        diagnostics.Cause = "perf.cpu/busy"
	CPUHog         diagnostics.Cause = "perf.cpu/hog"
	IOWaiting      diagnostics.Cause = "perf.io/waiting"
	IOSlow         diagnostics.Cause = "perf.io/slow"
	Throttled      diagnostics.Cause = "perf.thermal/throttled"
	TooHot         diagnostics.Cause = "perf.thermal/hot"
	BootSlow       diagnostics.Cause = "perf.boot/slow"
)

const (
	// slice is one short look: a healthy computer is told so after the first.
	slice = 300 * time.Millisecond
	// longLook is how long the processors must stay busy, without a pause, to be called so: opening a program
	// takes less.
	longLook = 3 * time.Second
	// leastLook is enough where the deadline comes first: on a computer so busy that every step of this takes
	// its time. spare is what the steps after the look need there.
	leastLook = 2 * time.Second
	spare     = 900 * time.Millisecond
	// named is how many programs a result names.
	named = 3
)

// Checks lists the self-tests of this area.
func Checks(cat catalogue.Catalogue) []diagnostics.Check {
	return checks(cat, probe.NewPerf(), probe.NewMachine())
}

func checks(cat catalogue.Catalogue, p probe.Perf, m probe.Machine) []diagnostics.Check {
	io, thermal, boot := cat.Get("perf.io"), cat.Get("perf.thermal"), cat.Get("perf.boot")
	memory, cpu := cat.Get("perf.memory"), cat.Get("perf.cpu")
	return []diagnostics.Check{
		memory.Check(func(ctx context.Context, _ int) diagnostics.Outcome { return checkMemory(ctx, p, memory) }),
		cpu.Check(func(ctx context.Context, _ int) diagnostics.Outcome { return checkCPU(ctx, p, cpu) }),
		io.Check(func(ctx context.Context, _ int) diagnostics.Outcome { return checkIO(ctx, p, m, io) }),
		thermal.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			return checkThermal(ctx, p, m, thermal)
		}),
		boot.Check(func(ctx context.Context, _ int) diagnostics.Outcome { return checkBoot(ctx, m, boot) }),
	}
}

func broken(err error) diagnostics.Outcome {
	return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
}

func checkMemory(ctx context.Context, p probe.Perf, spec catalogue.Spec) diagnostics.Outcome {
	m, err := p.Memory(ctx)
	if err != nil {
		return broken(err)
	}
	if m.Total == 0 {
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "no memory figures", Final: true}
	}
	available := percent(m.Available, m.Total)
	swap := percent(m.SwapUsed, m.SwapTotal)
	waiting := -1.0 // not measured
	if psi, err := p.Pressure("memory"); err == nil {
		waiting = psi.Some60
	}
	o := judgeMemory(spec, available, swap, waiting)
	o.Facts = []diagnostics.Fact{
		diagnostics.Float("available_percent", tenth(available), "%"),
		diagnostics.Int("available_bytes", clamp(m.Available), "B"),
		diagnostics.Int("total_bytes", clamp(m.Total), "B"),
	}
	if m.SwapTotal > 0 {
		o.Facts = append(o.Facts, diagnostics.Float("swap_used_percent", tenth(swap), "%"))
	}
	if waiting >= 0 {
		o.Facts = append(o.Facts, diagnostics.Float("pressure_percent", tenth(waiting), "%"))
	}
	if o.Status.Bad() {
		if list, err := p.Processes(ctx); err == nil {
			o.Facts = append(o.Facts, names(probe.TopMemory(list, named)))
		}
	}
	return o
}

// judgeMemory says how memory stands. Little memory left and programs that wait for memory are two causes:
// the second is felt even when the first figure looks well, as in a container with a limit of its own.
func judgeMemory(spec catalogue.Spec, available, swap, waiting float64) diagnostics.Outcome {
	low := available < spec.Limit("warn_available_percent")
	switch {
	case available < spec.Limit("fail_available_percent"),
		low && swap >= spec.Limit("fail_swap_used_percent"):
		return bad(spec, diagnostics.Fail, MemoryLow)
	case waiting >= spec.Limit("fail_pressure_percent"):
		return bad(spec, diagnostics.Fail, MemoryPressure)
	case low:
		return bad(spec, diagnostics.Warn, MemoryLow)
	case waiting >= spec.Limit("warn_pressure_percent"):
		return bad(spec, diagnostics.Warn, MemoryPressure)
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
}

// checkCPU looks for a moment, and goes on for three seconds only while there is something to see; the first
// moment without it ends the look. Two things are worth it: processors that have nothing left, and one
// program of the user's own that takes a whole processor. On a computer with many, the second is felt as heat
// and noise long before the first.
func checkCPU(ctx context.Context, p probe.Perf, spec catalogue.Spec) diagnostics.Outcome {
	before, _ := p.Own(ctx) // without, nobody is named
	start, err := p.CPU(ctx)
	if err != nil {
		return broken(err)
	}
	started := p.Now()
	last, lastOwn, lastAt := start, before, started
	var all []probe.Process // everybody's, from when there is something to see
	var l load
	for {
		if err := p.Sleep(ctx, slice); err != nil {
			return broken(err)
		}
		now, err := p.CPU(ctx)
		if err != nil {
			return broken(err)
		}
		own, _ := p.Own(ctx)
		// On a computer that is out of breath the sleep takes longer than it was asked to.
		at := p.Now()
		moment := load{busy: probe.BusyPercent(last, now), window: at.Sub(lastAt)}
		moment.hog, moment.hogged = probe.Hog(lastOwn, own, moment.window)
		l = load{busy: probe.BusyPercent(start, now), window: at.Sub(started)}
		l.hog, l.hogged = probe.Hog(before, own, l.window)
		l.calm = !busy(spec, moment, all == nil)
		if l.calm || l.window >= longLook || hurry(ctx) {
			break
		}
		if all == nil {
			all, _ = p.Processes(ctx)
		}
		last, lastOwn, lastAt = now, own, at
	}
	o := judgeCPU(spec, l)
	if o.Cause == CPUBusy {
		if after, err := p.Processes(ctx); err == nil {
			l.top = probe.TopCPU(all, after, l.window, named)
		}
	}
	o.Facts = cpuFacts(l, p.CPUs, o.Cause)
	return o
}

// hurry tells whether the deadline is too close for another moment.
func hurry(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < slice+spare
}

// busy tells whether a moment is worth another. Later ones may be less so than the first: a program that
// works without a pause still waits for a disk now and then.
func busy(spec catalogue.Spec, m load, first bool) bool {
	const rest = 0.75
	share := 1.0
	if !first {
		share = rest
	}
	return m.busy >= share*spec.Limit("warn_busy_percent") || m.hogged >= share*spec.Limit("warn_hog_percent")
}

func cpuFacts(l load, cpus int, c diagnostics.Cause) []diagnostics.Fact {
	list := []diagnostics.Fact{
		diagnostics.Float("busy_percent", tenth(l.busy), "%"),
		diagnostics.Int("window_ms", l.window.Milliseconds(), "ms"),
		diagnostics.Int("cpus", int64(cpus), ""),
	}
	switch {
	case c == CPUHog:
		list = append(list, names([]string{l.hog}),
			diagnostics.Float("of_one_percent", math.Round(l.hogged), "%"))
	case c == CPUBusy && len(l.top) > 0:
		list = append(list, names(l.top))
	}
	return list
}

func judgeCPU(spec catalogue.Spec, l load) diagnostics.Outcome {
	switch {
	case l.calm, l.window < leastLook:
	case l.busy > spec.Limit("fail_busy_percent"):
		return bad(spec, diagnostics.Fail, CPUBusy)
	case l.busy >= spec.Limit("warn_busy_percent"):
		return bad(spec, diagnostics.Warn, CPUBusy)
	case l.hogged >= spec.Limit("warn_hog_percent"):
		return bad(spec, diagnostics.Warn, CPUHog)
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
}

// load is what a look at the processors showed.
type load struct {
	window time.Duration
	calm   bool     // its last moment had nothing to see
	busy   float64  // percent of all processors
	top    []string // who used them, if asked
	hog    string   // the one program of this user's that used most of one processor
	hogged float64  // percent of that one
}

func bad(spec catalogue.Spec, s diagnostics.Status, c diagnostics.Cause) diagnostics.Outcome {
	o := diagnostics.Outcome{Status: s, Cause: c, Severity: spec.Severity, Final: true}
	if s == diagnostics.Warn {
		o.Severity = spec.WarnSeverity()
	}
	return o
}

func names(top []string) diagnostics.Fact {
	return diagnostics.Fact{Key: "top", Value: top, Class: diagnostics.Plain}
}

func percent(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

func tenth(v float64) float64 { return math.Round(v*10) / 10 }

func clamp(v uint64) int64 { return int64(min(v, math.MaxInt64)) }
