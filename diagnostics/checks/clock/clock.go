// Package clock tests whether this computer knows what time it is. A wrong clock breaks certificates,
// one-time codes and sign-in, and none of these says so.
package clock

import (
	"context"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// Params are the references, from the settings. All are the organisation's own.
type Params struct {
	Time   []string // URLs, or host:123
	URLs   []string // desk and services: their Date headers
	CAFile string
	Proxy  string
}

// Checks are whether the clock is right, and whether something keeps it so.
func Checks(cat catalogue.Catalogue, p Params) []diagnostics.Check {
	spec := cat.Get("time.skew")
	warn := seconds(spec.Limit("warn_s"))
	fail := seconds(spec.Limit("fail_s"))
	refs := p.references()
	return []diagnostics.Check{spec.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
		if len(refs) == 0 {
			return diagnostics.Outcome{Status: diagnostics.NA, Detail: "config.probes.time"}
		}
		return judge(ask(ctx, refs, p), warn, fail)
	}), cat.Get("time.sync").Check(sync)}
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// references are at most six, the ones meant for it first. This very computer is no reference for its clock.
func (p Params) references() []string {
	const most = 6
	var refs []string
	seen := map[string]bool{}
	for _, raw := range slices.Concat(p.Time, p.URLs) {
		host := hostOf(raw)
		if host == "" || seen[host] || loopback(host) || len(refs) == most {
			continue
		}
		seen[host] = true
		refs = append(refs, raw)
	}
	return refs
}

func hostOf(ref string) string {
	if !strings.Contains(ref, "://") {
		host, _, _ := strings.Cut(ref, ":")
		if a, err := netip.ParseAddrPort(ref); err == nil {
			host = a.Addr().String()
		}
		return strings.ToLower(host)
	}
	u, err := url.Parse(ref)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	return local || err == nil && a.Unmap().IsLoopback()
}

// How long further references are waited for once one has answered, and once there are enough for a median.
const (
	settleOne = 800 * time.Millisecond
	settleTwo = 300 * time.Millisecond
)

func ask(ctx context.Context, refs []string, p Params) []probe.ClockReading {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	roots, _ := probe.Roots(p.CAFile)
	answers := make(chan probe.ClockReading, len(refs))
	for _, ref := range refs {
		go func() {
			if strings.Contains(ref, "://") {
				answers <- probe.HTTPClock(ctx, probe.HTTPRequest{URL: ref, Proxy: p.Proxy, Roots: roots})
				return
			}
			if !strings.Contains(ref, ":") {
				ref += ":123"
			}
			answers <- probe.SNTP(ctx, ref)
		}()
	}
	var good []probe.ClockReading
	for range refs {
		r := <-answers
		if r.Err != nil {
			continue
		}
		good = append(good, r)
		switch len(good) {
		case 1:
			defer time.AfterFunc(settleOne, cancel).Stop()
		case 2:
			defer time.AfterFunc(settleTwo, cancel).Stop()
		}
	}
	return good
}

// judge takes the median, and blames this clock only beyond what the readings' own error allows. References
// that disagree with each other accuse themselves.
func judge(readings []probe.ClockReading, warn, fail time.Duration) diagnostics.Outcome {
	if len(readings) == 0 {
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "clock.no_reference"}
	}
	slices.SortFunc(readings, func(a, b probe.ClockReading) int { return int(a.Offset/2 - b.Offset/2) })
	mid := readings[(len(readings)-1)/2]
	offset, margin := mid.Offset, mid.Error
	const digits = 10
	facts := []diagnostics.Fact{
		diagnostics.Float("offset", math.Round(offset.Seconds()*digits)/digits, "s"),
		diagnostics.Float("margin", math.Ceil(margin.Seconds()*digits)/digits, "s"),
		diagnostics.Int("references", int64(len(readings)), ""),
	}
	if !agree(readings, mid, fail) {
		return diagnostics.Outcome{
			Status: diagnostics.Unknown, Detail: "clock.references_disagree", Facts: facts,
		}
	}
	size := max(offset.Abs()-margin, 0)
	out := diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	switch {
	case size > fail:
		out.Status, out.Severity = diagnostics.Fail, diagnostics.Blocks
	case size > warn:
		out.Status, out.Severity = diagnostics.Warn, diagnostics.Degrades
	default:
		return out
	}
	out.Facts = append(out.Facts, diagnostics.Float("gap", math.Round(offset.Abs().Seconds()), "s"))
	out.Cause = "time.skew/behind"
	if offset > 0 {
		out.Cause = "time.skew/ahead"
	}
	return out
}

// agree tells whether more than half of the readings lie near the median; a single one has nobody to
// contradict it.
func agree(readings []probe.ClockReading, mid probe.ClockReading, within time.Duration) bool {
	near := 0
	for _, r := range readings {
		if (r.Offset - mid.Offset).Abs() <= within+r.Error+mid.Error {
			near++
		}
	}
	return 2*near > len(readings)
}
