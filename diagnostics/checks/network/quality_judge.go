package network

import (
	"math"
	"slices"
	"time"

	"balise/diagnostics"
)

// nine is the quantile that stands for "nearly always": at forty probes four may be worse, so that a single
// hiccup decides nothing.
const nine = 0.9

// figures are a sample's in the words of the judge.
type figures struct {
	sent, lost  int
	p50, jitter time.Duration
}

func (f figures) loss() float64 {
	if f.sent == 0 {
		return 0
	}
	return 100 * float64(f.lost) / float64(f.sent)
}

// sum puts the living hosts together. Delay is the nearest host's: what is far away is not a bad line.
// Jitter is how much later than the middle of its host the slowest tenth is. A host that alone loses much
// while another loses nothing is itself the trouble, and does not count.
func sum(list []sample) figures {
	var f figures
	var later []time.Duration
	const alone = 5
	clean := slices.ContainsFunc(list, func(s sample) bool { return s.lost == 0 && len(s.rtts) >= qualityFirst })
	for _, s := range list {
		if !s.heard() || clean && s.lost >= alone {
			continue
		}
		f.sent += s.sent()
		f.lost += s.lost
		if len(s.rtts) == 0 {
			continue
		}
		middle := quantile(s.rtts, 0.5)
		if f.p50 == 0 || middle < f.p50 {
			f.p50 = middle
		}
		for _, d := range s.rtts {
			later = append(later, d-middle)
		}
	}
	f.jitter = quantile(later, nine)
	return f
}

// suspicious tells whether the first probes want a longer look.
func suspicious(list []sample, lim qualityLimits) bool {
	f := sum(list)
	for _, s := range list {
		if s.lost > 0 && s.heard() {
			return true
		}
	}
	return f.p50 > lim.latencyWarn || f.jitter > lim.jitter
}

// judgeQuality tells loss, delay and jitter apart. A request that was sent again is loss and never delay; one
// lost request is nothing, and below forty probes only much loss can be told from bad luck.
func judgeQuality(list []sample, lag time.Duration, lim qualityLimits) diagnostics.Outcome {
	f := sum(list)
	if f.sent == 0 {
		return unknown("quality.no_connection")
	}
	facts := []diagnostics.Fact{
		diagnostics.Int("probes", int64(f.sent), ""), diagnostics.Int("lost_requests", int64(f.lost), ""),
		diagnostics.Float("loss", math.Round(10*f.loss())/10, "%"),
	}
	if f.p50 > 0 {
		facts = append(facts, milliseconds("connect", f.p50), milliseconds("jitter", f.jitter))
	}
	if lag > lim.busy {
		facts = append(facts, milliseconds("wake_up_late", lag))
	}
	const enough, certain = 40, 10
	believed := f.lost > 1 && f.loss() >= lim.lossWarn && (f.sent >= enough || f.loss() >= certain)
	// Where the system itself counts, a busy computer changes nothing; a stopwatch it spoils.
	spoiled := lag > lim.busy && !allExact(list)
	const share = 5
	late := f.jitter < share*lag
	switch {
	case spoiled:
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case believed && f.loss() >= lim.lossFail:
		return poor("net.quality/loss", diagnostics.Fail, facts)
	case f.p50 >= lim.latencyFail:
		return poor("net.quality/latency", diagnostics.Fail, facts)
	case believed:
		return poor("net.quality/loss", diagnostics.Warn, facts)
	case f.p50 >= lim.latencyWarn:
		return poor("net.quality/latency", diagnostics.Warn, facts)
	case f.jitter >= lim.jitter && !late && f.sent >= qualityFirst:
		return poor("net.quality/jitter", diagnostics.Warn, facts)
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
}

func poor(
	cause diagnostics.Cause, status diagnostics.Status, facts []diagnostics.Fact,
) diagnostics.Outcome {
	return diagnostics.Outcome{Status: status, Cause: cause, Severity: diagnostics.Degrades, Facts: facts}
}

func allExact(list []sample) bool {
	return !slices.ContainsFunc(list, func(s sample) bool { return !s.exact && len(s.rtts) > 0 })
}

// quantile of an unsorted list; 0 of an empty one.
func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// milliseconds is a fact of a duration, with a decimal below 10 ms.
func milliseconds(key string, d time.Duration) diagnostics.Fact {
	ms := float64(d) / float64(time.Millisecond)
	const small = 10
	if ms < small {
		return diagnostics.Float(key, math.Round(10*ms)/10, "ms")
	}
	return diagnostics.Int(key, int64(math.Round(ms)), "ms")
}
