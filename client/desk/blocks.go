package desk

import (
	"slices"
	"strings"
	"unicode"
)

// block is a piece of a text: a heading, or a paragraph.
type block struct {
	Heading bool
	Lead    bool // the first line of a report: its diagnosis
	Text    string
}

// blocks cuts a plain text into paragraphs and headings, so that a report reads as one. A heading is a line
// under which somebody drew a line, or a short line of its own in capitals.
func blocks(text string) []block {
	var all []block
	for para := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		lines := strings.Split(strings.Trim(para, "\n"), "\n")
		switch {
		case len(lines) == 1 && strings.TrimSpace(lines[0]) == "":
			continue
		case len(lines) > 1 && ruler(lines[1]):
			all = append(all, block{Heading: true, Text: strings.TrimSpace(lines[0])})
			lines = lines[2:]
		case capitals(lines[0]):
			all = append(all, block{Heading: true, Text: strings.TrimSpace(lines[0])})
			lines = lines[1:]
		}
		if rest := strings.Join(lines, "\n"); strings.TrimSpace(rest) != "" {
			all = append(all, block{Text: rest})
		}
	}
	return lead(all)
}

// lead lifts the first line of a report out. A text without headings is no report, only somebody's words.
func lead(all []block) []block {
	report := slices.ContainsFunc(all, func(b block) bool { return b.Heading })
	if !report || all[0].Heading {
		return all
	}
	first, rest, more := strings.Cut(all[0].Text, "\n")
	if len(first) > maxLead {
		return all
	}
	all[0] = block{Lead: true, Text: first}
	if more {
		all = slices.Insert(all, 1, block{Text: rest})
	}
	return all
}

const (
	maxHeading = 60
	maxLead    = 600
)

// ruler tells a line of dashes or equals signs.
func ruler(line string) bool {
	line = strings.TrimSpace(line)
	return len(line) >= 3 && (strings.Trim(line, "-") == "" || strings.Trim(line, "=") == "")
}

// capitals tells a short line of capital letters.
func capitals(line string) bool {
	letters := 0
	for _, r := range line {
		if unicode.IsLower(r) {
			return false
		}
		if unicode.IsUpper(r) {
			letters++
		}
	}
	return letters >= 3 && len(line) <= maxHeading && !strings.ContainsAny(line, ".?!0123456789")
}

// maxPageText is how much of one text the page shows; a link leads to the rest.
const maxPageText = 256 << 10

// Long tells that the page shows only the beginning of an entry.
func (e entry) Long() bool { return len(e.Text) > maxPageText }

// Shown is an entry's text as the page shows it.
func (e entry) Shown() string {
	if !e.Long() {
		return e.Text
	}
	return strings.ToValidUTF8(e.Text[:maxPageText], "") + " […]"
}
