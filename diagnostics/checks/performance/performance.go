// Package performance holds the self-tests  is the computer out of breath, and because of whom.
package performance

import "balise/diagnostics"

// Checks lists the self-tests of this area.
func Checks() []diagnostics.Check { return nil }
