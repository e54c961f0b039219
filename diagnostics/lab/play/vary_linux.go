package play

import (
	"math/rand/v2"
	"slices"

	"balise/diagnostics/lab/scenario"
	"balise/diagnostics/lab/stage"
)

// variation is something harmless that a seed may change.
type variation struct {
	name   string
	action string
	chance float64
	with   func(*rand.Rand) map[string]any
}

// variations are tried in this order; one whose action the stage does not have is left out.
func variations() []variation { return nil }

// vary draws what a seed changes. Every variation takes its share of the randomness whether it is allowed or
// not, so that forbidding one does not change the others.
func vary(rng *rand.Rand, s scenario.Scenario) []scenario.Step {
	actions := stage.Actions()
	var steps []scenario.Step
	for _, v := range variations() {
		dice, with := rng.Float64(), v.with(rng)
		can := slices.ContainsFunc(actions, func(a stage.Action) bool { return a.Name == v.action })
		if dice < v.chance && can && s.Vary.Allows(v.name) {
			steps = append(steps, scenario.Step{Do: v.action, With: with})
		}
	}
	return steps
}
