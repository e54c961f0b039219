package cause

import (
	"math"
	"slices"
	"strings"

	"balise/diagnostics"
)

// index is the knowledge base made ready for use: names turned into numbers once, so that a diagnosis looks
// up instead of searching. It never changes after it is built.
type index struct {
	checks map[string]int // number of a check, or of a template
	names  []string       // by number
	up     [][]int        // needs and explained_by, by number
	faults []fault
	// byTail finds a fault by the number of its check and what it says of it; anyCheck those of every check.
	byTail   []map[string]int
	anyCheck map[string]int
	changes  map[string][]float64 // logarithm of the factor by fault, by code of the change
	asks     []ask
	areaIDs  []string
	areas    [][]bool // by area, which checks it covers
}

// fault is one row of the table of causes, or something that no self-test can see.
type fault struct {
	code  string
	check int // the number of the check that names it; -1 for every check's, and for what is unseen
	tail  string
	Entry
	logPrior float64
	links    []link
	refuted  []int
	unless   []int
	assumes  []int
	unseen   bool
}

// link says how likely another check fails when a fault is there.
type link struct {
	check int
	word  int // one of the words below
}

// The words of the table, and none: the check fails by itself only.
const (
	never = iota
	sometimes
	often
	always
)

// likelihood is the logarithm of how likely a check passes or fails, by the table's word: it fails by the
// fault, or on its own account (a noisy OR).
var likelihood = func() (l [always + 1][2]float64) {
	for word, q := range [...]float64{never: 0, sometimes: qSometimes, often: qOften, always: qAlways} {
		spared := (1 - q) * (1 - leak)
		l[word] = [2]float64{pass: math.Log(spared), bad: math.Log(1 - spared)}
	}
	return l
}()

const pass, bad = 0, 1

func (kb Knowledge) indexed() *index {
	if kb.index != nil {
		return kb.index
	}
	return newIndex(kb)
}

func newIndex(kb Knowledge) *index {
	x := &index{checks: map[string]int{}, anyCheck: map[string]int{}}
	for id := range kb.Checks {
		x.names = append(x.names, id)
	}
	slices.Sort(x.names)
	for n, id := range x.names {
		x.checks[id] = n
	}
	x.up = make([][]int, len(x.names))
	x.byTail = make([]map[string]int, len(x.names))
	for n, id := range x.names {
		rel := kb.Checks[id]
		for _, other := range slices.Concat(rel.Needs, rel.ExplainedBy) {
			if at, ok := x.checks[other]; ok {
				x.up[n] = append(x.up[n], at)
			}
		}
		x.byTail[n] = map[string]int{}
	}
	x.addFaults(kb)
	for _, a := range kb.Areas {
		x.areaIDs, x.areas = append(x.areaIDs, a.ID), append(x.areas, x.covered(a.Checks))
	}
	x.changes = map[string][]float64{}
	for code, factors := range kb.Changes {
		x.changes[code] = x.factors(factors)
	}
	for _, q := range kb.Questions {
		x.asks = append(x.asks, x.newAsk(q))
	}
	return x
}

func (x *index) addFaults(kb Knowledge) {
	add := func(code string, e Entry, unseen bool) {
		check, tail, _ := strings.Cut(code, "/")
		f := fault{code: code, check: -1, tail: tail, Entry: e, unseen: unseen}
		f.logPrior = math.Log(max(e.Prior, 1e-3))
		if at, ok := x.number(strings.TrimSuffix(check, ".*")); ok && !unseen {
			f.check = at
			x.byTail[at][tail] = len(x.faults)
		} else if check == "*" {
			x.anyCheck[tail] = len(x.faults)
		}
		words := make([]int, len(x.names))
		for word, list := range [...][]string{sometimes: e.Sometimes, often: e.Often, always: e.Always} {
			for at, ok := range x.covered(list) {
				if ok {
					words[at] = word
				}
			}
		}
		for at, word := range words {
			if word != never && at != f.check {
				f.links = append(f.links, link{at, word})
			}
		}
		f.refuted, f.assumes, f.unless = x.list(e.RefutedBy), x.list(e.Assumes), x.list(e.Unless)
		x.faults = append(x.faults, f)
	}
	for _, code := range sortedKeys(kb.Causes) {
		add(code, kb.Causes[code], false)
	}
	for _, code := range sortedKeys(kb.Unseen) {
		add(code, kb.Unseen[code], true)
	}
}

// number finds a check, or the template of an instance ("svc.reach" of "svc.reach.erp").
func (x *index) number(id string) (int, bool) {
	if at, ok := x.checks[id]; ok {
		return at, true
	}
	if i := strings.LastIndexByte(id, '.'); i > 0 {
		at, ok := x.checks[id[:i]]
		return at, ok
	}
	return -1, false
}

// covered marks the checks that a list names, by id or by a pattern with a star at its end.
func (x *index) covered(list []string) []bool {
	marks := make([]bool, len(x.names))
	for _, want := range list {
		head, open := strings.CutSuffix(want, "*")
		for at, id := range x.names {
			if id == want || open && (strings.HasPrefix(id, head) || id+"." == head) {
				marks[at] = true
			}
		}
	}
	return marks
}

func (x *index) list(names []string) []int {
	var list []int
	for at, ok := range x.covered(names) {
		if ok {
			list = append(list, at)
		}
	}
	return list
}

// factors are the logarithms of a table of factors by pattern of causes; the longest pattern counts.
func (x *index) factors(table map[string]float64) []float64 {
	logs := make([]float64, len(x.faults))
	for at, f := range x.faults {
		longest := -1
		for pattern, factor := range table {
			if len(pattern) > longest && matches(pattern, f.code) {
				longest, logs[at] = len(pattern), math.Log(factor)
			}
		}
	}
	return logs
}

// matches tells whether a pattern with a star at its end, or a whole code, names a cause.
func matches(pattern, code string) bool {
	head, open := strings.CutSuffix(pattern, "*")
	return pattern == code || open && strings.HasPrefix(code, head)
}

// find is the fault that a cause names: its check's own, or that of every check; -1 for none.
func (x *index) find(check int, c diagnostics.Cause) int {
	tail := Tail(c)
	if check >= 0 {
		if at, ok := x.byTail[check][tail]; ok {
			return at
		}
	}
	if at, ok := x.anyCheck[tail]; ok {
		return at
	}
	return -1
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
