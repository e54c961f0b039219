package symptom

import (
	"cmp"
	"slices"
)

// Match is a symptom that a text speaks of.
type Match struct {
	ID string
	// Score is between 0 and 1. It orders matches and says how much there was to go by; it is no probability.
	Score float64
	// Words are the words of the text that led here, as they were written, the weightiest first.
	Words []string
	// Phrase is what the pack says that is nearest to the text, in its language where there is such a phrase.
	Phrase string
}

// When a match is good enough to be shown. "None fits" is an honest answer.
const (
	enough    = 5.0  // so much was said that it does not matter what else was
	least     = 1.5  // less is no match
	leastPart = 0.35 // between the two: how much of what was said must speak for it
	little    = 0.6  // where nearly all that was said speaks for it
	mostPart  = 0.8
	beside1st = 0.3 // of the first one's score: others below it are noise
)

// A whole phrase weighs more than its words.
const phraseWeight = 0.6

// otherLanguage is what a word weighs that only the other language uses: "son" in an English text is no sound.
const otherLanguage = 0.4

type scratch struct {
	items   []item
	found   []found
	score   []float64 // by symptom
	covered []float64 // by symptom: what of the text speaks for it
	best    []float64 // by symptom: what its nearest phrase adds
	nearest []int     // by symptom: the phrase that is shown
	shown   []float64 // by symptom: how near that is
	reasons []int     // by symptom: how much speaks for it; what can stand for it by itself counts as two
	phrases []float64 // by phrase: how much of it was said
	touched []int
}

func (x *Index) newScratch() *scratch {
	n := len(x.ids)
	return &scratch{
		score: make([]float64, n), covered: make([]float64, n), best: make([]float64, n), nearest: make([]int, n),
		shown:   make([]float64, n),
		reasons: make([]int, n),
		phrases: make([]float64, len(x.says)),
	}
}

// Match finds the symptoms that a text speaks of, the likeliest first; none when nothing fits. lang is the language
// the person uses Balise in ("fr", "en"); people write as they like, so it only decides where the text does not.
func (x *Index) Match(text, lang string) []Match {
	s := x.scratch.Get().(*scratch)
	defer x.scratch.Put(s)
	var spoken uint8
	s.items, spoken = x.read(s.items[:0], text)
	if spoken == 0 {
		spoken = bit(lang)
	}
	s.found = x.features(s.found[:0], s.items, false)
	clear(s.score)
	clear(s.covered)
	clear(s.best)
	clear(s.reasons)
	for _, f := range s.found {
		value := f.value
		if spoken != 0 && x.langs[f.id]&spoken == 0 {
			value *= otherLanguage
		}
		for _, p := range x.posts[f.id] {
			s.score[p.symptom] += value * p.weight
			if f.single {
				s.covered[p.symptom] += value * x.weight[f.id]
			}
			s.reasons[p.symptom]++
			if p.core {
				s.reasons[p.symptom]++
			}
		}
		for _, p := range x.within[f.id] {
			if s.phrases[p] == 0 {
				s.touched = append(s.touched, p)
			}
			s.phrases[p] += value * x.weight[f.id]
		}
	}
	x.nearest(s, spoken)
	return x.rank(text, s)
}

// nearest adds what the nearest phrase of each symptom weighs, and keeps the nearest in the text's own language to be
// shown; another language's only where there is none.
func (x *Index) nearest(s *scratch, spoken uint8) {
	for i := range s.nearest {
		s.nearest[i] = -1
	}
	clear(s.shown)
	for _, n := range s.touched {
		p := x.says[n]
		adds := s.phrases[n] * s.phrases[n] / p.whole * phraseWeight
		s.phrases[n] = 0
		s.best[p.symptom] = max(s.best[p.symptom], adds)
		if bit(p.lang)&spoken != 0 {
			adds += own
		}
		if adds > s.shown[p.symptom] {
			s.shown[p.symptom], s.nearest[p.symptom] = adds, n
		}
	}
	s.touched = s.touched[:0]
}

// own puts every phrase of the text's own language before all others.
const own = 1e6

// rank orders what was found and leaves out what is too little.
func (x *Index) rank(text string, s *scratch) []Match {
	said := 0.0
	for _, i := range s.items {
		switch {
		case i.kind != content:
		case i.term >= 0:
			said += x.weight[i.term]
		default:
			said += x.unknown
		}
	}
	var order []int
	top := 0.0
	for n := range s.score {
		s.score[n] += s.best[n]
		if s.reasons[n] < 2 {
			continue
		}
		part := s.covered[n] / max(said, 1)
		if s.score[n] >= enough || s.score[n] >= least && part >= leastPart || s.score[n] >= little && part >= mostPart {
			order = append(order, n)
			top = max(top, s.score[n])
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.score[b], s.score[a]) })
	var list []Match
	for _, n := range order {
		if s.score[n] < beside1st*top {
			break
		}
		m := Match{ID: x.ids[n], Score: s.score[n] / (s.score[n] + enough), Words: x.words(text, s, n)}
		if at := s.nearest[n]; at >= 0 {
			m.Phrase = x.says[at].text
		}
		list = append(list, m)
	}
	return list
}

// mostWords is how many words explain a match.
const mostWords = 5

// words are those of the text that speak for a symptom.
func (x *Index) words(text string, s *scratch, symptom int) []string {
	type weighed struct {
		start, end int
		weight     float64
	}
	var list []weighed
	for _, f := range s.found {
		if f.end == 0 {
			continue
		}
		for _, p := range x.posts[f.id] {
			if p.symptom == symptom {
				list = append(list, weighed{f.start, f.end, p.weight * f.value})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	var words []string
	for _, w := range list {
		said := text[w.start:w.end]
		if !slices.Contains(words, said) && len(words) < mostWords {
			words = append(words, said)
		}
	}
	return words
}
