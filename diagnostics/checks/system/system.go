// Package system holds the self-tests  is a restart due.
package system

import "balise/diagnostics"

// Checks lists the self-tests of this area.
func Checks() []diagnostics.Check { return nil }
