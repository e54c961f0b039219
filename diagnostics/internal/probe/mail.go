package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

// Stages of a conversation with a mail server that come after StageTLS.
const (
	StageBanner   = "banner"   // waiting for the server's first line
	StageStartTLS = "starttls" // asking for encryption
)

// The errors of a mail server that answers, but not as it should.
var (
	// ErrMailBusy: it says that it cannot serve anybody now.
	ErrMailBusy = errors.New("the mail server is not available")
	// ErrMailOdd: what it says is not the protocol.
	ErrMailOdd = errors.New("no mail server answered")
	// ErrMailNoTLS: it offers no encryption.
	ErrMailNoTLS = errors.New("the mail server offers no encryption")
)

// MailAnswer is how far the conversation went.
type MailAnswer struct {
	Stage   string // where it ended; StageBanner or StageTLS with no Err is an answer
	Err     error
	Connect time.Duration
	Took    time.Duration
	Cert    Certificate
	// TLS says how the conversation is protected: "direct", "starttls".
	TLS string
}

// mailPorts are where servers listen when the URL does not say.
var mailPorts = map[string]string{"imaps": "993", "imap": "143", "smtps": "465", "smtp": "587"}

// ReachMail connects as a mail program would, as far as it can without knowing who the user is: the server's
// greeting, and encryption. No name and no password is ever sent.
func ReachMail(ctx context.Context, raw string, roots *x509.CertPool) MailAnswer {
	start := time.Now()
	a := reachMail(ctx, raw, roots)
	a.Took = time.Since(start)
	return a
}

func reachMail(ctx context.Context, raw string, roots *x509.CertPool) (a MailAnswer) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || mailPorts[u.Scheme] == "" {
		return MailAnswer{Stage: StageName, Err: fmt.Errorf("%w: not a mail server's URL", ErrMailOdd)}
	}
	port := u.Port()
	if port == "" {
		port = mailPorts[u.Scheme]
	}
	a.Stage = StageName
	d := dialHost(ctx, net.JoinHostPort(u.Hostname(), port), func() { a.Stage = StageTCP })
	a.Connect = d.Took
	if d.Err != nil {
		a.Err = d.Err
		return a
	}
	defer d.Conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = d.Conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	m := mailTalk{host: u.Hostname(), roots: roots, answer: &a, smtp: strings.HasPrefix(u.Scheme, "smtp")}
	m.use(d.Conn)
	a.Err = m.talk(ctx, strings.HasSuffix(u.Scheme, "s"))
	return a
}

// mailTalk is one conversation.
type mailTalk struct {
	host   string
	roots  *x509.CertPool
	smtp   bool
	conn   net.Conn
	read   *bufio.Reader
	answer *MailAnswer
}

// mailLimit bounds what a server may say in one conversation.
const mailLimit = 64 << 10

func (m *mailTalk) use(conn net.Conn) {
	m.conn, m.read = conn, bufio.NewReader(io.LimitReader(conn, mailLimit))
}

// talk is the greeting and, on a port that starts in the clear, the change to encryption.
func (m *mailTalk) talk(ctx context.Context, direct bool) error {
	if direct {
		if err := m.encrypt(ctx, "direct"); err != nil {
			return err
		}
	}
	m.answer.Stage = StageBanner
	greeting := m.imapGreeting
	if m.smtp {
		greeting = m.smtpGreeting
	}
	offers, err := greeting()
	if err != nil || direct {
		m.leave(err)
		return err
	}
	m.answer.Stage = StageStartTLS
	if !offers {
		m.leave(nil)
		return ErrMailNoTLS
	}
	command := "a2 STARTTLS"
	if m.smtp {
		command = "STARTTLS"
	}
	if err := m.say(command); err != nil {
		return err
	}
	ok, err := m.agreed()
	if err != nil {
		return err
	}
	if !ok {
		return ErrMailNoTLS
	}
	// What came before the handshake was not protected and is not read any further.
	return m.encrypt(ctx, "starttls")
}

func (m *mailTalk) encrypt(ctx context.Context, how string) error {
	m.answer.Stage = StageTLS
	c := tls.Client(m.conn, &tls.Config{ServerName: m.host, RootCAs: m.roots, MinVersion: tls.VersionTLS12})
	err := c.HandshakeContext(ctx)
	if state := c.ConnectionState(); len(state.PeerCertificates) > 0 {
		m.answer.Cert = describeCert(state.PeerCertificates[0])
	}
	if err != nil {
		return err
	}
	m.answer.TLS = how
	m.use(c)
	return nil
}

