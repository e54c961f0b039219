package cause

import (
	"cmp"
	"slices"
	"strings"

	"balise/diagnostics"
)

// The first two layers, and the third: what was observed, and which failures follow from which.

// view is one run's results as Diagnose sees them.
type view struct {
	x       *index
	ctx     Context
	results []diagnostics.Result
	order   []int // the results by id, each id once: nothing may depend on the order in which checks end
	number  []int // by result, the number of its check; -1 for one that the knowledge does not know
	first   []int // by check, its first result in order; -1 for none
	next    []int // by result, the next one of the same check
	state   []state
	fault   []int // by result, the fault that it names; -1 for none
	parent  []int // by result, the failing check that explains it; -1 for a root
	trouble []int // the results that are, or follow from, a cause
	remarks []int // bad, but no more than worth a word
	seen    []int // scratch: when a check was last walked past
	walks   int
	queue   []int
	extra   []float64 // by fault, what answers, changes and the site's own experience add; nil for nothing
}

// state is what a result says about the computer.
type state uint8

const (
	unobserved state = iota // not tested, not tested to the end, not there: it says nothing
	well
	remark
	trouble
)

func newView(results []diagnostics.Result, kb Knowledge, ctx Context) *view {
	n := len(results)
	v := &view{x: kb.indexed(), ctx: ctx, results: slices.Clone(results)}
	// One piece of memory for all of them.
	ints := make([]int, 5*n+2*len(kb.Checks))
	cut := func(n int) []int {
		part := ints[:n:n]
		ints = ints[n:]
		return part
	}
	v.order, v.number, v.next, v.fault, v.parent = cut(n)[:0], cut(n), cut(n), cut(n), cut(n)
	v.first, v.seen = cut(len(kb.Checks)), cut(len(kb.Checks))
	v.state = make([]state, n)
	v.sort()
	v.observe()
	v.extra = v.beliefs()
	for _, i := range v.trouble {
		v.parent[i] = v.nearest(i)
	}
	v.breakCircles()
	for _, i := range v.trouble {
		if p := v.parent[i]; p >= 0 {
			v.results[i].ExplainedBy = v.results[p].ID
		}
	}
	return v
}

// sort puts the results in order, and leaves out what stands there twice.
func (v *view) sort() {
	for i := range v.results {
		v.order = append(v.order, i)
		v.results[i].ExplainedBy = ""
	}
	slices.SortFunc(v.order, func(a, b int) int {
		x, y := &v.results[a], &v.results[b]
		return cmp.Or(
			strings.Compare(x.ID, y.ID), strings.Compare(string(x.Status), string(y.Status)),
			strings.Compare(string(x.Cause), string(y.Cause)), strings.Compare(x.Detail, y.Detail),
			strings.Compare(string(x.Severity), string(y.Severity)),
		)
	})
	v.order = slices.CompactFunc(v.order, func(a, b int) bool { return v.results[a].ID == v.results[b].ID })
}

// observe sorts the results into what was seen and what was not.
func (v *view) observe() {
	for i := range v.first {
		v.first[i] = -1
	}
	flapping := 0
	for at := len(v.order) - 1; at >= 0; at-- {
		i := v.order[at]
		r := &v.results[i]
		v.parent[i], v.number[i], v.next[i], v.fault[i] = -1, -1, -1, -1
		if n, ok := v.x.number(r.ID); ok {
			v.number[i], v.next[i] = n, v.first[n]
			v.first[n] = i
		}
		if r.Status.Bad() {
			v.fault[i] = v.x.find(v.number[i], r.Cause)
			if flaps(r) && connection(r.ID) {
				flapping++
			}
		}
		if r.Status == diagnostics.Pass {
			v.state[i] = well
		}
	}
	for _, i := range v.order {
		r := &v.results[i]
		switch {
		case !r.Status.Bad():
		case v.needless(i):
			// Not even worth a word: where all works through a proxy, nobody is to blame for the direct way.
			v.state[i] = remark
		case r.Severity == diagnostics.Notice, v.stutters(i, flapping), v.vetoed(i):
			// A notice, a check that answered once out of two times (several of a connection are an unstable
			// connection), or something that another check contradicts: worth a word, no cause.
			v.state[i] = remark
			v.remarks = append(v.remarks, i)
		default:
			v.state[i] = trouble
			v.trouble = append(v.trouble, i)
		}
	}
}

// flaps tells whether a check's two attempts disagreed.
func flaps(r *diagnostics.Result) bool {
	return r.Status == diagnostics.Warn && Tail(r.Cause) == diagnostics.Flapping
}

// stutters tells whether a check that answered once out of two times is no more than that: alone, or not of a
// connection, and without a row of its own in the table, as a cable has that comes and goes.
func (v *view) stutters(i, flapping int) bool {
	r := &v.results[i]
	own := v.fault[i] >= 0 && v.x.faults[v.fault[i]].check >= 0
	return flaps(r) && !own && (flapping < 2 || !connection(r.ID))
}

