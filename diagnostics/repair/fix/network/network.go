// Package network repairs connections and the clock: through NetworkManager, systemd-resolved and timedated where
// they are, never by editing their files.
package network

import "balise/diagnostics/repair"

// Params is what these repairs work with.
type Params struct {
	// OpenURL shows a web page in the user's browser.
	OpenURL func(url string) error
	// PortalURL is the page that a captive portal intercepts.
	PortalURL func() string
}

// Fixers are the repairs of this area.
func Fixers(p Params) []repair.Fixer { return []repair.Fixer{newPortal(p)} }
