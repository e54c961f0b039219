package cli

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text from anywhere safe for a terminal: what a desk or a file name says must never move the
// cursor, change colours, set a title or turn the line around. Line breaks and tabs stay.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\u2028' || r == '\u2029' || r == '\u0085' || r == '\r':
			return '\n'
		case hostile(r):
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}

// cleanLine is clean for what must stay one line.
func cleanLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// hostile tells whether a rune steers a terminal or the reading direction instead of being read.
func hostile(r rune) bool {
	switch {
	case unicode.IsControl(r): // C0, DEL and C1: U+009B alone opens an escape sequence
		return true
	case r == '\u200e' || r == '\u200f' || r == '\u061c': // direction marks
		return true
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069': // embeddings, overrides, isolates
		return true
	case r == '\ufeff' || (r >= '\U000e0000' && r <= '\U000e007f'): // invisible, used to hide text
		return true
	}
	return false
}

// columns is the width of s on a terminal, near enough for wrapping: marks that combine take none, wide
// East Asian letters and emoji take two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\u200d' || r == '\ufe0f':
		case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) || r >= 0x1f300:
			n += 2
		default:
			n++
		}
	}
	return n
}

// wrap breaks text at spaces so that no line is longer than width, and indents every line. The indent that a
// line has of its own stays, also where it goes on: it says what belongs to what. A word that is too long (an
// address, a reference) stays whole: it must be possible to copy it.
func wrap(s, first, next string, width int) string {
	var b strings.Builder
	for i, line := range strings.Split(s, "\n") {
		indent := next
		if i == 0 {
			indent = first
		}
		own := ownIndent(line, width)
		wrapLine(&b, line, indent+own, next+own+hang(line), width)
	}
	return b.String()
}

// ownIndent is the indent that a line came with; never so much that no text fits beside it.
func ownIndent(line string, width int) string {
	n := 0
	for _, r := range line[:len(line)-len(strings.TrimLeft(line, " \t"))] {
		n++
		if r == '\t' {
			n += 3
		}
	}
	return strings.Repeat(" ", max(0, min(n, width/3)))
}

// hang puts the rest of a list's entry under its text, not under its dash.
func hang(line string) string {
	line = strings.TrimLeft(line, " \t")
	if strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "• ") {
		return "  "
	}
	return ""
}

func wrapLine(b *strings.Builder, line, first, next string, width int) {
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(words) == 0 {
		b.WriteString("\n")
		return
	}
	b.WriteString(first)
	at := columns(first)
	for i, word := range words {
		w := columns(word)
		if i > 0 && at+1+w > width {
			b.WriteString("\n" + next)
			at = columns(next)
		} else if i > 0 {
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += w
	}
	b.WriteByte('\n')
}
