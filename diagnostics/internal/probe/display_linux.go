package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const drmDir = "sys/class/drm"

func connectors(context.Context) ([]Connector, error) { return kernelConnectors(sysRoot()) }

// kernelConnectors reads the files of the graphics class. Reading them asks the kernel's memory, not the
// screen.
func kernelConnectors(tree fs.FS) ([]Connector, error) {
	entries, err := fs.ReadDir(tree, drmDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list screens: %w", err)
	}
	var list []Connector
	for _, e := range entries {
		card, name, ok := strings.Cut(e.Name(), "-")
		if !ok || !strings.HasPrefix(card, "card") {
			continue
		}
		dir := path.Join(drmDir, e.Name())
		state := sysText(tree, path.Join(dir, "status"))
		if state == "" {
			continue // half there: it is being plugged in or out
		}
		c := Connector{Connected: state == "connected"}
		c.Kind, c.Internal = connectorKind(name)
		enabled := sysText(tree, path.Join(dir, "enabled"))
		c.Enabled = enabled == "enabled"
		own := ownModes(tree, card)
		c.EnabledKnown = (c.Enabled || enabled == "disabled") && !own
		// Old sockets and switches between computers often have no wire for it, and nobody is the worse for it.
		digital := c.Kind == "hdmi" || c.Kind == "dp"
		if edid, err := sysBytes(tree, path.Join(dir, "edid")); err == nil && digital && !own {
			c.EDID, c.EDIDKnown = edid, true
		}
		list = append(list, c)
	}
	return list, nil
}

// ownModes tells whether the card's driver keeps to itself which screens it feeds and what they are.
func ownModes(tree fs.FS, card string) bool {
	link, err := fs.ReadLink(tree, path.Join(drmDir, card, "device/driver"))
	return err == nil && strings.HasPrefix(path.Base(link), "nvidia")
}

// connectorKind is "hdmi" of "HDMI-A-1", and whether no cable goes there.
func connectorKind(name string) (kind string, internal bool) {
	kind, _, _ = strings.Cut(codeOf(name), "-")
	within := []string{"edp", "lvds", "dsi", "dpi", "spi", "virtual", "writeback", "usb", "unknown"}
	return kind, slices.Contains(within, kind)
}

// desktopRuns looks for a display server's socket: of this session, or any on this computer.
func desktopRuns() bool {
	if os.Getenv("WAYLAND_DISPLAY") != "" || strings.HasPrefix(os.Getenv("DISPLAY"), ":") {
		return true
	}
	sockets, _ := filepath.Glob("/tmp/.X11-unix/X*") // the pattern is constant
	return len(sockets) > 0
}
