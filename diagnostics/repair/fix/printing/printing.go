// Package printing repairs print queues over IPP, the language of the printing service itself.
package printing

import "balise/diagnostics/repair"

// Params is what these repairs work with.
type Params struct{}

// Fixers are the repairs of this area.
func Fixers(Params) []repair.Fixer { return []repair.Fixer{newResume()} }
