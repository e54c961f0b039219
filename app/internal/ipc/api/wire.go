package api

import (
	"encoding/json"
	"time"

	"balise/client"
)

// What the socket's two ends agree on. A request is POST /v1/<Method> with the arguments as JSON; the
// answer is one JSON document, NDJSON Lines for a method that streams, or bytes for one that writes a file.
const (
	// WireHeader must be on every request. A browser that were talked into speaking to the socket could
	// not set it without a preflight, which nothing answers.
	WireHeader = "Balise-Ipc"
	// WireVersion is its value; another one is refused, so that an old window does not misread a new agent.
	WireVersion = "1"
	// WirePath goes before the method's name.
	WirePath = "/v1/"
	// WireError is the trailer that carries an Error found after the first byte of a file was written.
	WireError = "Balise-Error"
)

// Args are the arguments of every method; each uses its own few.
type Args struct {
	ID         string         `json:"id,omitempty"`
	N          string         `json:"n,omitempty"`
	Ref        string         `json:"ref,omitempty"`
	Attachment string         `json:"attachment,omitempty"`
	Text       string         `json:"text,omitempty"`
	Page       string         `json:"page,omitempty"`
	Key        string         `json:"key,omitempty"`
	Value      string         `json:"value,omitempty"`
	Question   string         `json:"question,omitempty"`
	Option     string         `json:"option,omitempty"`
	Action     string         `json:"action,omitempty"`
	Symptom    string         `json:"symptom,omitempty"`
	Lang       string         `json:"lang,omitempty"`
	Refresh    bool           `json:"refresh,omitempty"`
	Open       *OpenRequest   `json:"open,omitempty"`
	Check      *CheckRequest  `json:"check,omitempty"`
	Repair     *RepairRequest `json:"repair,omitempty"`
	Input      *Input         `json:"input,omitempty"`
	Reply      *ReplyInput    `json:"reply,omitempty"`
	Rating     *client.Rating `json:"rating,omitempty"`
	SignIn     *SignIn        `json:"sign_in,omitempty"`
}

// Line is one line of a streamed answer: an event, or at the end the result or the error. A stream that
// ends without one of the two was cut.
type Line struct {
	Event  json.RawMessage `json:"event,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *Error          `json:"error,omitempty"`
}

// The deadlines of methods, kept by both ends: the client's stops waiting, the server's stops working.
const (
	// QuickDeadline is for what is answered from memory or the disk.
	QuickDeadline = 15 * time.Second
	// WorkDeadline is for what asks the desk, a child or the keyring; a child that hangs has its own.
	WorkDeadline = 90 * time.Second
	// LongDeadline is for files and repairs, whose end the user's line or patience decides.
	LongDeadline = 30 * time.Minute
)

// Deadline is how long a method may take; zero is without end (Events).
func Deadline(method string) time.Duration {
	switch method {
	case "Events":
		return 0
	case "Repair", "Download", "Export":
		return LongDeadline
	case "State", "Incident", "Screenshot", "Sent", "CloseIncident", "MarkSeen", "Outbox", "Retry", "Discard",
		"Config", "SetConfig", "ListChecks", "RepairHistory", "Show", "Quit", "Symptoms", "SetSymptom", "Forms", "Packs", "Words",
		"Branding":
		return QuickDeadline
	default:
		return WorkDeadline
	}
}
