// Package fix is the list of all repairs. Each area has a package of its own below; what is constant about a
// repair is data (assets/packs/core/repairs_*.yaml), and the words are translations under repair.<id>.
package fix

import (
	"slices"

	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/machine"
	"balise/diagnostics/repair/fix/network"
	"balise/diagnostics/repair/fix/printing"
	"balise/diagnostics/repair/fix/sound"
	"balise/diagnostics/repair/fix/storage"
)

// Params is what repairs work with. What depends on settings is asked at each use, because settings change.
type Params struct {
	// OpenURL shows a web page in the user's browser.
	OpenURL func(url string) error
	// OpenSettings shows a page of the system's own settings: "privacy.microphone", "network", "sound", ...
	OpenSettings func(page string) error
	// HasSettings tells whether there is such a page here; nil is yes.
	HasSettings func(page string) bool
	// PortalURL is the page that a captive portal intercepts (the setting probes.portal).
	PortalURL func() string
	// VPN is the name of the organisation's VPN (the setting probes.vpn.name).
	VPN func() string
	// Units are services of the system that the user may have restarted (the setting repairs.units).
	Units func() []string
	// Caches are folders of programs that may be set aside (the setting repairs.caches).
	Caches func() []storage.Cache
	// Home, DataHome and CacheHome are the user's folders; by default those of the environment.
	Home, DataHome, CacheHome string
}

// All is every repair of the core.
func All(p Params) []repair.Fixer {
	return slices.Concat(
		network.Fixers(network.Params{
			OpenURL: p.OpenURL, OpenSettings: p.OpenSettings, HasSettings: p.HasSettings, PortalURL: p.PortalURL, VPN: p.VPN,
		}),
		printing.Fixers(printing.Params{OpenSettings: p.OpenSettings, HasSettings: p.HasSettings}),
		sound.Fixers(sound.Params{OpenSettings: p.OpenSettings, HasSettings: p.HasSettings}),
		storage.Fixers(storage.Params{
			Home: p.Home, DataHome: p.DataHome, CacheHome: p.CacheHome, Caches: p.Caches, OpenSettings: p.OpenSettings,
		}),
		machine.Fixers(machine.Params{Units: p.Units, OpenSettings: p.OpenSettings}),
	)
}
