package redact

import (
	"cmp"
	"slices"
	"unicode"
	"unicode/utf8"
)

// pattern is one way in which one identifier can be written.
type pattern struct {
	text  string
	item  int    // index into the dictionary; negative is a secret
	form  string // "plain", "base64", ...
	exact bool   // case matters
	bound bool   // must not be a part of a longer word
}

// match is a pattern found at bytes [start, end).
type match struct{ start, end, pattern int }

// matcher finds patterns by their first two bytes. The work for each byte of the text is bounded by the
// dictionary alone, so it is linear in the text whatever the text is. (An Aho-Corasick automaton was tried: all
// encodings of forty identifiers made it 60 MB.) It folds the case of ASCII letters only: other letters have a
// pattern for each case.
type matcher struct {
	patterns []pattern
	starts   [1 << 16]bool
	byStart  map[uint16][]int // longest first
}

func newMatcher(patterns []pattern) *matcher {
	m := &matcher{patterns: patterns, byStart: map[uint16][]int{}}
	for i, p := range patterns {
		if len(p.text) < 2 {
			continue // a single letter identifies nobody
		}
		key := startKey(p.text, 0)
		m.starts[key] = true
		m.byStart[key] = append(m.byStart[key], i)
	}
	for _, list := range m.byStart {
		slices.SortStableFunc(list, func(a, b int) int {
			return cmp.Compare(len(patterns[b].text), len(patterns[a].text))
		})
	}
	return m
}

func startKey(s string, i int) uint16 { return uint16(fold(s[i]))<<8 | uint16(fold(s[i+1])) }

// find returns the matches from left to right, the longest first at each place, none overlapping.
func (m *matcher) find(s string) []match {
	var all []match
	for i := 0; i+1 < len(s); i++ {
		key := startKey(s, i)
		if !m.starts[key] {
			continue
		}
		for _, p := range m.byStart[key] {
			end := i + len(m.patterns[p].text)
			if end <= len(s) && equalFold(s[i:end], m.patterns[p].text) && m.accept(s, i, end, m.patterns[p]) {
				all = append(all, match{i, end, p})
				i = end - 1
				break
			}
		}
	}
	return all
}

func equalFold(a, b string) bool {
	for i := range len(a) {
		if fold(a[i]) != fold(b[i]) {
			return false
		}
	}
	return true
}

func (m *matcher) accept(s string, start, end int, p pattern) bool {
	if p.exact && s[start:end] != p.text {
		return false
	}
	return !p.bound || (startsWord(s, start) && endsWord(s, end))
}

// startsWord tells whether no word goes on across i. An escape (\n of JSON, %20 of a URL) ends a word though
// its last character looks like a part of one.
func startsWord(s string, i int) bool {
	first, _ := utf8.DecodeRuneInString(s[i:])
	before, size := utf8.DecodeLastRuneInString(s[:i])
	if size == 0 || !wordRune(before) || !wordRune(first) {
		return true
	}
	if i >= 2 && s[i-2] == '\\' && (before == 'n' || before == 't' || before == 'r') {
		return true
	}
	return i >= 3 && s[i-3] == '%' && isHex(s[i-2]) && isHex(s[i-1])
}

func endsWord(s string, i int) bool {
	last, _ := utf8.DecodeLastRuneInString(s[:i])
	after, size := utf8.DecodeRuneInString(s[i:])
	return size == 0 || !wordRune(after) || !wordRune(last)
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func isHex(c byte) bool {
	c = fold(c)
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
}

func fold(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
