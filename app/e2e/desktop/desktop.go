//go:build linux

// Package desktop drives a real desktop session in tests, as a person at it would: it looks at the screen, types,
// clicks on the tray icon and on notifications.
//
// The session is packaging/desktop/session.sh. Tests ask for it with Open, which skips without one.
package desktop

import (
	"context"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	// toolTimeout bounds every helper program.
	toolTimeout = 30 * time.Second
	// slack is how much more patience a test has than it says: other tests may run beside it.
	slack = 3
)

// Desktop is the session that the test runs in.
type Desktop struct {
	t        testing.TB
	bus      *dbus.Conn
	pictures string
	count    int
}

// Open returns the session, or skips the test when there is none.
func Open(t testing.TB) *Desktop {
	t.Helper()
	if os.Getenv("BALISE_TEST_DESKTOP") != "1" {
		t.Skip("needs a desktop: BALISE_TEST_DESKTOP=1 packaging/desktop/session.sh go test ./app/e2e/...")
	}
	bus, err := dbus.Connect(os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	if err != nil {
		t.Fatalf("session bus: %v", err)
	}
	t.Cleanup(func() { bus.Close() })
	pictures := os.Getenv("BALISE_E2E_PICTURES")
	if pictures == "" {
		pictures = t.TempDir()
	}
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	d := &Desktop{t: t, bus: bus, pictures: pictures}
	// With a French keyboard the accents are keys. Letters that the keyboard lacks are put on a spare key for
	// each stroke, and a program that reads the stroke late gets the next one's letter.
	d.tool("setxkbmap", "fr")
	d.clearNotifications()
	return d
}

// clearNotifications takes away what earlier tests left: a notification covers what lies under it, and the mouse
// hits the one on top. Only dunst can be asked; a session without it has nothing to clear.
func (d *Desktop) clearNotifications() {
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	d.bus.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").
		CallWithContext(ctx, "org.dunstproject.cmd0.NotificationCloseAll", dbus.FlagNoAutoStart)
}

// Bus is the session bus.
func (d *Desktop) Bus() *dbus.Conn { return d.bus }

// Until waits for something to become true, and fails the test when it does not. A picture shows why.
func (d *Desktop) Until(what string, patience time.Duration, ok func() bool) {
	d.t.Helper()
	for end := time.Now().Add(slack * patience); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			d.Picture("failed " + what)
			d.t.Fatalf("waited %v in vain: %s", slack*patience, what)
		}
	}
}

// Picture takes a picture of the screen and keeps it under a numbered name.
func (d *Desktop) Picture(name string) string {
	d.t.Helper()
	d.count++
	file := fmt.Sprintf("%02d-%s.png", d.count, strings.ReplaceAll(name, " ", "-"))
	file = filepath.Join(d.pictures, strings.ReplaceAll(file, "/", "-"))
	d.tool("import", "-window", "root", file)
	return file
}

// Screen is what the screen shows. It is looked at many times: packing it as a PNG would take most of a test's time.
func (d *Desktop) Screen() image.Image {
	d.t.Helper()
	raw := d.tool("import", "-window", "root", "-depth", "8", "rgba:-")
	size := fields(d.tool("xdotool", "getdisplaygeometry"))
	if len(size) != 2 {
		d.t.Fatalf("the size of the screen: %v", size)
	}
	width, _ := strconv.Atoi(size[0])
	height, _ := strconv.Atoi(size[1])
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	if len(raw) != len(img.Pix) {
		d.t.Fatalf("read the screen: %d bytes for %d x %d", len(raw), width, height)
	}
	img.Pix = raw
	return img
}

// Windows are the visible windows whose title matches a regular expression.
func (d *Desktop) Windows(title string) []string {
	out, _ := d.try("xdotool", "search", "--onlyvisible", "--name", title) // 1: none
	return strings.Fields(string(out))
}

// Window waits for a window and brings it to the front.
func (d *Desktop) Window(title string, patience time.Duration) string {
	d.t.Helper()
	var found []string
	d.Until("a window "+title, patience, func() bool {
		found = d.Windows(title)
		return len(found) > 0
	})
	d.tool("xdotool", "windowactivate", "--sync", found[0])
	return found[0]
}

// Title is a window's title.
func (d *Desktop) Title(id string) string {
	out, _ := d.try("xdotool", "getwindowname", id)
	return strings.TrimSpace(string(out))
}

// Area is where a window lies. (xdotool counts the frame twice.)
func (d *Desktop) Area(id string) image.Rectangle {
	d.t.Helper()
	v := map[string]int{}
	for line := range strings.Lines(string(d.tool("xwininfo", "-id", id))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		v[name], _ = strconv.Atoi(strings.TrimSpace(value))
	}
	corner := image.Pt(v["Absolute upper-left X"], v["Absolute upper-left Y"])
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(v["Width"], v["Height"]))}
}

// CloseWindow clicks on the cross in a window's frame and waits for the window to go.
func (d *Desktop) CloseWindow(id, title string) {
	d.t.Helper()
	corner := d.Area(id)
	d.Click(corner.Max.X-11, corner.Min.Y-12)
	d.Until("the window to close", 10*time.Second, func() bool { return len(d.Windows(title)) == 0 })
}

// Click moves the mouse and clicks the left button.
func (d *Desktop) Click(x, y int) {
	d.t.Helper()
	d.tool("xdotool", "mousemove", "--sync", strconv.Itoa(x), strconv.Itoa(y), "sleep", "0.15", "click", "1")
}

// ScrollDown turns the mouse wheel in the middle of the screen until the end of what is there.
func (d *Desktop) ScrollDown() {
	d.t.Helper()
	middle := d.Screen().Bounds().Max.Div(2)
	d.tool("xdotool", "mousemove", "--sync", strconv.Itoa(middle.X), strconv.Itoa(middle.Y),
		"click", "--repeat", "40", "--delay", "20", "5")
	d.Still(10 * time.Second)
}

// Type types text on the keyboard, slowly enough for every toolkit to see each letter.
func (d *Desktop) Type(text string) {
	d.t.Helper()
	d.tool("xdotool", "type", "--clearmodifiers", "--delay", "70", text)
}

// Keys presses keys one after another: "Tab", "Return", "ctrl+a".
func (d *Desktop) Keys(keys ...string) {
	d.t.Helper()
	for _, k := range keys {
		d.tool("xdotool", "key", "--clearmodifiers", k)
		time.Sleep(120 * time.Millisecond)
	}
}

func (d *Desktop) tool(name string, args ...string) []byte {
	d.t.Helper()
	out, err := d.try(name, args...)
	if err != nil {
		d.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out
}

func (d *Desktop) try(name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8") // xdotool refuses accents in the C locale
	return cmd.Output()
}

func fields(out []byte) []string { return strings.Fields(string(out)) }

// Still waits until the screen has stopped changing, but for a blinking cursor.
func (d *Desktop) Still(patience time.Duration) {
	d.t.Helper()
	const quiet, cursor = 4, 300 // looks in a row; pixels
	before, same := d.Screen(), 0
	d.Until("the screen to come to rest", patience, func() bool {
		now := d.Screen()
		if changed(before, now) > cursor {
			same = 0
		} else {
			same++
		}
		before = now
		return same >= quiet
	})
}

func changed(a, b image.Image) int {
	if a.Bounds() != b.Bounds() {
		return a.Bounds().Dx() * a.Bounds().Dy()
	}
	n := 0
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y += 2 {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				n++
			}
		}
	}
	return n
}
