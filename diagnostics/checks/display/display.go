// Package display holds the self-test display.external: does a screen that is plugged in get a picture, and
// does it say properly what it is.
package display

import (
	"context"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that this test names.
const (
	Off        diagnostics.Cause = "display.external/off"
	Unreadable diagnostics.Cause = "display.external/unreadable"
)

// Checks lists the self-tests of this area.
func Checks(cat catalogue.Catalogue) []diagnostics.Check { return checks(cat, probe.NewScreens()) }

func checks(cat catalogue.Catalogue, s probe.Screens) []diagnostics.Check {
	spec := cat.Get("display.external")
	return []diagnostics.Check{spec.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
		list, err := s.Connectors(ctx)
		if err != nil {
			return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
		}
		return judge(spec, list, s.Desktop())
	})}
}

// judge looks at screens on a cable only. While no screen at all gets a picture they are asleep, or nobody
// uses them: then a dark one says nothing.
func judge(spec catalogue.Spec, list []probe.Connector, desktop bool) diagnostics.Outcome {
	if !desktop {
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no desktop", Final: true}
	}
	connected, used, awake := 0, 0, false
	var dark, unreadable *probe.Connector
	for i, c := range list {
		awake = awake || c.Enabled
		if c.Internal || !c.Connected {
			continue
		}
		connected++
		if c.Enabled {
			used++
		}
		if c.EnabledKnown && !c.Enabled && dark == nil {
			dark = &list[i]
		}
		if c.EDIDKnown && probe.EDIDState(c.EDID) != "ok" && unreadable == nil {
			unreadable = &list[i]
		}
	}
	if connected == 0 {
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no screen on a cable", Final: true}
	}
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	switch {
	case unreadable != nil:
		o = diagnostics.Outcome{Status: diagnostics.Fail, Cause: Unreadable, Severity: spec.Severity}
		o.Facts = []diagnostics.Fact{
			diagnostics.Text("connector_kind", unreadable.Kind),
			diagnostics.Text("edid", probe.EDIDState(unreadable.EDID)),
		}
	case dark != nil && awake:
		o = diagnostics.Outcome{Status: diagnostics.Warn, Cause: Off, Severity: spec.WarnSeverity()}
		o.Facts = []diagnostics.Fact{diagnostics.Text("connector_kind", dark.Kind)}
	}
	o.Facts = append(o.Facts, diagnostics.Int("screens", int64(connected), ""),
		diagnostics.Int("screens_used", int64(used), ""))
	return o
}
