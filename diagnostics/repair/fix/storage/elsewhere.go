package storage

import (
	"context"
	"encoding/json"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

// openPage is the step of the systems on which the user does it himself, on a page of the system's own settings.
const openPage = "open"

// elsewhere is a repair of this area on Windows and macOS: Balise shows the right page of the settings, or says what
// to do where none is right, watches the self-test, and changes nothing itself.
type elsewhere struct {
	id, page string
	skip     []string // the steps that Linux has
	tests    func([]diagnostics.Result) []string
	settings func(page string) error
}

// ID is the repair's.
func (e elsewhere) ID() string { return e.id }

// Look offers the page.
func (e elsewhere) Look(_ context.Context, results []diagnostics.Result) repair.Look {
	look := repair.Look{Skip: e.skip}
	if e.settings == nil && e.page != "" {
		look.Why = "platform"
		return look
	}
	if e.tests != nil {
		look.Verify = e.tests(results)
	}
	look.Steps = map[string]repair.StepLook{openPage: {Page: e.page}}
	return look
}

// Prepare has nothing to save.
func (e elsewhere) Prepare(_ context.Context, job repair.Job) (json.RawMessage, error) {
	if job.Step != openPage {
		return nil, repair.Because("unknown_step", nil)
	}
	return json.Marshal(struct{}{})
}

// Run opens the page.
func (e elsewhere) Run(_ context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	switch {
	case job.Step != openPage:
		return nil, repair.Because("unknown_step", nil)
	case e.page == "":
		return nil, nil
	case e.settings == nil:
		return nil, repair.Because("no_settings", nil)
	}
	if err := e.settings(e.page); err != nil {
		return nil, repair.Because("no_settings", err)
	}
	return nil, nil
}

// Undo has nothing to put back.
func (e elsewhere) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
