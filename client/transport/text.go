package transport

import (
	"strings"
	"unicode"
)

// PlainText makes text from outside safe to show: valid UTF-8, lines ended by \n, no control characters
// but tab and new line, no marks that turn or hide the direction of writing.
func PlainText(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case hidden(r):
			return -1
		}
		return r
	}, s)
}

// Line makes text from outside one line of at most limit characters.
func Line(s string, limit int) string {
	s = strings.Join(strings.Fields(PlainText(s)), " ")
	if r := []rune(s); len(r) > limit {
		return strings.TrimSpace(string(r[:limit-1])) + "…"
	}
	return s
}

// hidden tells control characters and the format characters that reorder or hide text. Joiners stay:
// emoji and several scripts need them.
func hidden(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return false
	case '\u00ad', '\u2060', '\ufeff':
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && !emojiTag(r) // Cf has all that change direction
}

// emojiTag: the flags of England, Scotland and Wales are spelt with these.
func emojiTag(r rune) bool { return r >= 0xe0020 && r <= 0xe007f }
