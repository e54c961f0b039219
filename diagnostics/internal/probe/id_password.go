package probe

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"strings"
	"time"
)

// PasswordAge is what the system says of the user's own password.
type PasswordAge struct {
	// Never says that it does not expire. Otherwise Expires is the first moment at which it no longer counts.
	Never   bool
	Expires time.Time
	// MustChange says that it must be changed at the next sign-in.
	MustChange bool
	// Account is when the account itself ends; zero if it does not.
	Account time.Time
}

// Accounts reads the state of the user's own account. Each field is one question to the system and can be
// replaced in tests.
type Accounts struct {
	// Password says when the user's own password ends. An error wraps errors.ErrUnsupported where this
	// computer does not keep the password itself.
	Password func(ctx context.Context) (PasswordAge, error)
	// Ticket reads the user's ticket of the organisation's sign-in (Kerberos).
	Ticket func(ctx context.Context) (Ticket, error)
	// Certificates lists the user's own certificates.
	Certificates func(ctx context.Context) (OwnCertificates, error)
	Now          func() time.Time
}

// NewAccounts reads this computer.
func NewAccounts() Accounts {
	return Accounts{Password: passwordAge, Ticket: ticket, Certificates: ownCertificates, Now: time.Now}
}

// errPasswordElsewhere says that another computer keeps the password.
var errPasswordElsewhere = errors.New("another computer keeps the password")

// ParseChage reads what chage(1) lists in the C locale. A line that is not understood is passed over; without
// the one on the password's end there is no answer.
func ParseChage(out []byte) (PasswordAge, error) {
	var p PasswordAge
	found := false
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "Password expires":
			switch at, isDate := chageDate(value); {
			case value == "never":
				p.Never, found = true, true
			case value == "password must be changed":
				p.MustChange, found = true, true
			case isDate:
				p.Expires, found = at, true
			}
		case "Last password change":
			p.MustChange = p.MustChange || value == "password must be changed"
		case "Account expires":
			if at, isDate := chageDate(value); isDate {
				p.Account = at
			}
		}
	}
	if !found {
		return p, errors.New("chage says nothing of the password's end")
	}
	return p, nil
}

// chageDate reads both forms of a day: "Feb 28, 2027" and "2027-02-28".
func chageDate(s string) (time.Time, bool) {
	for _, layout := range []string{"Jan 2, 2006", "Jan 02, 2006", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
