package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"balise/client"
	"balise/diagnostics"
)

// Client speaks the Service over the agent's socket. It is safe for concurrent use.
type Client struct {
	http *http.Client
}

var _ Service = (*Client)(nil)

const (
	dialTimeout = 2 * time.Second
	// maxAnswer bounds one JSON document or one line; a review with two previews is the largest.
	maxAnswer = 64 << 20
	// maxPicture bounds a screenshot: three 4K displays as PNG stay far below.
	maxPicture = 128 << 20
)

// Dial finds the agent that listens on the socket. The error is an *Error with CodeNoAgent when there is
// none.
func Dial(socket string) (*Client, error) {
	conn, err := net.DialTimeout("unix", socket, dialTimeout)
	if err != nil {
		return nil, NewError(CodeNoAgent, fmt.Errorf("connect to the agent: %w", err))
	}
	conn.Close()
	return At(socket), nil
}

// At is a client of the agent that listens on the socket, now or later: every method answers CodeNoAgent
// while there is none. The window uses it, which may be there before the agent and after it.
func At(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		d := net.Dialer{Timeout: dialTimeout}
		return d.DialContext(ctx, "unix", socket)
	}
	return &Client{http: &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableCompression: true, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets the connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// open sends a request and returns the answer's body, status 200 checked. The caller closes it.
func (c *Client) open(ctx context.Context, method string, args Args) (*http.Response, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return nil, NewError(CodeInternal, fmt.Errorf("encode %s: %w", method, err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://balise"+WirePath+method,
		bytes.NewReader(raw))
	if err != nil {
		return nil, NewError(CodeInternal, err)
	}
	req.Header.Set(WireHeader, WireVersion)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, broken(ctx, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var e Error
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if json.Unmarshal(body, &e) != nil || e.Code == "" {
		return nil, NewError(CodeInternal, fmt.Errorf("the agent answered %s", resp.Status))
	}
	return nil, &e
}

// broken tells the caller's own end of patience from an agent that is gone.
func broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return NewError(CodeNoAgent, err)
}

func bounded(ctx context.Context, method string) (context.Context, context.CancelFunc) {
	if d := Deadline(method); d > 0 {
		// A little longer than the server's, whose answer says more than our silence.
		return context.WithTimeout(ctx, d+dialTimeout)
	}
	return context.WithCancel(ctx)
}

// call is a method with one answer.
func call[T any](ctx context.Context, c *Client, method string, args Args) (T, error) {
	var out T
	ctx, cancel := bounded(ctx, method)
	defer cancel()
	resp, err := c.open(ctx, method, args)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return out, broken(ctx, err)
	}
	if err := json.Unmarshal(body, &out); err != nil {
		return out, NewError(CodeInternal, fmt.Errorf("read the agent's answer to %s: %w", method, err))
	}
	return out, nil
}

type none struct{}

func do(ctx context.Context, c *Client, method string, args Args) error {
	_, err := call[none](ctx, c, method, args)
	return err
}

// stream is a method with events before its answer.
func stream[E, T any](ctx context.Context, c *Client, method string, args Args, on func(E)) (T, error) {
	var out T
	ctx, cancel := bounded(ctx, method)
	defer cancel()
	resp, err := c.open(ctx, method, args)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 64<<10), maxAnswer)
	for lines.Scan() {
		var line Line
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return out, NewError(CodeInternal, fmt.Errorf("read the agent's stream: %w", err))
		}
		switch {
		case line.Error != nil:
			return out, line.Error
		case line.Result != nil:
			if err := json.Unmarshal(line.Result, &out); err != nil {
				return out, NewError(CodeInternal, fmt.Errorf("read the agent's answer: %w", err))
			}
			return out, nil
		case line.Event != nil && on != nil:
			var ev E
			if err := json.Unmarshal(line.Event, &ev); err != nil {
				return out, NewError(CodeInternal, fmt.Errorf("read the agent's event: %w", err))
			}
			on(ev)
		}
	}
	err = lines.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return out, broken(ctx, err)
}

// copyTo is a method whose answer is a file.
func copyTo(ctx context.Context, c *Client, method string, args Args, w io.Writer) error {
	ctx, cancel := bounded(ctx, method)
	defer cancel()
	resp, err := c.open(ctx, method, args)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil {
		var op *net.OpError
		if errors.As(err, &op) || errors.Is(err, io.ErrUnexpectedEOF) || ctx.Err() != nil {
			return broken(ctx, err)
		}
		return fmt.Errorf("write what the agent gave: %w", err)
	}
	if t := resp.Trailer.Get(WireError); t != "" {
		var e Error
		if json.NewDecoder(strings.NewReader(t)).Decode(&e) != nil {
			return NewError(CodeInternal, errors.New("the agent's answer broke off"))
		}
		return &e
	}
	return nil
}