// imapGreeting reads the first line (RFC 9051) and asks what the server can do.
func (m *mailTalk) imapGreeting() (startTLS bool, err error) {
	line, err := m.line()
	switch word := strings.ToUpper(line); {
	case err != nil:
		return false, err
	case strings.HasPrefix(word, "* BYE"):
		return false, ErrMailBusy
	case !strings.HasPrefix(word, "* OK") && !strings.HasPrefix(word, "* PREAUTH"):
		return false, ErrMailOdd
	}
	if err := m.say("a1 CAPABILITY"); err != nil {
		return false, err
	}
	const most = 20
	for range most {
		line, err := m.line()
		word := strings.ToUpper(line)
		switch {
		case err != nil:
			return startTLS, err
		case strings.HasPrefix(word, "* CAPABILITY"):
			startTLS = strings.Contains(word+" ", " STARTTLS ")
		case strings.HasPrefix(word, "* BYE"):
			return false, ErrMailBusy
		case strings.HasPrefix(word, "A1 OK"):
			return startTLS, nil
		case strings.HasPrefix(word, "A1 "):
			return false, ErrMailOdd
		}
	}
	return false, ErrMailOdd
}

// smtpGreeting reads the first answer (RFC 5321) and asks what the server can do.
func (m *mailTalk) smtpGreeting() (startTLS bool, err error) {
	lines, err := m.reply()
	if err != nil {
		return false, err
	}
	if code := lines[0][:3]; code != "220" {
		if code[0] == '4' || code[0] == '5' {
			return false, ErrMailBusy
		}
		return false, ErrMailOdd
	}
	// The name is not ours to tell: an address literal is as good.
	if err := m.say("EHLO [127.0.0.1]"); err != nil {
		return false, err
	}
	if lines, err = m.reply(); err != nil {
		return false, err
	}
	switch lines[0][0] {
	case '4':
		return false, ErrMailBusy
	case '5':
		return false, nil // an old server, without any extension
	}
	for _, l := range lines {
		if word := strings.ToUpper(strings.TrimSpace(l[4:])); word == "STARTTLS" {
			startTLS = true
		}
	}
	return startTLS, nil
}

// agreed reads the answer to STARTTLS.
func (m *mailTalk) agreed() (bool, error) {
	if m.smtp {
		lines, err := m.reply()
		if err != nil {
			return false, err
		}
		return lines[0][0] == '2', nil
	}
	const most = 20
	for range most {
		line, err := m.line()
		if err != nil {
			return false, err
		}
		if word := strings.ToUpper(line); strings.HasPrefix(word, "A2 ") {
			return strings.HasPrefix(word, "A2 OK"), nil
		}
	}
	return false, ErrMailOdd
}

// reply reads an answer of SMTP, which may have several lines; each has four characters or more.
func (m *mailTalk) reply() ([]string, error) {
	var lines []string
	const most = 100
	for range most {
		line, err := m.line()
		if err != nil {
			return nil, err
		}
		if len(line) == 3 {
			line += " "
		}
		if len(line) < 4 || !digits(line[:3]) || line[3] != ' ' && line[3] != '-' {
			return nil, ErrMailOdd
		}
		lines = append(lines, line)
		if line[3] == ' ' {
			return lines, nil
		}
	}
	return nil, ErrMailOdd
}

func digits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func (m *mailTalk) line() (string, error) {
	line, err := m.read.ReadString('\n')
	if err != nil {
		if len(line) > 0 && isEOF(err) {
			return "", ErrMailOdd
		}
		return "", fmt.Errorf("read the mail server's answer: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func (m *mailTalk) say(command string) error {
	if _, err := io.WriteString(m.conn, command+"\r\n"); err != nil {
		return fmt.Errorf("ask the mail server: %w", err)
	}
	return nil
}

// leave says goodbye where the conversation still stands, so that no server writes down a lost client.
func (m *mailTalk) leave(err error) {
	switch {
	case err != nil:
	case m.smtp:
		_ = m.say("QUIT")
	default:
		_ = m.say("a9 LOGOUT")
	}
}
