// Package printing repairs print queues over IPP, the language of the printing service itself.
package printing

import "balise/diagnostics/repair"

// Params is what these repairs work with.
type Params struct {
	// OpenSettings shows a page of the system's own settings, by its code.
	OpenSettings func(page string) error
	// HasSettings tells whether there is such a page here; nil is yes.
	HasSettings func(page string) bool
}

// Fixers are the repairs of this area.
func Fixers(Params) []repair.Fixer { return []repair.Fixer{newResume()} }
