package probe

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// ownCertificates reads the user's own store. Only certificates with a key of their own can sign in; which of
// them a connection uses, Windows does not say.
func ownCertificates(ctx context.Context) (OwnCertificates, error) {
	var own OwnCertificates
	name, err := windows.UTF16PtrFromString("MY")
	if err != nil {
		return own, err
	}
	store, err := windows.CertOpenSystemStore(0, name)
	if err != nil {
		return own, fmt.Errorf("open the store of certificates: %w", err)
	}
	defer windows.CertCloseStore(store, 0)
	var cert *windows.CertContext
	for len(own.All) < maxOwnCerts && ctx.Err() == nil {
		// Each call frees the one before.
		cert, err = windows.CertEnumCertificatesInStore(store, cert)
		if err != nil || cert == nil {
			if err != nil && !errors.Is(err, windows.Errno(windows.CRYPT_E_NOT_FOUND)) {
				return own, fmt.Errorf("read the store of certificates: %w", err)
			}
			return own, nil
		}
		raw := unsafe.Slice(cert.EncodedCert, cert.Length)
		c, err := x509.ParseCertificate(append([]byte(nil), raw...))
		if err != nil {
			own.Unreadable++
			continue
		}
		if !c.IsCA && signsIn(c) {
			own.All = append(own.All, OwnCertificate{NotAfter: c.NotAfter, Use: "store"})
		}
	}
	if cert != nil {
		_ = windows.CertFreeCertificateContext(cert)
	}
	return own, ctx.Err()
}
