package cause

import "balise/diagnostics"

// Diagnose turns results into one diagnosis, and returns the results with ExplainedBy filled. It is pure:
// the same results and knowledge give the same answer.
func Diagnose(results []diagnostics.Result, kb Knowledge) (Diagnosis, []diagnostics.Result) {
	return Diagnosis{Cause: Undetermined, Confidence: Unsure}, results
}
