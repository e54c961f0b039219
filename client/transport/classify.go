package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"balise/client"
)

// Outcome is all that is known about one exchange.
type Outcome struct {
	Write  bool // the request changes something
	Sent   bool // a byte of it may have left
	Status int  // 0 is "no answer"
	Header http.Header
	Body   []byte
	Err    error // of the transport, or of reading the body
}

// StatusError says what the desk answered; it is found by errors.As in every error that Classify made
// from a status.
type StatusError struct{ Status int }

func (e *StatusError) Error() string { return "status " + strconv.Itoa(e.Status) }

// Classify turns an outcome into one of package client's errors, nil for a sound 2xx.
//
// The rule behind it: a write is ErrUnreachable only if no byte of it can have left, and a clear refusal
// only if the desk itself refused; whatever is in doubt is ErrUnknownOutcome. Some errors are two things:
// an HTML page as answer to a write is ErrUnknownOutcome and ErrNotADesk.
func Classify(o Outcome) error {
	if o.Err != nil {
		return classifyErr(o)
	}
	return classifyStatus(o)
}

func classifyErr(o Outcome) error {
	err := bare(o.Err)
	if o.Write && o.Sent {
		if o.refused() { // the head of the answer already said no; its body does not matter
			o.Err, o.Body = nil, nil
			return classifyStatus(o)
		}
		return fmt.Errorf("%w: %w", client.ErrUnknownOutcome, err)
	}
	if errors.Is(err, client.ErrTooLarge) {
		return err
	}
	if reason := tlsReason(err); reason != "" {
		return &client.TLSError{Reason: reason, Err: err}
	}
	if !o.Sent {
		return fmt.Errorf("%w: %w", client.ErrUnreachable, err)
	}
	// A read that got out: no answer in time, connection lost, body cut.
	return fmt.Errorf("%w: %w", client.ErrUnavailable, err)
}

// refused is true for a status that means "not stored, and I am sure".
func (o Outcome) refused() bool {
	switch o.Status {
	case http.StatusRequestTimeout, http.StatusConflict:
		return false
	}
	return o.Status/100 == 4
}

func classifyStatus(o Outcome) error {
	code := &StatusError{o.Status}
	html := isHTML(o.Header, o.Body)
	switch {
	case o.Status/100 == 2 && !html:
		return nil
	case o.Status == http.StatusNotModified:
		return client.ErrNotModified
	case o.Status/100 == 2, o.Status/100 == 3, o.Status/100 == 1:
		return notADesk(o, code)
	case o.Status == http.StatusTooManyRequests:
		return fmt.Errorf("%w (%w)", &client.ThrottledError{RetryAfter: retryAfter(o.Header)}, code)
	case o.Status >= 500 || o.Status == http.StatusRequestTimeout:
		return classifyServerError(o, code)
	}
	err := refusal(o)
	var invalid *client.InvalidError
	if html && (errors.Is(err, client.ErrNotFound) || errors.As(err, &invalid)) {
		err = client.ErrNotADesk // the address leads to some other web server
	}
	return fmt.Errorf("%w (%w)", err, code)
}

func notADesk(o Outcome, code error) error {
	if o.Write {
		return fmt.Errorf("%w: %w (%w)", client.ErrUnknownOutcome, client.ErrNotADesk, code)
	}
	return fmt.Errorf("%w (%w)", client.ErrNotADesk, code)
}

func classifyServerError(o Outcome, code error) error {
	if o.Write {
		return fmt.Errorf("%w (%w)", client.ErrUnknownOutcome, code)
	}
	if after := retryAfter(o.Header); after > 0 {
		return fmt.Errorf("%w: %w (%w)", client.ErrUnavailable, &client.ThrottledError{RetryAfter: after}, code)
	}
	return fmt.Errorf("%w (%w)", client.ErrUnavailable, code)
}

// refusal maps the remaining 4xx.
func refusal(o Outcome) error {
	words := deskWords(o.Header, o.Body)
	said := func(kind error) error {
		if words == "" {
			return kind
		}
		return fmt.Errorf("%w: %s", kind, words)
	}
	switch o.Status {
	case http.StatusUnauthorized:
		return client.ErrUnauthorized
	case http.StatusForbidden:
		return said(client.ErrForbidden)
	case http.StatusNotFound, http.StatusGone:
		return said(client.ErrNotFound)
	case http.StatusRequestEntityTooLarge:
		return client.ErrTooLarge
	case http.StatusProxyAuthRequired:
		return client.ErrUnreachable
	}
	return &client.InvalidError{Message: words}
}

// tlsReason gives TLSError's code for err, "" if it is not about the secure connection.
func tlsReason(err error) string {
	var (
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
		verify  *tls.CertificateVerificationError
		alert   tls.AlertError
		record  tls.RecordHeaderError
		attempt *attemptError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore) {
			return "not_yet"
		}
		return "expired"
	case errors.As(err, &name):
		return "name"
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &verify):
		return "untrusted"
	case errors.As(err, &alert), errors.As(err, &record):
		return "handshake"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ""
	case errors.As(err, &attempt) && attempt.handshake:
		return "handshake"
	}
	return ""
}

// retryAfter reads both forms of the header; 0 is "not said".
func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.Atoi(v); err == nil {
		return time.Duration(min(max(s, 0), int(maxRetryAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now := dateOf(h) // the desk's clock, not ours: ours may be what is broken
	if now.IsZero() {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// maxRetryAfter: no desk keeps a report waiting longer than this.
const maxRetryAfter = time.Hour

// isHTML looks at the header and, for desks that mislabel their login page, at the first bytes.
func isHTML(h http.Header, body []byte) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err == nil && (kind == "text/html" || kind == "application/xhtml+xml") {
		return true
	}
	head := bytes.ToLower(bytes.TrimLeft(body[:min(len(body), 256)], " \t\r\n\ufeff"))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// isFile tells an HTML file that somebody attached from a login page in place of it.
func isFile(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	return err == nil && kind == "attachment"
}

// deskWords finds what a refusing desk said, as one plain line.
func deskWords(h http.Header, body []byte) string {
	if isHTML(h, body) {
		return ""
	}
	var one struct {
		Message string `json:"message"`
		Error   any    `json:"error"`
		Errors  []any  `json:"errors"`
	}
	var many []any
	switch {
	case json.Unmarshal(body, &one) == nil:
		if one.Message != "" {
			return Line(one.Message, maxWords)
		}
		if s, ok := one.Error.(string); ok {
			return Line(s, maxWords)
		}
		many = one.Errors
	case json.Unmarshal(body, &many) == nil:
	default:
		return Line(string(body), maxWords)
	}
	var words []string
	for _, v := range many {
		if s, ok := v.(string); ok {
			words = append(words, s)
		}
	}
	return Line(strings.Join(words, "; "), maxWords)
}

// maxWords is how many characters of a desk's refusal are shown.
const maxWords = 300
