package symptom

import (
	"slices"
	"strings"
)

// item is a word or an expression of a text, with what it means.
type item struct {
	sense      string
	kind       kind
	term       int     // number of its meaning in the index; -1: the packs do not know it
	near       float64 // how sure it is that this was meant
	start, end int
	clause     int
}

// The meanings that the reading itself must know.
const (
	works = "work"
	well  = "fine"
)

// read makes items of a text: mistyped words put right, expressions joined, what carries no meaning left out. The
// small words tell the language; 0 where they do not.
func (x *Index) read(to []item, text string) (items []item, language uint8) {
	tokens := x.lx.cut(nil, text)
	language = x.lx.language(tokens)
	near := make([]float64, len(tokens))
	stems := make([]string, len(tokens))
	for i := range tokens {
		tokens[i].word, near[i] = x.correct(tokens[i].word)
		stems[i] = x.lx.stem.stem(tokens[i].word)
	}
	for i := 0; i < len(tokens); {
		if sense, n := x.lx.expression(tokens[i:], stems[i:]); n > 0 {
			first, last := tokens[i], tokens[i+n-1]
			to = append(to, item{sense, content, -1, slices.Min(near[i : i+n]), first.start, last.end, first.clause})
			i += n
			continue
		}
		t := tokens[i]
		k := x.lx.kinds[t.word]
		if k == content && (len(t.word) == 1 || len(t.word) == 2 && digits(t.word)) {
			k = stop
		}
		if k != stop && k != contrast {
			to = append(to, item{stems[i], k, -1, near[i], t.start, t.end, t.clause})
		}
		i++
	}
	for i := range to {
		if to[i].sense == well {
			to[i].kind = fine
		}
		if n, ok := x.terms[to[i].sense]; ok {
			to[i].term = n
		}
	}
	return to, language
}

// language is the one that a text is written in, as far as its small words show.
func (lx *lexicon) language(tokens []token) uint8 {
	var en, fr int
	for _, t := range tokens {
		switch lx.stops[t.word] {
		case english:
			en++
		case french:
			fr++
		}
	}
	switch {
	case en > fr:
		return english
	case fr > en:
		return french
	}
	return 0
}

// expression is the meaning of the longest expression with which a text begins, and how many words it takes.
func (lx *lexicon) expression(tokens []token, stems []string) (sense string, taken int) {
	at := lx.same
	for i, t := range tokens {
		step := at.next[t.word]
		if step == nil {
			step = at.stems[stems[i]]
		}
		if at = step; at == nil {
			break
		}
		if at.sense != "" {
			sense, taken = at.sense, i+1
		}
	}
	return sense, taken
}

// correct gives the word that was meant, and how sure that is.
func (x *Index) correct(w string) (string, float64) {
	if x.lx.kinds[w] != content || len(w) < 3 || x.known[x.lx.stem.stem(w)] {
		return w, 1
	}
	if rest, ok := x.glued(w); ok {
		return rest, 1
	}
	if known, near := x.typos.find(w); near > 0 {
		return known, near
	}
	return w, 1
}

// glued takes off an elided word that was typed without its apostrophe: "limprimante", "jentends".
func (x *Index) glued(w string) (string, bool) {
	for _, head := range []string{"qu", "l", "d", "j", "m", "s", "n", "c", "t"} {
		rest, ok := strings.CutPrefix(w, head)
		if ok && len(rest) >= 4 && (vowel(rest[0]) || rest[0] == 'h') && x.known[x.lx.stem.stem(rest)] {
			return rest, true
		}
	}
	return w, false
}

// name gives the meanings of a pack's phrase their numbers.
func (x *Index) name(items []item) {
	for i := range items {
		if k := items[i].kind; k == content || k == weak || k == fine {
			items[i].term = x.term(items[i].sense)
		}
	}
}

func (x *Index) term(sense string) int {
	n, ok := x.terms[sense]
	if !ok {
		n = x.feature()
		x.terms[sense] = n
	}
	return n
}

// feature is a new number.
func (x *Index) feature() int { return len(x.terms) + len(x.pairs) }

// feature of a text: a meaning, two beside each other, or one that is denied.
type found struct {
	id         int
	value      float64 // how sure
	start, end int     // the words that it was read from; a pair has none
	single     bool
}

// features finds what a text says, each once. While an index is built, what was never said before gets a number.
func (x *Index) features(to []found, items []item, build bool) []found {
	value := x.values(items)
	seen := map[int]bool{}
	add := func(f found) {
		if f.id >= 0 && !seen[f.id] {
			seen[f.id] = true
			to = append(to, f)
		}
	}
	for i, a := range items {
		if a.kind == denial {
			for _, j := range [2]int{beside(items, i, -1), beside(items, i, 1)} {
				if j >= 0 {
					b := items[j]
					add(found{id: x.denied(b.sense, build), value: value[j] * notWeight, start: b.start, end: b.end})
				}
			}
			continue
		}
		if a.kind == content && a.term >= 0 {
			add(found{a.term, value[i], a.start, a.end, true})
		}
		next := 0
		for j := i + 1; j < len(items) && next < 2 && items[j].clause == a.clause; j++ {
			if b := items[j]; b.kind != denial {
				add(found{id: x.pair(a, b, build), value: min(value[i], value[j])})
				next++
			}
		}
	}
	return to
}

// beside finds the word that a denial speaks of, before or after it in its clause.
func beside(items []item, at, step int) int {
	for j, left := at+step, 3; j >= 0 && j < len(items) && left > 0; j, left = j+step, left-1 {
		if items[j].clause != items[at].clause {
			break
		}
		if items[j].kind == content {
			return j
		}
	}
	return -1
}

func (x *Index) denied(sense string, build bool) int {
	if strings.HasPrefix(sense, "!") {
		return -1
	}
	if n, ok := x.terms["!"+sense]; ok || !build {
		if !ok {
			return -1
		}
		return n
	}
	return x.term("!" + sense)
}

func (x *Index) pair(a, b item, build bool) int {
	if a.term < 0 || b.term < 0 || a.term == b.term || a.kind != content && b.kind != content {
		return -1
	}
	first, second := a.term, b.term
	if a.kind == content && b.kind == content && first > second {
		first, second = second, first // "black screen", "écran noir"; but "they hear me" is not "I hear them"
	}
	key := uint64(first)<<32 | uint64(second)
	n, ok := x.pairs[key]
	switch {
	case ok:
		return n
	case !build:
		return -1
	}
	n = x.feature()
	x.pairs[key] = n
	return n
}

// calm is what the words of a clause count in which something is said to be well, beside others where it is not.
const calm = 0.35

// values are how much each item counts: as sure as its word is, and less in "the other sites work".
func (x *Index) values(items []item) []float64 {
	value := make([]float64, len(items))
	for i := range items {
		value[i] = items[i].near
	}
	for from := 0; from < len(items); {
		to := from
		good, bad := false, false
		for ; to < len(items) && items[to].clause == items[from].clause; to++ {
			switch {
			case items[to].kind == denial, strings.HasPrefix(items[to].sense, "!"):
				bad = true
			case items[to].kind == fine, items[to].sense == works:
				good = true
			}
		}
		if good && !bad && to-from < len(items) {
			for i := from; i < to; i++ {
				value[i] *= calm
			}
		}
		from = to
	}
	return value
}
