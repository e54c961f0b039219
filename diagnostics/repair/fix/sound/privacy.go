package sound

import (
	"context"
	"encoding/json"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// privacyOpen opens the page with the switches that keep programs from the microphone or the camera. Balise never
// turns them itself: they are the user's word on who may listen and look.
const privacyOpen = "privacy.open"

// The pages.
const (
	pageMicrophone = "privacy.microphone"
	pageCamera     = "privacy.camera"
)

type privacy struct{ p Params }

// ID is the repair's.
func (p *privacy) ID() string { return privacyOpen }

// opened is which page is shown.
type opened struct {
	Page string `json:"page"`
}

// Look names the page.
func (p *privacy) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	code := switchOff(results)
	if code == "" {
		code = p.now(ctx)
	}
	if code == "" {
		return repair.Look{Why: "nothing_to_do"}
	}
	return p.p.page(stepPage, code)
}

// switchOff reads from the results which switch is off.
func switchOff(results []diagnostics.Result) string {
	for _, r := range results {
		if r.ID != "av.privacy" {
			continue
		}
		if off, ok := r.Fact("microphone_off"); ok && off.Value == true {
			return pageMicrophone
		}
		if off, ok := r.Fact("camera_off"); ok && off.Value == true {
			return pageCamera
		}
	}
	return ""
}

// now asks the system which switch is off; the microphone's first, because a call without a picture is still a call.
func (p *privacy) now(ctx context.Context) string {
	s, err := probe.NewPrivacy().Switches(ctx)
	switch {
	case err != nil:
	case s.MicrophoneOff:
		return pageMicrophone
	case s.CameraOff:
		return pageCamera
	}
	return ""
}

// Prepare keeps which page is to be shown.
func (p *privacy) Prepare(ctx context.Context, _ repair.Job) (json.RawMessage, error) {
	code := p.now(ctx)
	if code == "" {
		return nil, repair.Because("nothing_to_do", nil)
	}
	return json.Marshal(opened{code})
}

// Run shows the page.
func (p *privacy) Run(_ context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	s, err := read[opened](job.Saved)
	if err != nil {
		return nil, err
	}
	if s.Page != pageCamera {
		s.Page = pageMicrophone
	}
	return p.p.show(s.Page), nil
}

// Undo has nothing to put back: a page was shown, and what was switched on it is the user's own doing.
func (p *privacy) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
