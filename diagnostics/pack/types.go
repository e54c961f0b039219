package pack

import "time"

// API is the only schema version there is.
const API = "balise/v1"

// File is one pack as it is written. All durations are written like 4s, 30m or 6h.
type File struct {
	API      string            `yaml:"api" need:"yes"`
	Pack     Header            `yaml:"pack" need:"yes"`
	Vars     map[string]string `yaml:"vars"` // ${name} in the values of `with`, and nowhere else
	Checks   []Check           `yaml:"checks"`
	Faults   []Fault           `yaml:"faults"`
	Repairs  []Repair          `yaml:"repairs"`
	Symptoms []Symptom         `yaml:"symptoms"`
	Forms    []Form            `yaml:"forms"`
	Contacts []Contact         `yaml:"contacts"`
	Branding Branding          `yaml:"branding"`

	source *source
}

// Text is what people read, by language ("en", "fr").
type Text map[string]string

// In is the text in a language, in English where there is none, in any language where that is missing too.
func (t Text) In(lang string) string {
	for _, l := range []string{lang, "en", "fr"} {
		if t[l] != "" {
			return t[l]
		}
	}
	return ""
}

// Header says whose pack this is.
type Header struct {
	ID        string    `yaml:"id" need:"yes"`
	Version   string    `yaml:"version" need:"yes"` // numbers with dots: 2026.11.1
	Publisher string    `yaml:"publisher" need:"yes"`
	Title     Text      `yaml:"title" need:"yes"`
	MinClient string    `yaml:"min_client"` // the oldest Balise that understands it
	Expires   time.Time `yaml:"expires"`    // a day: 2027-06-30, which is the last on which it counts
	Languages []string  `yaml:"languages" need:"yes"`
}

// Check is a self-test: one probe, and what its facts mean.
type Check struct {
	ID    string `yaml:"id" need:"yes"`
	Title Text   `yaml:"title" need:"yes"`
	About Text   `yaml:"about"` // what is looked at, in a sentence
	// Probe is one of the closed set; With are its arguments: texts, numbers, yes/no, or lists of these.
	Probe       string         `yaml:"probe" need:"yes"`
	With        map[string]any `yaml:"with"`
	Needs       []string       `yaml:"needs"`
	ExplainedBy []string       `yaml:"explained_by"`
	When        When           `yaml:"when"`
	Timeout     time.Duration  `yaml:"timeout"` // 0.1s to 10s
	Every       time.Duration  `yaml:"every"`   // in the background; empty: on demand only
	Outcomes    []Outcome      `yaml:"outcomes" need:"yes"`
	Facts       []string       `yaml:"facts"` // which of the probe's facts are shown and may leave
}

// When restricts a self-test or a repair to some systems, by GOOS.
type When struct {
	OS []string `yaml:"os"`
}

// Outcome is one line of judgement. The first whose expression is true counts.
type Outcome struct {
	If       string `yaml:"if" need:"yes"`
	Status   string `yaml:"status" need:"yes"` // pass, warn, fail, na, unknown
	Cause    string `yaml:"cause"`             // the tail: "down" of "acme.erp/down"
	Severity string `yaml:"severity"`          // blocks, degrades, notice
}

// Fault is a cause: what it means and what it looks like. See cause.Entry.
type Fault struct {
	Cause       string               `yaml:"cause" need:"yes"` // acme.erp/down
	Category    string               `yaml:"category" need:"yes"`
	Level       int                  `yaml:"level" need:"yes"` // 1 to 3
	Actor       string               `yaml:"actor" need:"yes"` // you, box, provider, it, service
	Impact      string               `yaml:"impact"`
	Urgency     string               `yaml:"urgency"`
	Prior       float64              `yaml:"prior" need:"yes"`
	Always      []string             `yaml:"always"`
	Often       []string             `yaml:"often"`
	Sometimes   []string             `yaml:"sometimes"`
	Explains    map[string][]string  `yaml:"explains"`
	Strong      bool                 `yaml:"strong"`
	AtMost      string               `yaml:"at_most"` // confirmed, likely, possible
	Evidence    []string             `yaml:"evidence"`
	Fingerprint []string             `yaml:"fingerprint"`
	Text        map[string]FaultText `yaml:"text" need:"yes"` // by language
}

// FaultText is what people read of a cause in one language.
type FaultText struct {
	Short    string `yaml:"short" need:"yes"`    // a few words
	Sentence string `yaml:"sentence" need:"yes"` // what is wrong
	Breaks   string `yaml:"breaks" need:"yes"`   // what it breaks
	Now      string `yaml:"now" need:"yes"`      // what to do
}

