package power

import (
	"context"
	"errors"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func battery(state string, percent, full float64, cycles int64) probe.Battery {
	return probe.Battery{State: state, Percent: percent, Full: full, Design: 100, Cycles: cycles}
}

func TestJudges(t *testing.T) {
	pass, warn, fail := diagnostics.Pass, diagnostics.Warn, diagnostics.Fail
	for _, c := range []struct {
		name    string
		s       probe.Supplies
		battery diagnostics.Status
		cause   diagnostics.Cause
		adapter diagnostics.Status
	}{
		{"new, on its own", probe.Supplies{Batteries: []probe.Battery{battery("discharging", 80, 98, 20)}, Chargers: 1}, pass, "", pass},
		{"charging", probe.Supplies{Batteries: []probe.Battery{battery("charging", 40, 98, 20)}, Chargers: 1, Online: 1}, pass, "", pass},
		{"held at eighty", probe.Supplies{Batteries: []probe.Battery{battery("not_charging", 80, 98, 20)}, Chargers: 1, Online: 1}, pass, "", pass},
		{"full, and drawing a little", probe.Supplies{Batteries: []probe.Battery{battery("discharging", 97, 98, 20)}, Chargers: 1, Online: 1}, pass, "", pass},
		{"a weak charger", probe.Supplies{Batteries: []probe.Battery{battery("discharging", 60, 98, 20)}, Chargers: 1, Online: 1}, pass, "", warn},
		{
			"two batteries, one after the other",
			probe.Supplies{Batteries: []probe.Battery{battery("charging", 60, 98, 2), battery("discharging", 60, 98, 2)}, Chargers: 1, Online: 1},
			pass, "", pass,
		},
		{"worn", probe.Supplies{Batteries: []probe.Battery{battery("full", 100, 55, 300)}}, warn, BatteryWorn, pass},
		{"worn out", probe.Supplies{Batteries: []probe.Battery{battery("full", 100, 98, 3), battery("full", 100, 40, 900)}}, fail, BatteryWorn, pass},
		{"much used", probe.Supplies{Batteries: []probe.Battery{battery("full", 100, 90, 1200)}}, warn, BatteryCycles, pass},
		{"nearly empty", probe.Supplies{Batteries: []probe.Battery{battery("discharging", 4, 90, 12)}}, warn, BatteryLow, pass},
		{"nearly empty, plugged in", probe.Supplies{Batteries: []probe.Battery{battery("charging", 4, 90, 12)}, Online: 1}, pass, "", pass},
		{"half-written", probe.Supplies{Batteries: []probe.Battery{{Percent: -1}}, Online: 1}, diagnostics.Unknown, "", diagnostics.Unknown},
		{"half-written, charge only", probe.Supplies{Batteries: []probe.Battery{{Percent: 50, Full: 3e7}}}, pass, "", pass},
		{"half-written, plugged in", probe.Supplies{Batteries: []probe.Battery{{Percent: 50, Full: 3e7}}, Online: 1}, pass, "", diagnostics.Unknown},
		{"a desktop", probe.Supplies{Chargers: 1, Online: 1}, diagnostics.NA, "", diagnostics.NA},
	} {
		p := probe.Power{Supplies: func(context.Context) (probe.Supplies, error) { return c.s, nil }}
		list := checks(catalogue.Catalogue{}, p)
		if o := list[0].Run(t.Context(), 0); o.Status != c.battery || o.Cause != c.cause || o.Status.Bad() != (o.Severity != "") {
			t.Errorf("%s: battery %s %q", c.name, o.Status, o.Cause)
		}
		o := list[1].Run(t.Context(), 0)
		if o.Status != c.adapter || (o.Cause == AdapterWeak) != (c.adapter == warn) {
			t.Errorf("%s: adapter %s %q", c.name, o.Status, o.Cause)
		}
	}
}

func TestABrokenProbeIsUnknown(t *testing.T) {
	p := probe.Power{Supplies: func(context.Context) (probe.Supplies, error) { return probe.Supplies{}, errors.New("denied") }}
	for _, c := range checks(catalogue.Catalogue{}, p) {
		if o := c.Run(t.Context(), 0); o.Status != diagnostics.Unknown || o.Cause != "" {
			t.Errorf("%s: %+v", c.ID, o)
		}
	}
}
