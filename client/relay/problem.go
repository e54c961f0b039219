package relay

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"balise/client"
)

// The problem codes of the protocol.
const (
	codeUnauthorized = "unauthorized"
	codeForbidden    = "forbidden"
	codeNotFound     = "not-found"
	codeMethod       = "method"
	codeInvalid      = "invalid"
	codeKeyMissing   = "key-missing"
	codeKeyReused    = "key-reused"
	codeTicketClosed = "ticket-closed"
	codeTooLarge     = "too-large"
	codeTextTooLong  = "text-too-long"
	codeIncomplete   = "incomplete"
	codeUnsupported  = "unsupported"
	codeThrottled    = "throttled"
	codeUnavailable  = "unavailable"
	codeStorageFull  = "storage-full"
	codeOutcome      = "outcome-unknown"
	codeInternal     = "internal"
)

const problemMIME = "application/problem+json"

// kind is what a code looks like on the wire.
type kind struct {
	status int
	title  string
}

// kinds is every code, its HTTP status and its title.
func kinds() map[string]kind {
	return map[string]kind{
		codeUnauthorized: {http.StatusUnauthorized, "A valid token is required"},
		codeForbidden:    {http.StatusForbidden, "Not allowed"},
		codeNotFound:     {http.StatusNotFound, "No such thing, or not yours"},
		codeMethod:       {http.StatusMethodNotAllowed, "Not done this way"},
		codeInvalid:      {http.StatusUnprocessableEntity, "Something in the request is not right"},
		codeKeyMissing:   {http.StatusBadRequest, "An Idempotency-Key is required"},
		codeKeyReused:    {http.StatusUnprocessableEntity, "This Idempotency-Key was used for other content"},
		codeTicketClosed: {http.StatusUnprocessableEntity, "This ticket is closed; please make a new one"},
		codeTooLarge:     {http.StatusRequestEntityTooLarge, "A file is too large"},
		codeTextTooLong:  {http.StatusRequestEntityTooLarge, "The text is too long"},
		codeIncomplete:   {http.StatusBadRequest, "The upload was cut; nothing was stored"},
		codeUnsupported:  {http.StatusNotImplemented, "This desk does not offer that"},
		codeThrottled:    {http.StatusTooManyRequests, "Too many requests"},
		codeUnavailable:  {http.StatusServiceUnavailable, "The desk is not available now"},
		codeStorageFull:  {http.StatusInsufficientStorage, "No room left to store this; nothing was stored"},
		codeOutcome:      {http.StatusBadGateway, "It is not known whether this was stored"},
		codeInternal:     {http.StatusInternalServerError, "The desk failed"},
	}
}

// problem is an error with its code and what may be said about it to the other side.
type problem struct {
	code   string
	detail string
	fields map[string]string
	retry  time.Duration
	err    error // for the log alone
}

func (p *problem) Error() string { return p.code + ": " + p.detail }

func (p *problem) Unwrap() error { return p.err }

// problemOf makes a problem of any error. What it does not know is "internal", and nothing of it is told.
func problemOf(err error) *problem {
	var p *problem
	var invalid *client.InvalidError
	var throttled *client.ThrottledError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &invalid):
		return &problem{code: codeInvalid, detail: invalid.Message, fields: invalid.Fields, err: err}
	case errors.As(err, &throttled):
		return &problem{code: codeThrottled, retry: throttled.RetryAfter, err: err}
	}
	for _, known := range []struct {
		err  error
		code string
	}{
		{ErrKeyReused, codeKeyReused},
		{ErrTicketClosed, codeTicketClosed},
		{client.ErrFull, codeStorageFull},
		{client.ErrUnknownOutcome, codeOutcome},
		{client.ErrUnauthorized, codeUnauthorized},
		{client.ErrForbidden, codeForbidden},
		{client.ErrNotFound, codeNotFound},
		{client.ErrTooLarge, codeTooLarge},
		{client.ErrUnsupported, codeUnsupported},
		{client.ErrUnavailable, codeUnavailable},
		{client.ErrUnreachable, codeUnavailable},
		{client.ErrNotADesk, codeUnavailable},
		{context.Canceled, codeOutcome},
		{context.DeadlineExceeded, codeOutcome},
	} {
		if errors.Is(err, known.err) {
			return &problem{code: known.code, err: err}
		}
	}
	return &problem{code: codeInternal, err: err}
}

// writeProblem sends a problem document.
func writeProblem(w http.ResponseWriter, p *problem) {
	k, ok := kinds()[p.code]
	if !ok {
		k = kinds()[codeInternal]
	}
	h := w.Header()
	h.Set("Content-Type", problemMIME)
	h.Del("ETag")
	if p.code == codeUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="relay"`)
	}
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.retry+time.Second-1)/time.Second)))
	}
	w.WriteHeader(k.status)
	// An error here is the connection's, and there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(problemDoc{
		Type: "urn:balise:problem:" + p.code, Title: k.title, Status: k.status,
		Detail: p.detail, Code: p.code, Fields: p.fields,
	})
}

// IsTooLarge tells the error of a file that Spool would not take.
func IsTooLarge(err error) bool {
	var p *problem
	return errors.As(err, &p) && p.code == codeTooLarge
}
