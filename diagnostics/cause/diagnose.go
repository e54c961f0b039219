package cause

import (
	"slices"
	"strings"

	"balise/diagnostics"
)

// Diagnose turns results into one diagnosis, and returns the results with ExplainedBy filled. It is pure: the
// same results, in any order, the same knowledge and the same context give the same answer.
//
// A root is a bad result that no other bad result explains, directly or by way of checks that could not look.
// Everything else is folded under its root. Roots are ranked by how well the table of causes fits what else
// was seen, and by how much they hurt; the first is the diagnosis, the others are named beside it.
func Diagnose(results []diagnostics.Result, kb Knowledge, ctx Context) (Diagnosis, []diagnostics.Result) {
	v := newView(results, kb, ctx)
	roots := v.ranked()
	if len(roots) == 0 {
		d := v.nothingWrong()
		d.Repairs = kb.repairs(d)
		return d, v.results
	}
	best := roots[0]
	r := v.results[best.index]
	d := Diagnosis{
		Cause: r.Cause, Root: r.ID, Facts: r.Facts,
		Actor: best.fault.Actor, Category: best.fault.Category, Level: best.fault.Level,
		Impact: best.fault.Impact, Urgency: best.fault.Urgency,
		Confidence: v.confidence(best, roots[1:]),
		Evidence:   v.evidence(r, best.fault),
		Folded:     v.folded(best.index),
		RuledOut:   v.ruledOut(),
		Changes:    v.suspects(v.fault[best.index]),
	}
	if impact, _ := v.answered(); d.Impact == "" {
		d.Impact = impact
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
		// Beside a real cause, one check that answered at the second try is noise.
		if !flaps(&v.results[i]) {
			v.also(&d, i)
		}
	}
	if d.Confidence == Possible || d.Confidence == Unsure {
		d.Question = v.question(v.weights(doubtful))
	}
	d.Fingerprint = v.fingerprint(r, best.fault)
	d.Repairs = kb.repairs(d)
	return d, v.results
}

// doubtful is how much the weights of faults are flattened where the confidence is low.
const doubtful = 3

// nothingWrong is the diagnosis without a cause: healthy if anything could be seen, else undetermined.
// Somebody complains all the same, so there is a question, and its answers say where the complaint belongs.
func (v *view) nothingWrong() Diagnosis {
	passed, blind := 0, 0
	for _, i := range v.order {
		switch v.results[i].Status {
		case diagnostics.Pass:
			passed++
		case diagnostics.Unknown:
			blind++
		}
	}
	d := Diagnosis{
		Cause: Healthy, Confidence: Confirmed, RuledOut: v.ruledOut(), Changes: v.suspects(-1),
	}
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
	weights := v.weights(1)
	v.orientation(&d, weights)
	d.Question = v.question(weights)
	d.Fingerprint = digest(string(d.Cause) + v.site())
	return d
}

const mostAlso = 2

// also names a further cause.
func (v *view) also(d *Diagnosis, i int) {
	if len(d.Also) == mostAlso {
		return
	}
	r := v.results[i]
	d.Also = append(d.Also, Also{Cause: r.Cause, Root: r.ID, Facts: r.Facts})
}

// sortedRemarks puts fail before warn, then by weight, then by name.
func (v *view) sortedRemarks() []int {
	slices.SortStableFunc(v.remarks, func(a, b int) int {
		x, y := &v.results[a], &v.results[b]
		if c := compareBool(y.Status == diagnostics.Fail, x.Status == diagnostics.Fail); c != 0 {
			return c
		}
		return weight(y.Severity) - weight(x.Severity)
	})
	return v.remarks
}

// words are the words of confidence, the surest last.
func words() [4]Confidence { return [...]Confidence{Unsure, Possible, Likely, Confirmed} }

func level(c Confidence) int {
	list := words()
	return slices.Index(list[:], c)
}

// closeGap is how much worse a rival must fit to be no rival, in nats: twenty to one.
const closeGap = 3

// confidence starts from what was seen twice (or is a direct reading) and steps down for every reason to
// doubt that it is the cause.
func (v *view) confidence(best candidate, rivals []candidate) Confidence {
	r := v.results[best.index]
	sure := level(Confirmed)
	if r.Detail == diagnostics.DetailUnconfirmed {
		sure--
	}
	if best.fault.AtMost != "" {
		sure = min(sure, level(best.fault.AtMost))
	}
	if !v.assumed(best.fault) {
		sure--
	}
	if v.contradicted(best.fault) {
		sure--
	}
	for _, c := range rivals {
		// Another cause of the same kind and weight, no better and no worse: one of the two may be the
		// reason.
		if c.tier == best.tier && c.fault.Category == best.fault.Category && best.score-c.score < closeGap &&
			Tail(v.results[c.index].Cause) != Tail(r.Cause) {
			sure--
			break
		}
	}
	sure = max(sure, level(Possible)) + v.seconded(v.fault[best.index])
	return words()[min(max(sure, level(Possible)), level(Confirmed))]
}

// assumed tells whether all is well without which the cause is less sure.
func (v *view) assumed(f *fault) bool {
	for _, check := range f.assumes {
		if i := v.first[check]; i < 0 || v.results[i].Status != diagnostics.Pass {
			return false
		}
	}
	return true
}

// contradicted tells whether something works that never works under this cause.
func (v *view) contradicted(f *fault) bool {
	for _, l := range f.links {
		for i := v.first[l.check]; i >= 0 && l.word == always; i = v.next[i] {
			if v.state[i] == well {
				return true
			}
		}
	}
	return false
}

// seconded is what the user's answers do to the confidence: a step up, a step down, or nothing.
func (v *view) seconded(at int) int {
	if at < 0 {
		return 0
	}
	sum := 0.0
	for i := range v.x.asks {
		if logs := v.x.asks[i].evidence(v.ctx.Answers); logs != nil {
			sum += logs[at]
		}
	}
	const clear = 0.6 // a factor of almost two
	switch {
	case sum > clear:
		return 1
	case sum < -clear:
		return -1
	}
	return 0
}

const mostEvidence = 2

// evidence is what the table names, else the root's first plain facts.
func (v *view) evidence(root diagnostics.Result, f *fault) []Evidence {
	list := make([]Evidence, 0, mostEvidence)
	add := func(r *diagnostics.Result, key string) {
		fact, ok := r.Fact(key)
		if ok && len(list) < mostEvidence {
			list = append(list, Evidence{Check: r.ID, Fact: fact})
		}
	}
	for _, ref := range f.Evidence {
		id, key, other := strings.Cut(ref, ":")
		if !other {
			add(&root, ref)
			continue
		}
		check, ok := v.x.number(id)
		if !ok {
			continue
		}
		if i := v.first[check]; i >= 0 && v.results[i].Status.Observed() {
			add(&v.results[i], key)
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, fact := range root.Facts {
		if fact.Class == diagnostics.Plain {
			add(&root, fact.Key)
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
	return list // trouble is in that order
}

// ruledOut are the areas in which something was seen and all of it is well.
func (v *view) ruledOut() []string {
	list := make([]string, 0, len(v.x.areas))
	for at, covers := range v.x.areas {
		good, bad := 0, 0
		for _, i := range v.order {
			if n := v.number[i]; n < 0 || !covers[n] {
				continue
			}
			switch r := &v.results[i]; {
			case r.Status == diagnostics.Pass:
				good++
			case r.Status.Bad(), r.Status == diagnostics.Skip:
				bad++
			}
		}
		if good > 0 && bad == 0 {
			list = append(list, v.x.areaIDs[at])
		}
	}
	return list
}
