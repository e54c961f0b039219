package openurl

import "strings"

// session is what decides how a page is opened on Linux.
type session struct {
	desktop string // XDG_CURRENT_DESKTOP: "ubuntu:GNOME"
	screen  string // empty: there is none, and no window can be shown
	find    func(program string) (string, error)
	exists  func(file string) bool
}

// program is one way to a page: an argument list, never a shell.
type program struct {
	desktop string   // in capitals as in XDG_CURRENT_DESKTOP; empty is any
	argv    []string // the program and the page
	// only is a file without which the program does not have the page.
	only string
}

// The desktops that have settings of their own, as they name themselves (the Desktop Menu Specification's registered
// names).
const (
	gnome    = "GNOME"
	kde      = "KDE"
	xfce     = "XFCE"
	cinnamon = "X-CINNAMON"
	mate     = "MATE"
)

// relatives are desktops that use another one's settings.
var relatives = map[string]string{"UNITY": gnome, "BUDGIE": gnome, "GNOME-CLASSIC": gnome}

func panel(words ...string) program {
	return program{desktop: gnome, argv: append([]string{"gnome-control-center"}, words...)}
}

// module is a page of Plasma's settings by the name of its module.
func module(name string) program {
	return program{desktop: kde, argv: []string{"systemsettings", name}}
}

func of(desktop string, argv ...string) program { return program{desktop: desktop, argv: argv} }

func anywhere(argv ...string) program { return program{argv: argv} }

// applications is where a desktop's programs and pages are described.
const applications = "/usr/share/applications/"

// linuxPages are the ways to each page, the better first. Each desktop's pages are named as its own menu entries
// name them (the Exec lines below /usr/share/applications); programs for all desktops stand last. XFCE, MATE,
// Cinnamon and Plasma have no switches for microphone and camera.
var linuxPages = map[string][]program{
	"network": {
		panel("network"), module("kcm_networkmanagement"), of(cinnamon, "cinnamon-settings", "network"),
		anywhere("nm-connection-editor"),
	},
	"wifi": {
		panel("wifi"), module("kcm_networkmanagement"), of(cinnamon, "cinnamon-settings", "network"),
		anywhere("nm-connection-editor"),
	},
	"proxy": {
		panel("network"), module("kcm_proxy"), of(mate, "mate-network-properties"),
		of(cinnamon, "cinnamon-settings", "network"),
	},
	"vpn": {
		panel("network"), module("kcm_networkmanagement"), of(cinnamon, "cinnamon-settings", "network"),
		anywhere("nm-connection-editor"),
	},
	"datetime": {
		// Since GNOME 46 date and time are a part of the page of the system.
		{
			desktop: gnome, argv: []string{"gnome-control-center", "datetime"},
			only: applications + "gnome-datetime-panel.desktop",
		},
		panel("system", "datetime"), module("kcm_clock"), of(cinnamon, "cinnamon-settings", "calendar"),
		of(mate, "mate-time-admin"), anywhere("time-admin"),
	},
	"privacy.microphone": {
		{
			desktop: gnome, argv: []string{"gnome-control-center", "microphone"},
			only: applications + "gnome-microphone-panel.desktop",
		},
		panel("privacy"),
	},
	"privacy.camera": {
		{desktop: gnome, argv: []string{"gnome-control-center", "camera"}, only: applications + "gnome-camera-panel.desktop"},
		panel("privacy"),
	},
	"sound": {
		panel("sound"), module("kcm_pulseaudio"), of(cinnamon, "cinnamon-settings", "sound"),
		of(mate, "mate-volume-control"), anywhere("pavucontrol"), anywhere("pavucontrol-qt"),
	},
	"printers": {
		panel("printers"), module("kcm_printer_manager"), anywhere("system-config-printer"),
	},
	"storage": {
		anywhere("baobab"), anywhere("filelight"), anywhere("mate-disk-usage-analyzer"), anywhere("gnome-disks"),
	},
	"updates": {
		of(gnome, "gnome-software", "--mode=updates"), of(kde, "plasma-discover", "--mode", "update"),
		anywhere("update-manager"), anywhere("mintupdate"), anywhere("gnome-software", "--mode=updates"),
		anywhere("plasma-discover", "--mode", "update"),
	},
	"apps": {
		of(gnome, "gnome-software", "--mode=installed"), of(kde, "plasma-discover", "--mode", "installed"),
		anywhere("mintinstall"), anywhere("gnome-software", "--mode=installed"),
		anywhere("plasma-discover", "--mode", "installed"),
	},
	"power": {
		panel("power"), module("kcm_powerdevilprofilesconfig"), of(xfce, "xfce4-power-manager-settings"),
		of(mate, "mate-power-preferences"), of(cinnamon, "cinnamon-settings", "power"),
	},
	"display": {
		panel("display"), module("kcm_kscreen"), of(xfce, "xfce4-display-settings"),
		of(mate, "mate-display-properties"), of(cinnamon, "cinnamon-settings", "display"), anywhere("arandr"),
	},
}

// linuxProgram chooses how a page is opened in a session.
func linuxProgram(page string, s session) (path string, args []string, ok bool) {
	if s.screen == "" {
		return "", nil, false
	}
	for _, p := range linuxPages[page] {
		if !s.is(p.desktop) || p.only != "" && !s.exists(p.only) {
			continue
		}
		if path, err := s.find(p.argv[0]); err == nil {
			return path, p.argv[1:], true
		}
	}
	return "", nil, false
}

// is tells whether a session is of a desktop.
func (s session) is(desktop string) bool {
	if desktop == "" {
		return true
	}
	for name := range strings.SplitSeq(strings.ToUpper(s.desktop), ":") {
		if name == desktop || relatives[name] == desktop {
			return true
		}
	}
	return false
}
