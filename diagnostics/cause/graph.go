package cause

import (
	"cmp"
	"slices"
	"strings"

	"balise/diagnostics"
)

// view is one run's results as Diagnose sees them.
type view struct {
	kb      Knowledge
	results []diagnostics.Result
	at      map[string]int // index by id
	// trouble are the results that can be, or follow from, a cause; remarks are bad but no more than a
	// notice.
	trouble []int
	remarks []int
	// parent is the nearest failing check that explains one, by index; -1 for a root.
	parent map[int]int
}

func newView(results []diagnostics.Result, kb Knowledge) *view {
	v := &view{kb: kb, results: slices.Clone(results), at: map[string]int{}, parent: map[int]int{}}
	for i := range v.results {
		v.results[i].ExplainedBy = ""
		v.at[v.results[i].ID] = i
	}
	for i, r := range v.results {
		switch {
		case !r.Status.Bad():
		case v.remark(r):
			v.remarks = append(v.remarks, i)
		default:
			v.trouble = append(v.trouble, i)
		}
	}
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

// remark tells whether a bad result is worth a word but is no cause: a notice, something that a passing check
// contradicts, or a single check that answered once out of two times.
func (v *view) remark(r diagnostics.Result) bool {
	if r.Severity == diagnostics.Notice {
		return true
	}
	if Tail(r.Cause) == diagnostics.Flapping && v.flapping() < 2 {
		return true
	}
	e, _ := v.kb.Entry(r.Cause)
	return slices.ContainsFunc(v.results, func(o diagnostics.Result) bool {
		return o.Status == diagnostics.Pass && v.kb.covers(e.RefutedBy, o.ID)
	})
}

func (v *view) flapping() int {
	n := 0
	for _, r := range v.results {
		if r.Status == diagnostics.Warn && Tail(r.Cause) == diagnostics.Flapping {
			n++
		}
	}
	return n
}

// nearest walks the relations upwards from a failing check, through what could not be observed, and stops at
// what passed: a cause does not act through something that works.
func (v *view) nearest(i int) int {
	seen := map[string]bool{v.results[i].ID: true}
	queue := v.relations(v.results[i].ID)
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		p, ok := v.at[id]
		switch {
		case !ok || !v.results[p].Status.Observed():
			queue = append(queue, v.relations(id)...)
		case slices.Contains(v.trouble, p) && v.explains(p, i):
			return p
		}
	}
	return -1
}

func (v *view) relations(id string) []string {
	rel := v.kb.Checks[v.kb.Template(id)]
	return slices.Concat(rel.Needs, rel.ExplainedBy)
}

// localFact is the key of the fact, true, by which a check says that its target is this computer itself: no
// network explains its failure.
const localFact = "local"

// explains tells whether one bad result can be the reason of another, by strength and by kind.
func (v *view) explains(p, i int) bool {
	by, of := v.results[p], v.results[i]
	if f, ok := of.Fact(localFact); ok && f.Value == true && strings.HasPrefix(by.ID, "net.") {
		return false
	}
	e, _ := v.kb.Entry(by.Cause)
	if by.Status == diagnostics.Warn && of.Status == diagnostics.Fail && !e.Strong {
		return false
	}
	if tails, limited := e.Explains[v.kb.Template(of.ID)]; limited {
		return slices.Contains(tails, Tail(of.Cause))
	}
	return true
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

// candidate is one root with what ranks it.
type candidate struct {
	index    int
	entry    Entry
	outranks bool
	tier     int
	fail     bool
	score    float64
}

// ranked are the roots, the best explanation first.
func (v *view) ranked() []candidate {
	var list []candidate
	for _, i := range v.trouble {
		if v.parent[i] >= 0 {
			continue
		}
		r := v.results[i]
		e, _ := v.kb.Entry(r.Cause)
		list = append(list, candidate{
			index: i, entry: e, outranks: e.Outranks, tier: v.tier(i),
			fail: r.Status == diagnostics.Fail, score: v.score(r, e),
		})
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(
			compareBool(b.outranks, a.outranks), cmp.Compare(b.tier, a.tier), compareBool(b.fail, a.fail),
			cmp.Compare(b.score, a.score), cmp.Compare(v.results[a.index].ID, v.results[b.index].ID),
		)
	})
	return list
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
