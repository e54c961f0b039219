package incident

import (
	"time"

	"balise/client"
	"balise/diagnostics"
)

// Report is the redacted report: what report.json holds (assets/report/report.schema.json describes it) and
// what text and HTML are made of. A part that is withheld or absent is left out.
type Report struct {
	Format      string           `json:"format"`  // "balise-report"
	Version     int              `json:"version"` // of this format
	Program     string           `json:"program"` // Balise's version
	Ref         client.ClientRef `json:"ref"`
	Code        string           `json:"code"`
	Created     time.Time        `json:"created"`
	Opened      time.Time        `json:"opened,omitzero"`
	Language    string           `json:"language"`
	Subject     string           `json:"subject"`
	Description string           `json:"description"`
	// DescriptionCut says that description.txt holds the whole text.
	DescriptionCut bool        `json:"description_cut,omitempty"`
	Request        *Requested  `json:"request,omitempty"`
	Symptom        *Complained `json:"symptom,omitempty"`
	Route          *Route      `json:"route,omitempty"`
	Diagnosis      *Verdict    `json:"diagnosis,omitempty"`
	Changes        *Changed    `json:"changes,omitempty"`
	Tried          []Tried     `json:"tried,omitempty"`
	Checks         []CheckLine `json:"checks,omitempty"`
	Moment         *Moment     `json:"moment,omitempty"`
	Machine        *Machine    `json:"machine,omitempty"`
	Snapshot       *Facts      `json:"snapshot,omitempty"`
	Withheld       []Withheld  `json:"withheld,omitempty"`
	// Masked counts what was replaced by an alias or dropped, by kind.
	Masked      map[string]int `json:"masked,omitempty"`
	Attachments []Attached     `json:"attachments,omitempty"`
}

// Route is where the ticket belongs.
type Route struct {
	Category string          `json:"category,omitempty"`
	Level    int             `json:"level,omitempty"`
	Impact   string          `json:"impact,omitempty"`
	Urgency  string          `json:"urgency,omitempty"`
	Priority client.Priority `json:"priority,omitempty"`
}

// Verdict is the diagnosis as code and in the technician's words.
type Verdict struct {
	Cause      diagnostics.Cause `json:"cause"`
	Confidence string            `json:"confidence"`
	Actor      string            `json:"actor,omitempty"`
	Sentence   string            `json:"sentence"`
	Breaks     string            `json:"breaks,omitempty"`
	RuledOut   string            `json:"ruled_out,omitempty"`
	Also       string            `json:"also,omitempty"`
	Evidence   []Evidence        `json:"evidence,omitempty"`
	Folded     []string          `json:"folded,omitempty"`
	// Asked are the questions that were answered, and the open one.
	Asked       []Asked `json:"asked,omitempty"`
	Fingerprint string  `json:"fingerprint,omitempty"`
}

// Evidence is one fact that the diagnosis rests on.
type Evidence struct {
	Check string           `json:"check"`
	Fact  diagnostics.Fact `json:"fact"`
}

// Tried is one repair and what the self-tests said before and after.
type Tried struct {
	Repair   string      `json:"repair"`
	State    string      `json:"state"`
	Reason   string      `json:"reason,omitempty"`
	Started  time.Time   `json:"started"`
	Finished time.Time   `json:"finished,omitzero"`
	Before   []CheckLine `json:"before,omitempty"`
	After    []CheckLine `json:"after,omitempty"`
	Steps    []TriedStep `json:"steps,omitempty"`
	UserSays string      `json:"user_says,omitempty"`
	// AdminStep is the step that an administrator has to take, because the user's rights did not suffice.
	AdminStep string `json:"admin_step,omitempty"`
}

// TriedStep is what one step of a repair did.
type TriedStep struct {
	Step  string             `json:"step"`
	State string             `json:"state"`
	At    time.Time          `json:"at"`
	Facts []diagnostics.Fact `json:"facts,omitempty"`
	Error string             `json:"error,omitempty"`
}

// CheckLine is the result of one self-test.
type CheckLine struct {
	ID          string                `json:"id"`
	Status      diagnostics.Status    `json:"status"`
	Cause       diagnostics.Cause     `json:"cause,omitempty"`
	Severity    diagnostics.Severity  `json:"severity,omitempty"`
	ExplainedBy string                `json:"explained_by,omitempty"`
	BlockedBy   []string              `json:"blocked_by,omitempty"`
	Facts       []diagnostics.Fact    `json:"facts,omitempty"`
	Attempts    []diagnostics.Attempt `json:"attempts,omitempty"`
	Detail      string                `json:"detail,omitempty"`
	Started     time.Time             `json:"started"`
	TookMS      int64                 `json:"took_ms"`
	TimedOut    bool                  `json:"timed_out,omitempty"`
}

// Machine is the visible line by which a technician finds the computer.
type Machine struct {
	Name     string `json:"name,omitempty"`
	AssetTag string `json:"asset_tag,omitempty"`
}

// Facts is the snapshot.
type Facts struct {
	Taken  time.Time           `json:"taken"`
	Groups []diagnostics.Group `json:"groups"`
}

// Withheld is a section that did not go along, and whose decision that was.
type Withheld struct {
	Section string `json:"section"`
	By      string `json:"by"`             // "user" or "policy"
	File    string `json:"file,omitempty"` // the policy's
}

// Attached is a file beside the report.
type Attached struct {
	Name   string `json:"name"`
	MIME   string `json:"mime"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}