// connection tells whether a check talks to somebody over the network.
func connection(id string) bool {
	family, _, _ := strings.Cut(id, ".")
	switch family {
	case "net", "svc", "mail", "time":
		return true
	}
	return false
}

// needless tells whether something works that makes a bad result not worth a word.
func (v *view) needless(i int) bool {
	return v.fault[i] >= 0 && v.anyPasses(v.x.faults[v.fault[i]].unless)
}

// vetoed tells whether a hard rule of the table forbids that a result be a cause.
func (v *view) vetoed(i int) bool {
	if v.fault[i] < 0 {
		return false
	}
	f := &v.x.faults[v.fault[i]]
	return v.anyPasses(f.refuted) || len(f.ShownBy) > 0 && !v.shown(f.ShownBy)
}

func (v *view) anyPasses(checks []int) bool {
	for _, check := range checks {
		for o := v.first[check]; o >= 0; o = v.next[o] {
			if v.results[o].Status == diagnostics.Pass {
				return true
			}
		}
	}
	return false
}

// shown tells whether any of these checks fails in one of these ways.
func (v *view) shown(by map[string][]string) bool {
	for id, tails := range by {
		check, ok := v.x.number(id)
		if !ok {
			continue
		}
		for o := v.first[check]; o >= 0; o = v.next[o] {
			if r := &v.results[o]; r.Status.Bad() && (len(tails) == 0 || slices.Contains(tails, Tail(r.Cause))) {
				return true
			}
		}
	}
	return false
}

// nearest walks the relations upwards from a failing check, through what could not be observed and what fails
// for a reason of its own, and stops at what works: a cause does not act through something that works.
func (v *view) nearest(i int) int {
	if v.number[i] < 0 {
		return -1
	}
	v.walks++
	v.seen[v.number[i]] = v.walks
	queue := append(v.queue[:0], v.x.up[v.number[i]]...)
	defer func() { v.queue = queue[:0] }()
	for at := 0; at < len(queue); at++ {
		check := queue[at]
		if v.seen[check] == v.walks {
			continue
		}
		v.seen[check] = v.walks
		works := false
		for p := v.first[check]; p >= 0; p = v.next[p] {
			switch v.state[p] {
			case trouble:
				if v.explains(p, i) {
					return p
				}
			case well, remark:
				works = true
			case unobserved:
			}
		}
		if !works {
			queue = append(queue, v.x.up[check]...)
		}
	}
	return -1
}

// Facts by which a check says where its target is: on this computer itself, which no network explains, or
// outside of the organisation's own network, which the way into it does not explain.
const (
	localFact  = "local"
	insideFact = "inside"
)

// insideOnly is the check whose failure explains only what lies inside the organisation's network.
const insideOnly = "net.vpn"

// explains tells whether one bad result can be the reason of another, by strength and by kind.
func (v *view) explains(p, i int) bool {
	by, of := &v.results[p], &v.results[i]
	if strings.HasPrefix(by.ID, "net.") {
		if f, ok := of.Fact(localFact); ok && f.Value == true {
			return false
		}
		if f, ok := of.Fact(insideFact); ok && f.Value == false && by.ID == insideOnly {
			return false
		}
	}
	if v.fault[p] < 0 {
		return by.Status == diagnostics.Fail || of.Status == diagnostics.Warn
	}
	if at := v.failedOnce(p); at >= 0 {
		// It failed at one of two looks: what failed meanwhile in a way that follows from that is its doing.
		tails, limited := v.x.faults[at].Explains[v.name(i)]
		if limited && slices.Contains(tails, Tail(of.Cause)) {
			return true
		}
	}
	f := &v.x.faults[v.fault[p]]
	if by.Status == diagnostics.Warn && of.Status == diagnostics.Fail && !f.Strong {
		return false
	}
	if tails, limited := f.Explains[v.name(i)]; limited {
		return slices.Contains(tails, Tail(of.Cause))
	}
	return true
}

// failedOnce is the fault that a check showed at one of two looks that disagree, -1 for any other result.
func (v *view) failedOnce(i int) int {
	r := &v.results[i]
	if !flaps(r) {
		return -1
	}
	for _, a := range r.Attempts {
		if a.Status == diagnostics.Fail {
			return v.x.find(v.number[i], a.Cause)
		}
	}
	return -1
}

// name is the check's id, or its template's.
func (v *view) name(i int) string {
	if n := v.number[i]; n >= 0 {
		return v.x.names[n]
	}
	return v.results[i].ID
}

// breakCircles makes a root of the first of any checks that explain each other.
func (v *view) breakCircles() {
	for _, i := range v.trouble {
		steps := 0
		for at := i; v.parent[at] >= 0; at = v.parent[at] {
			if steps++; steps > len(v.trouble) {
				v.parent[i] = -1
				break
			}
		}
	}
}

func (v *view) root(i int) int {
	for v.parent[i] >= 0 {
		i = v.parent[i]
	}
	return i
}
