package symptom

import (
	"embed"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/unicode/norm"
)

//go:embed words/*.yaml
var wordFiles embed.FS

// most is how much of a text is looked at: some three thousand words. Whoever writes more has said it by then.
const most = 16 << 10

// kind is what a word is good for.
type kind uint8

const (
	content  kind = iota
	weak          // counts beside another word only: "me" in "they hear me"
	stop          // counts for nothing
	denial        // turns the words beside it round
	fine          // says that something is well
	contrast      // begins a new clause
)

// token is a word of a text, made comparable.
type token struct {
	word       string // folded, not yet stemmed
	start, end int    // where it stands in the text
	clause     int
}

// language is what one file of words holds.
type language struct {
	Stop     string            `yaml:"stop"`
	Weak     string            `yaml:"weak"`
	Not      string            `yaml:"not"`
	Fine     string            `yaml:"fine"`
	Contrast string            `yaml:"contrast"`
	Short    map[string]string `yaml:"short"`
}

// lexicon is all that is known of words before a pack is read.
type lexicon struct {
	kinds map[string]kind
	// stops tells, by word, in which languages it carries no meaning: a text's language shows in these.
	stops map[string]uint8
	short map[string][]string
	same  *node
	stem  stemmer
}

// node is a step through the expressions that mean the same; sense is set where one ends.
type node struct {
	next  map[string]*node // by the word as it stands in the list
	stems map[string]*node // by its stem: the first of a family, where nothing stands in next
	sense string
}

const (
	english uint8 = 1 << iota
	french
)

func newLexicon() (*lexicon, error) {
	lx := &lexicon{
		kinds: map[string]kind{}, stops: map[string]uint8{}, short: map[string][]string{}, same: &node{}, stem: newStemmer(),
	}
	for _, l := range []struct {
		file string
		bit  uint8
	}{{"words/en.yaml", english}, {"words/fr.yaml", french}} {
		f, err := readWords[language](l.file)
		if err != nil {
			return nil, err
		}
		for _, list := range []struct {
			words string
			kind  kind
		}{{f.Stop, stop}, {f.Weak, weak}, {f.Not, denial}, {f.Fine, fine}, {f.Contrast, contrast}} {
			for _, w := range strings.Fields(list.words) {
				lx.kinds[w] = list.kind
				if list.kind != fine {
					lx.stops[w] |= l.bit
				}
			}
		}
		for from, to := range f.Short {
			lx.short[from] = strings.Fields(to)
		}
	}
	f, err := readWords[struct {
		Same [][]string `yaml:"same"`
	}]("words/both.yaml")
	if err != nil {
		return nil, err
	}
	for _, group := range f.Same {
		for i, expression := range group {
			if i == 0 && strings.HasPrefix(expression, "!") {
				continue
			}
			if err := lx.add(expression, group[0]); err != nil {
				return nil, err
			}
		}
	}
	return lx, nil
}

// add makes an expression mean something.
func (lx *lexicon) add(expression, sense string) error {
	at := lx.same
	for _, t := range lx.cut(nil, expression) {
		if at.next == nil {
			at.next, at.stems = map[string]*node{}, map[string]*node{}
		}
		step := at.next[t.word]
		if step == nil {
			step = &node{}
			at.next[t.word] = step
		}
		if stem := lx.stem.stem(t.word); at.stems[stem] == nil {
			at.stems[stem] = step
		}
		at = step
	}
	if at.sense != "" && at.sense != sense {
		return fmt.Errorf("read words: %q means both %q and %q", expression, at.sense, sense)
	}
	at.sense = sense
	return nil
}

func readWords[T any](name string) (T, error) {
	var f T
	raw, err := wordFiles.ReadFile(name)
	if err != nil {
		return f, fmt.Errorf("read words: %w", err)
	}
	if err := yaml.UnmarshalWithOptions(raw, &f, yaml.Strict()); err != nil {
		return f, fmt.Errorf("read words %s: %w", name, err)
	}
	return f, nil
}

// cut makes words of a text: no capitals, no accents, no elisions, short forms written out.
func (lx *lexicon) cut(to []token, text string) []token {
	if len(text) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	clause := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !wordRune(r) {
			if strings.ContainsRune(".;,!?\n()", r) {
				clause++
			}
			i += size
			continue
		}
		start := i
		for i < len(text) {
			if r, size = utf8.DecodeRuneInString(text[i:]); !wordRune(r) {
				break
			}
			i += size
		}
		before := len(to)
		to = lx.one(to, text, start, i, clause)
		if len(to) > before && lx.kinds[to[before].word] == contrast {
			clause++
			to[before].clause = clause
		}
		if rest, n := apostrophe(text[i:]); n > 0 && rest != 0 {
			to, i = lx.elided(to, text, before, start, i, n, clause)
		}
	}
	return to
}

// apostrophe tells how long the one at the beginning of a text is, and which letter follows it.
func apostrophe(text string) (follows rune, size int) {
	r, n := utf8.DecodeRuneInString(text)
	switch r {
	case '\'', '’', '‘', '`', '´', 'ʼ':
	default:
		return 0, 0
	}
	follows, _ = utf8.DecodeRuneInString(text[n:])
	if !wordRune(follows) {
		follows = 0
	}
	return follows, n
}

// elided judges a word that ends with an apostrophe: "l'", "qu'" fall away by themselves, for they are words that
// carry no meaning; "don't" is "do not".
func (lx *lexicon) elided(to []token, text string, before, start, i, n, clause int) ([]token, int) {
	at := i + n
	end := at
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		if !wordRune(r) {
			break
		}
		end += size
	}
	if tail := text[at:end]; strings.EqualFold(tail, "t") && len(to) == before+1 {
		head := strings.TrimSuffix(to[before].word, "n")
		switch head {
		case "ca":
			head = "can"
		case "wo":
			head = "will"
		}
		to[before].word, to[before].end = head, end
		return append(to, token{"not", start, end, clause}), end
	}
	return to, at
}

// one is a single word of the text; a short form becomes several.
func (lx *lexicon) one(to []token, text string, start, end, clause int) []token {
	w := fold(text[start:end])
	if w == "" {
		return to
	}
	if long, ok := lx.short[w]; ok {
		for _, w := range long {
			to = append(to, token{w, start, end, clause})
		}
		return to
	}
	return append(to, token{w, start, end, clause})
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r))
}

// fold takes capitals, accents and joined letters out of a word.
func fold(w string) string {
	plain := true
	for i := range len(w) {
		if c := w[i]; c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' {
			plain = false
			break
		}
	}
	if plain {
		return w
	}
	var b strings.Builder
	b.Grow(len(w))
	for _, r := range w {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(unicode.ToLower(r))
		case r == 'œ' || r == 'Œ':
			b.WriteString("oe")
		case r == 'æ' || r == 'Æ':
			b.WriteString("ae")
		case r == 'ß':
			b.WriteString("ss")
		default:
			var buf [utf8.UTFMax]byte
			for _, d := range string(norm.NFKD.Append(nil, buf[:utf8.EncodeRune(buf[:], r)]...)) {
				if wordRune(d) && !unicode.Is(unicode.Mn, d) {
					b.WriteRune(unicode.ToLower(d))
				}
			}
		}
	}
	return b.String()
}
