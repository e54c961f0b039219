package redact

import (
	"strings"
	"unicode"

	"balise/diagnostics"
)

// segment is a piece of a text; a done one holds an alias or something allowed, and is not looked at again.
type segment struct {
	text string
	done bool
}

// Text gives a technical text as it may leave: what is known, what patterns recognise, also mail addresses.
func (r *Redactor) Text(s string) string {
	return r.free(s, append(r.person[:len(r.person):len(r.person)], r.machine...))
}

// Words gives the user's own words as they may leave. Identifiers of the computer and its network become
// aliases and secrets go; a mail address or a telephone number that the user wrote stays, because it was
// written to be read.
func (r *Redactor) Words(s string) string { return r.free(s, r.machine) }

func (r *Redactor) free(s string, finders []finder) string {
	s, dropped := r.dropSecrets(clean(s))
	if dropped > 0 {
		r.replaced["secret"] += dropped
	}
	segs := []segment{{text: s}}
	segs = r.find(segs, finders[:1]) // whole names before their parts
	segs = r.knownIn(segs)
	return r.join(r.find(segs, finders[1:]))
}

func (r *Redactor) knownIn(segs []segment) []segment {
	segs = each(segs, func(s string) []segment {
		var out []segment
		at := 0
		for _, m := range r.names.find(s) {
			p := r.names.patterns[m.pattern]
			it := r.known.Items[p.item]
			out = append(out, segment{text: s[at:m.start]}, segment{r.stand(it, s[m.start:m.end]), true})
			at = m.end
		}
		return append(out, segment{text: s[at:]})
	})
	for _, sh := range r.short {
		segs = each(segs, func(s string) []segment {
			var out []segment
			at := 0
			for _, m := range sh.loose.FindAllStringSubmatchIndex(s, -1) {
				for g := 2; g < len(m); g += 2 {
					if m[g] >= 0 {
						out = append(out, segment{text: s[at:m[g]]}, segment{r.stand(sh.item, s[m[g]:m[g+1]]), true})
						at = m[g+1]
					}
				}
			}
			return append(out, segment{text: s[at:]})
		})
	}
	return segs
}

// stand is what stands for an item: itself when it is the machine's name and may be seen.
func (r *Redactor) stand(it Item, as string) string {
	if it.Class == diagnostics.Machine && !r.p.WithholdMachine {
		return as
	}
	return r.aliasOf(it.Kind, it.As)
}

// find works line by line, so that an expression only runs over lines that may hold what it looks for.
func (r *Redactor) find(segs []segment, finders []finder) []segment {
	for _, f := range finders {
		segs = each(segs, func(s string) []segment {
			if !f.hint(s) {
				return []segment{{text: s}}
			}
			var out []segment
			at, from := 0, 0
			for line := range strings.SplitAfterSeq(s, "\n") {
				if f.hint(line) {
					out, at = r.findIn(out, f, s, at, from, from+len(line))
				}
				from += len(line)
			}
			return append(out, segment{text: s[at:]})
		})
	}
	return segs
}

// findIn looks at s[from:to] and appends what it finds, and all that stands between it and at.
func (r *Redactor) findIn(out []segment, f finder, s string, at, from, to int) ([]segment, int) {
	for _, m := range f.re.FindAllStringSubmatchIndex(s[from:to], -1) {
		a, b := from+m[0], from+m[1]
		if len(m) > 2 && m[2] >= 0 {
			a, b = from+m[2], from+m[3]
		}
		v, ok := f.check(s, a, b)
		if !ok || a < at {
			continue
		}
		if f.kind == diagnostics.KindIP && strings.HasPrefix(s[a:b], v) {
			b = a + len(v) // a colon after an address is the sentence's
		}
		out = append(out, segment{text: s[at:a]}, segment{r.aliasOf(f.kind, v), true})
		at = b
	}
	return out, at
}

func each(segs []segment, f func(string) []segment) []segment {
	out := make([]segment, 0, len(segs))
	for _, s := range segs {
		if s.done || s.text == "" {
			out = append(out, s)
			continue
		}
		out = append(out, f(s.text)...)
	}
	return out
}

func (r *Redactor) join(segs []segment) string {
	var b strings.Builder
	for _, s := range segs {
		b.WriteString(s.text)
	}
	return b.String()
}

// clean takes out what has no place in a text and could hide or reorder one: control characters but line
// ends and tabs, invisible joiners inside which a name would not be recognised, marks of direction.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c == '\r' || c == '\u2028' || c == '\u2029' || c == '\u0085':
			return '\n'
		case unicode.IsControl(c), hidden(c):
			return -1
		}
		return c
	}, s)
}

// hidden are characters that show nothing. The zero-width joiner and non-joiner stay: emoji and several
// scripts need them.
func hidden(c rune) bool {
	switch {
	case c == '\u200C' || c == '\u200D':
		return false
	case c >= '\u200B' && c <= '\u200F', c >= '\u202A' && c <= '\u202E', c >= '\u2060' && c <= '\u2069':
		return true
	case c == '\uFEFF' || c == '\u00AD' || c == '\u061C' || c == '\u180E' || c >= '\uFFF9' && c <= '\uFFFB':
		return true
	}
	return false
}

// Clean is the neutral form of any text from outside, before it is shown or sent.
func Clean(s string) string { return clean(s) }
