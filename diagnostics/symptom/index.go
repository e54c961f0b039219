package symptom

import (
	"math"
	"slices"
	"strings"
	"sync"

	"balise/diagnostics/pack"
)

// Index is what the symptoms say, made ready to be compared. It never changes once it is built, and may be used from
// several goroutines.
type Index struct {
	lx    *lexicon
	known map[string]bool // stems that are in a phrase or an expression
	met   map[string]bool // words that typos has
	typos *typos
	// sorted are the words that typos has, in the order of the alphabet.
	sorted []string

	terms map[string]int // meanings by name; "!x" is x denied
	pairs map[uint64]int // two meanings beside each other
	langs []uint8        // by feature: the languages in which packs use it

	ids     []string
	says    []phrase
	weight  []float64 // by feature: how much it tells
	posts   [][]post  // by feature: the symptoms that it speaks for
	within  [][]int   // by feature: the phrases it stands in
	unknown float64   // what a word weighs that nobody knows

	scratch sync.Pool
}

// phrase is one way of saying a symptom.
type phrase struct {
	symptom  int
	text     string
	lang     string
	whole    float64 // the weight of all its features
	features []int
}

// post says how strongly a feature speaks for a symptom.
type post struct {
	symptom int
	weight  float64
	// core says that it can stand for the symptom by itself, as "printer" can and "floor" cannot that happens to be in
	// one of its phrases.
	core bool
}

// corePhrases is in how many of a symptom's phrases a word stands that can stand for it, where it is not a phrase of
// its own.
const corePhrases = 4

// What kinds of features weigh beside a single word.
const (
	pairWeight = 0.7
	notWeight  = 0.8
	// Words that no pack uses are mostly names of things and people: they count, but not as rare words do.
	unknownWeight = 0.7
)

// New makes an index of symptoms. The order of the symptoms decides between equals.
func New(symptoms []pack.Symptom) (*Index, error) {
	lx, err := newLexicon()
	if err != nil {
		return nil, err
	}
	x := &Index{
		lx: lx, known: map[string]bool{}, met: map[string]bool{}, typos: newTypos(),
		terms: map[string]int{}, pairs: map[uint64]int{},
	}
	x.learn(lx.same)
	for i, s := range symptoms {
		x.ids = append(x.ids, s.ID)
		for _, lang := range []string{"en", "fr"} {
			for _, text := range slices.Concat([]string{s.Title[lang]}, s.Says[lang]) {
				x.says = append(x.says, phrase{symptom: i, text: text, lang: lang})
			}
		}
	}
	for _, p := range x.says {
		for _, t := range lx.cut(nil, p.text) {
			x.meet(t.word)
		}
	}
	for w, k := range lx.kinds {
		if k == denial || k == weak {
			x.known[lx.stem.stem(w)] = true
		}
	}
	x.sorted = slices.Sorted(slices.Values(x.typos.words))
	x.count()
	x.scratch.New = func() any { return x.newScratch() }
	return x, nil
}

// learn takes the words of the expressions, in an order that does not change from run to run.
func (x *Index) learn(n *node) {
	steps := make([]string, 0, len(n.next))
	for w := range n.next {
		steps = append(steps, w)
	}
	slices.Sort(steps)
	for _, w := range steps {
		x.meet(w)
		x.learn(n.next[w])
	}
}

// meet makes a word known, so that it is not taken for a mistyped one, and others may be mistaken for it.
func (x *Index) meet(w string) {
	if x.lx.kinds[w] == stop || x.met[w] {
		return
	}
	x.met[w] = true
	x.typos.add(w)
	x.known[x.lx.stem.stem(w)] = true
}

// use is where a feature was met.
type use struct {
	times map[int]int  // by symptom: how many of its phrases hold it
	alone map[int]bool // by symptom: one of its phrases is this and nothing else
}

// count reads all phrases, and weighs what stands in them by how few symptoms it stands in.
func (x *Index) count() {
	var uses []use
	for n := range x.says {
		p := &x.says[n]
		items, _ := x.read(nil, p.text)
		x.name(items)
		found := x.features(nil, items, true)
		for _, f := range found {
			for len(uses) <= f.id {
				uses = append(uses, use{map[int]int{}, map[int]bool{}})
				x.langs, x.within = append(x.langs, 0), append(x.within, nil)
			}
			uses[f.id].times[p.symptom]++
			if len(found) == 1 {
				uses[f.id].alone[p.symptom] = true
			}
			x.langs[f.id] |= bit(p.lang)
			x.within[f.id] = append(x.within[f.id], n)
			p.features = append(p.features, f.id)
		}
	}
	x.weigh(uses)
	for n := range x.says {
		for _, id := range x.says[n].features {
			x.says[n].whole += x.weight[id]
		}
	}
}

func (x *Index) weigh(uses []use) {
	x.weight, x.posts = make([]float64, len(uses)), make([][]post, len(uses))
	all := float64(len(x.ids))
	x.unknown = math.Log((all+1)/1.5) * unknownWeight
	pair := make([]bool, len(uses))
	for _, id := range x.pairs {
		pair[id] = true
	}
	for id, u := range uses {
		x.weight[id] = math.Log((all + 1) / (float64(len(u.times)) + 0.5))
		if pair[id] {
			x.weight[id] *= pairWeight
		}
		for symptom := range x.ids {
			n := u.times[symptom]
			if n == 0 {
				continue
			}
			share := float64(n) / (float64(n) + 1.5)
			if u.alone[symptom] {
				share = max(share, 0.9)
			}
			core := u.alone[symptom] || n >= corePhrases
			x.posts[id] = append(x.posts[id], post{symptom, share * x.weight[id], core})
		}
	}
}

func bit(lang string) uint8 {
	switch {
	case strings.HasPrefix(lang, "fr"):
		return french
	case strings.HasPrefix(lang, "en"):
		return english
	}
	return 0
}
