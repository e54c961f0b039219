// Package network repairs connections and the clock: through NetworkManager, systemd-resolved and timedated where
// they are, never by editing their files. On Windows and macOS a repair runs one of the system's own programs, or
// shows the page of the settings where the user does it.
package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// Params is what these repairs work with.
type Params struct {
	// OpenURL shows a web page in the user's browser.
	OpenURL func(url string) error
	// OpenSettings shows a page of the system's own settings: "network", "wifi", "proxy", "vpn", "datetime".
	OpenSettings func(page string) error
	// HasSettings tells whether there is such a page here; nil is yes.
	HasSettings func(page string) bool
	// PortalURL is the page that a captive portal intercepts.
	PortalURL func() string
	// VPN is the name of the organisation's VPN as the settings have it; empty: whichever the user has.
	VPN func() string
}

// Fixers are the repairs of this area.
func Fixers(p Params) []repair.Fixer {
	list := []repair.Fixer{newPortal(p)}
	if runtime.GOOS == "linux" {
		return append(list, linuxFixers(p)...)
	}
	return append(list, otherFixers(p, runtime.GOOS)...)
}

func linuxFixers(p Params) []repair.Fixer {
	return []repair.Fixer{
		byService{reconnect{}},
		byService{renew{}},
		byService{radio{act.KernelSwitches()}},
		byService{names{}},
		proxy{act.NewUserProxy(), newGuide(p)},
		byService{vpn{p.VPN}},
		byService{clock{}},
		rejoin{newGuide(p)},
	}
}

// byService is a repair that a service does here: nothing is left for the user to do in the settings.
type byService struct{ repair.Fixer }

// Look leaves out the step that other systems need.
func (b byService) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	look := b.Fixer.Look(ctx, results)
	look.Skip = append(look.Skip, pageStep)
	return look
}

// lookTime bounds what a look asks of a service: it lives on this computer, and several repairs are looked at in turn.
const lookTime = 1500 * time.Millisecond

// undoTime bounds one deed of an undo: the Engine waits for it.
const undoTime = 45 * time.Second

// why is the code for what a look could not find out.
func why(err error, absent string) string {
	if errors.Is(err, act.ErrAbsent) {
		return absent
	}
	return "service_silent"
}

// failed is what a step's failure means. touched says that something may have been changed before.
func failed(err error, touched bool) error {
	step := &repair.StepError{Untouched: !touched, Err: err}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, act.ErrDenied):
		step.Reason, step.Admin = "not_allowed", true
	case errors.Is(err, act.ErrAbsent):
		step.Reason = "service_gone"
	case errors.Is(err, act.ErrNotConnected):
		step.Reason, step.Untouched = "not_connected", false
	case errors.Is(err, context.DeadlineExceeded):
		step.Reason, step.Untouched = "timeout", false // it may have been done all the same
	case errors.Is(err, context.Canceled):
		step.Reason, step.Untouched = "cancelled", false
	default:
		step.Reason = "service_refused"
	}
	return step
}

// changed is what a deed's failure means that may have been half done; a refusal for lack of rights came before.
func changed(err error) error { return failed(err, !errors.Is(err, act.ErrDenied)) }

// save and load keep a repair's notes in the journal.
func save(v any) (json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write down what is to be done: %w", err)
	}
	return raw, nil
}

func load(raw json.RawMessage, v any) error {
	if len(raw) == 0 {
		return repair.ErrNothingSaved
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("read what was written down: %w", err)
	}
	return nil
}

// onNetworks hands NetworkManager to f.
func onNetworks[T any](ctx context.Context, f func(act.Networks) (T, error)) (T, error) {
	n, err := act.OpenNetworks(ctx)
	if err != nil {
		var none T
		return none, err
	}
	defer n.Close()
	return f(n)
}
