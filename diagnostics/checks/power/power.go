// Package power holds the self-tests power.battery and power.adapter: how much of the battery is left of what
// it was, and does the charger keep up.
//
// A computer without a battery has neither; a mouse's battery is no concern of theirs.
package power

import (
	"context"
	"math"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that these tests name.
const (
	BatteryWorn   diagnostics.Cause = "power.battery/worn"
	BatteryCycles diagnostics.Cause = "power.battery/cycles"
	BatteryLow    diagnostics.Cause = "power.battery/low"
	AdapterWeak   diagnostics.Cause = "power.adapter/weak"
)

// Checks lists the self-tests of this area.
func Checks(cat catalogue.Catalogue) []diagnostics.Check { return checks(cat, probe.NewPower()) }

func checks(cat catalogue.Catalogue, p probe.Power) []diagnostics.Check {
	battery, adapter := cat.Get("power.battery"), cat.Get("power.adapter")
	return []diagnostics.Check{
		battery.Check(look(p, battery, judgeBattery)),
		adapter.Check(look(p, adapter, judgeAdapter)),
	}
}

// look asks for the supplies and hands them to a judge.
func look(p probe.Power, spec catalogue.Spec,
	judge func(catalogue.Spec, probe.Supplies) diagnostics.Outcome,
) func(context.Context, int) diagnostics.Outcome {
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		s, err := p.Supplies(ctx)
		if err != nil {
			return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
		}
		if len(s.Batteries) == 0 {
			return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no battery", Final: true}
		}
		return judge(spec, s)
	}
}

// judgeBattery looks at the battery that is worn most: of two, it is the one that ends the day.
func judgeBattery(spec catalogue.Spec, s probe.Supplies) diagnostics.Outcome {
	wear, known, cycles, percent, left := 0.0, false, int64(0), 0.0, 0
	for _, b := range s.Batteries {
		if w, ok := b.Wear(); ok {
			wear, known = max(wear, w), true
		}
		cycles = max(cycles, b.Cycles)
		if b.Percent >= 0 {
			percent += b.Percent
			left++
		}
	}
	if !known && cycles == 0 && left == 0 {
		return diagnostics.Outcome{
			Status: diagnostics.Unknown, Detail: probe.ErrNoFigures.Error(), Final: true,
		}
	}
	low := left > 0 && percent/float64(left) <= spec.Limit("warn_low_percent") && draining(s.Batteries)
	o := diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
	switch {
	case known && wear > spec.Limit("fail_wear_percent"):
		o = bad(spec, diagnostics.Fail, BatteryWorn)
	case low:
		o = bad(spec, diagnostics.Warn, BatteryLow)
	case known && wear >= spec.Limit("warn_wear_percent"):
		o = bad(spec, diagnostics.Warn, BatteryWorn)
	case float64(cycles) > spec.Limit("warn_cycles"):
		o = bad(spec, diagnostics.Warn, BatteryCycles)
	}
	o.Final = true
	if known {
		o.Facts = append(o.Facts, diagnostics.Float("wear_percent", tenth(wear), "%"))
	}
	if cycles > 0 {
		o.Facts = append(o.Facts, diagnostics.Int("cycles", cycles, ""))
	}
	if left > 0 {
		o.Facts = append(o.Facts, diagnostics.Float("charge_percent", tenth(percent/float64(left)), "%"))
	}
	o.Facts = append(o.Facts, diagnostics.Int("batteries", int64(len(s.Batteries)), ""))
	return o
}

// judgeAdapter looks for a battery that empties while a charger is plugged in. A full one may: charging
// stops and starts around the top, and some computers are told to stop at eighty.
func judgeAdapter(spec catalogue.Spec, s probe.Supplies) diagnostics.Outcome {
	if s.Online > 0 && !slices.ContainsFunc(s.Batteries, func(b probe.Battery) bool { return b.State != "" }) {
		return diagnostics.Outcome{
			Status: diagnostics.Unknown, Detail: probe.ErrNoFigures.Error(), Final: true,
		}
	}
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	if s.Online > 0 && draining(s.Batteries) && !charging(s.Batteries) {
		for _, b := range s.Batteries {
			if b.State == "discharging" && b.Percent >= 0 && b.Percent < spec.Limit("full_percent") {
				o = bad(spec, diagnostics.Warn, AdapterWeak)
			}
		}
	}
	o.Facts = []diagnostics.Fact{diagnostics.Bool("plugged_in", s.Online > 0)}
	if state := s.Batteries[0].State; state != "" {
		o.Facts = append(o.Facts, diagnostics.Text("charge_state", state))
	}
	if p := s.Batteries[0].Percent; p >= 0 {
		o.Facts = append(o.Facts, diagnostics.Float("charge_percent", tenth(p), "%"))
	}
	return o
}

func draining(list []probe.Battery) bool { return has(list, "discharging") }

func charging(list []probe.Battery) bool { return has(list, "charging") }

func has(list []probe.Battery, state string) bool {
	for _, b := range list {
		if b.State == state {
			return true
		}
	}
	return false
}

func bad(spec catalogue.Spec, s diagnostics.Status, c diagnostics.Cause) diagnostics.Outcome {
	o := diagnostics.Outcome{Status: s, Cause: c, Severity: spec.Severity}
	if s == diagnostics.Warn {
		o.Severity = spec.WarnSeverity()
	}
	return o
}

func tenth(v float64) float64 { return math.Round(v*10) / 10 }
