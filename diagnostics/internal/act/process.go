package act

import (
	"errors"
	"slices"
	"strings"

	"balise/diagnostics/internal/probe"
)

// The errors of closing programs.
var (
	// ErrEnded says that the process is not there any more; its number may belong to another one by now.
	ErrEnded = errors.New("this program has ended")
	// ErrNotOurs says that a process is not the user's own, or one that he needs to go on working.
	ErrNotOurs = errors.New("this program may not be closed")
)

// Running is one process that the user may close. PID and Start together name it for ever: a number that was
// given to another process since does not match.
type Running struct {
	PID    int     `json:"pid"`
	Start  uint64  `json:"start"` // in the kernel's ticks since the computer's start
	Name   string  `json:"name"`
	Parent int     `json:"-"`
	CPU    float64 `json:"-"` // seconds of processor time so far
	RSS    int64   `json:"-"` // bytes in memory
}

// Processes closes programs of one user, and of nobody else.
type Processes struct {
	// UID is the user; by OwnProcesses the one that Balise runs as.
	UID int
}

// needed are programs that a session rests upon: the desktop's shell and its parts, the session's bus and manager,
// the sound server, keys, the ways in, and whatever this very session runs in. Names are as the kernel keeps them,
// cut at fifteen letters. What is missing here is caught by its cgroup: systemd keeps the parts of a session in
// session.slice (systemd.special(7)).
var needed = []string{
	"systemd", "(sd-pam)", "init", "login", "sshd", "sshd-session", "su", "sudo", "agetty",
	"dbus-daemon", "dbus-broker", "dbus-broker-lau", "dconf-service",
	"gnome-shell", "gnome-session-b", "gnome-session-c", "gnome-session-i", "mutter", "gjs", "xdg-desktop-por",
	"xdg-document-po", "xdg-permission-", "at-spi-bus-laun", "at-spi2-registr", "gnome-keyring-d", "ssh-agent",
	"gpg-agent", "polkit-gnome-au", "polkit-kde-auth", "polkit-mate-aut", "lxpolkit",
	"plasmashell", "kwin_x11", "kwin_wayland", "kwin_wayland_wr", "ksmserver", "startplasma-x11", "startplasma-way",
	"kded5", "kded6", "kwalletd5", "kwalletd6", "plasma_session",
	"xfce4-session", "xfce4-panel", "xfwm4", "xfdesktop", "xfsettingsd", "cinnamon", "cinnamon-sessio", "mate-session",
	"mate-panel", "marco", "lxsession", "lxqt-session", "lxqt-panel", "openbox", "sway", "i3", "Hyprland", "weston",
	"Xorg", "X", "Xwayland", "Xvnc", "xrdp-sesman", "xrdp-chansrv", "lightdm", "gdm-session-wor", "gdm-x-session",
	"gdm-wayland-ses", "sddm-helper",
	"pipewire", "pipewire-pulse", "wireplumber", "pulseaudio", "ibus-daemon", "fcitx5", "gvfsd", "gvfsd-fuse",
	"gsd-xsettings", "gsd-power", "gsd-color", "gsd-media-keys", "orca", "brltty",
}

// protected tells whether a program must not be closed: one that the session rests upon, or one of ours.
func protected(name string) bool {
	switch strings.TrimSuffix(strings.ToLower(name), ".exe") {
	case "balise", "balise-window", "balise-agent":
		return true
	}
	return slices.Contains(needed, name) || strings.HasPrefix(name, "gsd-") || strings.HasPrefix(name, "gvfs")
}

// partOfSession reads a process's cgroup: what systemd keeps as a part of the session.
func partOfSession(cgroup string) bool {
	return strings.Contains(cgroup, "/session.slice/") || strings.Contains(cgroup, ".service/init.scope")
}

// ancestors are the processes that we run in: the terminal, its shell, the session.
func ancestors(self int, parent func(pid int) int) map[int]bool {
	line := map[int]bool{}
	for pid := self; pid > 0 && !line[pid]; pid = parent(pid) {
		line[pid] = true
	}
	return line
}

// cleanName makes a program's name fit to be shown.
func cleanName(name string) string { return probe.CleanName(name) }
