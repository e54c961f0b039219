// Package storage holds the self-tests  is there room, and can it be written.
package storage

import "balise/diagnostics"

// Checks lists the self-tests of this area.
func Checks() []diagnostics.Check { return nil }