// State asks for the agent at a glance.
func (c *Client) State(ctx context.Context) (State, error) {
	return call[State](ctx, c, "State", Args{})
}

// Events streams the agent's events until ctx ends.
func (c *Client) Events(ctx context.Context, on func(Event)) error {
	_, err := stream[Event, none](ctx, c, "Events", Args{}, on)
	return err
}

// ListChecks asks for the catalogue of self-tests.
func (c *Client) ListChecks(ctx context.Context) ([]CheckInfo, error) {
	return call[[]CheckInfo](ctx, c, "ListChecks", Args{})
}

// OpenIncident begins an incident.
func (c *Client) OpenIncident(ctx context.Context, req OpenRequest) (Incident, error) {
	return call[Incident](ctx, c, "OpenIncident", Args{Open: &req})
}

// Incident asks where an incident stands.
func (c *Client) Incident(ctx context.Context, id string) (Incident, error) {
	return call[Incident](ctx, c, "Incident", Args{ID: id})
}

// Check runs self-tests and streams them.
func (c *Client) Check(
	ctx context.Context, id string, req CheckRequest, on func(diagnostics.Event),
) (Incident, error) {
	return stream[diagnostics.Event, Incident](ctx, c, "Check", Args{ID: id, Check: &req}, on)
}

// Answer gives the user's answer to the diagnosis' question.
func (c *Client) Answer(ctx context.Context, incidentID, question, option string) (Incident, error) {
	return call[Incident](ctx, c, "Answer", Args{ID: incidentID, Question: question, Option: option})
}

// RepairHistory asks for what was tried on this computer.
func (c *Client) RepairHistory(ctx context.Context) (RepairHistory, error) {
	return call[RepairHistory](ctx, c, "RepairHistory", Args{})
}

// SetSymptom says which symptom the incident is about.
func (c *Client) SetSymptom(ctx context.Context, incidentID, symptom string) (Incident, error) {
	return call[Incident](ctx, c, "SetSymptom", Args{ID: incidentID, Symptom: symptom})
}

// Symptoms asks for what people complain of.
func (c *Client) Symptoms(ctx context.Context, text string) ([]SymptomMatch, error) {
	return call[[]SymptomMatch](ctx, c, "Symptoms", Args{Text: text})
}

// Forms asks for the requests that can be made.
func (c *Client) Forms(ctx context.Context) ([]Form, error) {
	return call[[]Form](ctx, c, "Forms", Args{})
}

// Packs asks for the support packs that were found.
func (c *Client) Packs(ctx context.Context) ([]PackInfo, error) {
	return call[[]PackInfo](ctx, c, "Packs", Args{})
}

// Branding asks whose support this is.
func (c *Client) Branding(ctx context.Context) (Branding, error) {
	return call[Branding](ctx, c, "Branding", Args{})
}

// Words asks for the packs' texts.
func (c *Client) Words(ctx context.Context, lang string) (map[string]string, error) {
	return call[map[string]string](ctx, c, "Words", Args{Lang: lang})
}

// Record reads or changes the light record.
func (c *Client) Record(ctx context.Context, action string) (RecordState, error) {
	return call[RecordState](ctx, c, "Record", Args{Action: action})
}

// Repair runs, continues or undoes a repair and streams it.
func (c *Client) Repair(
	ctx context.Context, id string, req RepairRequest, on func(RepairEvent),
) (Incident, error) {
	return stream[RepairEvent, Incident](ctx, c, "Repair", Args{ID: id, Repair: &req}, on)
}

