// Package api is what the window and the commands see of the agent: one interface, its types, and a
// client that speaks it over the agent's socket. The agent implements the same interface, so that a
// command without a running agent calls it in its own process.
package api

import (
	"context"
	"io"
	"time"

	"balise/client"
	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/repair"
)

// The types of the layers below that cross the socket unchanged.
type (
	Result        = diagnostics.Result
	Diagnosis     = cause.Diagnosis
	RepairInfo    = repair.Info
	RepairAttempt = repair.Attempt
	Ticket        = client.Ticket
	Message       = client.Message
	Attachment    = client.Attachment
	Notice        = client.Notice
	Caps          = client.Caps
	Person        = client.Person
)

// Service is everything that Balise can do for its user. Every method has a deadline by its ctx; every
// error is, or wraps, an *Error.
type Service interface {
	// State answers at once from memory: what runs, which desk, what waits, what is new.
	State(ctx context.Context) (State, error)
	// Events streams events until ctx ends or the agent stops; on may be called from any goroutine,
	// one call at a time.
	Events(ctx context.Context, on func(Event)) error

	// ListChecks is the catalogue of self-tests on this machine with these settings.
	ListChecks(ctx context.Context) ([]CheckInfo, error)
	// OpenIncident begins an incident: the screen is captured if asked and allowed. Nothing is tested yet.
	OpenIncident(ctx context.Context, req OpenRequest) (Incident, error)
	// Incident is where an incident stands.
	Incident(ctx context.Context, id string) (Incident, error)
	// Check runs the self-tests of an incident and streams them; the incident keeps results and diagnosis.
	Check(ctx context.Context, id string, req CheckRequest, on func(diagnostics.Event)) (Incident, error)
	// Answer gives the user's answer to the question of the incident's diagnosis: it counts as evidence, and
	// the diagnosis is made again without another test. An empty option takes the answer back.
	Answer(ctx context.Context, incidentID, question, option string) (Incident, error)
	// SetSymptom says which symptom the incident is about: its questions are asked, its self-tests run first, and
	// what it makes likelier counts. An empty symptom takes it back.
	SetSymptom(ctx context.Context, incidentID, symptom string) (Incident, error)
	// Repair runs one repair, one step of it, or undoes it. It refuses without req.Consent.
	Repair(ctx context.Context, id string, req RepairRequest, on func(RepairEvent)) (Incident, error)
	// RepairHistory is what was tried on this computer, newest first, with counts that hide nothing. It stays here.
	RepairHistory(ctx context.Context) (RepairHistory, error)
	// Screenshot is the incident's picture as PNG, for the user's eyes.
	Screenshot(ctx context.Context, id string) ([]byte, error)
	// Review builds the report and returns exactly what would leave.
	Review(ctx context.Context, id string, in Input) (Review, error)
	// Send builds the report again from the same input, stores it durably, and then tries to send it.
	Send(ctx context.Context, id string, in Input) (Sent, error)
	// CloseIncident drops an incident that was not sent, screenshot first.
	CloseIncident(ctx context.Context, id string) error
	// Snapshot is the redacted snapshot, as it would be sent.
	Snapshot(ctx context.Context) ([]diagnostics.Group, error)

	// Record reads or changes the light record of the last day: action is "status", "on", "off" (which deletes
	// it), "now" (marks this moment) or "forget" (takes the marks back).
	Record(ctx context.Context, action string) (RecordState, error)

	// Symptoms are what people complain of, those first that fit the text; without a text all, in their usual order.
	Symptoms(ctx context.Context, text string) ([]SymptomMatch, error)
	// Forms are the requests that can be made.
	Forms(ctx context.Context) ([]Form, error)
	// Packs are the support packs that were found, refused ones with the reason.
	Packs(ctx context.Context) ([]PackInfo, error)
	// Words are the packs' texts in a language, by the keys of translations.
	Words(ctx context.Context, lang string) (map[string]string, error)
	// Branding is whose support this is, and how to reach them, as the organisation's packs say.
	Branding(ctx context.Context) (Branding, error)

	// Tickets lists the user's tickets: the desk's, when it answers, and those in the outbox.
	Tickets(ctx context.Context, refresh bool) (TicketList, error)
	// Ticket reads one ticket and its thread; n is the desk's number or our reference.
	Ticket(ctx context.Context, n string, refresh bool) (TicketView, error)
	Reply(ctx context.Context, n string, in ReplyInput) (Sent, error)
	Reopen(ctx context.Context, n string, text string) (Sent, error)
	Rate(ctx context.Context, n string, rating client.Rating) error
	// Download writes one attachment's bytes to w.
	Download(ctx context.Context, n string, attachmentID string, w io.Writer) error
	// MarkSeen says that the user has read a ticket; the badge goes.
	MarkSeen(ctx context.Context, n string) error
	// Sent lists the records of all that ever left this computer, newest first, whatever desk it went to.
	Sent(ctx context.Context) ([]Record, error)
	// Notices are the desk's known outages.
	Notices(ctx context.Context) ([]Notice, error)

	Outbox(ctx context.Context) ([]OutboxItem, error)
	// Flush tries to send everything that waits, now.
	Flush(ctx context.Context) ([]OutboxItem, error)
	// Export writes one report as a ZIP file to carry.
	Export(ctx context.Context, ref string, w io.Writer) error
	Retry(ctx context.Context, ref string) (OutboxItem, error)
	Discard(ctx context.Context, ref string) error

	// TryDesk asks a desk, with these credentials, who the user is and what it can do; nothing is kept.
	TryDesk(ctx context.Context, in SignIn) (DeskState, error)
	// SignIn does the same and keeps the credential in the keyring and the address in the user's settings.
	SignIn(ctx context.Context, in SignIn) (DeskState, error)
	SignOut(ctx context.Context) error
	// Config is the effective settings with where each value comes from.
	Config(ctx context.Context) ([]Setting, error)
	// SetConfig changes one of the user's settings; locked keys are refused.
	SetConfig(ctx context.Context, key, value string) error
	// DeskURL is a one-time technician link to the practice desk.
	DeskURL(ctx context.Context) (string, error)

	// Show asks the agent to bring up the window on a page: "describe", "tickets", "ticket/<n>",
	// "check", "settings", "outbox".
	Show(ctx context.Context, page string) error
	// Quit ends the agent.
	Quit(ctx context.Context) error
}

