package diagnostics

import "time"

// Change is one difference between the computer now and the last time when all was well: a suspect, never a
// cause by itself.
type Change struct {
	// Code is stable and dotted: "network.new", "updates.installed", "printer.default".
	Code  string    `json:"code"`
	Facts []Fact    `json:"facts,omitempty"`
	At    time.Time `json:"at,omitzero"` // when it happened, if the system knows
}

// The codes of changes, and the facts that each may carry. Texts are change.<code>; which causes each makes
// likelier stands in assets/packs/core/changes.yaml.
const (
	ChangeNetworkNew   = "network.new"          // a network never seen while all was well
	ChangeNetworkOther = "network.other"        // a known one, but not that of the last time
	ChangeUpdates      = "updates.installed"    // names ([]string), packages; At
	ChangeSystem       = "system.upgraded"      // before, after; At
	ChangeKernel       = "kernel.changed"       // before, after
	ChangeDrivers      = "drivers.changed"      // names ([]string)
	ChangePrinter      = "printer.default"      // printer, none where there is no default any more
	ChangePrinterGone  = "printer.removed"      // printer
	ChangePrinterNew   = "printer.added"        // printer
	ChangeCertificates = "certificates.changed" // before, after: how many
	ChangeDiskFree     = "disk.free"            // mount, before, after in percent
	ChangeTimeZone     = "timezone.changed"     // before, after
	ChangeResolver     = "resolver.changed"     // servers ([]string)
	ChangeProxy        = "proxy.changed"        // state: "on", "off", "other"
	ChangeDisplays     = "displays.changed"     // before, after: how many
	ChangeHardware     = "hardware.changed"     // gone, added: how many
	ChangeRestarted    = "restarted"            // At
)

// ChangeCodes lists them all, in the order in which people read them.
func ChangeCodes() []string {
	return []string{
		ChangeNetworkNew, ChangeNetworkOther, ChangeUpdates, ChangeSystem, ChangeKernel, ChangeDrivers,
		ChangePrinter, ChangePrinterGone, ChangePrinterNew, ChangeCertificates, ChangeDiskFree, ChangeTimeZone,
		ChangeResolver, ChangeProxy, ChangeDisplays, ChangeHardware, ChangeRestarted,
	}
}

// Fact returns the fact of that key, if the change has one.
func (c Change) Fact(key string) (Fact, bool) {
	for _, f := range c.Facts {
		if f.Key == key {
			return f, true
		}
	}
	return Fact{}, false
}
