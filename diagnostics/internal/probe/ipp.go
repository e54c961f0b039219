package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"strings"
	"syscall"
	"time"

	"github.com/OpenPrinting/goipp"
)

// The errors of the printing service that callers branch on.
var (
	// ErrPrintDown: nothing answers where the printing service should.
	ErrPrintDown = errors.New("the printing service does not answer")
	// ErrPrintDenied: it answers, and does not allow this to this user.
	ErrPrintDenied = errors.New("the printing service does not allow this")
	// ErrPrintOdd: what answers is not a printing service, or breaks its protocol.
	ErrPrintOdd = errors.New("no printing service answered")
)

const (
	// maxIPP is far above what a machine with a thousand queues answers to our questions.
	maxIPP = 2 << 20
	// ippTimeout bounds one call when the caller's context does not: the service is on this computer.
	ippTimeout = 4 * time.Second
)

// Printing speaks IPP with the user's printing service.
type Printing struct {
	Server PrintServer
	User   string
	// Default is the user's own choice of a queue, "" to use the service's.
	Default string
	client  *http.Client
}

// NewPrinting finds the service and prepares a connection; it opens none.
func NewPrinting(env PrintEnv) *Printing {
	p := &Printing{Server: env.Server(), User: currentUser(), Default: env.DefaultPrinter()}
	dialer := net.Dialer{Timeout: ippTimeout}
	p.client = &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, p.Server.Network, p.Server.Address)
			},
			DisableKeepAlives:      true, // a short-lived child needs no pool, and the agent must not keep a socket
			ResponseHeaderTimeout:  ippTimeout,
			MaxResponseHeaderBytes: 64 << 10,
		},
		Timeout:       ippTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p
}

// currentUser is the name under which the kernel knows us, because the service compares the two.
func currentUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	for _, name := range []string{"USER", "LOGNAME"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return "anonymous"
}

// request makes a message with the attributes that every IPP request starts with.
func (p *Printing) request(op goipp.Op, attrs ...goipp.Attribute) *goipp.Message {
	m := goipp.NewRequest(goipp.DefaultVersion, op, 1)
	m.Operation.Add(goipp.MakeAttr("attributes-charset", goipp.TagCharset, goipp.String("utf-8")))
	m.Operation.Add(goipp.MakeAttr("attributes-natural-language", goipp.TagLanguage, goipp.String("en")))
	for _, a := range attrs {
		m.Operation.Add(a)
	}
	m.Operation.Add(goipp.MakeAttr("requesting-user-name", goipp.TagName, goipp.String(p.User)))
	return m
}

// do sends a request and returns the answer when its status is a success. A challenge is answered once with
// the name of this process's user, which the service checks against the socket's peer: no password is ever
// sent.
func (p *Printing) do(ctx context.Context, path string, m *goipp.Message) (*goipp.Message, error) {
	body, err := m.EncodeBytes()
	if err != nil {
		return nil, fmt.Errorf("write a print request: %w", err)
	}
	answer, challenge, err := p.post(ctx, path, body, "")
	if errors.Is(err, ErrPrintDenied) && p.Server.Network == "unix" && strings.Contains(challenge, "PeerCred") {
		answer, _, err = p.post(ctx, path, body, "PeerCred "+p.User)
	}
	if err != nil {
		return nil, err
	}
	return answer, statusError(goipp.Status(answer.Code))
}

func (p *Printing) post(ctx context.Context, path string, body []byte, auth string,
) (answer *goipp.Message, challenge string, err error) {
	host := "localhost"
	if p.Server.Network == "tcp" {
		host = p.Server.Address
	}
	return p.postTo(ctx, "http://"+host+path, body, auth)
}

func (p *Printing) postTo(ctx context.Context, target string, body []byte, auth string,
) (answer *goipp.Message, challenge string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, "", fmt.Errorf("write a print request: %w", err)
	}
	req.Header.Set("Content-Type", goipp.ContentType)
	req.Header.Set("User-Agent", "Balise")
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrPrintDown, err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return nil, strings.Join(res.Header.Values("Www-Authenticate"), ","),
			fmt.Errorf("%w: HTTP %d", ErrPrintDenied, res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return nil, "", fmt.Errorf("%w: HTTP %d", ErrPrintOdd, res.StatusCode)
	}
	answer, err = DecodeIPP(res.Body)
	return answer, "", err
}

// DecodeIPP reads an answer, whatever was sent.
func DecodeIPP(r io.Reader) (*goipp.Message, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxIPP+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPrintDown, err)
	}
	if len(raw) > maxIPP {
		return nil, fmt.Errorf("%w: answer too long", ErrPrintOdd)
	}
	m := &goipp.Message{}
	if err := m.DecodeBytes(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPrintOdd, err)
	}
	return m, nil
}

// StatusError is an IPP status that is not a success.
type StatusError struct{ Status goipp.Status }

func (e *StatusError) Error() string { return e.Status.String() }

// Unwrap makes errors.Is(err, ErrPrintDenied) true for the statuses that mean it.
func (e *StatusError) Unwrap() error {
	switch e.Status {
	case goipp.StatusErrorForbidden, goipp.StatusErrorNotAuthenticated, goipp.StatusErrorNotAuthorized:
		return ErrPrintDenied
	}
	return nil
}

func statusError(s goipp.Status) error {
	if s < 0x0100 {
		return nil
	}
	return &StatusError{s}
}

// PrintErrorCode is the short technical word for an error of this file, for facts and details.
func PrintErrorCode(err error) string {
	var status *StatusError
	var timeout net.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &status):
		return status.Status.String()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "ECONNREFUSED"
	case errors.Is(err, syscall.ENOENT):
		return "absent"
	case errors.Is(err, syscall.EACCES):
		return "EACCES"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, ErrPrintDenied):
		return "denied"
	case errors.Is(err, ErrPrintOdd):
		return "not_ipp"
	}
	return "closed"
}
