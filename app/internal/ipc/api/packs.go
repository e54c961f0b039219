package api

import (
	"time"

	"balise/diagnostics/cause"
)

// SymptomMatch is a symptom that may be what the user writes about. All its words are in the agent's language.
type SymptomMatch struct {
	ID    string  `json:"id"`
	Title string  `json:"title"` // as people say it
	Score float64 `json:"score"` // only its order counts
	// Words are those of the user's text by which it was found.
	Words []string `json:"words,omitempty"`
	// Form is a request form that serves better than an incident; empty where there is none.
	Form      string `json:"form,omitempty"`
	Publisher string `json:"publisher,omitempty"` // of the pack, as people read it; empty for Balise's own
}

// IncidentSymptom is the symptom of an incident, and what it asks. The questions' words are among Words, under
// question.<id>; they are answered like the diagnosis' own.
type IncidentSymptom struct {
	ID        string           `json:"id"`
	Title     string           `json:"title"`
	Questions []cause.Question `json:"questions,omitempty"`
	Form      string           `json:"form,omitempty"`
	Publisher string           `json:"publisher,omitempty"`
}

// Form is a request: a program, a device, access to something. All its words are in the agent's language.
type Form struct {
	ID        string      `json:"id"`
	Kind      string      `json:"kind"` // "software", "equipment", "access", "other"
	Title     string      `json:"title"`
	Intro     string      `json:"intro,omitempty"`
	Fields    []FormField `json:"fields"`
	Publisher string      `json:"publisher,omitempty"`
}

// FormField is one thing that a form asks.
type FormField struct {
	ID       string       `json:"id"`
	Label    string       `json:"label"`
	Type     string       `json:"type"` // "text", "long", "choice", "number", "date" (2026-11-22), "yesno" (yes, no)
	Required bool         `json:"required,omitempty"`
	Options  []FormOption `json:"options,omitempty"` // of a choice; the answer is the ID
	Max      int          `json:"max,omitempty"`     // characters of a text, or the largest number; 0 is the agent's own
}

// FormOption is one option of a choice.
type FormOption struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// PackInfo is a support pack that was found.
type PackInfo struct {
	ID        string    `json:"id"`
	Version   string    `json:"version,omitempty"`
	Publisher string    `json:"publisher,omitempty"`
	Title     string    `json:"title,omitempty"`
	Trust     string    `json:"trust,omitempty"` // "embedded", "admin", "signed"
	Path      string    `json:"path,omitempty"`
	Expires   time.Time `json:"expires,omitzero"`
	// What it brings.
	Checks   int `json:"checks,omitempty"`
	Faults   int `json:"faults,omitempty"`
	Repairs  int `json:"repairs,omitempty"`
	Symptoms int `json:"symptoms,omitempty"`
	Forms    int `json:"forms,omitempty"`
	// Refused says why it was not taken, as a code with a text (pack.refused.<code>) and its places.
	Refused string            `json:"refused,omitempty"`
	Args    map[string]string `json:"args,omitempty"`
	// Problems are the mistakes that lint found, with file, line and column.
	Problems []string `json:"problems,omitempty"`
}

// Branding is whose support this is; all is empty where no pack says so. Its words are in the agent's language.
type Branding struct {
	Name string `json:"name,omitempty"`
	// Logo is a PNG of at most 256 KiB, from a pack that was believed; who shows it decodes it with care.
	Logo []byte `json:"logo,omitempty"`
	// Accent is #rrggbb.
	Accent   string    `json:"accent,omitempty"`
	Contacts []Contact `json:"contacts,omitempty"`
}

// Contact is a way to reach people.
type Contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
	Hours string `json:"hours,omitempty"`
	Mail  string `json:"mail,omitempty"`
	URL   string `json:"url,omitempty"` // https
}
