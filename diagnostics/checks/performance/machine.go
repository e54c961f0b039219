package performance

import (
	"context"
	"errors"
	"os"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// watch is how long disks and heat are looked at: long enough for a slow disk to finish a few requests, short
// enough for a healthy computer to be told so within a second.
const watch = 400 * time.Millisecond

// checkIO needs two views: that programs wait for the disk, by the kernel's own measure, and how long a
// request takes. Where the first is measured it alone decides: a disk that is slow while nobody waits is a
// backup.
func checkIO(ctx context.Context, p probe.Perf, m probe.Machine, spec catalogue.Spec) diagnostics.Outcome {
	psi, noPSI := p.Pressure("io")
	if noPSI == nil && calm(spec, psi) {
		return diagnostics.Outcome{Status: diagnostics.Pass, Final: true, Facts: ioFacts(&psi, 0, false)}
	}
	before, err := m.Traffic(ctx)
	if err == nil {
		err = p.Sleep(ctx, watch)
	}
	var after []probe.Traffic
	if err == nil {
		after, err = m.Traffic(ctx)
	}
	if err != nil && noPSI != nil {
		return broken(err)
	}
	await, busy := probe.Await(before, after, uint64(spec.Limit("least_requests")))
	var o diagnostics.Outcome
	if noPSI == nil {
		o = judgeWaiting(spec, psi)
		o.Facts = ioFacts(&psi, await, busy)
		return o
	}
	o = judgeAwait(spec, await, busy)
	o.Facts = ioFacts(nil, await, busy)
	return o
}

// calm tells whether hardly anybody waits: then the disks need not be watched.
func calm(spec catalogue.Spec, psi probe.Pressure) bool {
	return psi.Full10 < spec.Limit("warn_pressure_percent") || psi.Full60 < spec.Limit("warn_pressure_percent")
}

// judgeWaiting wants both the last minute and the last ten seconds: what is over, and what has just begun, is
// no complaint.
func judgeWaiting(spec catalogue.Spec, psi probe.Pressure) diagnostics.Outcome {
	both := min(psi.Full10, psi.Full60)
	switch {
	case both >= spec.Limit("fail_pressure_percent"):
		return settled(bad(spec, diagnostics.Fail, IOWaiting))
	case both >= spec.Limit("warn_pressure_percent"):
		return settled(bad(spec, diagnostics.Warn, IOWaiting))
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
}

func judgeAwait(spec catalogue.Spec, await time.Duration, busy bool) diagnostics.Outcome {
	ms := float64(await.Milliseconds())
	switch {
	case busy && ms >= spec.Limit("fail_await_ms"):
		return open(bad(spec, diagnostics.Fail, IOSlow))
	case busy && ms >= spec.Limit("warn_await_ms"):
		return open(bad(spec, diagnostics.Warn, IOSlow))
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
}

// settled says that another look would show the same; open that it might not.
func settled(o diagnostics.Outcome) diagnostics.Outcome { o.Final = true; return o }

func open(o diagnostics.Outcome) diagnostics.Outcome { o.Final = false; return o }

func ioFacts(psi *probe.Pressure, await time.Duration, busy bool) []diagnostics.Fact {
	var list []diagnostics.Fact
	if psi != nil {
		list = append(list, diagnostics.Float("waiting_percent", tenth(psi.Full60), "%"),
			diagnostics.Float("waiting_now_percent", tenth(psi.Full10), "%"))
	}
	if busy {
		list = append(list, diagnostics.Int("await", await.Milliseconds(), "ms"))
	}
	return list
}

// checkThermal looks twice when a processor counts how often it was slowed down.
func checkThermal(ctx context.Context, p probe.Perf, m probe.Machine, spec catalogue.Spec,
) diagnostics.Outcome {
	h, err := m.Heat(ctx)
	if err != nil {
		return broken(err)
	}
	slowed := int64(0)
	if h.Counts {
		if err := p.Sleep(ctx, watch); err != nil {
			return broken(err)
		}
		later, err := m.Heat(ctx)
		if err != nil {
			return broken(err)
		}
		slowed = max(0, later.Throttled-h.Throttled)
		h = later
	}
	return judgeHeat(spec, h, slowed)
}

// judgeHeat calls a computer hot when it is about to protect itself, or does. A processor that slows down for
// a moment on the way up does what it is built for, so it must be hot as well.
func judgeHeat(spec catalogue.Spec, h probe.Heat, slowed int64) diagnostics.Outcome {
	if len(h.Sensors) == 0 && h.SpeedLimit == 0 && !(h.Counts && h.Silent == 0) {
		if h.Silent > 0 {
			return broken(probe.ErrNoFigures)
		}
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no thermometer", Final: true}
	}
	hottest, margin, known := probe.Sensor{}, 0.0, false
	for _, s := range h.Sensors {
		if s.Temp > hottest.Temp {
			hottest = s
		}
		if left := s.Critical - s.Temp; s.Critical > 0 && (!known || left < margin) {
			margin, known = left, true
		}
	}
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	warm := len(h.Sensors) == 0 || hottest.Temp >= spec.Limit("throttle_c")
	switch {
	case slowed > 0 && warm, h.SpeedLimit > 0 && h.SpeedLimit < spec.Limit("fail_speed_percent"):
		o = open(bad(spec, diagnostics.Fail, Throttled))
	case known && margin <= spec.Limit("fail_margin_c"):
		o = open(bad(spec, diagnostics.Fail, TooHot))
	case known && margin <= spec.Limit("warn_margin_c"):
		o = open(bad(spec, diagnostics.Warn, TooHot))
	}
	if hottest.Temp > 0 {
		o.Facts = append(o.Facts, diagnostics.Float("temperature", tenth(hottest.Temp), "°C"),
			diagnostics.Text("sensor", hottest.Name))
	}
	if known {
		o.Facts = append(o.Facts, diagnostics.Float("margin_c", tenth(margin), "°C"))
	}
	if slowed > 0 {
		o.Facts = append(o.Facts, diagnostics.Int("slowed_down", slowed, ""))
	}
	if h.SpeedLimit > 0 {
		o.Facts = append(o.Facts, diagnostics.Float("speed_percent", tenth(h.SpeedLimit), "%"))
	}
	return o
}

// checkBoot is worth a word at most: nobody cannot work for it now.
func checkBoot(ctx context.Context, m probe.Machine, spec catalogue.Spec) diagnostics.Outcome {
	b, err := m.Boot(ctx)
	switch {
	case errors.Is(err, probe.ErrNoBus):
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no systemd", Final: true}
	case errors.Is(err, os.ErrPermission):
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "denied", Final: true}
	case err != nil:
		return broken(err)
	}
	return judgeBoot(spec, b)
}

// judgeBoot counts what the computer does by itself: a password for the disk is typed while the initrd runs,
// and a firmware or loader may wait for a key.
func judgeBoot(spec catalogue.Spec, b probe.Boot) diagnostics.Outcome {
	if !b.Finished {
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "still starting", Final: true}
	}
	own := b.Kernel + b.User
	o := diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
	if own.Seconds() >= spec.Limit("warn_s") {
		o = settled(bad(spec, diagnostics.Warn, BootSlow))
		o.Severity = diagnostics.Notice
	}
	o.Facts = []diagnostics.Fact{diagnostics.Float("start", tenth(own.Seconds()), "s")}
	for _, part := range []struct {
		key string
		d   time.Duration
	}{
		{"start_firmware", b.Firmware},
		{"start_loader", b.Loader},
		{"start_kernel", b.Kernel},
		{"start_initrd", b.Initrd},
		{"start_user", b.User},
	} {
		if part.d > 0 {
			o.Facts = append(o.Facts, diagnostics.Float(part.key, tenth(part.d.Seconds()), "s"))
		}
	}
	return o
}
