//go:build linux

package desktop

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	itemPath  = "/StatusNotifierItem"
	itemIface = "org.kde.StatusNotifierItem"
	menuIface = "com.canonical.dbusmenu"
)

// TrayItem is a program's icon as the tray host sees it.
type TrayItem struct {
	d    *Desktop
	name string
}

// TrayItem waits for the icon of a process.
func (d *Desktop) TrayItem(pid int, patience time.Duration) *TrayItem {
	d.t.Helper()
	name := "org.kde.StatusNotifierItem-" + strconv.Itoa(pid) + "-1"
	d.Until("the tray icon of "+strconv.Itoa(pid), patience, func() bool { return d.HasName(name) })
	return &TrayItem{d: d, name: name}
}

// HasName tells whether somebody owns a name on the session bus.
func (d *Desktop) HasName(name string) bool {
	var yes bool
	err := d.bus.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&yes)
	return err == nil && yes
}

// Property is one of the icon's properties as text.
func (i *TrayItem) Property(name string) string {
	v, err := i.d.bus.Object(i.name, itemPath).GetProperty(itemIface + "." + name)
	if err != nil {
		return ""
	}
	return fmt.Sprint(v.Value())
}

// Activate is what a tray host calls for a left click.
func (i *TrayItem) Activate() error {
	return i.d.bus.Object(i.name, itemPath).Call(itemIface+".Activate", 0, int32(0), int32(0)).Err
}

// Entry is one visible line of the icon's menu.
type Entry struct {
	ID    int32
	Label string
}

type layout struct {
	ID       int32
	Props    map[string]dbus.Variant
	Children []dbus.Variant
}

// Menu reads the menu's visible entries.
func (i *TrayItem) Menu() ([]Entry, error) {
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	var revision uint32
	var root layout
	err := i.menu().CallWithContext(ctx, menuIface+".GetLayout", 0, int32(0), int32(-1), []string{}).
		Store(&revision, &root)
	if err != nil {
		return nil, fmt.Errorf("read the tray's menu: %w", err)
	}
	var entries []Entry
	for _, child := range root.Children {
		var l layout
		if err := dbus.Store([]any{child.Value()}, &l); err != nil {
			return nil, fmt.Errorf("read the tray's menu: %w", err)
		}
		label, _ := l.Props["label"].Value().(string)
		if visible, told := l.Props["visible"].Value().(bool); label == "" || (told && !visible) {
			continue
		}
		entries = append(entries, Entry{l.ID, label})
	}
	return entries, nil
}

// Choose clicks the entry whose label begins with label.
func (i *TrayItem) Choose(label string) error {
	entries, err := i.Menu()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Label, label) {
			return i.menu().Call(menuIface+".Event", 0, e.ID, "clicked", dbus.MakeVariant(""), uint32(0)).Err
		}
	}
	return errors.New("no entry " + label)
}

func (i *TrayItem) menu() dbus.BusObject {
	path, _ := i.d.bus.Object(i.name, itemPath).GetProperty(itemIface + ".Menu")
	p, _ := path.Value().(dbus.ObjectPath)
	return i.d.bus.Object(i.name, p)
}

// FindIcon looks for the beacon's lamp in the panel at the top of the screen: where the icon really is. The task
// list, which shows the same lamp for the window, is to the left of it.
func (d *Desktop) FindIcon(patience time.Duration) image.Point {
	d.t.Helper()
	const panel, gap = 40, 16
	var at image.Point
	d.Until("the icon in the panel", patience, func() bool {
		img := d.Screen()
		count, sum, last := 0, image.Point{}, 0
		for x := range img.Bounds().Dx() {
			for y := range panel {
				r, g, b, _ := img.At(x, y).RGBA()
				if r < 0xd000 || g < 0x7000 || g > 0xc000 || b > 0x4000 {
					continue
				}
				if x-last > gap {
					count, sum = 0, image.Point{}
				}
				count, sum, last = count+1, sum.Add(image.Pt(x, y)), x
			}
		}
		if count < 8 {
			return false
		}
		at = sum.Div(count)
		return true
	})
	return at
}
