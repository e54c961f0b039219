// Package identity holds the self-tests id.password_expiry, id.kerberos and cert.expiry: does what the user
// signs in with still count.
package identity

import (
	"context"
	"errors"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that these tests name.
const (
	PasswordExpired diagnostics.Cause = "id.password_expiry/expired"
	PasswordChange  diagnostics.Cause = "id.password_expiry/must_change"
	PasswordSoon    diagnostics.Cause = "id.password_expiry/soon"
	AccountExpired  diagnostics.Cause = "id.password_expiry/account_expired"
	TicketExpired   diagnostics.Cause = "id.kerberos/expired"
	TicketNone      diagnostics.Cause = "id.kerberos/none"
	TicketSoon      diagnostics.Cause = "id.kerberos/soon"
	CertExpired     diagnostics.Cause = "cert.expiry/expired"
	CertSoon        diagnostics.Cause = "cert.expiry/soon"
)

const day = 24 * time.Hour

// Checks lists the self-tests of this area.
func Checks(cat catalogue.Catalogue) []diagnostics.Check { return checks(cat, probe.NewAccounts()) }

func checks(cat catalogue.Catalogue, a probe.Accounts) []diagnostics.Check {
	password, kerberos, certs := cat.Get("id.password_expiry"), cat.Get("id.kerberos"), cat.Get("cert.expiry")
	return []diagnostics.Check{
		password.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			p, err := a.Password(ctx)
			return judgePassword(p, err, a.Now(), password)
		}),
		kerberos.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			t, err := a.Ticket(ctx)
			return judgeTicket(t, err, a.Now(), kerberos)
		}),
		certs.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			c, err := a.Certificates(ctx)
			return judgeCertificates(c, err, a.Now(), certs)
		}),
	}
}

// daysUntil counts the midnights that lie between; the last day is zero.
func daysUntil(now, end time.Time) int64 { return int64(end.Sub(now) / day) }

func judgePassword(p probe.PasswordAge, err error, now time.Time, spec catalogue.Spec) diagnostics.Outcome {
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return diagnostics.Outcome{
			Status: diagnostics.NA, Detail: "this computer does not keep the password's age", Final: true,
		}
	case err != nil:
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
	}
	o := diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
	fail := func(c diagnostics.Cause) { o.Status, o.Severity, o.Cause = diagnostics.Fail, spec.Severity, c }
	if !p.Expires.IsZero() {
		o.Facts = append(o.Facts, diagnostics.Int("days_left", daysUntil(now, p.Expires), "d"))
	}
	switch {
	case !p.Account.IsZero() && !now.Before(p.Account):
		fail(AccountExpired)
		o.Facts = append(o.Facts, diagnostics.Int("days", int64(now.Sub(p.Account)/day), "d"))
	case p.MustChange:
		fail(PasswordChange)
		o.Facts = append(o.Facts, diagnostics.Bool("must_change", true))
	case p.Never || p.Expires.IsZero():
		o.Facts = append(o.Facts, diagnostics.Bool("never", true))
	case !now.Before(p.Expires):
		fail(PasswordExpired)
		o.Facts = append(o.Facts, diagnostics.Int("days", int64(now.Sub(p.Expires)/day), "d"))
	case float64(daysUntil(now, p.Expires)) <= spec.Limit("warn_days"):
		o.Status, o.Severity, o.Cause = diagnostics.Warn, spec.WarnSeverity(), PasswordSoon
	}
	return o
}

func judgeTicket(t probe.Ticket, err error, now time.Time, spec catalogue.Spec) diagnostics.Outcome {
	switch {
	case errors.Is(err, probe.ErrNoRealm), errors.Is(err, errors.ErrUnsupported):
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no realm is configured", Final: true}
	case err != nil:
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
	}
	o := diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
	o.Facts = []diagnostics.Fact{diagnostics.Text("kept", t.Kept), diagnostics.Bool("found", t.Found)}
	if !t.Found {
		o.Status, o.Severity, o.Cause = diagnostics.Fail, spec.Severity, TicketNone
		if !t.Expected {
			// A realm alone does not say that this user signs in by it.
			o.Status, o.Severity = diagnostics.Warn, diagnostics.Notice
		}
		return o
	}
	left := t.Ends.Sub(now)
	o.Facts = append(o.Facts, diagnostics.Int("remaining", int64(left/time.Second), "s"),
		diagnostics.Bool("renewable", t.RenewUntil.After(now)))
	switch {
	case left <= 0:
		o.Status, o.Severity, o.Cause = diagnostics.Fail, spec.Severity, TicketExpired
		o.Facts = append(o.Facts, diagnostics.Int("expired_since", int64(-left/time.Second), "s"))
	case left.Minutes() < spec.Limit("warn_minutes") && !t.RenewUntil.After(t.Ends):
		o.Status, o.Severity, o.Cause = diagnostics.Warn, diagnostics.Notice, TicketSoon
	}
	return o
}

func judgeCertificates(
	c probe.OwnCertificates, err error, now time.Time, spec catalogue.Spec,
) diagnostics.Outcome {
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no place of certificates is known here", Final: true}
	case err != nil:
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
	}
	worst, found := nearestEnd(c, now, spec)
	switch {
	case !found && len(c.All) == 0 && c.Unreadable > 0:
		return diagnostics.Outcome{
			Status: diagnostics.Unknown, Detail: "the certificates cannot be read", Final: true,
			Facts: []diagnostics.Fact{diagnostics.Int("unreadable", int64(c.Unreadable), "")},
		}
	case !found:
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no certificate of the user's own", Final: true}
	}
	left := worst.NotAfter.Sub(now)
	o := diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
	o.Facts = []diagnostics.Fact{
		diagnostics.Text("use", worst.Use), diagnostics.Int("days_left", int64(left/day), "d"),
		diagnostics.Int("certificates", int64(len(c.All)), ""),
	}
	switch {
	case left <= 0:
		o.Status, o.Severity, o.Cause = diagnostics.Fail, spec.Severity, CertExpired
		o.Facts = append(o.Facts, diagnostics.Int("days", int64(-left/day), "d"))
	case float64(left/day) <= spec.Limit("warn_days"):
		o.Status, o.Severity, o.Cause = diagnostics.Warn, spec.WarnSeverity(), CertSoon
	}
	if o.Status.Bad() && !worst.InUse {
		// It lies there; nothing says that anything uses it.
		o.Status, o.Severity = diagnostics.Warn, diagnostics.Notice
	}
	return o
}

// nearestEnd picks the certificate that ends first: among those in use, else among the others that did not end
// so long ago that they are merely forgotten.
func nearestEnd(
	c probe.OwnCertificates, now time.Time, spec catalogue.Spec,
) (worst probe.OwnCertificate, found bool) {
	forgotten := time.Duration(spec.Limit("forget_days")) * day
	for _, one := range c.All {
		if !one.InUse && now.Sub(one.NotAfter) > forgotten {
			continue
		}
		better := !found || one.InUse && !worst.InUse ||
			one.InUse == worst.InUse && one.NotAfter.Before(worst.NotAfter)
		if better {
			worst, found = one, true
		}
	}
	return worst, found
}
