//go:build linux

package desktop

import (
	"image"
	"os"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// Notification is one call of Notify, as it went over the bus.
type Notification struct {
	App, Icon, Title, Body string
	Replaces               uint32
	Actions                []string
}

// Monitor watches all notifications of the session.
type Monitor struct {
	mu   sync.Mutex
	seen []Notification
}

// Notifications starts to watch; the daemon still shows them.
func (d *Desktop) Notifications() *Monitor {
	d.t.Helper()
	conn, err := dbus.Connect(os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	if err != nil {
		d.t.Fatalf("session bus: %v", err)
	}
	d.t.Cleanup(func() { conn.Close() })
	rules := []string{"type='method_call',interface='org.freedesktop.Notifications',member='Notify'"}
	err = conn.BusObject().Call("org.freedesktop.DBus.Monitoring.BecomeMonitor", 0, rules, uint32(0)).Err
	if err != nil {
		d.t.Fatalf("watch the bus: %v", err)
	}
	messages := make(chan *dbus.Message, 64)
	conn.Eavesdrop(messages) // only now: it would swallow the answer to the call
	m := &Monitor{}
	go func() {
		for msg := range messages {
			m.keep(msg)
		}
	}()
	return m
}

func (m *Monitor) keep(msg *dbus.Message) {
	var n Notification
	var hints map[string]dbus.Variant
	var expires int32
	if len(msg.Body) != 8 || dbus.Store(msg.Body, &n.App, &n.Replaces, &n.Icon, &n.Title, &n.Body, &n.Actions,
		&hints, &expires) != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, n)
}

// All are the notifications so far.
func (m *Monitor) All() []Notification {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Notification(nil), m.seen...)
}

// ClickNotification clicks on the notification that the daemon shows on the screen.
func (d *Desktop) ClickNotification(patience time.Duration) {
	d.t.Helper()
	var area image.Rectangle
	d.Until("a notification on the screen", patience, func() bool {
		out, _ := d.try("xdotool", "search", "--onlyvisible", "--class", "Dunst")
		for _, id := range fields(out) {
			area = d.Area(id)
			if area.Dx() > 50 {
				return true
			}
		}
		return false
	})
	time.Sleep(300 * time.Millisecond) // drawn, then clickable
	d.Click(area.Min.X+area.Dx()/3, area.Min.Y+area.Dy()/2)
}
