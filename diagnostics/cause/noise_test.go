package cause

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"balise/diagnostics"
)

// The noise harness draws faults from the table, lets them break what the table says they break, adds checks that
// fail on their own account, and counts how often the fault is named. The generator and the score share a
// structure, so the figures are optimistic; the lab (diagnostics/lab) gives the real ones. What this one is for
// is to notice when a change to the table or to the score makes naming worse.

var draws = flag.Int("draws", 300, "draws of the noise harness for each rate of flakes")

// world draws results: what is wrong with a computer, and with its tests.
type world struct {
	kb    Knowledge
	x     *index
	rnd   *rand.Rand
	codes []string // the faults that can be drawn
}

func newWorld(kb Knowledge, seed uint64) *world {
	w := &world{kb: kb, x: kb.indexed(), rnd: rand.New(rand.NewPCG(seed, 1))}
	for _, code := range sortedKeys(kb.Causes) {
		if e := kb.Causes[code]; !strings.HasPrefix(code, "*") && len(e.ShownBy) == 0 {
			w.codes = append(w.codes, code)
		}
	}
	return w
}

// id is the check's id in a world in which each template has one instance.
func (w *world) id(check string) string {
	for code := range w.kb.Causes {
		if strings.HasPrefix(code, check+".*/") {
			return check + ".one"
		}
	}
	return check
}

// breaks are the checks that fail under a fault, with how. A check fails only if a way leads to it from the
// fault's own check, as in the world: an effect has a path.
func (w *world) breaks(code string) map[string]string {
	e := w.kb.Causes[code]
	broken := map[string]string{checkOf(code): Tail(diagnostics.Cause(code))}
	for word, list := range [...][]string{sometimes: e.Sometimes, often: e.Often, always: e.Always} {
		for at, ok := range w.x.covered(list) {
			check := w.x.names[at]
			if ok && check != checkOf(code) && w.rnd.Float64() < [...]float64{0, qSometimes, qOften, qAlways}[word] {
				if tail := w.tail(check, e.Explains[check]); tail != "" {
					broken[check] = tail
				}
			}
		}
	}
	return broken
}

func (w *world) tail(check string, allowed []string) string {
	if len(allowed) > 0 {
		return allowed[w.rnd.IntN(len(allowed))]
	}
	tails := sortedKeys(w.x.byTail[w.x.checks[check]])
	if len(tails) == 0 {
		return ""
	}
	return tails[w.rnd.IntN(len(tails))]
}

// results are what a run shows of the broken checks, with flakes: a check that fails by itself does so on both
// looks only by chance squared, else the second look gives the lie to it.
func (w *world) results(broken map[string]string, flake float64, codes ...string) []diagnostics.Result {
	var results []diagnostics.Result
	absent := make([]bool, len(w.x.names)) // a way around a fault would make it none
	for _, code := range codes {
		for at, ok := range w.x.covered(slices.Concat(w.kb.Causes[code].Unless, w.kb.Causes[code].RefutedBy)) {
			absent[at] = absent[at] || ok
		}
	}
	down := map[int]bool{}
	for at, check := range w.x.names {
		if _, ok := broken[check]; ok {
			down[at] = true
		}
	}
	for at, check := range w.x.names {
		r := diagnostics.Result{ID: w.id(check), Status: diagnostics.Pass}
		tail, bad := broken[check]
		first, second := w.rnd.Float64() < flake, w.rnd.Float64() < flake
		switch {
		case w.skipped(at, down):
			r.Status = diagnostics.Skip
		case absent[at] && !bad:
			r.Status = diagnostics.NA
		case !bad && first && second:
			tail, bad = w.tail(check, nil), true
		case !bad && first:
			if w.rnd.IntN(2) == 0 { // a warning that is contradicted is nothing, a failure is flapping
				r.Status, r.Severity = diagnostics.Warn, diagnostics.Degrades
				r.Cause = diagnostics.Cause(r.ID + "/" + diagnostics.Flapping)
			}
		case w.rnd.Float64() < flake:
			r.Status, bad = diagnostics.Unknown, false
		}
		if bad && tail != "" && r.Status == diagnostics.Pass {
			r.Status, r.Severity = diagnostics.Fail, diagnostics.Blocks
			if w.rnd.IntN(3) == 0 && checkOf(string(r.Cause)) != check {
				r.Severity = diagnostics.Degrades
			}
			r.Cause = diagnostics.Cause(r.ID + "/" + tail)
		}
		results = append(results, r)
	}
	return results
}

