// Package sound repairs what keeps somebody from hearing and from being heard: a sound server that has died, a device
// that is muted or the wrong one, a switch of the privacy settings.
package sound

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// Params is what these repairs work with.
type Params struct {
	// OpenSettings shows a page of the system's own settings, by its code.
	OpenSettings func(page string) error
	// HasSettings tells whether there is such a page here; nil is yes.
	HasSettings func(page string) bool
}

// Fixers are the repairs of this area.
func Fixers(p Params) []repair.Fixer {
	if p.OpenSettings == nil {
		p.OpenSettings = func(string) error { return errors.New("nothing here opens settings") }
		p.HasSettings = func(string) bool { return false }
	}
	if p.HasSettings == nil {
		p.HasSettings = func(string) bool { return true }
	}
	return []repair.Fixer{&restart{p}, &unmute{p}, &privacy{p}}
}

// page is the manual way of a repair: a page of the system's settings on which the user does it.
func (p Params) page(step, code string) repair.Look {
	if !p.HasSettings(code) {
		return repair.Look{Why: "no_settings_page"}
	}
	return repair.Look{Steps: map[string]repair.StepLook{step: {Page: code}}}
}

// show opens a page. One that does not open is no reason to stop: the step says in words where it is, and the user may
// open it by hand while we wait.
func (p Params) show(code string) []diagnostics.Fact {
	return []diagnostics.Fact{diagnostics.Bool("opened", p.OpenSettings(code) == nil)}
}

// failed gives an error its code. touched says that something was changed before.
func failed(err error, touched bool) error {
	e := repair.Because("sound_error", err)
	var ended *act.FailedError
	switch {
	case errors.Is(err, errGone):
		return errGone
	case errors.Is(err, act.ErrDenied):
		e.Reason, e.Admin, e.Untouched = "not_allowed", true, !touched
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Errorf("ask the sound server: %w", err)
	case errors.As(err, &ended):
		e.Reason = "sound_down"
	case errors.Is(err, act.ErrAbsent):
		e.Reason, e.Untouched = "sound_gone", !touched
	}
	return e
}

// read takes what Prepare kept.
func read[T any](saved json.RawMessage) (s T, err error) {
	if len(saved) == 0 {
		return s, repair.ErrNothingSaved
	}
	if err := json.Unmarshal(saved, &s); err != nil {
		return s, fmt.Errorf("read what was saved: %w", err)
	}
	return s, nil
}
