package openurl

import (
	"errors"
	"maps"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestEveryPageHasAWayOnEverySystem(t *testing.T) {
	want := slices.Sorted(slices.Values(Pages()))
	for name, has := range map[string][]string{
		"windows": slices.Sorted(maps.Keys(windowsPages)), "macOS": slices.Sorted(maps.Keys(macPages)),
		"Linux": slices.Sorted(maps.Keys(linuxPages)),
	} {
		if !slices.Equal(has, want) {
			t.Errorf("%s has %v, want %v", name, has, want)
		}
	}
	for scheme, all := range map[string]map[string]string{
		"ms-settings": windowsPages, "x-apple.systempreferences": macPages,
	} {
		for page, address := range all {
			if u, err := url.Parse(address); err != nil || u.Scheme != scheme || u.Opaque == "" || u.Host != "" {
				t.Errorf("%s: %q %v", page, address, err)
			}
		}
	}
}

// on is a session in which some programs are installed.
func on(desktop string, programs ...string) session {
	return session{
		desktop: desktop, screen: ":0", exists: func(string) bool { return false },
		find: func(name string) (string, error) {
			if slices.Contains(programs, name) {
				return "/usr/bin/" + name, nil
			}
			return "", exec.ErrNotFound
		},
	}
}

func TestLinuxPagesByDesktop(t *testing.T) {
	old := on("GNOME", "gnome-control-center")
	old.exists = func(name string) bool { return name == "/usr/share/applications/gnome-microphone-panel.desktop" }
	blind := on("GNOME", "gnome-control-center")
	blind.screen = ""
	for _, c := range []struct {
		page string
		s    session
		want string
	}{
		{"network", on("ubuntu:GNOME", "gnome-control-center", "arandr"), "/usr/bin/gnome-control-center network"},
		{"network", on("XFCE", "gnome-control-center", "nm-connection-editor"), "/usr/bin/nm-connection-editor"},
		{"sound", on("KDE", "systemsettings", "pavucontrol"), "/usr/bin/systemsettings kcm_pulseaudio"},
		{"sound", on("X-Cinnamon", "cinnamon-settings"), "/usr/bin/cinnamon-settings sound"},
		{"sound", on("i3", "pavucontrol"), "/usr/bin/pavucontrol"},
		{"sound", on("i3"), ""},
		{"printers", on("Budgie:GNOME", "gnome-control-center"), "/usr/bin/gnome-control-center printers"},
		{"privacy.microphone", old, "/usr/bin/gnome-control-center microphone"},
		{"privacy.microphone", on("GNOME", "gnome-control-center"), "/usr/bin/gnome-control-center privacy"},
		{"privacy.camera", on("XFCE", "gnome-control-center", "pavucontrol"), ""},
		{"network", blind, ""},
		{"network;reboot", on("GNOME", "gnome-control-center"), ""},
	} {
		path, args, ok := linuxProgram(c.page, c.s)
		got := strings.TrimSpace(path + " " + strings.Join(args, " "))
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s on %s: %q, want %q", c.page, c.s.desktop, got, c.want)
		}
	}
}

func TestOnlyKnownPagesAreOpened(t *testing.T) {
	for _, page := range []string{"", "x", "sound; reboot", "https://host/", "../sound", "Sound"} {
		if err := Settings(page); !errors.Is(err, ErrNoPage) || HasSettings(page) {
			t.Errorf("%q: %v", page, err)
		}
	}
}