// Repair is steps from the closed set of verbs, and the self-tests that prove it. See repair.Spec.
type Repair struct {
	ID    string `yaml:"id" need:"yes"`
	Title Text   `yaml:"title" need:"yes"`
	Name  Text   `yaml:"name"` // in the middle of a sentence; the title when empty
	What  Text   `yaml:"what" need:"yes"`
	// RiskText says what may go wrong, DurationText how long it takes, UndoText how it is put back.
	RiskText     Text               `yaml:"risk_text"`
	DurationText Text               `yaml:"duration_text"`
	UndoText     Text               `yaml:"undo_text"`
	Kind         string             `yaml:"kind" need:"yes"`  // fix, workaround
	Scope        string             `yaml:"scope" need:"yes"` // user, system
	Risk         string             `yaml:"risk" need:"yes"`  // none, undo, no_undo
	CostS        int                `yaml:"cost_s" need:"yes"`
	Cooldown     time.Duration      `yaml:"cooldown"`
	When         When               `yaml:"when"`
	Pre          Pre                `yaml:"pre"`
	Verify       []string           `yaml:"verify" need:"yes"`
	Settle       Settle             `yaml:"settle"`
	AsksUser     bool               `yaml:"asks_user"`
	Helps        map[string]float64 `yaml:"helps" need:"yes"` // by pattern of causes, 0 to 1
	Steps        []Step             `yaml:"steps" need:"yes"`
}

// Pre are a repair's preconditions.
type Pre struct {
	Fails     []string `yaml:"fails"`
	Passes    []string `yaml:"passes"`
	NotInCall bool     `yaml:"not_in_call"`
	OnMains   bool     `yaml:"on_mains"`
}

// Settle is how long a repair's effect takes to show.
type Settle struct {
	Every  time.Duration `yaml:"every"`
	Within time.Duration `yaml:"within"`
}

// Step is one step of a repair. A manual step may do nothing but say what to do and wait.
type Step struct {
	ID      string         `yaml:"id" need:"yes"`
	Kind    string         `yaml:"kind" need:"yes"` // auto, confirm, manual
	Text    Text           `yaml:"text" need:"yes"`
	Do      string         `yaml:"do"` // one of the closed set of verbs
	With    map[string]any `yaml:"with"`
	WaitFor WaitFor        `yaml:"wait_for"`
}

// WaitFor is the self-test whose turning ends a manual step.
type WaitFor struct {
	Check string        `yaml:"check" need:"yes"`
	Max   time.Duration `yaml:"max" need:"yes"`
}

// Symptom leads from people's words to questions, self-tests, repairs and the right desk.
type Symptom struct {
	ID        string              `yaml:"id" need:"yes"`
	Title     Text                `yaml:"title" need:"yes"`
	Says      map[string][]string `yaml:"says" need:"yes"` // phrases and synonyms by language
	Questions []Question          `yaml:"questions"`
	Tests     []string            `yaml:"tests"`   // to be run first
	Factors   map[string]float64  `yaml:"factors"` // how much likelier these causes are, by pattern
	Repairs   []string            `yaml:"repairs"`
	Category  string              `yaml:"category" need:"yes"`
	Level     int                 `yaml:"level" need:"yes"`
	Queue     string              `yaml:"queue"`
	Urgency   string              `yaml:"urgency"`
	// Technician is a line for the person who takes the ticket.
	Technician Text   `yaml:"technician"`
	Form       string `yaml:"form"` // a request form that serves better than an incident
}

// Question is one of two or three that a symptom asks.
type Question struct {
	ID      string   `yaml:"id" need:"yes"`
	Text    Text     `yaml:"text" need:"yes"`
	Options []Option `yaml:"options" need:"yes"`
}

// Option is an answer and what it makes likelier.
type Option struct {
	ID      string             `yaml:"id" need:"yes"`
	Text    Text               `yaml:"text" need:"yes"`
	Factors map[string]float64 `yaml:"factors"`
	Impact  string             `yaml:"impact"`
}

// Form is a request: software, equipment, access.
type Form struct {
	ID       string  `yaml:"id" need:"yes"`
	Kind     string  `yaml:"kind" need:"yes"` // software, equipment, access, other
	Title    Text    `yaml:"title" need:"yes"`
	Intro    Text    `yaml:"intro"`
	Fields   []Field `yaml:"fields" need:"yes"`
	Category string  `yaml:"category" need:"yes"`
	Level    int     `yaml:"level" need:"yes"`
	Queue    string  `yaml:"queue"`
}

// Field is one line of a form.
type Field struct {
	ID       string   `yaml:"id" need:"yes"`
	Label    Text     `yaml:"label" need:"yes"`
	Type     string   `yaml:"type" need:"yes"` // text, long, choice, number, date, yesno
	Required bool     `yaml:"required"`
	Options  []Choice `yaml:"options"` // of a choice
	Max      int      `yaml:"max"`     // characters of a text, or the largest number
}

// Choice is one option of a field.
type Choice struct {
	ID   string `yaml:"id" need:"yes"`
	Text Text   `yaml:"text" need:"yes"`
}

// Contact is a way to reach people.
type Contact struct {
	Name  Text   `yaml:"name" need:"yes"`
	Phone string `yaml:"phone"`
	Hours Text   `yaml:"hours"`
	Mail  string `yaml:"mail"`
	URL   string `yaml:"url"` // https only
}

// Branding is whose support this is.
type Branding struct {
	Name   Text   `yaml:"name" need:"yes"`
	Logo   string `yaml:"logo"`   // a PNG file beside the pack
	Accent string `yaml:"accent"` // #rrggbb
}
