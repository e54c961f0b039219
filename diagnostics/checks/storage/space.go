package storage

import (
	"context"
	"math"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

const (
	mb = 1 << 20
	gb = 1 << 30
)

// measured is a volume with its usage and the verdict on it.
type measured struct {
	volume
	use    probe.Usage
	status diagnostics.Status
}

func checkSpace(ctx context.Context, d probe.Disk, spec catalogue.Spec) diagnostics.Outcome {
	all, out := measure(ctx, d, func(u probe.Usage) diagnostics.Status { return judgeSpace(spec, u) })
	if out != nil {
		return *out
	}
	worst := pick(all, func(m measured) float64 { return m.use.FreePercent })
	o := verdict(spec, worst.status, SpaceLow, SpaceFull)
	o.Facts = []diagnostics.Fact{
		diagnostics.Text("volume", worst.role),
		diagnostics.Text("fs", worst.mount.Type),
		diagnostics.Int("free_bytes", clamp(worst.use.Free), "B"),
		diagnostics.Int("total_bytes", clamp(worst.use.Total), "B"),
		diagnostics.Float("free_percent", tenth(worst.use.FreePercent), "%"),
	}
	for _, m := range all {
		if m.role != worst.role {
			o.Facts = append(o.Facts,
				diagnostics.Float(m.role+".free_percent", tenth(m.use.FreePercent), "%"))
		}
	}
	return o
}

// judgeSpace says how a volume stands. Percentages alone would alarm on a huge disk with a hundred
// gigabytes free, bytes alone on a small memory disk that is empty; so both count.
func judgeSpace(spec catalogue.Spec, u probe.Usage) diagnostics.Status {
	free, percent := float64(u.Free), u.FreePercent
	if float64(u.Total) < spec.Limit("small_volume_gb")*gb {
		switch {
		case percent < spec.Limit("fail_free_percent"):
			return diagnostics.Fail
		case percent < spec.Limit("warn_free_percent"):
			return diagnostics.Warn
		}
		return diagnostics.Pass
	}
	switch {
	case free < spec.Limit("fail_free_mb")*mb,
		percent < spec.Limit("fail_free_percent") && free < spec.Limit("fail_free_gb")*gb:
		return diagnostics.Fail
	case percent < spec.Limit("warn_free_percent") && free < spec.Limit("warn_free_gb")*gb:
		return diagnostics.Warn
	}
	return diagnostics.Pass
}

func checkInodes(ctx context.Context, d probe.Disk, spec catalogue.Spec) diagnostics.Outcome {
	all, out := measure(ctx, d, func(u probe.Usage) diagnostics.Status {
		switch {
		case !u.CountsInodes:
			return diagnostics.NA
		case u.InodesUsedPercent > spec.Limit("fail_used_percent"):
			return diagnostics.Fail
		case u.InodesUsedPercent >= spec.Limit("warn_used_percent"):
			return diagnostics.Warn
		}
		return diagnostics.Pass
	})
	if out != nil {
		return *out
	}
	worst := pick(all, func(m measured) float64 { return -m.use.InodesUsedPercent })
	if worst.status == diagnostics.NA {
		return notHere("file system does not count files")
	}
	o := verdict(spec, worst.status, InodesLow, InodesFull)
	o.Facts = []diagnostics.Fact{
		diagnostics.Text("volume", worst.role),
		diagnostics.Text("fs", worst.mount.Type),
		diagnostics.Float("used_percent", tenth(worst.use.InodesUsedPercent), "%"),
		diagnostics.Int("inodes_free", clamp(worst.use.InodesFree), ""),
		diagnostics.Int("inodes_total", clamp(worst.use.Inodes), ""),
	}
	return o
}

// measure asks each volume; out is set when there is nothing to judge.
func measure(ctx context.Context, d probe.Disk, judge func(probe.Usage) diagnostics.Status,
) (all []measured, out *diagnostics.Outcome) {
	mounts, err := d.Mounts(ctx)
	if err != nil {
		o := broken(err.Error())
		return nil, &o
	}
	for _, v := range volumes(d, mounts) {
		if v.mount.Image() {
			continue
		}
		u, err := d.Usage(ctx, v.mount.Point)
		if err != nil || u.Total == 0 {
			continue
		}
		all = append(all, measured{v, u, judge(u)})
	}
	if len(all) == 0 {
		o := notHere("no local volume")
		return nil, &o
	}
	return all, nil
}

// pick returns the volume with the worst status; among equals the one with the smallest key.
func pick(all []measured, key func(measured) float64) measured {
	rank := map[diagnostics.Status]int{
		diagnostics.Fail: 3, diagnostics.Warn: 2, diagnostics.Pass: 1, diagnostics.NA: 0,
	}
	worst := all[0]
	for _, m := range all[1:] {
		a, b := rank[m.status], rank[worst.status]
		if a > b || a == b && key(m) < key(worst) {
			worst = m
		}
	}
	return worst
}

// verdict fills in cause and severity; a kernel's table does not change by asking twice.
func verdict(spec catalogue.Spec, s diagnostics.Status, warn, fail diagnostics.Cause) diagnostics.Outcome {
	o := diagnostics.Outcome{Status: s, Final: true}
	switch s {
	case diagnostics.Warn:
		o.Cause, o.Severity = warn, spec.WarnSeverity()
	case diagnostics.Fail:
		o.Cause, o.Severity = fail, spec.Severity
	}
	return o
}

func tenth(v float64) float64 { return math.Round(v*10) / 10 }

func clamp(v uint64) int64 { return int64(min(v, math.MaxInt64)) }
