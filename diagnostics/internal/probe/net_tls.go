package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// Reasons why a TLS handshake failed.
const (
	TLSExpired   = "expired"
	TLSNotYet    = "not_yet"
	TLSName      = "name"      // the certificate is for another name
	TLSUntrusted = "untrusted" // nobody that this computer trusts vouches for it
	TLSAlert     = "alert"     // the peer refused, or no common version
	TLSTimeout   = "timeout"   // connected, then silence
	TLSNoTLS     = "no_tls"    // the peer does not speak TLS
	TLSClosed    = "closed"    // the peer hung up during the handshake
)

// Certificate is what is worth telling of a peer's certificate.
type Certificate struct {
	Issuer    string
	NotBefore time.Time
	NotAfter  time.Time
}

// Roots returns the system's trust anchors plus the PEM file's. A file that cannot be read is an error: a
// test with other anchors than the settings say would accuse the wrong one.
func Roots(caFile string) (*x509.CertPool, error) {
	if caFile == "" {
		return nil, nil // crypto/tls takes the system's
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("read CA file: no certificate in it")
	}
	return pool, nil
}

// TLSReason classifies a handshake's error; code is short and for technicians.
func TLSReason(err error) (reason, code string) {
	var (
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		alert   tls.AlertError
		header  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore) {
			return TLSNotYet, "CERT_NOT_YET_VALID"
		}
		return TLSExpired, "CERT_EXPIRED"
	case errors.As(err, &host):
		return TLSName, "CERT_NAME"
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return TLSUntrusted, "CERT_UNTRUSTED"
	case errors.As(err, &header):
		return TLSNoTLS, "TLS_RECORD"
	case errors.As(err, &alert):
		return TLSAlert, fmt.Sprintf("TLS_ALERT_%d", uint8(alert))
	}
	// A certificate that cannot be verified for another reason (no system roots, a bad key) is not trusted.
	var verify *tls.CertificateVerificationError
	if errors.As(err, &verify) {
		return TLSUntrusted, "CERT_UNTRUSTED"
	}
	switch kind, code := Kind(err); kind {
	case KindTimeout:
		return TLSTimeout, "TLS_TIMEOUT"
	case KindReset:
		return TLSClosed, code
	}
	var remote *net.OpError
	if errors.As(err, &remote) && remote.Op == "remote error" {
		return TLSAlert, "TLS_ALERT"
	}
	if isEOF(err) {
		return TLSClosed, "EOF"
	}
	return TLSAlert, "TLS_OTHER"
}

// Handshake verifies the peer on an open connection.
func Handshake(ctx context.Context, conn net.Conn, host string, roots *x509.CertPool) (Certificate, error) {
	c := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12})
	err := c.HandshakeContext(ctx)
	if state := c.ConnectionState(); len(state.PeerCertificates) > 0 {
		return describeCert(state.PeerCertificates[0]), err
	}
	return Certificate{}, err
}

// errRead ends a handshake whose only purpose was to see the certificate.
var errRead = errors.New("certificate read")

// ReadCertificate shakes hands without trust, only to read whose certificate was refused and until when it is
// valid. The handshake is broken off before it completes: no byte of ours is ever sent inside it.
func ReadCertificate(ctx context.Context, conn net.Conn, host string) (Certificate, bool) {
	var cert Certificate
	var seen bool
	c := tls.Client(conn, &tls.Config{
		ServerName: host, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, // see above; nothing is sent and nothing is believed
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) > 0 {
				cert, seen = describeCert(s.PeerCertificates[0]), true
			}
			return errRead
		},
	})
	_ = c.HandshakeContext(ctx)
	return cert, seen
}

func describeCert(c *x509.Certificate) Certificate {
	issuer := c.Issuer.CommonName
	if issuer == "" && len(c.Issuer.Organization) > 0 {
		issuer = c.Issuer.Organization[0]
	}
	return Certificate{Issuer: issuer, NotBefore: c.NotBefore, NotAfter: c.NotAfter}
}

// AnyTime is a TLS configuration that trusts the usual issuers and checks the name, but not the dates. It
// serves one purpose: asking a server for the time on a computer whose clock may be wrong.
func AnyTime(host string, roots *x509.CertPool) *tls.Config {
	return &tls.Config{
		ServerName: host, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection verifies all but the dates
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return errors.New("no certificate")
			}
			leaf := s.PeerCertificates[0]
			opts := x509.VerifyOptions{
				DNSName: host, Roots: roots, Intermediates: x509.NewCertPool(),
				CurrentTime: leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2),
			}
			for _, c := range s.PeerCertificates[1:] {
				opts.Intermediates.AddCert(c)
			}
			_, err := leaf.Verify(opts)
			return err
		},
	}
}
