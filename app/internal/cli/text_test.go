package cli

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanNeutralisesWhatSteersATerminal(t *testing.T) {
	for in, want := range map[string]string{
		"Écran — noir 日本 🙂":          "Écran — noir 日本 🙂",
		"a\tb\nc":                    "a\tb\nc",
		"a\r\nb\u2028c\u0085d\re":    "a\nb\nc\nd\ne",
		"\x1b[2J\x1b]0;x\x07":        "�[2J�]0;x�",
		"\u009b31m\x7f\x00":          "�31m��",
		"\u202egnp.exe\u2066x\u200e": "�gnp.exe�x�",
		"\xff\xfe":                   "�",
		"tag\U000e0041":              "tag�",
		"famille 👨\u200d👩\u200d👧 et é\u0301": "famille 👨\u200d👩\u200d👧 et é\u0301",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestWrapKeepsWordsWhole(t *testing.T) {
	got := wrap("un deux trois https://example.org/une/adresse/tres/longue fin\n\nsuite", "- ", "  ", 16)
	want := "- un deux trois\n  https://example.org/une/adresse/tres/longue\n  fin\n\n  suite\n"
	if got != want {
		t.Errorf("%q", got)
	}
}

func TestWrapKeepsTheIndentOfALine(t *testing.T) {
	got := wrap("- Processor: failed\n  busy 99.7 % for three seconds\n\tfour\n\ndone", "  ", "  ", 24)
	want := "  - Processor: failed\n    busy 99.7 % for\n    three seconds\n      four\n\n  done\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
	got = wrap("- one two three four five six", "", "", 16)
	if want := "- one two three\n  four five six\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := wrap(strings.Repeat(" ", 500)+"x", "", "", 30); got != strings.Repeat(" ", 10)+"x\n" {
		t.Errorf("%q", got)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b[31m", 10)
	f.Add("\u202e\u009b日本語\r\n", 1)
	f.Fuzz(func(t *testing.T, s string, width int) {
		c := clean(s)
		if !utf8.ValidString(c) || strings.ContainsFunc(c, func(r rune) bool { return r != '\n' && r != '\t' && hostile(r) }) {
			t.Errorf("%q became %q", s, c)
		}
		if strings.ContainsFunc(escapeHostile(s), func(r rune) bool { return r != '\n' && hostile(r) }) {
			t.Errorf("%q is not escaped", s)
		}
		wrap(c, "", "  ", width)
	})
}