// State is the agent at a glance.
type State struct {
	Version  string    `json:"version"`
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	Language string    `json:"language"`
	Desk     DeskState `json:"desk"`
	Waiting  int       `json:"waiting"` // reports and replies in the outbox
	Refused  int       `json:"refused"`
	Unread   int       `json:"unread"` // tickets with something new
	Support  Support   `json:"support"`
	// Screenshot is "allow" or "forbid", and Why a code when this session cannot take one.
	Screenshot    string `json:"screenshot"`
	ScreenshotWhy string `json:"screenshot_why,omitempty"`
	// Background is what the background checks see; nil while they are off.
	Background *Background `json:"background,omitempty"`
	// Settings is what is wrong with the settings' files; what is right in them is in force. Nil: nothing.
	Settings *Error `json:"settings,omitempty"`
	// Warnings are codes of things that the user should know: "state.moved_aside", "tray.no_host",
	// "keyring.absent".
	Warnings []string `json:"warnings,omitempty"`
}

// DeskState is what is known of the desk.
type DeskState struct {
	Kind     string    `json:"kind"` // "practice", "relay", "rt", "redmine", "znuny"
	URL      string    `json:"url,omitempty"`
	Practice bool      `json:"practice"`
	SignedIn bool      `json:"signed_in"`
	Person   Person    `json:"person"`
	Caps     Caps      `json:"caps"`
	LastOK   time.Time `json:"last_ok,omitzero"`
	Problem  *Error    `json:"problem,omitempty"`
}

// Support is how to reach the desk without Balise.
type Support struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	Hours string `json:"hours,omitempty"`
}

// OpenRequest begins an incident.
type OpenRequest struct {
	Screenshot bool   `json:"screenshot"`
	Symptom    string `json:"symptom,omitempty"`
	// Form makes it a request by that form.
	Form string `json:"form,omitempty"`
	// Earlier takes the repairs of the last hour along, run by commands whose incidents are gone: they belong into
	// the ticket.
	Earlier bool `json:"earlier,omitempty"`
}

