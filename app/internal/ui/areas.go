package ui

import (
	"slices"
	"strings"

	"balise/app/internal/ui/widgets"
)

// areas are the parts of a computer under which self-tests are shown, in the order of reading. Somebody whose
// work has stopped reads ten lines, not sixty.
func areas() []string {
	return []string{
		"network", "services", "files", "printing", "account", "security", "sound", "disk", "speed", "power",
		"system",
	}
}

// areaOf is the area of a self-test, by the first part of its id.
func areaOf(id string) string {
	head, _, _ := strings.Cut(id, ".")
	switch head {
	case "net", "vpn":
		return "network"
	case "svc", "mail":
		return "services"
	case "share":
		return "files"
	case "print":
		return "printing"
	case "id", "cert":
		return "account"
	case "sec":
		return "security"
	case "av", "display":
		return "sound"
	case "disk":
		return "disk"
	case "perf":
		return "speed"
	case "power":
		return "power"
	}
	return "system"
}

// tally counts the self-tests of one area.
type tally struct {
	passed, problems, unclear, running, absent int
	failed                                     bool
}

func (t *tally) count(status string) {
	switch status {
	case "pass":
		t.passed++
	case "warn":
		t.problems++
	case "fail":
		t.problems++
		t.failed = true
	case "na", "skip":
		t.absent++
	case "running", "retried":
		t.running++
	default:
		t.unclear++
	}
}

// shown tells whether the area says anything about this computer.
func (t tally) shown() bool { return t.passed+t.problems+t.unclear+t.running > 0 }

// status is the shape that the area's line bears: what is worst of what is known.
func (t tally) status() string {
	switch {
	case t.failed:
		return "fail"
	case t.problems > 0:
		return "warn"
	case t.running > 0:
		return "running"
	case t.passed > 0:
		return "pass"
	}
	return "unknown"
}

// word is how the area stands, in a few words.
func (u *UI) areaWord(t tally) string {
	switch {
	case t.problems > 0:
		return u.t.N("window.tests.problems", t.problems)
	case t.running > 0:
		return u.tr("tests.of", "done", t.passed+t.unclear, "total", t.passed+t.unclear+t.running)
	case t.unclear > 0 && t.passed > 0:
		return u.tr("tests.passed_of", "passed", t.passed, "total", t.passed+t.unclear)
	case t.unclear > 0:
		return u.t.N("window.tests.unclear", t.unclear)
	}
	return u.t.N("window.tests.passed", t.passed)
}

// bad tells whether a status must be seen without unfolding anything.
func bad(status string) bool { return status == "warn" || status == "fail" }

// absent tells whether a self-test had nothing to look at here, or could not be tried.
func absent(status string) bool { return status == "na" || status == "skip" }

// group is the line of one area: its name, how it stands, its problems, and under a fold all its self-tests.
type group struct {
	fold     *widgets.Group
	problems *containerT
	inset    *containerT // round the problems
	lines    *containerT
	root     *containerT
	now      []line // what the open fold shows
}

func newGroup(u *UI, area string) *group {
	g := &group{problems: stack(), lines: stack()}
	g.fold = widgets.NewGroup(u.inPage, u.tr("area."+area), func() object {
		g.fill(u, g.now)
		return g.lines
	})
	g.inset = widgets.Inset(g.problems)
	g.inset.Hide()
	g.root = stack(g.fold, g.inset)
	return g
}

// set shows how an area stands, and tells whether the page must be laid out again.
func (g *group) set(u *UI, lines []line) (grown bool) {
	var t tally
	var bads []line
	for _, l := range lines {
		t.count(l.status)
		if bad(l.status) {
			bads = append(bads, l)
		}
	}
	g.fold.Set(t.status(), u.areaWord(t))
	if g.root.Hidden == t.shown() {
		g.root.Hidden = !t.shown()
		grown = true
	}
	if len(bads) != len(g.problems.Objects) {
		g.inset.Hidden = len(bads) == 0
		grown = true
	}
	u.statusLines(g.problems, bads)
	rest := slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return bad(l.status) || absent(l.status) })
	if g.fold.Opened() && len(rest) != len(g.now) {
		grown = true
	}
	g.now = rest
	if g.fold.Opened() {
		g.fill(u, rest)
	}
	return grown
}

func (g *group) fill(u *UI, lines []line) { u.statusLines(g.lines, lines) }

// statusLines makes a container hold one line for each self-test; lines that are there already are changed.
func (u *UI) statusLines(box *containerT, lines []line) {
	changed := false
	for i, l := range lines {
		name, word := u.t.Check(l.id), u.statusWord(l.status)
		if i < len(box.Objects) {
			if row, ok := box.Objects[i].(*widgets.StatusLine); ok {
				row.Set(l.status, name, word)
				continue
			}
		}
		box.Objects = append(box.Objects, widgets.NewStatusLine(l.status, name, word))
		changed = true
	}
	if len(box.Objects) > len(lines) {
		box.Objects = box.Objects[:len(lines)]
		changed = true
	}
	if changed {
		box.Refresh()
	}
}
