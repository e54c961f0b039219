// Package system holds the self-tests of the installation itself: is a restart due, do its services run, are
// its programs whole and up to date, and did any of them crash.
package system

import (
	"cmp"
	"context"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that these tests name.
const (
	UptimeLong    diagnostics.Cause = "sys.uptime/long"
	RebootPending diagnostics.Cause = "sys.reboot_pending/yes"
)

const day = 24 * time.Hour

// Params are what the settings say of the system.
type Params struct {
	// Units are the services whose failure matters to the user.
	Units []string
}

// Checks lists the self-tests of this area.
func Checks(cat catalogue.Catalogue, p Params) []diagnostics.Check {
	return checks(cat, p, probe.NewSystem(), probe.NewUnits(), probe.NewInstallation())
}

func checks(
	cat catalogue.Catalogue, p Params, s probe.System, u probe.Units, in probe.Installation,
) []diagnostics.Check {
	uptime, reboot, services := cat.Get("sys.uptime"), cat.Get("sys.reboot_pending"), cat.Get("sys.services")
	pkgs, updates, crashes := cat.Get("sys.packages"), cat.Get("sys.updates"), cat.Get("sys.crashes")
	return []diagnostics.Check{
		uptime.Check(func(ctx context.Context, _ int) diagnostics.Outcome { return checkUptime(ctx, s, uptime) }),
		reboot.Check(func(context.Context, int) diagnostics.Outcome { return checkReboot(s, reboot) }),
		services.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			return checkServices(ctx, p, u, services)
		}),
		pkgs.Check(func(ctx context.Context, _ int) diagnostics.Outcome { return checkPackages(ctx, in, pkgs) }),
		updates.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			return checkUpdates(ctx, in, s, updates)
		}),
		crashes.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			return checkCrashes(ctx, in, s, crashes)
		}),
	}
}

func checkUptime(ctx context.Context, s probe.System, spec catalogue.Spec) diagnostics.Outcome {
	up, err := s.Uptime(ctx)
	if err != nil {
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
	}
	o := diagnostics.Outcome{
		Status: diagnostics.Pass, Final: true,
		Facts: []diagnostics.Fact{diagnostics.Int("days", int64(up/day), "d")},
	}
	if float64(up/day) >= spec.Limit("warn_days") {
		o.Status, o.Cause, o.Severity = diagnostics.Warn, UptimeLong, spec.WarnSeverity()
	}
	return o
}

func checkReboot(s probe.System, spec catalogue.Spec) diagnostics.Outcome {
	r, err := s.Reboot()
	if err != nil {
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
	}
	reason := ""
	switch {
	case r.Requested:
		reason = cmp.Or(r.Reason, "packages")
	case r.Newest != r.Running:
		reason = "kernel"
	default:
		return diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
	}
	o := diagnostics.Outcome{
		Status: diagnostics.Warn, Cause: RebootPending, Severity: spec.WarnSeverity(), Final: true,
		Facts: []diagnostics.Fact{diagnostics.Text("reason", reason)},
	}
	if age := s.Now().Sub(r.Since); !r.Since.IsZero() && age >= 0 {
		o.Facts = append(o.Facts, diagnostics.Int("days", int64(age/day), "d"))
	}
	if n := len(r.Packages); n > 0 {
		o.Facts = append(o.Facts, diagnostics.Int("packages", int64(n), ""))
	}
	return o
}
