package cause

import (
	"maps"
	"slices"
)

// Extra is what support packs, or the symptom that a user chose, add to the knowledge.
type Extra struct {
	Causes    map[string]Entry
	Checks    map[string]Relations
	Questions []Ask
	Helps     map[string]Help
}

// With is the knowledge with more of it; what stands in both is the first's. The first is left as it was.
func (kb Knowledge) With(x Extra) Knowledge {
	kb.Causes, kb.Checks = maps.Clone(kb.Causes), maps.Clone(kb.Checks)
	for code, e := range x.Causes {
		if _, have := kb.Causes[code]; !have {
			kb.Causes[code] = e
		}
	}
	for id, r := range x.Checks {
		if _, have := kb.Checks[id]; !have {
			kb.Checks[id] = r
		}
	}
	kb.Questions = slices.Clone(kb.Questions)
	for _, q := range x.Questions {
		if !slices.ContainsFunc(kb.Questions, func(have Ask) bool { return have.ID == q.ID }) {
			kb.Questions = append(kb.Questions, q)
		}
	}
	kb.Helps = maps.Clone(kb.Helps)
	for id, h := range x.Helps {
		if _, have := kb.Helps[id]; !have {
			kb.Helps[id] = h
		}
	}
	kb.fillRepairs()
	kb.index = newIndex(kb)
	return kb
}
