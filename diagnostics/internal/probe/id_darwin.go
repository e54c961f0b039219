package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// passwordAge: macOS keeps no age of a local password that a user may read.
func passwordAge(context.Context) (PasswordAge, error) {
	return PasswordAge{}, fmt.Errorf("read the password's age: %w", errors.ErrUnsupported)
}

// ownCertificates lists the keychain's certificates that serve to sign in. Which of them has a key, the list
// does not say, so none counts as in use.
func ownCertificates(ctx context.Context) (OwnCertificates, error) {
	a, err := tool{name: "security", args: []string{"find-certificate", "-a", "-p"}}.run(ctx)
	if err != nil {
		return OwnCertificates{}, err
	}
	if a.code != 0 {
		return OwnCertificates{}, fmt.Errorf("security ends with %d", a.code)
	}
	var own OwnCertificates
	list, err := ParseCertificates(bytes.NewReader(a.out))
	if errors.Is(err, errNoCertificate) {
		return own, nil
	}
	for _, c := range list {
		if !c.IsCA && len(c.ExtKeyUsage) > 0 && signsIn(c) {
			own.All = append(own.All, OwnCertificate{NotAfter: c.NotAfter, Use: "store"})
		}
	}
	return own, err
}
