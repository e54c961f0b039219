// Package cause turns many results into one diagnosis.
//
// It works on codes only and does no I/O: given the same results, knowledge and context it gives the same
// diagnosis, which is what makes it testable. It reasons in five layers.
//
//  1. Observed or not. Only pass, warn and fail say something about the computer; a test that was skipped,
//     broke or has nothing to test says nothing, and a broken probe is never a broken computer.
//  2. Twice. The Runner has looked again at whatever failed, on another socket, before it comes here; what
//     was seen once is marked so, and one disagreement alone is a remark.
//  3. Roots. A failure that another failure explains, by the relations in the catalogue and by its kind in
//     the table of causes, is folded under it. What works stops the search: a cause does not act through it.
//  4. Rank. The table says of each cause what else it always, often or sometimes breaks, and how common it
//     is. The score of a root is the logarithm of its prior and of the likelihood of all that was seen (a
//     noisy OR); the site's own experience, what changed lately and what the user answered add to it. Rules
//     of the table veto: refuted_by, unless, shown_by, explains, outranks.
//  5. Words. How sure, from what was seen twice, what was assumed and how close the next explanation is;
//     what else was noticed, never merged into the first; what was ruled out; and where that is not enough,
//     the one question whose answer is expected to tell most.
//
// The knowledge is YAML in assets/packs/core, read once and made ready (index.go), so that a diagnosis takes
// some tens of microseconds. It is compiled by this package's tests: build_test.go says what they refuse.
package cause

import "balise/diagnostics"

// Confidence is how sure the diagnosis is, in the four words that users and technicians read.
type Confidence string

// The confidence words.
const (
	Confirmed Confidence = "confirmed" // the root was seen twice, or its observation is direct
	Likely    Confidence = "likely"
	Possible  Confidence = "possible"
	Unsure    Confidence = "unknown" // no cause found; an honest answer
)

// Actor is who can act on a cause.
type Actor string

// The actors, nearest to the user first.
const (
	You      Actor = "you"
	Box      Actor = "box"      // the user's own router
	Provider Actor = "provider" // the Internet provider
	IT       Actor = "it"       // the organisation's service desk
	Service  Actor = "service"  // whoever runs the service that does not answer
)

// Healthy and Undetermined are the two diagnoses that name no cause.
const (
	Healthy      diagnostics.Cause = "healthy"      // everything that could be tested passed
	Undetermined diagnostics.Cause = "undetermined" // too little could be observed to say
)

// Diagnosis is the one answer: what is wrong, how sure, who can act, and where the ticket belongs.
type Diagnosis struct {
	Cause      diagnostics.Cause `json:"cause"`
	Confidence Confidence        `json:"confidence"`
	Root       string            `json:"root,omitempty"` // the check that names the cause
	Actor      Actor             `json:"actor,omitempty"`
	Category   string            `json:"category,omitempty"` // code: "network", "printing", ...
	Level      int               `json:"level,omitempty"`    // 1, 2 or 3
	Impact     string            `json:"impact,omitempty"`   // "user", "several", "site"
	Urgency    string            `json:"urgency,omitempty"`  // "low", "medium", "high"
	// Evidence holds at most the two facts that the diagnosis rests on.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Facts are the facts of the root's result: the texts' arguments.
	Facts []diagnostics.Fact `json:"facts,omitempty"`
	// Folded are the failing checks that this cause explains.
	Folded []string `json:"folded,omitempty"`
	// RuledOut are areas whose checks passed ("network", "disk").
	RuledOut []string `json:"ruled_out,omitempty"`
	// Also names unrelated causes, never merged into the first; at most two.
	Also []Also `json:"also,omitempty"`
	// Changes are what changed since all was well and may have to do with it, the most suspect first.
	Changes []diagnostics.Change `json:"changes,omitempty"`
	// Question is the one whose answer would tell most, where the cause is not sure.
	Question *Question `json:"question,omitempty"`
	// Repairs are the repairs worth proposing, best first.
	Repairs []string `json:"repairs,omitempty"`
	// Fingerprint is the same for the same fault at the same place and holds no personal data.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// Problem tells whether the diagnosis names something wrong.
func (d Diagnosis) Problem() bool {
	return d.Cause != Healthy && d.Cause != Undetermined && d.Cause != ""
}

// Evidence is one fact of one check.
type Evidence struct {
	Check string           `json:"check"`
	Fact  diagnostics.Fact `json:"fact"`
}

// Also is a second, unrelated cause.
type Also struct {
	Cause diagnostics.Cause  `json:"cause"`
	Root  string             `json:"root"`
	Facts []diagnostics.Fact `json:"facts,omitempty"`
}

// Question is asked in words elsewhere; its answer goes back into Context.
type Question struct {
	ID      string   `json:"id"`
	Options []string `json:"options"` // codes, in the order in which they are offered
}

// Context is what is known beside the results.
type Context struct {
	// Answers are the options that the user chose, by question.
	Answers map[string]string
	// Changes are the differences from the last time when all was well.
	Changes []diagnostics.Change
	// Priors multiply the table's by cause: what a site's own tickets say.
	Priors map[string]float64
	// Symptom makes causes likelier, by pattern: what the user complains of. It counts beside Priors.
	Symptom map[string]float64
	// Salt is the organisation's own text (the address of its desk, say); it keeps the codes of sites in
	// fingerprints unrelated to those of other organisations.
	Salt string
}
