package display

import (
	"context"
	"errors"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// description is a screen's, with a right checksum.
func description() []byte {
	e := make([]byte, 128)
	copy(e, []byte{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0})
	e[127] = 6
	return e
}

func TestJudge(t *testing.T) {
	screen := func(enabled bool) probe.Connector {
		return probe.Connector{Kind: "hdmi", Connected: true, Enabled: enabled, EnabledKnown: true, EDID: description(), EDIDKnown: true}
	}
	panel := probe.Connector{Kind: "edp", Internal: true, Connected: true, Enabled: true, EnabledKnown: true}
	dark := panel
	dark.Enabled = false
	mute := screen(true)
	mute.EDID = nil
	own := screen(false)
	own.EnabledKnown = false
	for _, c := range []struct {
		name    string
		list    []probe.Connector
		desktop bool
		status  diagnostics.Status
		cause   diagnostics.Cause
	}{
		{"no graphics card", nil, true, diagnostics.NA, ""},
		{"a laptop alone", []probe.Connector{panel, {Kind: "dp"}}, true, diagnostics.NA, ""},
		{"a server with a screen", []probe.Connector{screen(false)}, false, diagnostics.NA, ""},
		{"two screens", []probe.Connector{panel, screen(true)}, true, diagnostics.Pass, ""},
		{"the lid is closed", []probe.Connector{dark, screen(true)}, true, diagnostics.Pass, ""},
		{"all asleep", []probe.Connector{dark, screen(false)}, true, diagnostics.Pass, ""},
		{"dark", []probe.Connector{panel, screen(false)}, true, diagnostics.Warn, Off},
		{"a driver that does not say", []probe.Connector{panel, own}, true, diagnostics.Pass, ""},
		{"without a description", []probe.Connector{panel, mute}, true, diagnostics.Fail, Unreadable},
	} {
		o := judge((catalogue.Catalogue{}).Get("display.external"), c.list, c.desktop)
		if o.Status != c.status || o.Cause != c.cause || o.Status.Bad() != (o.Severity != "") {
			t.Errorf("%s: %s %q", c.name, o.Status, o.Cause)
		}
	}
}

func TestABrokenProbeIsUnknown(t *testing.T) {
	s := probe.Screens{
		Connectors: func(context.Context) ([]probe.Connector, error) { return nil, errors.New("denied") },
		Desktop:    func() bool { return true },
	}
	for _, c := range checks(catalogue.Catalogue{}, s) {
		if o := c.Run(t.Context(), 0); o.Status != diagnostics.Unknown || o.Cause != "" {
			t.Errorf("%s: %+v", c.ID, o)
		}
	}
}
