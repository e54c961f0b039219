// Package scenario reads the lab's scenario files: how a computer and its network are broken, and what a good
// diagnosis says of it.
//
// A file is strict YAML: a key that nobody knows is an error with file, line and column, because a typing
// mistake in an expectation would otherwise be an expectation that never fails.
package scenario

import (
	"slices"
	"strings"
	"time"
)

// Scenario is one file, or a pair of two made by Pairs.
type Scenario struct {
	// Name is the file's name without .yaml; it is what --only takes.
	Name string `yaml:"name" json:"name"`
	// Title says what is broken, for people.
	Title string `yaml:"title" json:"title"`
	// Row is the row of the fault matrix in the lab's README that this file covers; 0 is none.
	Row  int      `yaml:"row" json:"row,omitempty"`
	Tags []string `yaml:"tags" json:"tags,omitempty"`
	// Areas are the parts of the computer that the fault touches, as paths ("net/dns"); two scenarios whose
	// areas do not touch can be played together. None: never part of a pair.
	Areas []string `yaml:"areas" json:"areas,omitempty"`
	// Only asks the client for these self-tests alone, such as those that run on demand.
	Only []string `yaml:"only" json:"only,omitempty"`
	// Settings are laid over those of the stage, as the client's settings file would hold them.
	Settings map[string]any `yaml:"settings" json:"settings,omitempty"`
	// Stage is done before the client starts, Strikes while it runs.
	Stage   []Step   `yaml:"stage" json:"stage,omitempty"`
	Strikes []Strike `yaml:"strikes" json:"strikes,omitempty"`
	Expect  Expect   `yaml:"expect" json:"expect"`
	// Repair is what the user then does about it; nil where nothing of the client's can help.
	Repair *Repair `yaml:"repair" json:"repair,omitempty"`
	// Observed are names of observations that must hold, or the case is void. Empty: all that the stage makes.
	Observed []string `yaml:"observed" json:"observed,omitempty"`
	Vary     Vary     `yaml:"vary" json:"vary,omitzero"`
	// File is where it was read from.
	File string `yaml:"-" json:"file,omitempty"`
}

// Step is one action of the stage with its arguments.
type Step struct {
	Do   string         `json:"do"`
	With map[string]any `json:"with,omitempty"`

	line, column int
}

// Strike is an action in mid-run. After counts from the client's start.
type Strike struct {
	Step
	After Duration `json:"after"`
}

// Duration is a time.Duration that reads and prints as "300ms".
type Duration time.Duration

// MarshalText prints it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it; a negative one is an error.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return errDuration
	}
	*d = Duration(v)
	return nil
}

// Expect is what a good diagnosis says, and what it must not say. A pattern is a cause code in which a star
// stands for any run of characters.
type Expect struct {
	// Healthy: nothing may be named but what May allows.
	Healthy bool `yaml:"healthy" json:"healthy,omitempty"`
	// Cause are patterns, any of which must be named first. The first one is the label in the tables.
	Cause []string `yaml:"cause" json:"cause,omitempty"`
	// Also are causes of which every one must be named too, first or beside the first. One entry may hold
	// alternatives: "a | b".
	Also []string `yaml:"also" json:"also,omitempty"`
	// May are causes that may be named beside the expected ones.
	May []string `yaml:"may" json:"may,omitempty"`
	// The triage of the cause that is named first.
	Category   string `yaml:"category" json:"category,omitempty"`
	Level      int    `yaml:"level" json:"level,omitempty"`
	Actor      string `yaml:"actor" json:"actor,omitempty"`
	Confidence string `yaml:"confidence" json:"confidence,omitempty"`
	// Folded are checks that may fail only as a consequence: none of them may stand as a fault of its own.
	Folded []string `yaml:"folded" json:"folded,omitempty"`
	// Not are causes that must not be named at all.
	Not []string `yaml:"not" json:"not,omitempty"`
	// NotWords must not appear in what people read, by language.
	NotWords map[string][]string `yaml:"not_words" json:"not_words,omitempty"`
	// Within is the latest verdict; 0 is five seconds.
	Within Duration `yaml:"within" json:"within,omitempty"`
	// Exit is the client's exit code; nil is 0 when nothing is named and 1 otherwise.
	Exit *int `yaml:"exit" json:"exit,omitempty"`
	// Unknown are checks that must end as unknown or n/a: the fault is in the looking, not in the computer.
	Unknown []string `yaml:"unknown" json:"unknown,omitempty"`
}

