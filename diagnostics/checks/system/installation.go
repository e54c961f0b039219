package system

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that sys.packages, sys.updates and sys.crashes name.
const (
	PackagesInterrupted diagnostics.Cause = "sys.packages/interrupted"
	UpdatesOld          diagnostics.Cause = "sys.updates/old"
	UpdatesSecurity     diagnostics.Cause = "sys.updates/security"
	CrashKernel         diagnostics.Cause = "sys.crashes/kernel"
	CrashProgram        diagnostics.Cause = "sys.crashes/program"
)

func checkPackages(ctx context.Context, in probe.Installation, spec catalogue.Spec) diagnostics.Outcome {
	p, err := in.Packages(ctx)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no list of packages that we can read", Final: true}
	case errors.Is(err, probe.ErrBusy):
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "packages are being installed", Final: true}
	case err != nil:
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
	}
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	o.Facts = []diagnostics.Fact{
		diagnostics.Int("packages", int64(p.Total), ""), diagnostics.Int("unfinished", int64(p.Unfinished), ""),
	}
	if p.Unfinished == 0 && !p.Journal {
		return o
	}
	o.Status, o.Severity, o.Cause = diagnostics.Fail, spec.Severity, PackagesInterrupted
	if len(p.Names) > 0 {
		o.Facts = append(o.Facts, diagnostics.Fact{Key: "programs", Value: p.Names, Class: diagnostics.Plain})
	}
	return o
}

func checkUpdates(
	ctx context.Context, in probe.Installation, s probe.System, spec catalogue.Spec,
) diagnostics.Outcome {
	u, err := in.Updates(ctx)
	switch {
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, probe.ErrNoBus):
		return diagnostics.Outcome{
			Status: diagnostics.NA, Detail: "nothing here says when updates were looked for", Final: true,
		}
	case err != nil:
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
	}
	// A computer that was off for a month has not had the time to look yet.
	up, err := s.Uptime(ctx)
	fresh := err != nil || up < day
	return judgeUpdates(u, fresh, s.Now(), spec)
}

func judgeUpdates(u probe.Updates, fresh bool, now time.Time, spec catalogue.Spec) diagnostics.Outcome {
	o := diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
	var days float64
	if !u.Checked.IsZero() {
		days = max(0, float64(now.Sub(u.Checked)/day))
		o.Facts = append(o.Facts, diagnostics.Int("days", int64(days), "d"))
	}
	if u.Counted {
		o.Facts = append(o.Facts, diagnostics.Int("security_updates", int64(u.Security), ""))
	}
	switch {
	case len(o.Facts) == 0:
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "updates were never looked for", Final: true}
	case days > spec.Limit("fail_days") && !fresh:
		o.Status, o.Severity, o.Cause = diagnostics.Fail, spec.Severity, UpdatesOld
	case days > spec.Limit("warn_days") && !fresh:
		o.Status, o.Severity, o.Cause = diagnostics.Warn, diagnostics.Notice, UpdatesOld
	case u.Counted && float64(u.Security) >= spec.Limit("security_updates"):
		o.Status, o.Severity, o.Cause = diagnostics.Warn, diagnostics.Notice, UpdatesSecurity
	}
	return o
}

func checkCrashes(
	ctx context.Context, in probe.Installation, s probe.System, spec catalogue.Spec,
) diagnostics.Outcome {
	c, err := in.Crashes(ctx)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "nothing here keeps crashes", Final: true}
	case err != nil:
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
	}
	return judgeCrashes(c, s.Now(), spec)
}

func judgeCrashes(c probe.Crashes, now time.Time, spec catalogue.Spec) diagnostics.Outcome {
	since := now.Add(-time.Duration(spec.Limit("days")) * day)
	// A file from the future is a clock's affair, and no crash of the last days.
	recent := func(at time.Time) bool { return at.After(since) && at.Before(now.Add(day)) }
	kernel := 0
	for _, at := range c.Kernel {
		if recent(at) {
			kernel++
		}
	}
	counts := map[string]int{}
	total := 0
	for _, one := range c.Programs {
		if recent(one.At) {
			counts[one.Program]++
			total++
		}
	}
	o := diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
	o.Facts = []diagnostics.Fact{
		diagnostics.Int("crashes", int64(total), ""), diagnostics.Int("kernel_crashes", int64(kernel), ""),
	}
	program, times := most(counts)
	if program != "" {
		o.Facts = append(o.Facts, diagnostics.Text("program", program), diagnostics.Int("times", int64(times), ""))
	}
	switch {
	case kernel > 0:
		o.Status, o.Severity, o.Cause = diagnostics.Fail, spec.Severity, CrashKernel
	case float64(times) >= spec.Limit("fail_times"):
		o.Status, o.Severity, o.Cause = diagnostics.Fail, spec.Severity, CrashProgram
	case total > 0:
		o.Status, o.Severity, o.Cause = diagnostics.Warn, diagnostics.Notice, CrashProgram
	}
	return o
}

// most finds the program that crashed most often, the first by name of several.
func most(counts map[string]int) (program string, times int) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] > times {
			program, times = name, counts[name]
		}
	}
	return program, times
}
