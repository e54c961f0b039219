package cause

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"balise/diagnostics"
)

// The fourth layer: which of the roots is the cause.

// How likely a check fails when the cause is there, by the table's three words, and by itself.
const (
	qAlways    = 0.97
	qOften     = 0.60
	qSometimes = 0.20
	leak       = 0.02
)

// How much a root that hurts more counts before one that hurts less, and a failure before a warning, in the
// unit of the score (natural logarithms of probabilities): more than a rare cause against a common one, less
// than a whole picture that fits against one that does not.
const (
	tierWeight = 2.5
	failWeight = 1.0
)

// candidate is one root with what ranks it.
type candidate struct {
	index int
	fault *fault
	tier  int
	score float64 // how well the table fits what was seen
	total float64 // and how much it hurts
}

// unlisted stands for a cause that no table has.
var unlisted = &fault{check: -1}

// ranked are the roots, the best explanation first.
func (v *view) ranked() []candidate {
	var list []candidate
	for _, i := range v.trouble {
		if v.parent[i] >= 0 {
			continue
		}
		c := candidate{index: i, fault: unlisted, tier: v.tier(i)}
		if v.fault[i] >= 0 {
			c.fault = &v.x.faults[v.fault[i]]
		}
		c.score = v.score(i, c.fault)
		c.total = c.score + tierWeight*float64(c.tier)
		if v.results[i].Status == diagnostics.Fail {
			c.total += failWeight
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(
			compareBool(b.fault.Outranks, a.fault.Outranks), cmp.Compare(b.total, a.total),
			strings.Compare(v.results[a.index].ID, v.results[b.index].ID),
		)
	})
	return list
}

// tier is how much a root hurts, itself or by what follows from it.
func (v *view) tier(root int) int {
	worst := 0
	for _, i := range v.trouble {
		if v.root(i) == root {
			worst = max(worst, weight(v.results[i].Severity))
		}
	}
	return worst
}

func weight(s diagnostics.Severity) int {
	switch s {
	case diagnostics.Blocks:
		return 2
	case diagnostics.Degrades:
		return 1
	}
	return 0
}

// score is the logarithm of prior times likelihood, over all checks that could be observed. Unobserved ones
// say nothing.
func (v *view) score(root int, f *fault) float64 {
	sum := f.logPrior
	if at := v.fault[root]; at >= 0 && v.extra != nil {
		sum += v.extra[at]
	}
	for _, i := range v.order {
		if i == root || v.state[i] == unobserved {
			continue
		}
		word := v.word(i, f)
		if !v.results[i].Status.Bad() {
			sum += likelihood[word][pass]
			continue
		}
		if word == never && v.parent[i] >= 0 && v.root(i) == root {
			// The relations say that it follows, where the table is silent.
			word = sometimes
		}
		sum += likelihood[word][bad]
	}
	return sum
}

// word is the table's word for a check under a fault. A check that fails in a way in which this fault does
// not make it fail has none.
func (v *view) word(i int, f *fault) int {
	for _, l := range f.links {
		if l.check != v.number[i] {
			continue
		}
		if r := &v.results[i]; r.Status.Bad() {
			if tails, limited := f.Explains[v.name(i)]; limited && !slices.Contains(tails, Tail(r.Cause)) {
				return never
			}
		}
		return l.word
	}
	return never
}

// fresh is how long a change stays a full suspect.
const fresh = 48 * time.Hour

// beliefs are what is known beside the results, by fault: the site's own experience, what changed, and what
// the user answered.
func (v *view) beliefs() []float64 {
	if len(v.ctx.Answers) == 0 && len(v.ctx.Changes) == 0 && len(v.ctx.Priors) == 0 && len(v.ctx.Symptom) == 0 {
		return nil
	}
	sum := make([]float64, len(v.x.faults))
	for _, table := range []map[string]float64{v.ctx.Priors, v.ctx.Symptom} {
		if len(table) == 0 {
			continue
		}
		positive := make(map[string]float64, len(table))
		for pattern, factor := range table {
			if factor > 0 && !math.IsInf(factor, 0) && !math.IsNaN(factor) {
				positive[pattern] = factor
			}
		}
		addTo(sum, v.x.factors(positive), 1)
	}
	now := v.now()
	for _, c := range v.ctx.Changes {
		part := 1.0
		if !c.At.IsZero() && now.Sub(c.At) > fresh {
			part = 1.0 / 2
		}
		addTo(sum, v.x.changes[c.Code], part)
	}
	for i := range v.x.asks {
		addTo(sum, v.x.asks[i].evidence(v.ctx.Answers), 1)
	}
	return sum
}

func addTo(sum, more []float64, part float64) {
	for i, x := range more {
		sum[i] += x * part
	}
}

// now is when the results were seen: Diagnose asks no clock.
func (v *view) now() time.Time {
	var last time.Time
	for i := range v.results {
		if v.results[i].Started.After(last) {
			last = v.results[i].Started
		}
	}
	return last
}

const mostChanges = 3

// suspects are the changes that make a cause likelier, the most suspect first; without a cause, all.
func (v *view) suspects(at int) []diagnostics.Change {
	type suspect struct {
		change diagnostics.Change
		factor float64
	}
	var list []suspect
	for _, c := range v.ctx.Changes {
		s := suspect{change: c}
		if logs := v.x.changes[c.Code]; at >= 0 && logs != nil {
			s.factor = logs[at]
		}
		if at < 0 || s.factor > 0 {
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b suspect) int {
		return cmp.Or(cmp.Compare(b.factor, a.factor), b.change.At.Compare(a.change.At))
	})
	var changes []diagnostics.Change
	for _, s := range list[:min(len(list), mostChanges)] {
		changes = append(changes, s.change)
	}
	return changes
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
