package services

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// authority signs certificates of a mail server on this computer.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	raw, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(raw)
	must(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600))
	return authority{cert, key, file}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (a authority) sign(t *testing.T, ends time.Duration, ip string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.ParseIP(ip)},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(ends),
	}
	raw, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	must(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
}

// server is a mail server that greets, answers what it is asked, and remembers what it heard.
type server struct {
	greeting string
	answers  map[string]string // by the beginning of the question
	direct   *tls.Config       // encrypted from the first byte
	start    *tls.Config       // after STARTTLS
	drip     time.Duration
	mu       sync.Mutex
	heard    []string
}

func (s *server) listen(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *server) serve(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if s.direct != nil {
		conn = tls.Server(conn, s.direct)
	}
	for _, c := range []byte(s.greeting) {
		if _, err := conn.Write([]byte{c}); err != nil {
			return
		}
		time.Sleep(s.drip)
	}
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		s.mu.Lock()
		s.heard = append(s.heard, strings.TrimSpace(line))
		s.mu.Unlock()
		for start, a := range s.answers {
			if strings.HasPrefix(line, start) {
				_, _ = io.WriteString(conn, a)
			}
		}
		if strings.Contains(line, "STARTTLS") && s.start != nil {
			conn = tls.Server(conn, s.start)
			lines = bufio.NewReader(conn)
		}
	}
}

func TestMailServers(t *testing.T) {
	ca := newAuthority(t)
	good, expired := ca.sign(t, time.Hour, "127.0.0.1"), ca.sign(t, -time.Hour, "127.0.0.1")
	other, stranger := ca.sign(t, time.Hour, "192.0.2.1"), newAuthority(t).sign(t, time.Hour, "127.0.0.1")
	imap := map[string]string{
		"a1 CAPABILITY": "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n", "a2 STARTTLS": "a2 OK go\r\n",
	}
	smtp := map[string]string{
		"EHLO": "250-mail.example hello\r\n250-SIZE 1000\r\n250 STARTTLS\r\n", "STARTTLS": "220 go\r\n",
	}
	const imapHello, smtpHello = "* OK [CAPABILITY IMAP4rev1] ready\r\n", "220-mail.example\r\n220 ESMTP\r\n"
	for _, c := range []struct {
		name, scheme string
		s            *server
		want         string
	}{
		{"IMAP", "imap", &server{greeting: imapHello, answers: imap, start: good}, "pass "},
		{"SMTP", "smtp", &server{greeting: smtpHello, answers: smtp, start: good}, "pass "},
		{"IMAPS", "imaps", &server{greeting: imapHello, answers: imap, direct: good}, "pass "},
		{"SMTPS", "smtps", &server{greeting: smtpHello, answers: smtp, direct: good}, "pass "},
		{"IMAPS, expired", "imaps", &server{greeting: imapHello, direct: expired}, "fail mail.reach.m/cert_expired"},
		{"IMAP, expired after STARTTLS", "imap", &server{greeting: imapHello, answers: imap, start: expired}, "fail mail.reach.m/cert_expired"},
		{"somebody else's", "imaps", &server{direct: other}, "fail mail.reach.m/cert_name"},
		{"unknown signer", "smtps", &server{direct: stranger}, "fail mail.reach.m/cert_untrusted"},
		{"no TLS at all", "imaps", &server{greeting: imapHello}, "fail mail.reach.m/no_tls"},
		{
			"IMAP without STARTTLS", "imap",
			&server{greeting: imapHello, answers: map[string]string{"a1": "* CAPABILITY IMAP4rev1\r\na1 OK\r\n"}},
			"fail mail.reach.m/no_tls",
		},
		{
			"STARTTLS refused", "smtp",
			&server{greeting: smtpHello, answers: map[string]string{"EHLO": "250-x\r\n250 STARTTLS\r\n", "STARTTLS": "454 not now\r\n"}},
			"fail mail.reach.m/no_tls",
		},
		{"SMTP without EHLO", "smtp", &server{greeting: smtpHello, answers: map[string]string{"EHLO": "502 what\r\n"}}, "fail mail.reach.m/no_tls"},
		{"full", "imap", &server{greeting: "* BYE too many connections\r\n"}, "fail mail.reach.m/down"},
		{"busy", "smtp", &server{greeting: "421 try later\r\n"}, "fail mail.reach.m/down"},
		{"refuses us", "smtp", &server{greeting: "554 no\r\n"}, "fail mail.reach.m/down"},
		{"a web server", "imap", &server{greeting: "HTTP/1.1 400 Bad Request\r\n\r\n"}, "fail mail.reach.m/broken"},
		{"garbage", "smtp", &server{greeting: strings.Repeat("\x00\xff", 40000) + "\n"}, "fail mail.reach.m/broken"},
		{"a line without end", "smtp", &server{greeting: strings.Repeat("2", 1<<17)}, "fail mail.reach.m/broken"},
		{"says nothing", "imap", &server{}, "fail mail.reach.m/silent"},
		{"a byte at a time", "imap", &server{greeting: imapHello, drip: 300 * time.Millisecond}, "fail mail.reach.m/silent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := fmt.Sprintf("%s://127.0.0.1:%d", c.scheme, c.s.listen(t))
			ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
			defer cancel()
			list := Checks(catalogue.Catalogue{}, Params{Mail: []Service{{Name: "m", URL: url}}, CAFile: ca.file})
			o := list[0].Run(ctx, 0)
			if got := fmt.Sprintf("%s %s", o.Status, o.Cause); got != c.want {
				t.Errorf("%s, want %s (%v, %s)", got, c.want, o.Facts, o.Error)
			}
			c.s.mu.Lock()
			defer c.s.mu.Unlock()
			allowed := []string{"a1 CAPABILITY", "a2 STARTTLS", "a9 LOGOUT", "EHLO [127.0.0.1]", "STARTTLS", "QUIT"}
			for _, line := range c.s.heard {
				if c.s.direct == nil && line != "" && line[0] == 0x16 {
					continue // a handshake where none is understood
				}
				if !slices.Contains(allowed, line) && !strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
					t.Errorf("sends %q", line)
				}
			}
		})
	}
}

func TestMailIsAService(t *testing.T) {
	p := Params{Mail: []Service{{Name: "Courrier", URL: "imaps://mail.example"}, {Name: "here", URL: "imap://localhost"}}}
	list := Checks(catalogue.Catalogue{}, p)
	if len(list) != 2 || list[0].ID != "mail.reach.courrier" || list[0].Host != "mail.example" || len(list[1].Needs) > 0 {
		t.Errorf("%+v", list)
	}
	gone := probe.MailAnswer{Stage: probe.StageName, Err: &net.DNSError{IsNotFound: true}}
	spec := catalogue.Catalogue{}.Get("mail.reach")
	if o := judgeMail(gone, time.Second, spec); o.Cause != "mail.reach.*/no_such_name" || o.Severity != diagnostics.Blocks {
		t.Errorf("%+v", o)
	}
	slow := probe.MailAnswer{Stage: probe.StageTLS, Took: 4 * time.Second}
	if o := judgeMail(slow, 3*time.Second, spec); o.Cause != "mail.reach.*/slow" || o.Severity != diagnostics.Degrades {
		t.Errorf("%+v", o)
	}
	for _, c := range tlsCauses {
		if webCauses[c] == "" {
			t.Errorf("%s has no cause for mail", c)
		}
	}
}
