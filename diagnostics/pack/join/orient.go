package join

import (
	"cmp"
	"slices"

	"balise/diagnostics/cause"
	"balise/diagnostics/pack"
)

// Orient puts in what the symptom says where the self-tests found no cause: where the complaint belongs, and what
// may help. A cause that was found knows better.
func Orient(d *cause.Diagnosis, s pack.Symptom, answers map[string]string) {
	if !d.Problem() {
		d.Category, d.Level = s.Category, s.Level
		d.Urgency = cmp.Or(s.Urgency, d.Urgency, "low")
		d.Impact = cmp.Or(impactOf(s, answers), d.Impact, "user")
	}
	for _, id := range s.Repairs {
		if !slices.Contains(d.Repairs, id) {
			d.Repairs = append(d.Repairs, id)
		}
	}
}

// impactOf is how many people the answers to a symptom's questions concern.
func impactOf(s pack.Symptom, answers map[string]string) string {
	impact := ""
	for _, q := range s.Questions {
		for _, o := range q.Options {
			if answers[QuestionID(s.ID, q.ID)] == o.ID {
				impact = cmp.Or(o.Impact, impact)
			}
		}
	}
	return impact
}
