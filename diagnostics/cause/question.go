package cause

import (
	"cmp"
	"math"
	"slices"

	"balise/diagnostics"
)

// The question: where the cause is not sure, one answer of the user tells more than another test.

// Ask is a question of the knowledge base. Its words are translations, under question.<id>.
type Ask struct {
	ID      string      `yaml:"id"`
	Options []AskOption `yaml:"options"`
	// Broad says that whoever has said what they complain of has answered it.
	Broad bool `yaml:"broad"`
}

// AskOption is one answer, and what it says about causes.
type AskOption struct {
	ID string `yaml:"id"`
	// Factors say, by pattern of causes, how much likelier this answer is when that is the cause. The longest
	// pattern counts; 1 is no evidence. An option without factors ("I do not know") is none at all.
	Factors map[string]float64 `yaml:"factors"`
	// Impact is what the answer says about how many people are concerned.
	Impact string `yaml:"impact"`
}

// ask is a question made ready: how likely each answer is under each fault.
type ask struct {
	Ask
	told  []int       // which options are evidence
	logs  [][]float64 // by such an option and fault: the logarithm of its factor
	share [][]float64 // by such an option and fault: its probability
	sure  []float64   // by fault: the sum of p log p over the options
}

func (x *index) newAsk(q Ask) ask {
	a := ask{Ask: q, sure: make([]float64, len(x.faults))}
	for i, o := range q.Options {
		if len(o.Factors) > 0 {
			a.told = append(a.told, i)
			a.logs = append(a.logs, x.factors(o.Factors))
			a.share = append(a.share, make([]float64, len(x.faults)))
		}
	}
	for at := range x.faults {
		sum := 0.0
		for _, logs := range a.logs {
			sum += math.Exp(logs[at])
		}
		for k, logs := range a.logs {
			p := math.Exp(logs[at]) / sum
			a.share[k][at] = p
			a.sure[at] += p * math.Log(p)
		}
	}
	return a
}

// evidence is what an answer adds to each fault; nil when it was not asked, or answered with "I do not know".
func (a *ask) evidence(answers map[string]string) []float64 {
	given, ok := answers[a.ID]
	if !ok {
		return nil
	}
	for k, i := range a.told {
		if a.Options[i].ID == given {
			return a.logs[k]
		}
	}
	return nil
}

// leastInformation is the least that an answer must be expected to tell, in nats, to be worth asking for.
const leastInformation = 0.05

// question is the one whose answer is expected to tell most about the cause.
func (v *view) question(weights []float64) *Question {
	best, most := -1, leastInformation
	for i := range v.x.asks {
		a := &v.x.asks[i]
		if _, asked := v.ctx.Answers[a.ID]; asked || a.Broad && len(v.ctx.Symptom) > 0 {
			continue
		}
		if told := a.information(weights); told > most {
			best, most = i, told
		}
	}
	if best < 0 {
		return nil
	}
	q := &Question{ID: v.x.asks[best].ID}
	for _, o := range v.x.asks[best].Options {
		q.Options = append(q.Options, o.ID)
	}
	return q
}

// information is the expected information of the answer: how much less is unknown about the cause once it is
// given, on average.
func (a *ask) information(weights []float64) float64 {
	told := 0.0
	for at, w := range weights {
		told += w * a.sure[at]
	}
	for _, share := range a.share {
		p := 0.0
		for at, w := range weights {
			p += w * share[at]
		}
		if p > 0 {
			told -= p * math.Log(p)
		}
	}
	return told
}

// How likely a fault is missed, or named wrongly, by the check that looks for it.
const missed = 0.05

// weights are how likely each fault is, given all that is known, also of those that no check can see or that
// none could look for. They sum to one. doubt flattens them: where there are reasons not to believe the
// table's sharp figures, what is asked must not believe them either.
func (v *view) weights(doubt float64) []float64 {
	w := make([]float64, len(v.x.faults))
	top := math.Inf(-1)
	for at := range v.x.faults {
		f := &v.x.faults[at]
		w[at] = f.logPrior + v.own(at, f)
		if v.extra != nil {
			w[at] += v.extra[at]
		}
		for _, l := range f.links {
			for i := v.first[l.check]; i >= 0; i = v.next[i] {
				if v.state[i] == unobserved {
					continue
				}
				k := pass
				if v.results[i].Status.Bad() {
					k = bad
				}
				w[at] += likelihood[l.word][k] - likelihood[never][k]
			}
		}
		top = max(top, w[at])
	}
	sum := 0.0
	for at := range w {
		w[at] = math.Exp((w[at] - top) / doubt)
		sum += w[at]
	}
	for at := range w {
		w[at] /= sum
	}
	return w
}

// own is what the check that looks for a fault says of it.
func (v *view) own(at int, f *fault) float64 {
	if f.check < 0 {
		return 0
	}
	said := 0.0
	for i := v.first[f.check]; i >= 0; i = v.next[i] {
		switch {
		case v.fault[i] == at && v.state[i] == trouble && v.parent[i] < 0:
			return likelihood[always][bad] - likelihood[never][bad]
		case v.fault[i] == at:
			return likelihood[sometimes][bad] - likelihood[never][bad]
		case v.state[i] != unobserved, v.results[i].Status == diagnostics.NA:
			// Well, or there is nothing that could be broken.
			said = math.Log(missed)
		}
	}
	return said
}

// place is where a complaint without a cause belongs, by what the answers make likely.
type place struct {
	actor    Actor
	category string
	level    int
}

// leastShare is how likely a place must be to be named.
const leastShare = 0.35

// leaning is where the answers point when no check names a cause.
func (v *view) leaning(weights []float64) (place, bool) {
	shares := map[place]float64{}
	for at, w := range weights {
		f := &v.x.faults[at]
		shares[place{f.Actor, f.Category, f.Level}] += w
	}
	best, most := place{}, 0.0
	for p, w := range shares {
		if w > most || w == most && cmp.Or(cmp.Compare(p.category, best.category), cmp.Compare(p.actor, best.actor),
			cmp.Compare(p.level, best.level)) < 0 {
			best, most = p, w
		}
	}
	return best, most >= leastShare
}

// answered tells whether an answer that is evidence was given, and how many people it concerns.
func (v *view) answered() (impact string, ok bool) {
	for i := range v.x.asks {
		a := &v.x.asks[i]
		if given, has := v.ctx.Answers[a.ID]; has {
			at := slices.IndexFunc(a.Options, func(o AskOption) bool { return o.ID == given })
			if at >= 0 && len(a.Options[at].Factors) > 0 {
				ok = true
				impact = cmp.Or(a.Options[at].Impact, impact)
			}
		}
	}
	return impact, ok
}

// orientation fills in where a complaint belongs when nothing wrong was found but the user answered.
func (v *view) orientation(d *Diagnosis, weights []float64) {
	impact, ok := v.answered()
	if !ok {
		return
	}
	d.Confidence = Possible
	if d.Cause == Undetermined {
		d.Confidence = Unsure
	}
	d.Impact = cmp.Or(impact, "user")
	d.Urgency = "low"
	if d.Impact != "user" {
		d.Urgency = "medium"
	}
	if p, ok := v.leaning(weights); ok {
		d.Actor, d.Category, d.Level = p.actor, p.category, p.level
	}
}
