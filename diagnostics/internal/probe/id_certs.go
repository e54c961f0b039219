package probe

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"time"
)

// OwnCertificate is one certificate by which the user or the computer signs in, without any name in it.
type OwnCertificate struct {
	NotAfter time.Time
	// Use is where it was found: "wifi", "wired", "vpn", "folder", "store".
	Use string
	// InUse says that a connection with it is set up to be used.
	InUse bool
}

// OwnCertificates is what was found.
type OwnCertificates struct {
	All []OwnCertificate
	// Unreadable counts certificates that are named somewhere and could not be read.
	Unreadable int
}

const (
	// certLimit bounds a file of certificates: a chain has some ten kilobytes.
	certLimit = 1 << 20
	// maxOwnCerts bounds how many are looked at.
	maxOwnCerts = 200
)

var errNoCertificate = errors.New("no certificate in it")

// ParseCertificates reads a file of certificates, as text (PEM) or binary (DER). Whatever else is in it, such
// as a key, is passed over.
func ParseCertificates(r io.Reader) ([]*x509.Certificate, error) {
	raw, err := io.ReadAll(io.LimitReader(r, certLimit))
	if err != nil {
		return nil, err
	}
	var list []*x509.Certificate
	for rest := raw; len(list) < maxOwnCerts; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" && block.Type != "TRUSTED CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			list = append(list, c)
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	if c, err := x509.ParseCertificate(raw); err == nil {
		return []*x509.Certificate{c}, nil
	}
	return nil, errNoCertificate
}

// leafOf is the certificate of a file that is somebody's own: the first that vouches for nobody else.
func leafOf(list []*x509.Certificate) (*x509.Certificate, bool) {
	for _, c := range list {
		if !c.IsCA {
			return c, true
		}
	}
	return nil, false
}

// signsIn tells whether a certificate serves to sign in somewhere, as opposed to a server's or one for mail.
func signsIn(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	for _, use := range c.ExtKeyUsage {
		if use == x509.ExtKeyUsageClientAuth || use == x509.ExtKeyUsageAny {
			return true
		}
	}
	return false
}
