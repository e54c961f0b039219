package cli

import (
	"time"

	"balise/app/internal/ipc/api"
)

// The names and versions of the documents. A version only grows when a reader of the old one would break;
// new keys alone do not change it. Each has its schema in assets/schemas.
const (
	schemaCheck    = "balise.check/1"
	schemaChecks   = "balise.checks/1"
	schemaSnapshot = "balise.snapshot/1"
	schemaSent     = "balise.sent/1"
	schemaTickets  = "balise.tickets/1"
	schemaTicket   = "balise.ticket/1"
	schemaOutbox   = "balise.outbox/1"
	schemaExport   = "balise.export/1"
	schemaRepairs  = "balise.repairs/1"
	schemaRepair   = "balise.repair/1"
	schemaHistory  = "balise.repair_history/1"
	schemaDesk     = "balise.desk/1"
	schemaDeskURL  = "balise.desk_url/1"
	schemaConfig   = "balise.config/1"
	schemaVersion  = "balise.version/1"
	schemaRecord   = "balise.record/1"
	schemaDone     = "balise.done/1"
	schemaError    = "balise.error/1"
	schemaEvent    = "balise.event/1"
)

// CheckDoc is `balise check --json`.
type CheckDoc struct {
	Schema    string         `json:"schema" doc:"name and version of this document"`
	Problem   bool           `json:"problem" doc:"the diagnosis names something wrong; the exit code is then 1"`
	Sentence  string         `json:"sentence" doc:"the diagnosis in the user's language"`
	Diagnosis *api.Diagnosis `json:"diagnosis" doc:"the diagnosis in codes and facts"`
	Results   []api.Result   `json:"results" doc:"one result a self-test"`
	// AllWell and Changes are only there after a full run.
	AllWell  *time.Time   `json:"all_well,omitempty" doc:"the last time when all was well; what changed since is in changes"`
	Changes  []ChangeLine `json:"changes,omitempty" doc:"what changed since all was well: suspects, not causes"`
	Question *AskedLine   `json:"question,omitempty" doc:"the one question whose answer would tell most; see check --answer"`
	// Settings is nil where nothing is wrong.
	Settings *Reason `json:"settings,omitempty" doc:"what is wrong in the settings; what is right in them counts"`
	TookMS   int64   `json:"took_ms" doc:"duration of the run in milliseconds"`
}

// ChangeLine is one difference from the last time when all was well.
type ChangeLine struct {
	api.Change
	Text    string `json:"text" doc:"in the user's language"`
	Suspect bool   `json:"suspect" doc:"it may have to do with the diagnosis"`
}

// AskedLine is a question and what can be answered.
type AskedLine struct {
	ID      string       `json:"id"`
	Text    string       `json:"text" doc:"in the user's language"`
	Options []OptionLine `json:"options"`
	Answer  string       `json:"answer,omitempty" doc:"the option that was given with --answer"`
}

// OptionLine is one possible answer.
type OptionLine struct {
	ID   string `json:"id"`
	Text string `json:"text" doc:"in the user's language"`
}

// RecordDoc is `balise record --json`.
type RecordDoc struct {
	Schema string `json:"schema" doc:"name and version of this document"`
	api.RecordState
}

// ChecksDoc is `balise check --list --json`.
type ChecksDoc struct {
	Schema string      `json:"schema" doc:"name and version of this document"`
	Checks []CheckLine `json:"checks" doc:"the self-tests, in the order in which they are listed"`
}

// CheckLine is a self-test with its name in the user's language.
type CheckLine struct {
	api.CheckInfo
	Name     string `json:"name" doc:"in the user's language"`
	Measures string `json:"measures" doc:"what it measures, in one line"`
}

// SnapshotDoc is `balise snapshot --json`.
type SnapshotDoc struct {
	Schema string          `json:"schema" doc:"name and version of this document"`
	Groups []api.FactGroup `json:"groups" doc:"redacted facts, by topic, as they would be sent"`
}

// SentDoc is `balise report --json`, and tickets reply and reopen.
type SentDoc struct {
	Schema string  `json:"schema" doc:"name and version of this document"`
	Ref    string  `json:"ref" doc:"our reference, minted before anything was sent"`
	Number string  `json:"number" doc:"the desk's number; empty until the desk has answered"`
	URL    string  `json:"url" doc:"the ticket's page; empty when unknown"`
	State  string  `json:"state" doc:"sent; queued: safe on this computer and tried again by itself; refused"`
	Code   string  `json:"code" doc:"short word to read out on the phone"`
	Reason *Reason `json:"reason" doc:"why it is queued or refused; null when sent"`
}

// Reason is an error as people read it.
type Reason struct {
	Code   string            `json:"code" doc:"stable code"`
	Args   map[string]string `json:"args,omitempty" doc:"the values in the sentences"`
	Detail string            `json:"detail,omitempty" doc:"technical detail"`
	What   string            `json:"what" doc:"what happened, in the user's language"`
	Next   string            `json:"next" doc:"what to do next, in the user's language"`
}

