package cause

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"balise/diagnostics"
)

// Diagnose turns results into one diagnosis, and returns the results with ExplainedBy filled. It is pure: the
// same results, in any order, and the same knowledge give the same answer.
//
// A root is a bad result that no other bad result explains, directly or by way of checks that could not look.
// Everything else is folded under its root. Roots are ranked by how much they hurt and then by how well the
// table of causes fits what else was seen; the first is the diagnosis, the others are named beside it.
func Diagnose(results []diagnostics.Result, kb Knowledge, _ Context) (Diagnosis, []diagnostics.Result) {
	v := newView(results, kb)
	roots := v.ranked()
	if len(roots) == 0 {
		return v.nothingWrong(), v.results
	}
	best := roots[0]
	r := v.results[best.index]
	d := Diagnosis{
		Cause: r.Cause, Root: r.ID, Facts: r.Facts,
		Actor: best.entry.Actor, Category: best.entry.Category, Level: best.entry.Level,
		Impact: best.entry.Impact, Urgency: best.entry.Urgency,
		Confidence: v.confidence(best, roots[1:]),
		Evidence:   v.evidence(r, best.entry),
		Folded:     v.folded(best.index),
		RuledOut:   v.ruledOut(),
		Repairs:    slices.Clone(best.entry.Repairs),
	}
	if d.Impact == "" {
		d.Impact = "user"
	}
	if d.Urgency == "" {
		d.Urgency = [...]string{"low", "medium", "high"}[best.tier]
	}
	for _, c := range roots[1:] {
		v.also(&d, c.index)
	}
	for _, i := range v.sortedRemarks() {
		v.also(&d, i)
	}
	d.Fingerprint = fingerprint(r, best.entry)
	return d, v.results
}

// nothingWrong is the diagnosis without a cause: healthy if anything could be seen, else undetermined.
func (v *view) nothingWrong() Diagnosis {
	passed, blind := 0, 0
	for _, r := range v.results {
		switch r.Status {
		case diagnostics.Pass:
			passed++
		case diagnostics.Unknown:
			blind++
		}
	}
	d := Diagnosis{Cause: Healthy, Confidence: Confirmed, RuledOut: v.ruledOut()}
	switch {
	case passed == 0:
		d.Cause, d.Confidence = Undetermined, Unsure
	case blind*4 > passed:
		// More than a fifth could not look: "nothing found" is then weaker than "nothing there".
		d.Confidence = Likely
	}
	for _, i := range v.sortedRemarks() {
		v.also(&d, i)
	}
	d.Fingerprint = digest(string(d.Cause))
	return d
}

const mostAlso = 2

// also names a further cause, and what could be done about it.
func (v *view) also(d *Diagnosis, i int) {
	if len(d.Also) == mostAlso {
		return
	}
	r := v.results[i]
	d.Also = append(d.Also, Also{Cause: r.Cause, Root: r.ID, Facts: r.Facts})
	e, _ := v.kb.Entry(r.Cause)
	for _, id := range e.Repairs {
		if !slices.Contains(d.Repairs, id) {
			d.Repairs = append(d.Repairs, id)
		}
	}
}

