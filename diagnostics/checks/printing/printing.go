// Package printing holds the self-tests  does the printing service answer, and does the user's queue move.
package printing

import "balise/diagnostics"

// Checks lists the self-tests of this area.
func Checks() []diagnostics.Check { return nil }