// TicketsDoc is `balise tickets --json`.
type TicketsDoc struct {
	Schema  string           `json:"schema" doc:"name and version of this document"`
	Tickets []api.TicketRow  `json:"tickets" doc:"newest change first"`
	Outbox  []api.OutboxItem `json:"outbox" doc:"what waits on this computer"`
	AsOf    time.Time        `json:"as_of,omitzero" doc:"when the desk last answered"`
	Problem *Reason          `json:"problem" doc:"why this is not fresh; null when it is"`
}

// TicketDoc is `balise tickets show N --json`.
type TicketDoc struct {
	Schema string         `json:"schema" doc:"name and version of this document"`
	Ticket api.TicketView `json:"ticket" doc:"the ticket and its thread"`
}

// OutboxDoc is `balise outbox --json` and `outbox retry`.
type OutboxDoc struct {
	Schema string           `json:"schema" doc:"name and version of this document"`
	Items  []api.OutboxItem `json:"items" doc:"reports and replies on their way, oldest first"`
}

// ExportDoc is `balise outbox export --json`.
type ExportDoc struct {
	Schema string `json:"schema" doc:"name and version of this document"`
	Ref    string `json:"ref" doc:"the report"`
	File   string `json:"file" doc:"the ZIP file, by absolute path"`
	Bytes  int64  `json:"bytes" doc:"its size"`
	SHA256 string `json:"sha256" doc:"its SHA-256, in hexadecimal"`
}

// RepairsDoc is `balise repair list --json`.
type RepairsDoc struct {
	Schema  string       `json:"schema" doc:"name and version of this document"`
	Repairs []RepairLine `json:"repairs" doc:"best first"`
}

// RepairLine is a repair with its name in the user's language.
type RepairLine struct {
	api.RepairInfo
	Name string `json:"name" doc:"in the user's language"`
}

// RepairDoc is `balise repair run --json`.
type RepairDoc struct {
	Schema  string            `json:"schema" doc:"name and version of this document"`
	Solved  bool              `json:"solved" doc:"the self-test passes now, or the user says so"`
	Attempt api.RepairAttempt `json:"attempt" doc:"what was tried and what the self-test said before and after"`
}

// RepairHistoryDoc is `balise repair history --json`.
type RepairHistoryDoc struct {
	Schema string `json:"schema" doc:"name and version of this document"`
	api.RepairHistory
}

// DeskDoc is `balise sign-in --json`.
type DeskDoc struct {
	Schema string        `json:"schema" doc:"name and version of this document"`
	Desk   api.DeskState `json:"desk" doc:"which desk, who is signed in, what the desk can do"`
}

// DeskURLDoc is `balise desk url --json`, and `balise desk --json` once it serves.
type DeskURLDoc struct {
	Schema string `json:"schema" doc:"name and version of this document"`
	URL    string `json:"url" doc:"desk url: a one-time technician link; desk: the address served"`
	PID    int    `json:"pid,omitempty" doc:"process that serves, with desk"`
}

// ConfigDoc is `balise config show --json`.
type ConfigDoc struct {
	Schema   string        `json:"schema" doc:"name and version of this document"`
	Settings []api.Setting `json:"settings" doc:"effective values with where each comes from"`
}

// VersionDoc is `balise version --json`.
type VersionDoc struct {
	Schema string `json:"schema" doc:"name and version of this document"`
	Version
}

// DoneDoc is the answer of commands that have nothing else to say: sign-out, outbox discard, tickets rate,
// config check.
type DoneDoc struct {
	Schema  string `json:"schema" doc:"name and version of this document"`
	Command string `json:"command" doc:"the command that was done"`
	Target  string `json:"target" doc:"what it was done to; empty where there is only one"`
}

// ErrorDoc is what every command prints with --json when it could not.
type ErrorDoc struct {
	Schema string `json:"schema" doc:"name and version of this document"`
	Error  Reason `json:"error" doc:"what happened"`
	Exit   int    `json:"exit" doc:"the exit code"`
}

// Event is one line of --events. The last line has the event "result" and holds the document that --json
// would have printed.
type Event struct {
	Schema string    `json:"schema" doc:"name and version of this line"`
	Event  string    `json:"event" doc:"what happened"`
	At     time.Time `json:"at" doc:"when, UTC"`
	// The rest is there where it says something.
	Check    string      `json:"check,omitempty" doc:"the self-test, with check_*"`
	Total    int         `json:"total,omitempty" doc:"how many self-tests will report, with run_started"`
	Result   *api.Result `json:"result,omitempty" doc:"with check_finished, and with repair when a self-test ran again"`
	Repair   string      `json:"repair,omitempty" doc:"the repair, with repair"`
	State    string      `json:"state,omitempty" doc:"where the repair stands, with repair"`
	Step     string      `json:"step,omitempty" doc:"the step that runs, with repair"`
	Percent  int         `json:"percent,omitempty" doc:"how far the step is, below 0 when nobody knows, with repair"`
	What     string      `json:"what,omitempty" doc:"what the step is doing, a code or a name, with repair"`
	Document any         `json:"document,omitempty" doc:"with result: the document that --json prints"`
}
