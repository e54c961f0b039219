package openurl

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrNoPage says that this system has no such page of settings, or that nobody knows how to open it here.
var ErrNoPage = errors.New("there is no such page of settings here")

// settingsPatience is how long a settings program may take to fail. Those that stay are windows: that is success.
const settingsPatience = 1500 * time.Millisecond

// pages are the pages that can be asked for. The codes are Balise's own; texts say in words where each page is.
var pages = []string{
	"network", "wifi", "proxy", "vpn", "datetime", "privacy.microphone", "privacy.camera", "sound", "printers",
	"storage", "updates", "apps", "power", "display",
}

// Pages lists the codes of all pages.
func Pages() []string { return slices.Clone(pages) }

// Settings shows a page of the system's own settings, by its code. Nothing but a code of Pages is opened.
func Settings(page string) error {
	if !slices.Contains(pages, page) {
		return fmt.Errorf("open settings %q: %w", page, ErrNoPage)
	}
	if err := openSettings(page); err != nil {
		return fmt.Errorf("open settings %q: %w", page, err)
	}
	return nil
}

// HasSettings tells whether a page can be opened here.
func HasSettings(page string) bool { return slices.Contains(pages, page) && hasSettings(page) }

// windowsPages are Windows's addresses (Microsoft, "Launch Windows Settings": the ms-settings scheme).
var windowsPages = map[string]string{
	"network":            "ms-settings:network-status",
	"wifi":               "ms-settings:network-wifi",
	"proxy":              "ms-settings:network-proxy",
	"vpn":                "ms-settings:network-vpn",
	"datetime":           "ms-settings:dateandtime",
	"privacy.microphone": "ms-settings:privacy-microphone",
	"privacy.camera":     "ms-settings:privacy-webcam",
	"sound":              "ms-settings:sound",
	"printers":           "ms-settings:printers",
	"storage":            "ms-settings:storagesense",
	"updates":            "ms-settings:windowsupdate",
	"apps":               "ms-settings:appsfeatures",
	"power":              "ms-settings:powersleep",
	"display":            "ms-settings:display",
}

// macPages are the addresses of System Settings from macOS 13 on, by the bundle identifiers of its extensions. Apple
// documents the scheme and not the list; an address that a later macOS does not know opens the first page.
var macPages = map[string]string{
	"network":            "x-apple.systempreferences:com.apple.Network-Settings.extension",
	"wifi":               "x-apple.systempreferences:com.apple.wifi-settings-extension",
	"proxy":              "x-apple.systempreferences:com.apple.Network-Settings.extension?Proxies",
	"vpn":                "x-apple.systempreferences:com.apple.NetworkExtensionSettingsUI.NESettingsUIExtension",
	"datetime":           "x-apple.systempreferences:com.apple.Date-Time-Settings.extension",
	"privacy.microphone": "x-apple.systempreferences:com.apple.settings.PrivacySecurity.extension?Privacy_Microphone",
	"privacy.camera":     "x-apple.systempreferences:com.apple.settings.PrivacySecurity.extension?Privacy_Camera",
	"sound":              "x-apple.systempreferences:com.apple.Sound-Settings.extension",
	"printers":           "x-apple.systempreferences:com.apple.Print-Scan-Settings.extension",
	"storage":            "x-apple.systempreferences:com.apple.settings.Storage",
	"updates":            "x-apple.systempreferences:com.apple.Software-Update-Settings.extension",
	// macOS has no page for programs: they are a folder. The storage page lists and removes them.
	"apps":    "x-apple.systempreferences:com.apple.settings.Storage",
	"power":   "x-apple.systempreferences:com.apple.Battery-Settings.extension",
	"display": "x-apple.systempreferences:com.apple.Displays-Settings.extension",
}
