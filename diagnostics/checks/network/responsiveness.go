package network

import (
	"context"
	"net/url"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// busyLine is a connection's delay at rest and under load.
type busyLine struct {
	idle, loaded []time.Duration
	lost         int
	bytes        int64
	took         time.Duration
	code         string // why nothing came
}

func responsiveness(spec catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	slow, bad := spec.Limit("slow_rpm"), spec.Limit("bad_rpm")
	window := time.Duration(spec.Limit("window_s") * float64(time.Second))
	streams, most := int(spec.Limit("streams")), int64(spec.Limit("most_bytes"))
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		u, err := url.Parse(p.Load)
		if p.Load == "" || err != nil {
			return notConfigured("probes.load")
		}
		return judgeLine(watchLine(ctx, u, p, window, streams, most), slow, bad)
	}
}

// watchLine measures how long connecting takes, first at rest, then while the download runs.
func watchLine(
	ctx context.Context, u *url.URL, p Params, window time.Duration, streams int, most int64,
) busyLine {
	const idleProbes, pace, patience, spare = 8, 60 * time.Millisecond, 2 * time.Second, 300 * time.Millisecond
	var b busyLine
	if end, ok := ctx.Deadline(); ok {
		window = min(window, time.Until(end)-spare-idleProbes*pace)
	}
	roots, err := probe.Roots(p.CAFile)
	if err != nil {
		b.code = "config.desk.ca_file"
		return b
	}
	addr := loadAddress(ctx, u)
	if addr == "" {
		b.code = "load.no_address"
		return b
	}
	for range idleProbes {
		if k := probe.KnockTCP(ctx, addr, patience); k.Err == nil {
			b.idle = append(b.idle, k.RTT)
		}
		wait(ctx, pace)
	}
	loadCtx, stop := context.WithTimeout(ctx, max(window, 0))
	defer stop()
	start := time.Now()
	load := probe.StartLoad(loadCtx, u.String(), streams, most, roots)
	b.whileLoading(ctx, load, addr)
	b.took, b.bytes = time.Since(start), load.Bytes()
	stop()
	<-load.Ended()
	if _, b.code = probe.Kind(load.Err()); b.bytes == 0 && b.code == "" {
		b.code = "load.empty"
	}
	return b
}

// whileLoading knocks until the load ends. The first moments do not count: the line is not full yet.
func (b *busyLine) whileLoading(ctx context.Context, load *probe.Load, addr string) {
	const pace, patience, warmUp = 100 * time.Millisecond, 3 * time.Second, 400 * time.Millisecond
	start := time.Now()
	for {
		select {
		case <-load.Ended():
			return
		case <-ctx.Done():
			return
		default:
		}
		k := probe.KnockTCP(ctx, addr, patience)
		switch {
		case time.Since(start) < warmUp:
		case k.Lost:
			b.lost++
			b.loaded = append(b.loaded, k.Took)
		case k.Err == nil:
			b.loaded = append(b.loaded, k.RTT)
		}
		wait(ctx, pace)
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// loadAddress resolves once, so that names do not count as delay.
func loadAddress(ctx context.Context, u *url.URL) string {
	d := probe.DialHost(ctx, hostPort(u))
	if d.Err != nil {
		return ""
	}
	defer d.Conn.Close()
	return d.Conn.RemoteAddr().String()
}

// judgeLine counts round trips in a minute under load. A line whose delay at rest is already as bad is no
// worse for being busy; that is another self-test's finding.
func judgeLine(b busyLine, slow, bad float64) diagnostics.Outcome {
	const least, minute = 5, 60.0
	facts := []diagnostics.Fact{diagnostics.Int("loaded_bytes", b.bytes, "B")}
	if len(b.idle) == 0 || len(b.loaded) < least {
		out := unknown("load.too_short", facts...)
		out.Error = b.code
		return out
	}
	idle, loaded := quantile(b.idle, 0.5), quantile(b.loaded, 0.5)
	rpm := minute / max(loaded, time.Millisecond).Seconds()
	facts = append(facts, diagnostics.Int("rpm", int64(rpm), "/min"),
		milliseconds("connect", idle), milliseconds("connect_loaded", loaded),
		diagnostics.Int("lost_requests", int64(b.lost), ""))
	if s := b.took.Seconds(); s > 0 {
		const bits, mega = 8, 1e6
		facts = append(facts, diagnostics.Int("speed", int64(float64(b.bytes)*bits/mega/s), "Mb/s"))
	}
	out := diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	grown := loaded > 2*idle
	switch {
	case rpm < bad && grown:
		out.Status, out.Severity, out.Cause = diagnostics.Fail, diagnostics.Degrades, "net.responsiveness/bloated"
	case rpm < slow && grown:
		out.Status, out.Severity, out.Cause = diagnostics.Warn, diagnostics.Notice, "net.responsiveness/bloated"
	}
	return final(out)
}