// Incident is one complaint, from the first word to the ticket.
type Incident struct {
	ID            string     `json:"id"` // the ClientRef that the report will carry
	Code          string     `json:"code"`
	Opened        time.Time  `json:"opened"`
	HasScreenshot bool       `json:"has_screenshot"`
	ScreenshotWhy string     `json:"screenshot_why,omitempty"` // code, when there is none
	Results       []Result   `json:"results,omitempty"`
	Diagnosis     *Diagnosis `json:"diagnosis,omitempty"`
	// Symptom is what the user complains of; nil where nobody said.
	Symptom *IncidentSymptom `json:"symptom,omitempty"`
	// Form is the request form that this is about; nil for an incident.
	Form *Form `json:"form,omitempty"`
	// Answers are the options that the user chose, by question.
	Answers map[string]string `json:"answers,omitempty"`
	// Changes are all differences from the last time when all was well, newest first; those that may have to
	// do with the problem stand in the diagnosis too.
	Changes []Change `json:"changes,omitempty"`
	// AllWell is the last time when all was well before this incident, with which Changes compare.
	AllWell time.Time `json:"all_well,omitzero"`
	// Moment is the marked moment and the minutes of the record around it that would go along; nil without.
	Moment       *Moment         `json:"moment,omitempty"`
	Repairs      []RepairInfo    `json:"repairs,omitempty"`       // that fit the diagnosis, available first
	OtherRepairs []RepairInfo    `json:"other_repairs,omitempty"` // of the catalogue, unasked for here
	Attempts     []RepairAttempt `json:"attempts,omitempty"`
	Checked      time.Time       `json:"checked,omitzero"`
	TookMS       int64           `json:"took_ms,omitempty"`
	Sent         *Sent           `json:"sent,omitempty"`
}

// CheckRequest selects self-tests; empty is all of them.
type CheckRequest struct {
	Only []string `json:"only,omitempty"`
}

// RepairRequest asks for one thing to be done to the computer.
type RepairRequest struct {
	ID string `json:"id"`
	// Action is "run" (from the start), "continue" (the pending step), "undo", "cancel" (leave the pending
	// step undone), or "user_says".
	Action  string `json:"action"`
	Consent bool   `json:"consent"`        // the user said yes to exactly this
	Says    string `json:"says,omitempty"` // "yes" or "no", with user_says
	// Choice is what the user picked among the choices of the step that begins, by ID.
	Choice []string `json:"choice,omitempty"`
}

// RepairEvent is the progress of a repair.
type RepairEvent struct {
	ID    string       `json:"id"`
	State repair.State `json:"state"`
	Step  string       `json:"step,omitempty"`
	// Percent is how far the step is, below 0 when nobody knows; What is what it is doing, a code or a name.
	Percent int            `json:"percent,omitempty"`
	What    string         `json:"what,omitempty"`
	Result  *Result        `json:"result,omitempty"` // a self-test run again
	Attempt *RepairAttempt `json:"attempt,omitempty"`
}

// Input is what the user said and decided.
type Input struct {
	Subject     string `json:"subject"`
	Description string `json:"description"`
	Category    string `json:"category,omitempty"` // overrides the computed one
	// Fields are the answers to the incident's form, by field; a choice's is its option, a day's 2026-11-22.
	Fields map[string]string `json:"fields,omitempty"`
	// Attach are files that the user chose, by absolute path.
	Attach []string `json:"attach,omitempty"`
	// Screenshot says that the picture goes along, with Blackouts burnt in.
	Screenshot bool   `json:"screenshot"`
	Blackouts  []Rect `json:"blackouts,omitempty"`
	// Withhold names sections of the review that do not leave.
	Withhold []string `json:"withhold,omitempty"`
}

// Rect is in pixels of the screenshot.
type Rect struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// Review is what would leave, to the byte.
type Review struct {
	Ref      string          `json:"ref"`
	Code     string          `json:"code"`
	Desk     string          `json:"desk"` // who receives it, in words
	Subject  string          `json:"subject"`
	Body     string          `json:"body"`
	Sections []ReviewSection `json:"sections"`
	Files    []ReviewFile    `json:"files"`
	// Masked says what was replaced, by kind: {"host": 3}.
	Masked map[string]int `json:"masked,omitempty"`
	// Diagnosis fields that route the ticket.
	Category string `json:"category"`
	Level    int    `json:"level"`
	Impact   string `json:"impact"`
	Urgency  string `json:"urgency"`
}

// ReviewSection is one part of the body with its tick box.
type ReviewSection struct {
	// ID is "diagnosis", "description", "changes", "tried", "checks", "moment", "machine", "snapshot" or
	// "screenshot".
	ID       string `json:"id"`
	Title    string `json:"title"`
	Text     string `json:"text"`     // the exact text that leaves
	Optional bool   `json:"optional"` // may be withheld
	Withheld bool   `json:"withheld"`
	Locked   string `json:"locked,omitempty"` // the policy file that decides it
}

