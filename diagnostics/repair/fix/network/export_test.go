package network

import (
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// NewRadio is the repair with other switches than this computer's own, which a test must not touch.
func NewRadio(s act.Switches) repair.Fixer { return byService{radio{s}} }

// OtherFixers are the repairs of Windows or macOS.
func OtherFixers(p Params, goos string) []repair.Fixer { return otherFixers(p, goos) }
