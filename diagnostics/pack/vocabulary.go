package pack

import "balise/diagnostics/pack/expr"

// Vocabulary is all that a pack may speak of: the closed sets of probes and verbs, and what the core knows. A
// name that is not in it is refused.
type Vocabulary struct {
	Probes []Probe
	Verbs  []Verb
	// Checks are the core's self-tests by id; "svc.reach.*" stands for every instance of a template.
	Checks []string
	// Causes are the core's causes and patterns: "net.portal/found", "svc.reach.*/refused".
	Causes []string
	// Repairs are the core's repairs by id.
	Repairs []string
	// Categories are the codes that the core has words for; none: any is taken.
	Categories []string
	// Client is this Balise's version, for min_client; without numbers (a build of no release): any is taken.
	Client string
}

// Probe is one of the closed set, as far as a pack's author must know it.
type Probe struct {
	Name  string
	Args  []Arg
	Facts map[string]expr.Type
	// Exec says that it runs a program: only packs from an admin-owned place may, and only where the
	// administrator's settings allow it.
	Exec bool
	// OS are the systems on which it works, by GOOS; empty is all.
	OS []string
	// Check judges the arguments together, after each one was judged alone; nil: nothing more to say. Its error
	// is for people who write packs.
	Check func(with map[string]any) error
}

// Verb is something that a repair's step can do, one of the closed set.
type Verb struct {
	Name string
	Args []Arg
	// Risk is the least that a repair with it must own up to: none, undo, no_undo.
	Risk string
	// Scope is user or system: what it changes.
	Scope string
	// Elevated says that it may need an administrator's password.
	Elevated bool
	OS       []string
	Check    func(with map[string]any) error
}

// Arg is an argument of a probe or a verb.
type Arg struct {
	Name     string
	Type     ArgType
	Required bool
	// Min and Max bound numbers, durations (in seconds) and the length of lists and texts; both 0: the type's own.
	Min, Max float64
	// Among are the only values, where there are few.
	Among []string
}

// ArgType is what an argument holds.
type ArgType string

// The types of arguments. What is not a text of one line is said.
const (
	ArgText     ArgType = "text"     // one line
	ArgName     ArgType = "name"     // letters, digits and . _ - @ : only, not starting with - or .
	ArgURL      ArgType = "url"      // https://
	ArgHTTP     ArgType = "http"     // http:// or https://
	ArgHost     ArgType = "host"     // a host's name or address
	ArgHostPort ArgType = "hostport" // host:port
	ArgRelative ArgType = "relative" // a path that stays below its base
	ArgPath     ArgType = "path"     // an absolute path
	ArgWhole    ArgType = "whole"
	ArgNumber   ArgType = "number"
	ArgYesNo    ArgType = "yesno"
	ArgDuration ArgType = "duration" // 4s
	ArgTexts    ArgType = "texts"    // a list of texts
	ArgWholes   ArgType = "wholes"   // a list of whole numbers
)