// Screenshot asks for an incident's picture.
func (c *Client) Screenshot(ctx context.Context, id string) ([]byte, error) {
	var b bytes.Buffer
	if err := copyTo(ctx, c, "Screenshot", Args{ID: id}, &limited{w: &b, left: maxPicture}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Review asks for exactly what would leave.
func (c *Client) Review(ctx context.Context, id string, in Input) (Review, error) {
	return call[Review](ctx, c, "Review", Args{ID: id, Input: &in})
}

// Send stores the report and tries to send it.
func (c *Client) Send(ctx context.Context, id string, in Input) (Sent, error) {
	return call[Sent](ctx, c, "Send", Args{ID: id, Input: &in})
}

// CloseIncident drops an incident.
func (c *Client) CloseIncident(ctx context.Context, id string) error {
	return do(ctx, c, "CloseIncident", Args{ID: id})
}

// Snapshot asks for the redacted snapshot.
func (c *Client) Snapshot(ctx context.Context) ([]diagnostics.Group, error) {
	return call[[]diagnostics.Group](ctx, c, "Snapshot", Args{})
}

// Tickets lists the user's tickets.
func (c *Client) Tickets(ctx context.Context, refresh bool) (TicketList, error) {
	return call[TicketList](ctx, c, "Tickets", Args{Refresh: refresh})
}

// Ticket reads one ticket and its thread.
func (c *Client) Ticket(ctx context.Context, n string, refresh bool) (TicketView, error) {
	return call[TicketView](ctx, c, "Ticket", Args{N: n, Refresh: refresh})
}

// Reply answers the desk.
func (c *Client) Reply(ctx context.Context, n string, in ReplyInput) (Sent, error) {
	return call[Sent](ctx, c, "Reply", Args{N: n, Reply: &in})
}

// Reopen opens a ticket again.
func (c *Client) Reopen(ctx context.Context, n, text string) (Sent, error) {
	return call[Sent](ctx, c, "Reopen", Args{N: n, Text: text})
}

// Rate rates a ticket.
func (c *Client) Rate(ctx context.Context, n string, rating client.Rating) error {
	return do(ctx, c, "Rate", Args{N: n, Rating: &rating})
}

// Download writes an attachment's bytes to w.
func (c *Client) Download(ctx context.Context, n, attachmentID string, w io.Writer) error {
	return copyTo(ctx, c, "Download", Args{N: n, Attachment: attachmentID}, w)
}

// MarkSeen says that the user has read a ticket.
func (c *Client) MarkSeen(ctx context.Context, n string) error {
	return do(ctx, c, "MarkSeen", Args{N: n})
}

// Sent asks for the records of all that ever left.
func (c *Client) Sent(ctx context.Context) ([]Record, error) {
	return call[[]Record](ctx, c, "Sent", Args{})
}

// Notices asks for the desk's known outages.
func (c *Client) Notices(ctx context.Context) ([]Notice, error) {
	return call[[]Notice](ctx, c, "Notices", Args{})
}

// Outbox lists what waits.
func (c *Client) Outbox(ctx context.Context) ([]OutboxItem, error) {
	return call[[]OutboxItem](ctx, c, "Outbox", Args{})
}

// Flush tries to send what waits, now.
func (c *Client) Flush(ctx context.Context) ([]OutboxItem, error) {
	return call[[]OutboxItem](ctx, c, "Flush", Args{})
}

// Export writes one report as a ZIP file to w.
func (c *Client) Export(ctx context.Context, ref string, w io.Writer) error {
	return copyTo(ctx, c, "Export", Args{Ref: ref}, w)
}

// Retry tries one item again.
func (c *Client) Retry(ctx context.Context, ref string) (OutboxItem, error) {
	return call[OutboxItem](ctx, c, "Retry", Args{Ref: ref})
}

// Discard drops one item.
func (c *Client) Discard(ctx context.Context, ref string) error {
	return do(ctx, c, "Discard", Args{Ref: ref})
}

// TryDesk asks a desk who the user is, keeping nothing.
func (c *Client) TryDesk(ctx context.Context, in SignIn) (DeskState, error) {
	return call[DeskState](ctx, c, "TryDesk", Args{SignIn: &in})
}

// SignIn keeps a credential that works.
func (c *Client) SignIn(ctx context.Context, in SignIn) (DeskState, error) {
	return call[DeskState](ctx, c, "SignIn", Args{SignIn: &in})
}

// SignOut forgets the credential.
func (c *Client) SignOut(ctx context.Context) error { return do(ctx, c, "SignOut", Args{}) }

// Config asks for the effective settings.
func (c *Client) Config(ctx context.Context) ([]Setting, error) {
	return call[[]Setting](ctx, c, "Config", Args{})
}

// SetConfig changes one of the user's settings.
func (c *Client) SetConfig(ctx context.Context, key, value string) error {
	return do(ctx, c, "SetConfig", Args{Key: key, Value: value})
}

// DeskURL asks for a one-time technician link.
func (c *Client) DeskURL(ctx context.Context) (string, error) {
	return call[string](ctx, c, "DeskURL", Args{})
}

// Show asks the agent to bring up the window.
func (c *Client) Show(ctx context.Context, page string) error {
	return do(ctx, c, "Show", Args{Page: page})
}

// Quit ends the agent.
func (c *Client) Quit(ctx context.Context) error { return do(ctx, c, "Quit", Args{}) }

// limited refuses more than left bytes.
type limited struct {
	w    io.Writer
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, errors.New("larger than expected")
	}
	return l.w.Write(p)
}