// skipped tells whether something that a check needs is broken.
func (w *world) skipped(at int, down map[int]bool) bool {
	for _, need := range w.kb.Checks[w.x.names[at]].Needs {
		if up, ok := w.x.checks[need]; ok && (down[up] || w.skipped(up, down)) {
			return true
		}
	}
	return false
}

// score counts over draws of one fault, and of two.
type noiseScore struct {
	n, top1, top2, shown int
	pairs, both          int
	healthy, alarms      int
	confusion            map[string]int
}

func (w *world) play(n int, flake float64) noiseScore {
	s := noiseScore{confusion: map[string]int{}}
	for range n {
		code := w.codes[w.rnd.IntN(len(w.codes))]
		d, _ := Diagnose(w.results(w.breaks(code), flake, code), w.kb, Context{})
		s.n++
		s.shown += 1 + len(d.Also)
		switch named := w.named(d); {
		case len(named) > 0 && named[0] == code:
			s.top1++
			s.top2++
		case len(named) > 1 && named[1] == code:
			s.top2++
			s.confusion[code+" -> "+named[0]]++
		default:
			s.confusion[code+" -> "+string(d.Cause)]++
		}
		w.pair(&s, code, flake)
		d, _ = Diagnose(w.results(map[string]string{}, flake), w.kb, Context{})
		if s.healthy++; d.Problem() {
			s.alarms++
		}
	}
	return s
}

// pair draws a second fault that has nothing to do with the first: neither breaks what the other's check sees.
func (w *world) pair(s *noiseScore, code string, flake float64) {
	other := w.codes[w.rnd.IntN(len(w.codes))]
	one, two := w.breaks(code), w.breaks(other)
	if w.related(code, other) {
		return
	}
	for check, tail := range two {
		if _, ok := one[check]; ok {
			return
		}
		one[check] = tail
	}
	d, _ := Diagnose(w.results(one, flake, code, other), w.kb, Context{})
	named := w.named(d)
	s.pairs++
	if slices.Contains(named, code) && slices.Contains(named, other) {
		s.both++
	}
}

// related tells whether one of two faults' checks can explain or block the other's.
func (w *world) related(a, b string) bool {
	up := func(from, to string) bool {
		seen := map[int]bool{}
		var climb func(at int) bool
		climb = func(at int) bool {
			if w.x.names[at] == to {
				return true
			}
			if seen[at] {
				return false
			}
			seen[at] = true
			return slices.ContainsFunc(w.x.up[at], climb)
		}
		return climb(w.x.checks[from])
	}
	return up(checkOf(a), checkOf(b)) || up(checkOf(b), checkOf(a)) ||
		w.kb.Causes[a].Outranks || w.kb.Causes[b].Outranks
}

// named are the rows of the table that a diagnosis names, first and also.
func (w *world) named(d Diagnosis) []string {
	var list []string
	if d.Problem() {
		list = append(list, rowOf(w.kb, d.Cause))
	}
	for _, a := range d.Also {
		list = append(list, rowOf(w.kb, a.Cause))
	}
	return list
}

func percent(part, of int) float64 { return 100 * float64(part) / float64(max(of, 1)) }

func TestNamingSurvivesNoise(t *testing.T) {
	kb := core(t)
	for _, c := range []struct{ flake, top1, top2, both, alarms float64 }{
		{0, 98, 99, 96, 0},
		{0.01, 95, 96, 92, 4},
		{0.03, 88, 91, 85, 15},
	} {
		s := newWorld(kb, 7).play(*draws, c.flake)
		shown := float64(s.shown) / float64(s.n)
		line := fmt.Sprintf("flakes %.0f %%: first %.1f %%, first or second %.1f %%, %.2f shown, both of two %.1f %% (of %d), "+
			"false alarms %.1f %%", 100*c.flake, percent(s.top1, s.n), percent(s.top2, s.n), shown,
			percent(s.both, s.pairs), s.pairs, percent(s.alarms, s.healthy))
		t.Log(line)
		if percent(s.top1, s.n) < c.top1 || percent(s.top2, s.n) < c.top2 || percent(s.both, s.pairs) < c.both ||
			percent(s.alarms, s.healthy) > c.alarms {
			t.Errorf("worse than %+v", c)
		}
		if testing.Verbose() {
			for _, confused := range sortedKeys(s.confusion) {
				t.Logf("  %3d %s", s.confusion[confused], confused)
			}
		}
	}
}
