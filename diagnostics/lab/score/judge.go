package score

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"balise/diagnostics/lab/scenario"
)

// HeldOut tells whether a seed is one of the third that nobody tunes on.
func HeldOut(seed uint64) bool { return seed%3 == 0 }

// Kind sorts the cases for the figures.
type Kind string

// The kinds of cases.
const (
	Single  Kind = "single"  // one fault
	Double  Kind = "double"  // two, both of which must be named
	Guard   Kind = "guard"   // something is unusual and nothing is wrong
	Healthy Kind = "healthy" // nothing was touched but what seeds vary
)

// Texts gives what people read of a cause in a language; nil is none.
type Texts func(language, cause string) []string

// Verdict is one case, graded.
type Verdict struct {
	Scenario string   `json:"scenario"`
	Seed     uint64   `json:"seed"`
	Kind     Kind     `json:"kind"`
	Tags     []string `json:"tags,omitempty"`
	HeldOut  bool     `json:"held_out"`
	// Void says why the case does not count: the fault was not observed. Broken is a mistake of the lab.
	Void   string `json:"void,omitempty"`
	Broken string `json:"broken,omitempty"`

	Truth []string `json:"truth"`
	Named []string `json:"named"`
	Top1  bool     `json:"top1"`
	Top2  bool     `json:"top2"`
	All   bool     `json:"all"`
	// Allowed are causes that the scenario lets be named beside its own: neither right nor wrong.
	Allowed []string `json:"allowed,omitempty"`
	// Alarms are causes that were named without being true, in a case without a fault.
	Alarms []string `json:"alarms,omitempty"`
	// Forbidden are statements that the scenario forbids.
	Forbidden []string `json:"forbidden,omitempty"`
	// Complaints are smaller misses: triage, folding, exit code, lateness.
	Complaints []string `json:"complaints,omitempty"`
	// HostTruth are causes that are true of the machine that the lab runs on; they are not held against it.
	HostTruth []string `json:"host_truth,omitempty"`
	Issues    int      `json:"issues"`

	// Repairable says that the scenario names a repair that mends the fault, and that it was run; Repaired that it
	// did, by the client's word and by another look at the computer.
	Repairable bool `json:"repairable,omitempty"`
	Repaired   bool `json:"repaired,omitempty"`
	// Hopeless says that the repair must not succeed (no rights, no effect, a no of the user's); Told that the
	// client says so, and that the fault is as it was.
	Hopeless bool `json:"hopeless,omitempty"`
	Told     bool `json:"told,omitempty"`
	// FalseProof is a repair that the client calls solved while the fault is still there.
	FalseProof bool `json:"false_proof,omitempty"`

	Confidence string        `json:"confidence,omitempty"`
	Took       time.Duration `json:"took_ns"`
	First      time.Duration `json:"first_ns,omitempty"`
	PeakKB     int64         `json:"peak_kb,omitempty"`
	Late       bool          `json:"late,omitempty"`
	Unstable   bool          `json:"unstable,omitempty"`
}

// Counts tells whether the case is in the figures.
func (v Verdict) Counts() bool { return v.Void == "" && v.Broken == "" }

// Right tells whether the answer is what the scenario asks for, in everything.
func (v Verdict) Right() bool {
	good := v.Top1
	if v.Kind == Double {
		good = v.All
	}
	return good && len(v.Alarms)+len(v.Forbidden)+len(v.Complaints) == 0 && !v.Late
}

// kindOf sorts a scenario.
func kindOf(s scenario.Scenario) Kind {
	switch {
	case s.Double():
		return Double
	case len(s.Expect.Cause) > 0:
		return Single
	case len(s.Stage)+len(s.Strikes)+len(s.Settings) > 0:
		return Guard
	}
	return Healthy
}

// Judge grades the client.
func Judge(s scenario.Scenario, o Outcome, texts Texts) Verdict {
	v := named(s, o, o.Document.Named())
	if !v.Counts() {
		return v
	}
	v.Took, v.First, v.PeakKB = o.Took, o.First, o.PeakKB
	v.Late = o.Took > s.Expect.Latest()
	switch {
	case o.Killed:
		v.Complaints = append(v.Complaints, "the client did not end")
	case o.Document == nil || o.Document.Diagnosis == nil:
		v.Complaints = append(v.Complaints, fmt.Sprintf("no diagnosis, exit %d", o.Exit))
	}
	if v.Late {
		v.Complaints = append(v.Complaints, fmt.Sprintf("verdict after %v", o.Took.Round(time.Millisecond)))
	}
	if d := o.Document; d != nil && d.Diagnosis != nil {
		v.Confidence = string(d.Diagnosis.Confidence)
		v.Unstable = o.Again != nil && firstNamed(o.Again) != firstNamed(d)
		v.Complaints = append(v.Complaints, complaints(s.Expect, o, v)...)
		v.Forbidden = append(v.Forbidden, words(s.Expect, o, texts)...)
	}
	if s.Repair != nil && o.Repair != nil {
		judgeRepair(s, *o.Repair, &v)
	}
	return v
}

