package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The markers between which the table stands.
const (
	begin = "<!-- self-tests: written by `go run ./diagnostics/checks/catalogue/readme` -->"
	end   = "<!-- end of the self-tests -->"
)

// insert puts the table between the markers of a text.
func insert(text, table string) (string, error) {
	head, rest, ok := strings.Cut(text, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", errors.New("the markers of the table are missing")
	}
	return head + begin + "\n" + table + end + tail, nil
}

// table is all self-tests, one a row.
func table(tests []selfTest) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d self-tests. `<name>` is a target of the settings. A limit has its unit in its name.\n\n",
		len(tests))
	b.WriteString("| self-test | what it measures | limits | deadline | systems | where a ticket goes, by cause | repairs |\n")
	b.WriteString("|---|---|---|---|---|---|---|\n")
	for _, t := range tests {
		fmt.Fprintf(&b, "| %s |\n", strings.Join([]string{
			t.title(), sentence(t.measures["en"]), t.limits(), t.deadline(), t.systems(), t.triage(), t.repairs(),
		}, " | "))
	}
	b.WriteString("\n")
	return b.String()
}

// none stands where a column has nothing to say.
const none = "–"

func cell(s string) string {
	if s = strings.Join(strings.Fields(strings.ReplaceAll(s, "|", "/")), " "); s == "" {
		return none
	}
	return s
}

// sentence is a text with a capital and without its full stop, as the cells of a table are written.
func sentence(s string) string {
	s = strings.TrimSuffix(strings.TrimSpace(s), ".")
	if s != "" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return cell(s)
}

// template tells whether there is one such test for each target of the settings.
func (t selfTest) template() bool { return strings.Contains(t.names["en"], "{") }

func (t selfTest) title() string {
	s := "`" + t.ID + "`"
	if t.template() {
		s = "`" + t.ID + ".<name>`"
	}
	if t.OnDemand {
		s += " (on demand)"
	}
	return s
}

func (t selfTest) limits() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t.Limits)) {
		parts = append(parts, strings.ReplaceAll(name, "_", " ")+" "+strconv.FormatFloat(t.Limits[name], 'f', -1, 64))
	}
	return cell(strings.Join(parts, "; "))
}

func (t selfTest) deadline() string {
	s := t.Timeout.String()
	if t.Reason != "" {
		s += ": " + cell(t.Reason)
	}
	return s
}

func (t selfTest) systems() string {
	names := map[string]string{"linux": "Linux", "windows": "Windows", "darwin": "macOS"}
	if len(t.Platforms) == 0 {
		return "all"
	}
	var out []string
	for _, goos := range []string{"linux", "windows", "darwin"} {
		if slices.Contains(t.Platforms, goos) {
			out = append(out, names[goos])
		}
	}
	return strings.Join(out, ", ")
}

// triage groups the causes by the queue and the level to which they belong.
func (t selfTest) triage() string {
	var places []string
	tails := map[string][]string{}
	for _, c := range t.causes {
		place := "no row"
		if c.known {
			place = fmt.Sprintf("%s %d", c.entry.Category, c.entry.Level)
		}
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
		tails[place] = append(tails[place], c.tail)
	}
	for i, place := range places {
		places[i] = place + " (" + strings.Join(tails[place], ", ") + ")"
	}
	return cell(strings.Join(places, "; "))
}

func (t selfTest) repairs() string {
	var all []string
	for _, c := range t.causes {
		for _, r := range c.entry.Repairs {
			if r = "`" + r + "`"; !slices.Contains(all, r) {
				all = append(all, r)
			}
		}
	}
	return cell(strings.Join(all, ", "))
}

// gaps is what the catalogue lacks, one sentence each.
func gaps(tests []selfTest) []string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, t := range tests {
		for _, lang := range languages() {
			if t.names[lang] == "" {
				say("%s: no name in %s", t.ID, lang)
			}
			if t.measures[lang] == "" {
				say("%s: nothing says in %s what it measures", t.ID, lang)
			}
		}
		if t.Reason == "" {
			say("%s: no reason for its deadline", t.ID)
		}
		if t.Severity == "" {
			say("%s: no severity", t.ID)
		}
		if len(t.Facts) == 0 {
			say("%s: no facts", t.ID)
		}
		if len(t.Spec.Causes) == 0 {
			say("%s: no causes", t.ID)
		}
		for _, c := range t.causes {
			switch {
			case !c.known:
				say("%s: the table of causes has no row for %q", t.ID, c.tail)
			case c.entry.Category == "" || c.entry.Level == 0 || c.entry.Actor == "":
				say("%s: the row of %q lacks its category, level or actor", t.ID, c.tail)
			case c.entry.Text["en"].Sentence == "" || c.entry.Text["fr"].Sentence == "":
				say("%s: the cause %q lacks its texts", t.ID, c.tail)
			}
		}
	}
	return all
}
