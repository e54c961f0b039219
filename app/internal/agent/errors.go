package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"balise/app/internal/agent/child"
	"balise/app/internal/agent/store"
	"balise/app/internal/config"
	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/client/outbox"
	"balise/client/secret"
	"balise/diagnostics/checks"
	"balise/diagnostics/repair"
)

// clockWrong is how far the clock must be off before a refused certificate is the clock's fault: shorter
// than any certificate's validity, longer than any tolerance.
const clockWrong = time.Hour

// explain turns any error into what a person gets to see. skew is how far this computer's clock is from the
// desk's, as far as known.
func explain(err error, skew time.Duration) *api.Error {
	if err == nil {
		return nil
	}
	var known *api.Error
	if errors.As(err, &known) {
		return known
	}
	for _, look := range []func(error, time.Duration) *api.Error{ofDesk, ofState, ofHere} {
		if e := look(err, skew); e != nil {
			if e.Detail == "" {
				e.Detail = err.Error()
			}
			return e
		}
	}
	return api.NewError(api.CodeInternal, err)
}

// ofDesk knows what package client says. An unknown outcome comes first: what caused it is only its detail.
func ofDesk(err error, skew time.Duration) *api.Error {
	var (
		throttled *client.ThrottledError
		invalid   *client.InvalidError
		tls       *client.TLSError
		dns       *net.DNSError
	)
	switch {
	case errors.Is(err, client.ErrUnknownOutcome):
		return &api.Error{Code: api.CodeDeskUnknown}
	case errors.As(err, &throttled):
		return &api.Error{Code: api.CodeDeskThrottled, Args: map[string]string{"wait": wait(throttled.RetryAfter)}}
	case errors.As(err, &invalid):
		return &api.Error{Code: api.CodeDeskInvalid, Args: map[string]string{"message": invalid.Message}}
	case errors.As(err, &tls):
		return ofTLS(tls, skew)
	case errors.As(err, &dns) && !dns.IsTimeout:
		return &api.Error{Code: api.CodeDeskName}
	case errors.Is(err, client.ErrUnauthorized):
		return &api.Error{Code: api.CodeDeskUnauthorized}
	case errors.Is(err, client.ErrForbidden):
		return &api.Error{Code: api.CodeDeskForbidden}
	case errors.Is(err, client.ErrUnsupported):
		return &api.Error{Code: api.CodeDeskUnsupported}
	case errors.Is(err, client.ErrNotADesk):
		return &api.Error{Code: api.CodeDeskNotADesk}
	case errors.Is(err, client.ErrTooLarge), errors.Is(err, io.ErrUnexpectedEOF) && byDesk(err):
		return &api.Error{Code: api.CodeDeskAnswer}
	case errors.Is(err, client.ErrNotFound), errors.Is(err, store.ErrNone), errors.Is(err, outbox.ErrNotFound):
		return &api.Error{Code: api.CodeNotFound}
	case errors.Is(err, client.ErrUnavailable):
		return &api.Error{Code: api.CodeDeskUnavailable}
	case errors.Is(err, client.ErrUnreachable):
		return &api.Error{Code: api.CodeDeskUnreachable}
	}
	return nil
}

func byDesk(err error) bool {
	return errors.Is(err, client.ErrUnavailable) || errors.Is(err, client.ErrUnreachable)
}

// ofTLS tells a bad certificate from a bad clock: a certificate that is out of its time, on a computer whose
// clock is known to be wrong, says nothing about the desk.
func ofTLS(e *client.TLSError, skew time.Duration) *api.Error {
	wrong := skew.Abs() > clockWrong
	if e.Reason == "not_yet" || (e.Reason == "expired" && wrong) {
		return &api.Error{Code: api.CodeDeskClock}
	}
	return &api.Error{Code: api.CodeDeskTLS, Args: map[string]string{"reason": e.Reason}}
}

// ofState knows the disk, the keyring and the settings.
func ofState(err error, _ time.Duration) *api.Error {
	var locked *config.LockedError
	var settings *config.Error
	switch {
	case errors.Is(err, secret.ErrNone):
		return &api.Error{Code: api.CodeDeskNoCredential}
	case errors.Is(err, secret.ErrLocked):
		return &api.Error{Code: api.CodeKeyringLocked}
	case errors.Is(err, secret.ErrAbsent), errors.Is(err, secret.ErrTooLarge):
		return &api.Error{Code: api.CodeKeyringAbsent}
	case errors.As(err, &locked):
		return &api.Error{Code: api.CodePolicy, Args: map[string]string{"key": locked.Key, "file": locked.File}}
	case errors.As(err, &settings):
		return &api.Error{Code: api.CodeConfig}
	}
	switch store.ProblemOf(err) {
	case store.Full:
		return &api.Error{Code: api.CodeDiskFull}
	case store.ReadOnly:
		return &api.Error{Code: api.CodeStateReadOnly}
	}
	return nil
}

// ofHere knows what the lower layers of this computer say.
func ofHere(err error, _ time.Duration) *api.Error {
	if word := lastWord(err); word != nil {
		return word
	}
	var precondition *repair.PreconditionError
	var cooldown *repair.CooldownError
	var local *client.LocalError
	switch {
	case errors.As(err, &local) && local.File != "":
		return &api.Error{Code: api.CodeAttachUnreadable, Args: map[string]string{"file": local.File}}
	case errors.Is(err, repair.ErrConsent):
		return &api.Error{Code: api.CodeConsent}
	case errors.Is(err, repair.ErrUnknown), errors.Is(err, checks.ErrUnknownCheck):
		return &api.Error{Code: api.CodeNotFound}
	case errors.As(err, &precondition):
		return &api.Error{Code: api.CodeConflict, Args: map[string]string{"why": precondition.Reason}}
	case errors.As(err, &cooldown):
		return &api.Error{Code: api.CodeRepairCooldown, Args: map[string]string{"wait": wait(time.Until(cooldown.Until))}}
	case errors.Is(err, repair.ErrBusy):
		return &api.Error{Code: api.CodeRepairBusy}
	case errors.Is(err, repair.ErrTooOften):
		return &api.Error{Code: api.CodeRepairTooOften}
	case errors.Is(err, repair.ErrChoice):
		return &api.Error{Code: api.CodeRepairChoice}
	case errors.Is(err, repair.ErrNotPending), errors.Is(err, repair.ErrNoUndo), errors.Is(err, outbox.ErrState):
		return &api.Error{Code: api.CodeConflict}
	case errors.Is(err, child.ErrDeadline), errors.Is(err, child.ErrOutput):
		return &api.Error{Code: api.CodeInternal}
	case errors.Is(err, context.DeadlineExceeded):
		return &api.Error{Code: api.CodeDeskUnreachable}
	}
	return nil
}

// wait is a duration as people read it, in units that both languages write alike.
func wait(d time.Duration) string {
	switch {
	case d <= 0:
		return "1 min"
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	case d < 90*time.Minute:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	}
	return fmt.Sprintf("%d h", int(d.Round(time.Hour)/time.Hour))
}

// explain is explain with what the agent knows of the clock.
func (a *Agent) explain(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return err // the one who asked has gone: there is nobody to explain to
	}
	return a.problem(err)
}

func (a *Agent) problem(err error) *api.Error { return explain(err, a.clockSkew()) }

// reason is explain in the outbox's words.
func (a *Agent) reason(err error) outbox.Reason {
	e := a.problem(err)
	return outbox.Reason{Code: e.Code, Args: e.Args, Detail: e.Detail}
}
