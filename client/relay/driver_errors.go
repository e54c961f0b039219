package relay

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"

	"balise/client"
	"balise/client/transport"
)

const (
	// fullRetry is when to try a desk again whose disk is full: somebody has to make room first.
	fullRetry = 5 * time.Minute
	// busyRetry is when to try a desk again that is not available now and did not say until when.
	busyRetry = 30 * time.Second
)

// refine replaces what the transport made of a refusal by what the problem document says. Package transport
// knows statuses only; the code says more, and only a problem document proves that a relay was speaking.
func refine(r transport.Request, a transport.Answer, err error) error {
	if errors.Is(err, client.ErrNotModified) || a.Status < http.StatusBadRequest {
		return err
	}
	write := r.Method != "" && r.Method != http.MethodGet
	p, ok := readProblem(a)
	if !ok {
		// Some other server, or something between: its 404 says nothing about tickets.
		if a.Status/100 == 4 && a.Status != http.StatusTooManyRequests && a.Status != http.StatusUnauthorized {
			if write {
				return fmt.Errorf("%w: %w (status %d)", client.ErrUnknownOutcome, client.ErrNotADesk, a.Status)
			}
			return fmt.Errorf("%w (status %d)", client.ErrNotADesk, a.Status)
		}
		return err
	}
	if better := fromProblem(p, write, err); better != nil {
		return better
	}
	return err
}

// readProblem reads a problem document of this protocol.
func readProblem(a transport.Answer) (problemDoc, bool) {
	var p problemDoc
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || kind != problemMIME || json.Unmarshal(a.Body, &p) != nil || p.Code == "" {
		return p, false
	}
	return p, true
}

// fromProblem is the error of a code; nil where the status says as much.
func fromProblem(p problemDoc, write bool, err error) error {
	switch p.Code {
	case codeUnauthorized:
		return client.ErrUnauthorized
	case codeForbidden:
		return client.ErrForbidden
	case codeNotFound:
		return client.ErrNotFound
	case codeUnsupported:
		return client.ErrUnsupported
	case codeTooLarge:
		return fmt.Errorf("%w: %s", client.ErrTooLarge, line(p.Detail))
	case codeIncomplete:
		// The desk saw the end missing and stored nothing. To send again is safe.
		return fmt.Errorf("%w: the upload was cut on its way", client.ErrUnreachable)
	case codeStorageFull:
		return fmt.Errorf("%w: %w", client.ErrFull, &client.ThrottledError{RetryAfter: fullRetry})
	case codeUnavailable:
		var throttled *client.ThrottledError
		if !write || errors.As(err, &throttled) {
			return nil
		}
		return fmt.Errorf("%w: %w", client.ErrUnavailable, &client.ThrottledError{RetryAfter: busyRetry})
	case codeInvalid, codeKeyMissing, codeKeyReused, codeTicketClosed, codeTextTooLong, codeMethod:
		return invalid(p)
	}
	return nil
}

func invalid(p problemDoc) error {
	e := &client.InvalidError{Message: line(p.Title)}
	if p.Detail != "" {
		e.Message = line(p.Title + ": " + p.Detail)
	}
	for k, v := range p.Fields {
		if e.Fields == nil {
			e.Fields = map[string]string{}
		}
		e.Fields[line(k)] = line(v)
	}
	return e
}

// absent is for addresses that every relay has: when they are "not found", it is none.
func absent(err error) error {
	if errors.Is(err, client.ErrNotFound) {
		return fmt.Errorf("%w: %w", client.ErrNotADesk, err)
	}
	return err
}

// line is a desk's word, safe and short enough to show.
func line(s string) string { return transport.Line(s, MaxSubject) }
