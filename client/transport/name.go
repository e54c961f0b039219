package transport

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxNameRunes = 120
	maxNameBytes = 200 // file systems take 255, and a caller may add a number or ".part"
	maxExtBytes  = 20
	unnamed      = "attachment"
)

// SafeName makes a file name from outside fit for any of our file systems and for a person's eyes: no
// path, no control or direction marks, none of the characters and names that Windows reserves, not hidden,
// at most 120 characters and 200 bytes with the extension kept, never empty. It is idempotent.
func SafeName(name string) string {
	s := norm.NFC.String(strings.ToValidUTF8(name, "_"))
	s = strings.Map(safeRune, s)
	s = s[strings.LastIndexByte(s, '/')+1:]
	s = strings.Join(strings.Fields(s), " ")
	s = shorten(trimName(s))
	if s == "" {
		return unnamed
	}
	stem, _, _ := strings.Cut(s, ".")
	if reserved(strings.TrimRight(stem, " ")) {
		s = shorten("_" + s)
	}
	return s
}

func safeRune(r rune) rune {
	switch r {
	case '\\':
		return '/' // a path in somebody's system
	case '<', '>', ':', '"', '|', '?', '*':
		return '_'
	case '\t', '\n', '\r':
		return ' '
	}
	if hidden(r) || unicode.Is(unicode.Cs, r) || unicode.Is(unicode.Co, r) {
		return -1
	}
	return r
}

// trimName takes off what hides a file (leading dots) and what Windows drops (trailing dots and blanks).
func trimName(s string) string {
	return strings.TrimRight(strings.TrimLeft(s, ". "), ". ")
}

// shorten cuts the stem, not the extension.
func shorten(s string) string {
	if utf8.RuneCountInString(s) <= maxNameRunes && len(s) <= maxNameBytes {
		return s
	}
	ext := path.Ext(s)
	if len(ext) > maxExtBytes {
		ext = ""
	}
	stem := []rune(strings.TrimSuffix(s, ext))
	stem = stem[:min(len(stem), maxNameRunes-utf8.RuneCountInString(ext))]
	for len(stem) > 0 && len(string(stem))+len(ext) > maxNameBytes {
		stem = stem[:len(stem)-1]
	}
	return trimName(norm.NFC.String(trimName(string(stem)) + ext))
}

// reserved names are devices on Windows, with any extension.
func reserved(stem string) bool {
	stem = strings.ToUpper(stem)
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	digit, com := strings.CutPrefix(stem, "COM")
	if !com {
		var lpt bool
		if digit, lpt = strings.CutPrefix(stem, "LPT"); !lpt {
			return false
		}
	}
	return utf8.RuneCountInString(digit) == 1 && strings.Contains("0123456789¹²³", digit)
}