// DefaultWithin is the latest verdict where a scenario names none.
const DefaultWithin = 5 * time.Second

// Latest is the latest verdict.
func (e Expect) Latest() time.Duration {
	if e.Within > 0 {
		return time.Duration(e.Within)
	}
	return DefaultWithin
}

// Repair is a repair that the client offers for the fault, run in a terminal as a person runs it.
type Repair struct {
	// ID is the repair's.
	ID string `yaml:"id" json:"id"`
	// Answers are what the person types, line by line; when there is nothing more, a person who agrees: yes to each
	// question, and to a choice an empty line, which takes what the client would pick.
	Answers []string `yaml:"answers" json:"answers,omitempty"`
	// Meanwhile are done by others while it runs: the user signs in at the portal, an administrator types a
	// password.
	Meanwhile []Strike `yaml:"meanwhile" json:"meanwhile,omitempty"`
	// Then is what happens once the person has gone: the computer starts anew. The next look at it is the proof.
	Then []Step `yaml:"then" json:"then,omitempty"`
	// Within is the latest end; 0 is thirty seconds.
	Within Duration `yaml:"within" json:"within,omitempty"`
	// Ends is how it must end: "solved" when left out, another state of an attempt where that is right
	// ("needs_admin"), or "not_begun" where the client must not even begin.
	Ends string `yaml:"ends" json:"ends,omitempty"`
	// Word says that the self-test sees the past only, so that the person's word is the proof and not another look.
	Word bool `yaml:"word" json:"word,omitempty"`
}

// The ends of a repair that a scenario names beside the states of an attempt.
const (
	Solved   = "solved"
	NotBegun = "not_begun"
)

// End is how it must end.
func (r Repair) End() string {
	if r.Ends == "" {
		return Solved
	}
	return r.Ends
}

// DefaultRepair is the latest end of a repair where a scenario names none.
const DefaultRepair = 30 * time.Second

// Latest is the latest end.
func (r Repair) Latest() time.Duration {
	if r.Within > 0 {
		return time.Duration(r.Within)
	}
	return DefaultRepair
}

// Solves tells whether the fault must be gone afterwards.
func (r Repair) Solves() bool { return r.End() == Solved }

// Vary limits what the seeds vary. Seeds change harmless things, so that as many seeds are as many cases.
type Vary struct {
	// Not are the variations that would touch the fault itself, by name, or "all".
	Not []string `yaml:"not" json:"not,omitempty"`
}

// Allows tells whether seeds may vary this.
func (v Vary) Allows(name string) bool {
	return !slices.Contains(v.Not, name) && !slices.Contains(v.Not, "all")
}

// Label is the scenario's truth in one word, for the tables: the first expected cause, or "healthy".
func (s Scenario) Label() string {
	if len(s.Expect.Cause) == 0 {
		return "healthy"
	}
	return s.Expect.Cause[0]
}

// Double tells whether more than one fault must be named.
func (s Scenario) Double() bool { return len(s.Expect.Also) > 0 }

// Has tells whether the scenario carries a tag.
func (s Scenario) Has(tag string) bool { return slices.Contains(s.Tags, tag) }

// Match tells whether a cause code fits a pattern.
func Match(pattern, cause string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == cause
	}
	rest, ok := strings.CutPrefix(cause, parts[0])
	if !ok {
		return false
	}
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// MatchAny tells whether a cause fits any of the patterns. A pattern may hold alternatives: "a | b".
func MatchAny(patterns []string, cause string) bool {
	for _, p := range patterns {
		for alt := range strings.SplitSeq(p, "|") {
			if Match(strings.TrimSpace(alt), cause) {
				return true
			}
		}
	}
	return false
}
