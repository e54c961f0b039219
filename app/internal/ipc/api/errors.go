package api

import "errors"

// Error is what a person gets to see when something did not work: a code, from which i18n makes what
// happened ("error.<code>") and what to do next ("error.<code>.next"), and a technical detail for the
// one who asks. The catalogue of codes is assets/translations/*/errors.yaml.
type Error struct {
	Code   string            `json:"code"`
	Args   map[string]string `json:"args,omitempty"`
	Detail string            `json:"detail,omitempty"`
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Code
	}
	return e.Code + ": " + e.Detail
}

// NewError makes an Error from a code and the technical error behind it.
func NewError(code string, err error) *Error {
	e := &Error{Code: code}
	if err != nil {
		e.Detail = err.Error()
	}
	return e
}

// CodeOf returns the code of the first *Error in err's tree, or "internal".
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "internal"
}

// The codes.
const (
	CodeUsage            = "usage"              // bad input from the caller; Args["what"]
	CodeNotFound         = "not_found"          // no such incident, ticket, outbox item
	CodeConsent          = "consent"            // nothing is done without an explicit yes
	CodeConflict         = "conflict"           // the thing is in another state than the caller believes
	CodeInternal         = "internal"           // a defect of ours
	CodeBusy             = "busy"               // another Balise holds the state
	CodeNoAgent          = "agent.none"         // nothing answers on the socket
	CodeNoWindow         = "window.none"        // the window program cannot run: no display, no OpenGL
	CodeDeskUnreachable  = "desk.unreachable"   // no route, refused, timed out
	CodeDeskName         = "desk.name"          // the desk's name is not resolved
	CodeDeskUnavailable  = "desk.unavailable"   // 5xx
	CodeDeskThrottled    = "desk.throttled"     // 429; Args["wait"]
	CodeDeskUnauthorized = "desk.unauthorized"  // 401
	CodeDeskForbidden    = "desk.forbidden"     // 403
	CodeDeskNotADesk     = "desk.not_a_desk"    // HTML with 200, redirect
	CodeDeskTLS          = "desk.tls"           // Args["reason"]
	CodeDeskClock        = "desk.clock"         // TLS refused because this computer's clock is wrong
	CodeDeskAnswer       = "desk.answer"        // cut, too large, not JSON
	CodeDeskInvalid      = "desk.invalid"       // a clear refusal; Args["message"]
	CodeDeskUnknown      = "desk.unknown"       // outcome unknown, being verified
	CodeDeskUnsupported  = "desk.unsupported"   // the desk has no such thing
	CodeDeskNoCredential = "desk.no_credential" // not signed in
	CodeDiskFull         = "state.disk_full"    //
	CodeStateReadOnly    = "state.read_only"    //
	CodeStateMoved       = "state.moved_aside"  // a corrupt database was moved aside; Args["file"]
	CodeKeyringLocked    = "keyring.locked"     //
	CodeKeyringAbsent    = "keyring.absent"     //
	CodeNoDisplay        = "display.none"       //
	CodeScreenForbidden  = "screenshot.policy"  // forbidden by the settings
	CodeScreenFailed     = "screenshot.failed"  //
	CodeScreenDenied     = "screenshot.denied"  // the person or the desktop said no
	CodeAttachTooLarge   = "attach.too_large"   // Args["file"], Args["limit"]
	CodeAttachUnreadable = "attach.unreadable"  // Args["file"]
	CodeTextTooLong      = "text.too_long"      // Args["limit"]
	CodeRecordOff        = "record.off"         // there is no record in which to mark a moment
	CodePolicy           = "policy"             // locked; Args["key"], Args["file"]
	CodeConfig           = "config"             // bad settings; Detail has file, line, column
	CodeNamedFile        = "settings.named"     // the file of --config says otherwise; Args["key"], Args["file"]
	CodeRepairBusy       = "repair.busy"        // another repair is running, maybe from another window
	CodeRepairCooldown   = "repair.cooldown"    // it ran only just now; Args["wait"]
	CodeRepairTooOften   = "repair.too_often"   // twice in this complaint is enough
	CodeRepairChoice     = "repair.choice"      // what was chosen is not among the choices
	CodePackRefused      = "pack.refused"       // a support pack was not taken; Packs says which and why
	CodeFieldRequired    = "form.required"      // Args["field"]
	CodeFieldLong        = "form.long"          // Args["field"], Args["max"]
	CodeFieldBad         = "form.bad"           // Args["field"]
	CodeIncomplete       = "outbox.incomplete"  // Args["n"] files of a report were not stored before Balise ended
	CodeRedaction        = "redaction"          // something that must not leave was found; nothing was sent
)
