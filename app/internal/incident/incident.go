// Package incident makes a ticket of what the user said, what the self-tests found, what was tried and what
// the computer is: a plain text for the technician, a report to print, a report for programs, a picture.
//
// Everything is redacted first, into one Report; text, HTML and JSON are three views of it and see nothing
// else, so that a section that is withheld is absent from all three. The final bytes are scanned once more, and
// a leak blocks the sending.
//
// It runs in a short-lived child (RunChild), because it decodes images and holds the whole report in memory;
// the agent sees only the result.
package incident

import (
	"time"

	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/diagnostics/cause"
	"balise/diagnostics/snapshot"
)

// RenderRequest is everything that a report is made of. It is the first line that RunChild reads;
// ScreenshotBytes bytes of PNG follow it.
type RenderRequest struct {
	Ref    client.ClientRef `json:"ref"`
	Opened time.Time        `json:"opened,omitzero"` // when the user began to describe
	Now    time.Time        `json:"now,omitzero"`    // zero: the clock
	// Language is the technician's, in which body and files are written; UserLanguage is the one of the
	// section titles that the review shows. Both "fr" or "en".
	Language     string `json:"language"`
	UserLanguage string `json:"user_language"`
	Desk         string `json:"desk"` // who receives it, in words
	Version      string `json:"version"`

	Input     api.Input           `json:"input"`
	Results   []api.Result        `json:"results,omitempty"`
	Diagnosis *cause.Diagnosis    `json:"diagnosis,omitempty"`
	Attempts  []api.RepairAttempt `json:"attempts,omitempty"`
	// Changes are the differences from AllWell, the last time when all was well; Answers are what the user
	// said to the diagnosis' questions; Moment is the marked moment with its minutes.
	Changes  []api.Change       `json:"changes,omitempty"`
	AllWell  time.Time          `json:"all_well,omitzero"`
	Answers  map[string]string  `json:"answers,omitempty"`
	Moment   *api.Moment        `json:"moment,omitempty"`
	Snapshot *snapshot.Snapshot `json:"snapshot,omitempty"`

	// Request is the filled form, nil for an incident; Symptom what the user complains of, nil where nobody said.
	Request *Request `json:"request,omitempty"`
	Symptom *Symptom `json:"symptom,omitempty"`
	// Words and UserWords are the packs' texts in the two languages.
	Words     map[string]string `json:"words,omitempty"`
	UserWords map[string]string `json:"user_words,omitempty"`

	// Locked names sections that the policy withholds, with the file that says so.
	Locked map[string]string `json:"locked,omitempty"`
	// Key is the incident's pseudonym key (redact.NewKey), the same for review and send.
	Key []byte `json:"key"`
	// Secrets are the desk's token and password: they must not be found in what leaves.
	Secrets []string `json:"secrets,omitempty"`
	// MaxAttachment is the desk's limit for one file; 0 is ours.
	MaxAttachment int64 `json:"max_attachment,omitempty"`
	// OutDir is an existing folder in which the files are written, 0600; empty writes nothing.
	OutDir          string `json:"out_dir,omitempty"`
	ScreenshotBytes int64  `json:"screenshot_bytes,omitempty"`
}

// RenderResult is what would leave.
type RenderResult struct {
	Review api.Review `json:"review"`
	// Files are the written files in the order of Review.Files; empty without OutDir.
	Files []File `json:"files,omitempty"`
	// Withheld names what did not go along, for the trust page.
	Withheld []string `json:"withheld,omitempty"`
	// Queue is the one that a form or a symptom asks for; empty is the settings'.
	Queue string `json:"queue,omitempty"`
	// Error says why there is no report; nothing else is then set.
	Error *api.Error `json:"error,omitempty"`
}

// File is one written file.
type File struct {
	Name   string `json:"name"`
	MIME   string `json:"mime"`
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// The sections of a report, in their order. All but the request and the description may be withheld.
const (
	SectionRequest     = "request"
	SectionDiagnosis   = "diagnosis"
	SectionDescription = "description"
	SectionChanges     = "changes"
	SectionTried       = "tried"
	SectionChecks      = "checks"
	SectionMoment      = "moment"
	SectionMachine     = "machine"
	SectionSnapshot    = "snapshot"
	SectionScreenshot  = "screenshot"
)

var sectionOrder = [...]string{
	SectionRequest, SectionDiagnosis, SectionDescription, SectionChanges, SectionTried, SectionChecks, SectionMoment,
	SectionMachine, SectionSnapshot, SectionScreenshot,
}

const (
	maxSubject       = 120       // characters
	maxBodyWords     = 20_000    // characters of the user's words in the body; more travels as a file
	maxDescription   = 8 << 20   // bytes
	maxPicture       = 96 << 20  // bytes of PNG
	maxPixels        = 100 << 20 // of a decoded picture: twelve displays of 4K
	maxAttachment    = 64 << 20
	maxAttachments   = 20
	maxPreview       = 256 << 10
	maxRequest       = 64 << 20
	nameReportHTML   = "report.html"
	nameReportJSON   = "report.json"
	nameDescription  = "description.txt"
	nameScreenshot   = "screenshot.png"
	formatName       = "balise-report"
	formatVersion    = 1
	maxFactText      = 300 // characters of one fact in the body
	maxListedInLine  = 60
	bodyColumns      = 78
	maxDetail        = 400
	maxErrorsInTries = 40
)