// judgeRepair grades what became of the scenario's repair.
func judgeRepair(s scenario.Scenario, r Repaired, v *Verdict) {
	gone := r.gone(s.Expect.Cause)
	state := r.State
	if state == "" {
		state = scenario.NotBegun
	}
	good := state == s.Repair.End() && (r.Exit == 0 || len(s.Repair.Then) > 0) == s.Repair.Solves() &&
		(gone == s.Repair.Solves() || s.Repair.Word)
	if v.Repairable = s.Repair.Solves(); v.Repairable {
		v.Repaired = good
	} else {
		v.Hopeless, v.Told = true, good
	}
	v.FalseProof = state == scenario.Solved && !gone && !s.Repair.Word
	if !good {
		v.Complaints = append(v.Complaints, fmt.Sprintf("repair %s ended as %q (%s), fault gone: %v, exit %d",
			s.Repair.ID, state, r.Reason, gone, r.Exit))
	}
}

// Baseline grades a list of causes as if a client had shown it, on the same evidence.
func Baseline(s scenario.Scenario, o Outcome, name func(*Document) []string) Verdict {
	return named(s, o, name(o.Document))
}

// named grades which causes are named and nothing else.
func named(s scenario.Scenario, o Outcome, causes []string) Verdict {
	v := Verdict{
		Scenario: s.Name, Seed: o.Seed, Kind: kindOf(s), Tags: s.Tags, HeldOut: HeldOut(o.Seed),
		Void: void(s, o), Broken: o.Error, Truth: truth(s),
	}
	for _, c := range causes {
		if hostTruth(s, o, c) {
			v.HostTruth = append(v.HostTruth, c)
		} else {
			v.Named = append(v.Named, c)
		}
	}
	v.Issues = len(v.Named)
	e := s.Expect
	for _, c := range v.Named {
		if scenario.MatchAny(e.May, c) {
			v.Allowed = append(v.Allowed, c)
		}
	}
	is := func(n int, patterns []string) bool {
		return slices.ContainsFunc(v.Named[:min(n, len(v.Named))], func(c string) bool { return scenario.MatchAny(patterns, c) })
	}
	if e.Healthy {
		for _, c := range v.Named {
			if !scenario.MatchAny(e.May, c) {
				v.Alarms = append(v.Alarms, c)
			}
		}
		answered := o.Document != nil && o.Document.Diagnosis != nil
		v.Top1 = len(v.Alarms) == 0 && answered
		v.Top2, v.All = v.Top1, v.Top1
	} else {
		v.Top1, v.Top2, v.All = is(1, e.Cause), is(2, e.Cause), is(len(v.Named), e.Cause)
		for _, also := range e.Also {
			v.Top1 = v.Top1 || is(1, []string{also})
			v.Top2 = v.Top2 && is(2, []string{also})
			v.All = v.All && is(len(v.Named), []string{also})
		}
	}
	for _, c := range v.Named {
		if scenario.MatchAny(e.Not, c) {
			v.Forbidden = append(v.Forbidden, "names "+c)
		}
	}
	return v
}

func truth(s scenario.Scenario) []string {
	if s.Expect.Healthy {
		return []string{"healthy"}
	}
	out := []string{s.Label()}
	for _, a := range s.Expect.Also {
		first, _, _ := strings.Cut(a, "|")
		out = append(out, strings.TrimSpace(first))
	}
	return out
}

// void says why a case proves nothing: what should have happened did not, by the stage's own looking.
func void(s scenario.Scenario, o Outcome) string {
	if o.Error != "" {
		return ""
	}
	for _, seen := range o.Observed {
		wanted := len(s.Observed) == 0 && !seen.Harmless || slices.Contains(s.Observed, seen.Action)
		if wanted && !seen.OK {
			return seen.Action + ": " + seen.How
		}
	}
	for _, name := range s.Observed {
		if !slices.ContainsFunc(o.Observed, func(seen Observation) bool { return seen.Action == name }) {
			return name + ": not observed"
		}
	}
	return ""
}