// sortedRemarks puts fail before warn, then by the table's prior, then by name.
func (v *view) sortedRemarks() []int {
	list := slices.Clone(v.remarks)
	slices.SortFunc(list, func(a, b int) int {
		x, y := v.results[a], v.results[b]
		if c := compareBool(y.Status == diagnostics.Fail, x.Status == diagnostics.Fail); c != 0 {
			return c
		}
		if c := weight(y.Severity) - weight(x.Severity); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	return list
}

// How likely a check fails when the cause is there, by the table's three words, and by itself.
const (
	qAlways    = 0.97
	qOften     = 0.60
	qSometimes = 0.20
	leak       = 0.02
)

// score is the logarithm of prior times likelihood, each check failing on its own account or by the cause
// (a noisy OR). Unobserved checks say nothing.
func (v *view) score(root diagnostics.Result, e Entry) float64 {
	prior := e.Prior
	if prior <= 0 {
		prior = 1
	}
	sum := math.Log(prior)
	for _, r := range v.results {
		if !r.Status.Observed() || r.ID == root.ID {
			continue
		}
		q := 0.0
		tails, limited := e.Explains[v.kb.Template(r.ID)]
		switch {
		case r.Status.Bad() && limited && !slices.Contains(tails, Tail(r.Cause)):
			// It fails, but not in the way in which this cause makes it fail.
		case v.kb.covers(e.Always, r.ID):
			q = qAlways
		case v.kb.covers(e.Often, r.ID):
			q = qOften
		case v.kb.covers(e.Sometimes, r.ID):
			q = qSometimes
		}
		if spared := (1 - q) * (1 - leak); r.Status.Bad() {
			sum += math.Log(1 - spared)
		} else {
			sum += math.Log(spared)
		}
	}
	return sum
}

var words = []Confidence{Unsure, Possible, Likely, Confirmed}

// confidence starts from what was seen twice (or is a direct reading) and steps down for every reason to
// doubt that it is the cause.
func (v *view) confidence(best candidate, rivals []candidate) Confidence {
	r := v.results[best.index]
	level := slices.Index(words, Confirmed)
	if r.Detail == diagnostics.DetailUnconfirmed {
		level--
	}
	if best.entry.AtMost != "" {
		level = min(level, slices.Index(words, best.entry.AtMost))
	}
	for _, need := range best.entry.Assumes {
		if i, ok := v.at[need]; !ok || v.results[i].Status != diagnostics.Pass {
			level--
			break
		}
	}
	for _, c := range rivals {
		// Another cause of the same kind and weight, no better and no worse: one of the two may be the
		// reason.
		if c.tier == best.tier && c.entry.Category == best.entry.Category && best.score-c.score < 3 &&
			Tail(v.results[c.index].Cause) != Tail(r.Cause) {
			level--
			break
		}
	}
	return words[max(level, slices.Index(words, Possible))]
}

const mostEvidence = 2

// evidence is what the table names, else the root's first plain facts.
func (v *view) evidence(root diagnostics.Result, e Entry) []Evidence {
	var list []Evidence
	add := func(r diagnostics.Result, key string) {
		f, ok := r.Fact(key)
		if ok && len(list) < mostEvidence {
			list = append(list, Evidence{Check: r.ID, Fact: f})
		}
	}
	for _, ref := range e.Evidence {
		check, key, other := strings.Cut(ref, ":")
		if !other {
			add(root, ref)
			continue
		}
		if i, ok := v.at[check]; ok && v.results[i].Status.Observed() {
			add(v.results[i], key)
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, f := range root.Facts {
		if f.Class == diagnostics.Plain {
			add(root, f.Key)
		}
	}
	return list
}

// folded are the checks that follow from a root, in alphabetical order.
func (v *view) folded(root int) []string {
	var list []string
	for _, i := range v.trouble {
		if i != root && v.root(i) == root {
			list = append(list, v.results[i].ID)
		}
	}
	slices.Sort(list)
	return list
}

// ruledOut are the areas in which something was seen and all of it is well.
func (v *view) ruledOut() []string {
	var list []string
	for _, a := range v.kb.Areas {
		good, bad := 0, 0
		for _, r := range v.results {
			if !v.kb.covers(a.Checks, r.ID) {
				continue
			}
			switch {
			case r.Status == diagnostics.Pass:
				good++
			case r.Status.Bad(), r.Status == diagnostics.Skip:
				bad++
			}
		}
		if good > 0 && bad == 0 {
			list = append(list, a.ID)
		}
	}
	return list
}

// fingerprint is made of codes only: the cause, and the plain facts that the table names. No address, no name
// of a person or a device goes in, not even hashed.
func fingerprint(r diagnostics.Result, e Entry) string {
	parts := []string{string(r.Cause)}
	for _, key := range e.Fingerprint {
		if f, ok := r.Fact(key); ok && f.Class == diagnostics.Plain {
			parts = append(parts, fmt.Sprintf("%s=%v", key, f.Value))
		}
	}
	return digest(strings.Join(parts, "|"))
}

func digest(s string) string {
	const size = 6
	sum := sha256.Sum256([]byte("balise fault 1|" + s))
	return hex.EncodeToString(sum[:size])
}
