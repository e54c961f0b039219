// Package printing repairs print queues over IPP, the language of the printing service itself, and the user's own
// choice of a printer.
package printing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
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
	return []repair.Fixer{newResume(p), &cancelMine{}, &setDefault{}}
}

// stepPage is the manual way of a repair: the page of printers, on which the user does it.
const stepPage = "page"

func (p Params) page() repair.Look {
	if !p.HasSettings("printers") {
		return repair.Look{Why: "no_settings_page"}
	}
	return repair.Look{Steps: map[string]repair.StepLook{stepPage: {Page: "printers"}}}
}

// show opens the page. One that does not open is no reason to stop: the step says in words where it is.
func (p Params) show() []diagnostics.Fact {
	return []diagnostics.Fact{diagnostics.Bool("opened", p.OpenSettings("printers") == nil)}
}

// queues asks the user's printing service what it has, or says why it cannot.
func queues(ctx context.Context) (probe.Queues, string) {
	server, service := probe.PrintService()
	if !server.Expected {
		return probe.Queues{}, "no_printer"
	}
	q, err := service.Queues(ctx)
	switch {
	case err != nil:
		return q, "spooler_down"
	case len(q.All) == 0:
		return q, "no_printer"
	}
	return q, ""
}

// printError gives an error of the printing service its code. touched says that something was changed
// before.
func printError(err error, touched bool) error {
	e := repair.Because("print_error", err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Errorf("ask the printing service: %w", err)
	case errors.Is(err, probe.ErrPrintDenied), errors.Is(err, act.ErrDenied):
		e.Reason, e.Admin, e.Untouched = "not_allowed", true, !touched
	case errors.Is(err, probe.ErrPrintDown):
		e.Reason = "spooler_down"
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
