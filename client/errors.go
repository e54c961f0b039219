package client

import (
	"errors"
	"fmt"
	"time"
)

// The errors that callers branch on. Drivers wrap them with what was being done.
var (
	ErrNotModified  = errors.New("not modified")
	ErrNotFound     = errors.New("not found on the desk")
	ErrUnauthorized = errors.New("the desk asks to sign in again")
	ErrForbidden    = errors.New("the desk does not allow this")
	ErrUnsupported  = errors.New("this desk does not offer that")
	ErrTooLarge     = errors.New("larger than the limit")
	// ErrUnreachable: no byte of the request can have reached the desk (no route, no name, refused,
	// handshake failed). Sending again is safe.
	ErrUnreachable = errors.New("the desk cannot be reached")
	// ErrUnavailable: the desk answered, and said "not now" (502, 503, maintenance) to a reading request.
	ErrUnavailable = errors.New("the desk is not available now")
	// ErrNotADesk: something answered, but it is not the desk's API: a login page, a portal, a redirect.
	ErrNotADesk = errors.New("what answered is not the desk")
	// ErrFull: the desk has no room left and stored nothing. Drivers join it with a ThrottledError, because
	// sending again later is safe and sensible.
	ErrFull = errors.New("the desk has no room left")
	// ErrUnknownOutcome: the request may have left and no trustworthy answer came. Never send again
	// before FindByClientRef has said ErrNotFound.
	ErrUnknownOutcome = errors.New("outcome unknown")
)

// InvalidError is a clear refusal of what was sent; sending the same again is pointless.
type InvalidError struct {
	Message string            // the desk's own words, plain text, at most a few hundred characters
	Fields  map[string]string // per field, where the desk says
}

func (e *InvalidError) Error() string { return "refused by the desk: " + e.Message }

// ThrottledError asks to come back later.
type ThrottledError struct{ RetryAfter time.Duration }

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("the desk asks to wait %s", e.RetryAfter)
}

// LocalError says that a request failed on this computer before any of it left: nothing was sent, and sending
// again is safe.
type LocalError struct {
	File string // the attachment that could not be read; empty when it was something else
	Err  error
}

func (e *LocalError) Error() string { return e.Err.Error() }

// Unwrap gives what went wrong.
func (e *LocalError) Unwrap() error { return e.Err }

// TLSError says that the desk's certificate was not accepted. Reason is a code: "untrusted", "expired",
// "not_yet", "name", "handshake".
type TLSError struct {
	Reason string
	Err    error
}

func (e *TLSError) Error() string {
	return "secure connection refused (" + e.Reason + "): " + e.Err.Error()
}

// Unwrap makes errors.Is(err, ErrUnreachable) true as well: no request can have got through.
func (e *TLSError) Unwrap() []error { return []error{ErrUnreachable, e.Err} }
