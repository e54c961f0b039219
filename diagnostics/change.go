package diagnostics

import "time"

// Change is one difference between the computer now and the last time when all was well: a suspect, never a
// cause by itself.
type Change struct {
	// Code is stable and dotted, one of the Change codes below.
	Code  string    `json:"code"`
	Facts []Fact    `json:"facts,omitempty"`
	At    time.Time `json:"at,omitzero"` // when it happened, if the system knows
}

// The codes of changes. What each makes more likely stands in assets/packs/core/changes.yaml.
const (
	// ChangeNetwork: this computer stands in another network (another router, Wi-Fi name or address range).
	ChangeNetwork = "network.new"
	// ChangeResolver: other name servers.
	ChangeResolver = "resolver.changed"
	// ChangeProxy: a proxy was set, changed or removed.
	ChangeProxy = "proxy.changed"
	// ChangeUpdates: packages or system updates were installed.
	ChangeUpdates = "updates.installed"
	// ChangeDrivers: a driver or a firmware has another version.
	ChangeDrivers = "drivers.changed"
	// ChangeKernel: another kernel or system build runs.
	ChangeKernel = "kernel.changed"
	// ChangePrinter: another default printer.
	ChangePrinter = "printer.default"
	// ChangeCertificates: the trusted or the user's own certificates changed.
	ChangeCertificates = "certificates.changed"
	// ChangeDisk: much less is free on a disk than before.
	ChangeDisk = "disk.free"
	// ChangeTimeZone: another time zone.
	ChangeTimeZone = "timezone.changed"
	// ChangeDisplays: a screen was added or is gone.
	ChangeDisplays = "displays.changed"
	// ChangeHardware: a device (USB, sound, camera, dock, memory) was added or is gone.
	ChangeHardware = "hardware.changed"
)
