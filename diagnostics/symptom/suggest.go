package symptom

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// How suggestions behave while somebody types.
const (
	// prefix is how much of a word must be there before it is guessed how it goes on.
	prefix = 3
	// guesses is how many words it may go on to.
	guesses = 4
	// staying is what counts for those already shown: another must be clearly better to take their place.
	staying = 1.2
)

// Suggest is Match for a text that is being typed. before is what is shown now, in its order: it keeps its place
// unless something else fits clearly better, and it does not go away in the middle of a word. A word that is not
// finished is taken for those that begin like it.
func (x *Index) Suggest(text, lang string, before []Match) []Match {
	head, open := unfinished(text)
	best := map[string]Match{}
	var order []string
	take := func(list []Match) {
		for _, m := range list {
			was, there := best[m.ID]
			if !there {
				order = append(order, m.ID)
			}
			if !there || m.Score > was.Score {
				best[m.ID] = m
			}
		}
	}
	words := x.goesOn(open)
	if len(words) == 0 {
		take(x.Match(text, lang))
	}
	for _, w := range words {
		take(x.guess(head, open, w, lang))
	}
	if len(order) == 0 && open != "" {
		return before
	}
	list := make([]Match, 0, len(order))
	for _, id := range order {
		list = append(list, best[id])
	}
	at := func(id string) int { return slices.IndexFunc(before, func(m Match) bool { return m.ID == id }) }
	weight := func(m Match) float64 {
		if at(m.ID) >= 0 {
			return m.Score * staying
		}
		return m.Score
	}
	slices.SortStableFunc(list, func(a, b Match) int { return cmp.Compare(weight(b), weight(a)) })
	keepPlaces(list, at)
	return list
}

// keepPlaces puts neighbours that were shown in another order, and are nearly equal, back into it.
func keepPlaces(list []Match, at func(id string) int) {
	for again := len(list); again > 0; again-- {
		moved := false
		for i := 1; i < len(list); i++ {
			a, b := list[i-1], list[i]
			if p, q := at(a.ID), at(b.ID); p >= 0 && q >= 0 && q < p && a.Score < b.Score*staying {
				list[i-1], list[i], moved = b, a, true
			}
		}
		if !moved {
			return
		}
	}
}

// unfinished splits off the last word where nothing follows it.
func unfinished(text string) (head, open string) {
	if len(text) > most {
		return text, ""
	}
	at := len(text)
	for at > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:at])
		if !wordRune(r) {
			break
		}
		at -= size
	}
	return text[:at], text[at:]
}

// goesOn lists known words that begin with a text, the shortest first; none where it is a word by itself.
func (x *Index) goesOn(open string) []string {
	w := fold(open)
	if len(w) < prefix || x.lx.kinds[w] != content || x.known[x.lx.stem.stem(w)] {
		return nil
	}
	from := sort.SearchStrings(x.sorted, w)
	var list []string
	for _, known := range x.sorted[from:] {
		if !strings.HasPrefix(known, w) {
			break
		}
		list = append(list, known)
	}
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	return list[:min(guesses, len(list))]
}

// guess matches a text whose last word goes on to another, and tells its words as they stand there.
func (x *Index) guess(head, open, word, lang string) []Match {
	list := x.Match(head+word, lang)
	for i := range list {
		for j, w := range list[i].Words {
			if w == word {
				list[i].Words[j] = open
			}
		}
	}
	return list
}