// ReviewFile is one attachment.
type ReviewFile struct {
	Name   string `json:"name"`
	MIME   string `json:"mime"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Preview is the text of small text files (report.json, report.html).
	Preview string `json:"preview,omitempty"`
}

// Sent is what became of a report or a reply.
type Sent struct {
	Ref    string `json:"ref"`
	Number string `json:"number,omitempty"`
	URL    string `json:"url,omitempty"`
	State  string `json:"state"` // "sent", "queued", "refused"
	Code   string `json:"code"`
	Reason *Error `json:"reason,omitempty"` // why queued or refused
}

// TicketList is the user's tickets, newest change first.
type TicketList struct {
	Tickets []TicketRow  `json:"tickets"`
	Outbox  []OutboxItem `json:"outbox,omitempty"`
	AsOf    time.Time    `json:"as_of,omitzero"` // when the desk was last asked with success
	Problem *Error       `json:"problem,omitempty"`
}

// TicketRow is a ticket in the list.
type TicketRow struct {
	Ticket
	Unread bool `json:"unread"`
}

// TicketView is a ticket with its thread.
type TicketView struct {
	Ticket
	Ref      string       `json:"ref,omitempty"` // ours
	Code     string       `json:"code,omitempty"`
	Messages []Message    `json:"messages"`
	Outbox   []OutboxItem `json:"outbox,omitempty"` // replies that wait
	Left     *Manifest    `json:"left,omitempty"`   // what left this computer with it
	AsOf     time.Time    `json:"as_of,omitzero"`
	Problem  *Error       `json:"problem,omitempty"` // why this is not fresh
}

// Manifest is the record of one report or reply: what left this computer, without its content.
type Manifest struct {
	Kind     string            `json:"kind,omitempty"` // "reply"; empty is a report
	Ref      string            `json:"ref"`
	Code     string            `json:"code"`
	At       time.Time         `json:"at"`
	Desk     string            `json:"desk"` // in words, as the user was told
	Subject  string            `json:"subject"`
	Sections []ManifestSection `json:"sections"`
	Files    []ReviewFile      `json:"files"`
	Masked   map[string]int    `json:"masked,omitempty"`
	Withheld []string          `json:"withheld,omitempty"`
}

// Record is a Manifest with the number that the desk gave; empty while the report waits, or when the desk's
// tickets are no longer kept here.
type Record struct {
	Manifest
	Number string `json:"number,omitempty"`
	// State is what the outbox says of the report: "waiting", "sent", "refused", or empty when it no longer
	// holds it.
	State string `json:"state,omitempty"`
}

// ManifestSection is one part of the body that left.
type ManifestSection struct {
	ID     string `json:"id"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// ReplyInput is an answer to the desk.
type ReplyInput struct {
	Text   string   `json:"text"`
	Attach []string `json:"attach,omitempty"`
}

// OutboxItem is a report or a reply on its way.
type OutboxItem struct {
	Ref     string    `json:"ref"`
	Code    string    `json:"code"`
	Kind    string    `json:"kind"` // "ticket" or "reply"
	Subject string    `json:"subject"`
	State   string    `json:"state"` // "draft", "waiting", "sending", "sent", "refused"
	Created time.Time `json:"created"`
	Next    time.Time `json:"next,omitzero"` // when it is tried again
	Tries   int       `json:"tries"`
	Bytes   int64     `json:"bytes"`
	Number  string    `json:"number,omitempty"`
	Ticket  string    `json:"ticket,omitempty"` // for a reply: the ticket's number
	Reason  *Error    `json:"reason,omitempty"`
}

// SignIn is a desk and a credential to try.
type SignIn struct {
	Kind     string `json:"kind,omitempty"` // empty: the one of the settings
	URL      string `json:"url,omitempty"`
	Auth     string `json:"auth,omitempty"` // "token" or "basic"
	Token    string `json:"token,omitempty"`
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`
	Queue    string `json:"queue,omitempty"`
}

// Setting is one effective value.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"` // "default", "user", "file", "policy", "environment"
	File   string `json:"file,omitempty"`
	Locked bool   `json:"locked,omitempty"`
}

// Event is something that happened in the agent.
type Event struct {
	Kind     string `json:"kind"` // "state", "ticket", "outbox", "incident", "show", "notices", "repair"
	Ticket   string `json:"ticket,omitempty"`
	Ref      string `json:"ref,omitempty"`
	Page     string `json:"page,omitempty"` // with show
	Incident string `json:"incident,omitempty"`
	// Repair is what a repair does, with "repair": whoever meets CodeRepairBusy follows it there.
	Repair *RepairEvent `json:"repair,omitempty"`
	At     time.Time    `json:"at"`
}
