//go:build !windows

package act

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// The user's print settings are lines, sorted by queue and instance (CUPS, cups/dest.c, cupsSetDests2):
//
//	Dest name[/instance] options
//	Default name[/instance] options
//
// A queue without options stands there only as the default. What lpoptions would drop, comments and queues that are
// gone, is kept.

// queueName refuses what CUPS does not allow in a queue's name: spaces, signs that cannot be printed, /, # and what a
// line or an option could be broken with.
func queueName(s string) bool {
	return s != "" && len(s) <= 127 && !strings.HasPrefix(s, "-") && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`/#?'"\`, r)
	})
}

// destLine is one line of the settings, taken apart.
type destLine struct {
	word, queue, instance string
	options               string // as it stood, with the space before it
	raw                   string
}

func parseDest(raw string) destLine {
	l := destLine{raw: raw}
	f := strings.Fields(raw)
	if len(f) < 2 || !strings.EqualFold(f[0], "Dest") && !strings.EqualFold(f[0], "Default") {
		return l
	}
	l.word = f[0]
	l.queue, l.instance, _ = strings.Cut(f[1], "/")
	rest := raw[strings.Index(raw, f[0])+len(f[0]):]
	l.options = strings.TrimRightFunc(rest[strings.Index(rest, f[1])+len(f[1]):], unicode.IsSpace)
	return l
}

func (l destLine) is(queue, instance string) bool {
	return l.word != "" && strings.EqualFold(l.queue, queue) && strings.EqualFold(l.instance, instance)
}

func (l destLine) text(word string) string {
	name := l.queue
	if l.instance != "" {
		name += "/" + l.instance
	}
	return word + " " + name + l.options
}

// withDefault is what the settings are with another default queue.
func withDefault(was, queue string) string {
	var out []string
	at := -1
	for line := range strings.Lines(was) {
		l := parseDest(strings.TrimRight(line, "\n"))
		switch {
		case l.is(queue, "") && at < 0:
			at = len(out)
			out = append(out, l.text("Default"))
		case l.word == "":
			out = append(out, l.raw)
		case strings.EqualFold(l.word, "Default"):
			if l.instance != "" || l.options != "" {
				out = append(out, l.text("Dest"))
			}
		default:
			out = append(out, l.raw)
		}
	}
	if at < 0 {
		out = slices.Insert(out, place(out, queue), "Default "+queue)
	}
	return strings.Join(out, "\n") + "\n"
}

// place is where a queue's line belongs among the others.
func place(lines []string, queue string) int {
	for i, raw := range lines {
		l := parseDest(raw)
		if l.word != "" && cmp.Or(cmp.Compare(strings.ToLower(l.queue), strings.ToLower(queue)), 1) > 0 {
			return i
		}
	}
	return len(lines)
}
