package identity

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func in(d time.Duration) time.Time { return now.Add(d) }

func words(o diagnostics.Outcome) string {
	s := fmt.Sprintf("%s %s", o.Status, o.Cause)
	if o.Severity != "" {
		s += " " + string(o.Severity)
	}
	return s
}

func TestPassword(t *testing.T) {
	for _, c := range []struct {
		name string
		p    probe.PasswordAge
		err  error
		want string
	}{
		{"elsewhere", probe.PasswordAge{}, fmt.Errorf("x: %w", errors.ErrUnsupported), "na "},
		{"denied", probe.PasswordAge{}, errors.New("EACCES"), "unknown "},
		{"never", probe.PasswordAge{Never: true}, nil, "pass "},
		{"far", probe.PasswordAge{Expires: in(40 * day)}, nil, "pass "},
		{"soon", probe.PasswordAge{Expires: in(13 * day)}, nil, "warn id.password_expiry/soon degrades"},
		{"tomorrow", probe.PasswordAge{Expires: in(time.Hour)}, nil, "warn id.password_expiry/soon degrades"},
		{"past", probe.PasswordAge{Expires: in(-day)}, nil, "fail id.password_expiry/expired blocks"},
		{"this moment", probe.PasswordAge{Expires: now}, nil, "fail id.password_expiry/expired blocks"},
		{"to change", probe.PasswordAge{MustChange: true}, nil, "fail id.password_expiry/must_change blocks"},
		{"account", probe.PasswordAge{Never: true, Account: in(-day)}, nil, "fail id.password_expiry/account_expired blocks"},
		{"account later", probe.PasswordAge{Never: true, Account: in(day)}, nil, "pass "},
	} {
		o := judgePassword(c.p, c.err, now, catalogue.Catalogue{}.Get("id.password_expiry"))
		if got := words(o); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestTicket(t *testing.T) {
	for _, c := range []struct {
		name string
		t    probe.Ticket
		err  error
		want string
	}{
		{"no realm", probe.Ticket{}, probe.ErrNoRealm, "na "},
		{"no klist", probe.Ticket{}, probe.ErrNoTool, "unknown "},
		{"valid", probe.Ticket{Found: true, Ends: in(5 * time.Hour)}, nil, "pass "},
		{"nobody signs in by it", probe.Ticket{}, nil, "warn id.kerberos/none notice"},
		{"the session should have one", probe.Ticket{Expected: true}, nil, "fail id.kerberos/none degrades"},
		{"ended", probe.Ticket{Found: true, Ends: in(-time.Minute)}, nil, "fail id.kerberos/expired degrades"},
		{"ends soon", probe.Ticket{Found: true, Ends: in(20 * time.Minute)}, nil, "warn id.kerberos/soon notice"},
		{"renews itself", probe.Ticket{Found: true, Ends: in(20 * time.Minute), RenewUntil: in(day)}, nil, "pass "},
	} {
		o := judgeTicket(c.t, c.err, now, catalogue.Catalogue{}.Get("id.kerberos"))
		if got := words(o); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCertificates(t *testing.T) {
	cert := func(d time.Duration, use bool) probe.OwnCertificate {
		return probe.OwnCertificate{NotAfter: in(d), Use: "wifi", InUse: use}
	}
	for _, c := range []struct {
		name string
		all  []probe.OwnCertificate
		lost int
		err  error
		want string
	}{
		{"none", nil, 0, nil, "na "},
		{"no place", nil, 0, errors.ErrUnsupported, "na "},
		{"broken", nil, 0, errors.New("x"), "unknown "},
		{"unreadable", nil, 2, nil, "unknown "},
		{"good", []probe.OwnCertificate{cert(100*day, true)}, 1, nil, "pass "},
		{"soon", []probe.OwnCertificate{cert(10*day, true), cert(100*day, true)}, 0, nil, "warn cert.expiry/soon notice"},
		{"ended", []probe.OwnCertificate{cert(-day, true)}, 0, nil, "fail cert.expiry/expired degrades"},
		{"ended, unused", []probe.OwnCertificate{cert(-day, false)}, 0, nil, "warn cert.expiry/expired notice"},
		{"forgotten", []probe.OwnCertificate{cert(-100*day, false)}, 0, nil, "na "},
		{"in use first", []probe.OwnCertificate{cert(-day, false), cert(90*day, true)}, 0, nil, "pass "},
		{"long ended, and in use", []probe.OwnCertificate{cert(-100*day, true)}, 0, nil, "fail cert.expiry/expired degrades"},
	} {
		own := probe.OwnCertificates{All: c.all, Unreadable: c.lost}
		o := judgeCertificates(own, c.err, now, catalogue.Catalogue{}.Get("cert.expiry"))
		if got := words(o); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// On any machine on which the tests run nothing is wrong, and no name leaves.
func TestThisMachine(t *testing.T) {
	for _, c := range Checks(catalogue.Catalogue{}) {
		ctx, cancel := context.WithTimeout(t.Context(), c.Timeout)
		o := c.Run(ctx, 0)
		cancel()
		t.Logf("%s: %+v", c.ID, o)
		if o.Status == "" || o.Status.Bad() != (o.Cause != "") {
			t.Errorf("%s: %+v", c.ID, o)
		}
		for _, f := range o.Facts {
			if f.Class != diagnostics.Plain {
				t.Errorf("%s: %s is %s", c.ID, f.Key, f.Class)
			}
		}
	}
}
