package repair

import (
	"slices"

	"balise/diagnostics"
)

// felt leaves out that a self-test is well where the user's word counts more: it sees the past alone.
func (e *Engine) felt(id string, results []diagnostics.Result, said bool) []diagnostics.Result {
	spec := e.spec(id)
	if !said || !spec.WordAlone {
		return results
	}
	own := slices.Concat(spec.fails(), spec.Verify)
	return slices.DeleteFunc(slices.Clone(results), func(r diagnostics.Result) bool {
		return !r.Status.Bad() && slices.Contains(own, r.ID)
	})
}

// idle is why a repair is not needed. Nothing is well that could not be tested, or does not apply here.
func idle(seen []diagnostics.Result) string {
	if slices.ContainsFunc(seen, func(r diagnostics.Result) bool { return r.Status == diagnostics.Pass }) {
		return "not_needed"
	}
	return "nothing_to_do"
}