// busyPercent is where the kernel's own counters agree that the processor is busy.
const busyPercent = 75

// hostTruth tells whether a cause is true of the machine that the lab runs on rather than of the stage: a busy
// processor is a false alarm only where the kernel's own counters say otherwise, an uneven line only where the
// stage itself carried the packets evenly.
func hostTruth(s scenario.Scenario, o Outcome, c string) bool {
	e := s.Expect
	spoken := slices.Concat(e.Cause, e.Also, e.May)
	if scenario.MatchAny(spoken, c) {
		return false
	}
	uneven := slices.ContainsFunc(o.Observed, func(seen Observation) bool { return seen.Strained })
	return scenario.Match("perf.cpu/*", c) && o.BusyPercent >= busyPercent || c == "net.quality/jitter" && uneven
}

// firstNamed is the first cause that does not hang on how busy the machine was just then.
func firstNamed(d *Document) string {
	for _, c := range d.Named() {
		if !scenario.Match("perf.cpu/*", c) {
			return c
		}
	}
	return ""
}

// complaints are what else the scenario asks for.
func complaints(e scenario.Expect, o Outcome, v Verdict) []string {
	var out []string
	miss := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	d := o.Document.Diagnosis
	first := len(v.Named) > 0 && v.Named[0] == string(d.Cause) && scenario.MatchAny(e.Cause, string(d.Cause))
	if first {
		for _, f := range []struct{ what, have, want string }{
			{"category", d.Category, e.Category},
			{"actor", string(d.Actor), e.Actor},
			{"confidence", string(d.Confidence), e.Confidence},
		} {
			if f.want != "" && f.have != f.want {
				miss("%s is %q, expected %q", f.what, f.have, f.want)
			}
		}
		if e.Level != 0 && d.Level != e.Level {
			miss("level is %d, expected %d", d.Level, e.Level)
		}
	}
	for _, r := range o.Document.Results {
		own := scenario.MatchAny(slices.Concat(e.Cause, e.Also, e.May), string(r.Cause))
		folded := own || r.ExplainedBy != "" || slices.Contains(d.Folded, r.ID)
		isFolded := slices.ContainsFunc(e.Folded, func(p string) bool { return scenario.Match(p, r.ID) })
		if isFolded && r.Status.Bad() && !folded {
			miss("%s stands alone as %s", r.ID, r.Cause)
		}
		blind := slices.ContainsFunc(e.Unknown, func(p string) bool { return scenario.Match(p, r.ID) })
		if blind && r.Status.Observed() {
			miss("%s claims %s where it cannot know", r.ID, r.Status)
		}
		if r.Status.Bad() && r.Cause == "" {
			miss("%s is %s without a cause", r.ID, r.Status)
		}
	}
	want := 0
	if d.Problem() {
		want = 1
	}
	if e.Exit != nil {
		want = *e.Exit
	}
	if o.Exit != want {
		miss("exit code %d, expected %d", o.Exit, want)
	}
	return out
}

// words are forbidden words that people would have read.
func words(e scenario.Expect, o Outcome, texts Texts) []string {
	forbidden := e.NotWords[o.Language]
	if len(forbidden) == 0 {
		return nil
	}
	read := []string{o.Document.Sentence}
	if texts != nil {
		for _, c := range o.Document.Named() {
			read = append(read, texts(o.Language, c)...)
		}
	}
	var out []string
	for _, w := range forbidden {
		if slices.ContainsFunc(read, func(t string) bool { return says(t, w) }) {
			out = append(out, "says "+w)
		}
	}
	return out
}

// says tells whether a text holds a word or a phrase as such, whatever its case.
func says(text, word string) bool {
	text, word = strings.ToLower(text), strings.ToLower(word)
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		before, after := text[:i], text[i+len(word):]
		if !endsInLetter(before) && !startsWithLetter(after) {
			return true
		}
		from = i + len(word)
	}
}

func endsInLetter(s string) bool {
	r := []rune(s)
	return len(r) > 0 && unicode.IsLetter(r[len(r)-1])
}

func startsWithLetter(s string) bool {
	for _, r := range s {
		return unicode.IsLetter(r)
	}
	return false
}
