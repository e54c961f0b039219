// Package redact decides what may leave the computer, and in which form.
//
// It works in two phases. Gather asks the computer itself for everything that names its user, itself or its
// network, and derives the forms in which each can stand in a text. A Redactor then replaces them, and what
// general patterns recognise, by aliases that are the same everywhere in one ticket and say nothing in
// another. Secrets are not aliased but dropped with their line. Scan looks at the final bytes once more; what
// it finds blocks the sending.
//
// Where the two differ, losing a word is preferred to leaking one; a fact that nobody classed is withheld.
package redact

import (
	"crypto/rand"
	"maps"
	"regexp"
	"slices"
	"strings"

	"balise/diagnostics"
)

// Params makes a Redactor.
type Params struct {
	// Key is the ticket's key (NewKey). The same key gives the same aliases. Empty is a new one.
	Key   []byte
	Known Known
	// WithholdMachine makes aliases of the machine's name and asset tag as well.
	WithholdMachine bool
	// Dropped stands where a line with a secret stood; empty is a default in English.
	Dropped string
}

// Redactor replaces identifiers by aliases. It is not safe for concurrent use.
type Redactor struct {
	p        Params
	key      []byte
	known    Known
	names    *matcher
	secrets  *matcher
	short    []shortItem
	machine  []finder
	person   []finder
	replaced map[string]int
}

type shortItem struct {
	loose, strict *regexp.Regexp
	item          Item
}

// NewKey makes the key of one ticket. It stays on this computer.
func NewKey() []byte {
	key := make([]byte, 32)
	rand.Read(key) // never fails since Go 1.24
	return key
}

// New returns a Redactor.
func New(p Params) *Redactor {
	if len(p.Key) == 0 {
		p.Key = NewKey()
	}
	if p.Dropped == "" {
		p.Dropped = "[passage removed: it looked like a password or a key]"
	}
	r := &Redactor{
		p: p, key: p.Key, known: p.Known, machine: machineFinders(), person: personFinders(),
		replaced: map[string]int{},
	}
	r.names, r.secrets, r.short = p.Known.compile()
	return r
}

// compile prepares the search for everything that is known.
func (k Known) compile() (names, secrets *matcher, short []shortItem) {
	var all, hidden []pattern
	for i, it := range k.Items {
		if it.Class == diagnostics.Infra && slices.ContainsFunc(k.Labels, func(l string) bool {
			return strings.EqualFold(l, it.Value)
		}) {
			continue
		}
		if it.Short {
			everyday := len([]rune(it.Value)) > shortName
			short = append(short, shortItem{shortExpr(it.Value, !everyday), shortExpr(it.Value, false), it})
			continue
		}
		all = append(all, patterns(i, it)...)
	}
	for i, s := range k.Secrets {
		hidden = append(hidden, patterns(i, Item{Value: s, Kind: kindSecret})...)
	}
	return newMatcher(all), newMatcher(hidden), short
}

// shortExpr finds a short or everyday name only where a name must stand. loose also takes "user bob", which a
// text may say; a report's own words must not be mistaken for it.
func shortExpr(name string, loose bool) *regexp.Regexp {
	q, sep := regexp.QuoteMeta(name), `\s*[=:]\s*["']?`
	if loose {
		sep = `(?:\s*[=:]\s*["']?|\s)`
	}
	return regexp.MustCompile(`(?i)(?:\b(?:user(?:name)?|login|logname|account|uid|owner|host(?:name)?|` +
		`for user|utilisateur|compte|identifiant|machine|poste|imprimante|printer|serial(?: number)?|s/n|` +
		`asset(?:[ _]tag)?|tag)["']?` + sep + `|` +
		`/home/|/users/|\\users\\|\\\\users\\\\|//|[a-z0-9-]+\\|~)(` + q + `)(?:[^\pL\pN]|$)|` +
		`(?:^|[^\pL\pN])(` + q + `)@[\pL\pN]|(?:^|[\pL\pN])@(` + q + `)(?:[^\pL\pN]|$)`)
}

// Masked counts what was replaced, by kind.
func (r *Redactor) Masked() map[string]int { return maps.Clone(r.replaced) }

// Fact gives the fact as it may leave, or false when it may not.
func (r *Redactor) Fact(f diagnostics.Fact) (diagnostics.Fact, bool) {
	switch f.Class {
	case diagnostics.Plain:
		f.Value = r.plain(f.Value)
		f.Key = clean(f.Key)
		return f, f.Value != nil
	case diagnostics.Machine:
		if !r.p.WithholdMachine {
			f.Value = r.visible(f.Value)
			return f, f.Value != nil
		}
		return r.pseudonym(f)
	case diagnostics.Personal, diagnostics.Infra:
		return r.pseudonym(f)
	default:
		r.replaced["withheld"]++
		return diagnostics.Fact{}, false
	}
}

// Facts gives those of the facts that may leave.
func (r *Redactor) Facts(list []diagnostics.Fact) []diagnostics.Fact {
	var out []diagnostics.Fact
	for _, f := range list {
		if g, ok := r.Fact(f); ok {
			out = append(out, g)
		}
	}
	return out
}

// plain lets numbers pass and looks into texts all the same: a code should not hold a name, but a bug or a
// strange device may put one there.
func (r *Redactor) plain(v any) any {
	switch v := v.(type) {
	case bool, int, int64, float64:
		return v
	case string:
		return r.Code(v)
	case []string, []any:
		out := []string{}
		for _, s := range texts(v) {
			out = append(out, r.Code(s))
		}
		return out
	}
	return nil
}

// Code gives a code, a version or a state as it may leave: what is known goes. Patterns are only applied to
// what is a message and should not be there: a lone version is no address.
func (r *Redactor) Code(s string) string {
	segs := r.knownIn([]segment{{text: clean(s)}})
	if strings.ContainsAny(s, " @\\") || strings.Contains(s, "://") || strings.Contains(s, "/home/") {
		segs = r.find(segs, r.machine)
	}
	return r.join(segs)
}

func (r *Redactor) visible(v any) any {
	list := texts(v)
	if s, ok := v.(string); ok {
		return clean(s)
	}
	if list == nil {
		return nil
	}
	for i := range list {
		list[i] = clean(list[i])
	}
	return list
}

func (r *Redactor) pseudonym(f diagnostics.Fact) (diagnostics.Fact, bool) {
	list := texts(f.Value)
	if list == nil {
		r.replaced["withheld"]++ // a number cannot be aliased
		return diagnostics.Fact{}, false
	}
	out := make([]string, 0, len(list))
	for _, v := range list {
		if v == "" {
			out = append(out, "")
			continue
		}
		out = append(out, r.aliasOf(f.Kind, v))
	}
	if _, one := f.Value.(string); one {
		f.Value = out[0]
	} else {
		f.Value = out
	}
	return f, true
}

// aliasOf counts and uses the known other names of a value.
func (r *Redactor) aliasOf(kind diagnostics.Kind, v string) string {
	for _, it := range r.known.Items {
		if it.Kind == kind && strings.EqualFold(it.Value, v) {
			v = it.As
			break
		}
	}
	a := r.alias(kind, v)
	if a != v || v == homeAlias {
		r.replaced[kindName(kind)]++
	}
	return a
}

func kindName(k diagnostics.Kind) string {
	if k == diagnostics.KindNone {
		return string(diagnostics.KindOther)
	}
	return string(k)
}
