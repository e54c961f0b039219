package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"balise/client"

	"github.com/go-resty/resty/v2"
)

// Request is one call. The zero Method is GET.
type Request struct {
	Method string
	Path   string // below the base address
	Query  url.Values
	Header http.Header // Authorization among others
	// JSON is sent as the body; []byte and json.RawMessage as they are.
	JSON any
	// Parts are sent as multipart/form-data, streamed; they exclude JSON.
	Parts []Part
	// File is sent as the body, streamed, as it is and as application/octet-stream; it excludes JSON and Parts.
	File *client.Upload
	// Into receives a 2xx answer that is JSON; nil leaves the body alone (some desks' bodies are not to
	// be read).
	Into any
}

// Answer is what came back, whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Date is the desk's clock at the time of the answer; zero when it did not say.
func (a Answer) Date() time.Time { return dateOf(a.Header) }

func dateOf(h http.Header) time.Time {
	t, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

func (r Request) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

func (r Request) write() bool { return isWrite(r.method()) }

func isWrite(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// Do sends r and reads the answer, at most MaxJSON of it. Reading requests are tried up to three times,
// writing ones exactly once. The Answer is filled in as far as it came, beside an error too.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	if r.write() {
		return c.once(ctx, r)
	}
	ctx, cancel := context.WithTimeout(ctx, c.limits.read)
	defer cancel()
	var a Answer
	err := c.retry(ctx, func() (err error) {
		a, err = c.once(ctx, r)
		return err
	})
	return a, err
}

// once does one exchange and classifies its outcome.
func (c *Client) once(ctx context.Context, r Request) (Answer, error) {
	var a Answer
	var err error
	var t trace
	ctx = withTrace(ctx, &t)
	if len(r.Parts) > 0 || r.File != nil {
		a, err = c.sendFiles(ctx, r)
	} else {
		a, err = c.sendSmall(ctx, r)
	}
	var here *client.LocalError
	if errors.As(err, &here) && !t.sent() {
		return a, fmt.Errorf("%s %s: %w", r.method(), r.Path, err)
	}
	if err := Classify(Outcome{
		Write: r.write(), Sent: t.sent(), Status: a.Status, Header: a.Header, Body: a.Body, Err: err,
	}); err != nil {
		return a, fmt.Errorf("%s %s: %w", r.method(), r.Path, err)
	}
	if r.Into == nil {
		return a, nil
	}
	if err := json.Unmarshal(a.Body, r.Into); err != nil {
		return a, fmt.Errorf("%s %s: %w: %w", r.method(), r.Path, notJSON(r.write()), err)
	}
	return a, nil
}

// notJSON is what a 2xx answer means that cannot be read as JSON.
func notJSON(write bool) error {
	if write {
		return client.ErrUnknownOutcome
	}
	return client.ErrNotADesk
}

func (c *Client) sendSmall(ctx context.Context, r Request) (Answer, error) {
	h := c.smallReads
	if r.write() {
		h = c.smallWrites
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.limits.write)
		defer cancel()
	}
	req := h.R().SetContext(ctx).SetHeader("User-Agent", c.userAgent).SetHeader("Accept", "application/json")
	req.SetHeaderMultiValues(r.Header)
	if r.JSON != nil {
		body, err := marshal(r.JSON)
		if err != nil {
			return Answer{}, local("", fmt.Errorf("write JSON: %w", err))
		}
		req.SetHeader("Content-Type", "application/json; charset=utf-8").SetBody(body)
	}
	resp, err := req.Execute(r.method(), c.URL(r.Path, r.Query))
	var a Answer
	if resp != nil && resp.RawResponse != nil {
		a = Answer{Status: resp.StatusCode(), Header: resp.Header(), Body: resp.Body()}
	}
	if errors.Is(err, resty.ErrResponseBodyTooLarge) {
		err = fmt.Errorf("answer over %d bytes: %w", c.limits.json, client.ErrTooLarge)
	}
	return a, err
}

func marshal(v any) ([]byte, error) {
	switch b := v.(type) {
	case []byte:
		return b, nil
	case json.RawMessage:
		return b, nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return buf.Bytes(), err
}

// Stream sends a reading request and hands the body of a 2xx answer to consume while it arrives. Nothing
// limits its length but consume; a body that stands still for a minute is given up. Only what fails
// before the first byte of the body is tried again.
func (c *Client) Stream(ctx context.Context, r Request, consume func(Answer, io.Reader) error) error {
	var body io.ReadCloser
	var a Answer
	ctx, watch := watchStall(ctx, c.limits.stall)
	defer watch.stop()
	err := c.retry(ctx, func() (err error) {
		a, body, err = c.open(ctx, r)
		return err
	})
	if err != nil {
		return err
	}
	defer body.Close()
	src := &moving{r: body, watch: watch}
	if err := consume(a, src); err != nil {
		if src.err != nil { // the transfer broke, whatever consume made of it
			return fmt.Errorf("GET %s: %w", r.Path, Classify(Outcome{Sent: true, Err: src.err}))
		}
		return fmt.Errorf("GET %s: %w", r.Path, err)
	}
	return nil
}

// open does the exchange up to the head of the answer.
func (c *Client) open(ctx context.Context, r Request) (Answer, io.ReadCloser, error) {
	if r.write() {
		return Answer{}, nil, errors.New("stream: only reading requests")
	}
	var t trace
	req, err := http.NewRequestWithContext(withTrace(ctx, &t), r.method(), c.URL(r.Path, r.Query), nil)
	if err != nil {
		return Answer{}, nil, local("", err)
	}
	c.setHeader(req, r.Header)
	resp, err := c.reads.Do(req)
	if err != nil {
		return Answer{}, nil, fmt.Errorf("GET %s: %w", r.Path, Classify(Outcome{Sent: t.sent(), Err: err}))
	}
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if resp.StatusCode/100 == 2 && (!isHTML(resp.Header, nil) || isFile(resp.Header)) {
		return a, resp.Body, nil
	}
	defer resp.Body.Close()
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, c.limits.json))
	err = Classify(Outcome{Sent: true, Status: a.Status, Header: a.Header, Body: a.Body, Err: err})
	return a, nil, fmt.Errorf("GET %s: %w", r.Path, err)
}

func (c *Client) setHeader(req *http.Request, h http.Header) {
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json")
	for k, v := range h {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
}

// local marks a failure on our side, before anything was sent. file is the attachment that it is about.
func local(file string, err error) error { return &client.LocalError{File: file, Err: err} }
