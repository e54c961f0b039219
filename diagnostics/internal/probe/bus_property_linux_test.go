package probe

import (
	"errors"
	"testing"

	"github.com/godbus/dbus/v5"
)

func TestBusProperty(t *testing.T) {
	conn := privateBus(t)
	ask := BusProperty{
		User: true, Name: "org.acme.Sync", Path: "/org/acme/Sync", Interface: "org.acme.Sync", Property: "State",
	}
	if _, err := ask.Read(t.Context()); !errors.Is(err, ErrNoBus) {
		t.Fatalf("nobody there: %v", err)
	}
	values := map[string]any{
		"State": "idle", "On": true, "Jobs": uint32(7), "Load": 0.5, "Names": []string{"a"}, "Object": dbus.ObjectPath("/x"),
		"Odd": map[string]string{"a": "b"}, "Big": uint64(1 << 40), "Small": byte(3),
	}
	own(t, conn, ask.Name, map[dbus.ObjectPath]map[string]map[string]any{
		"/org/acme/Sync": {propsInterface: {
			"Get": func(iface, name string) (dbus.Variant, *dbus.Error) {
				v, ok := values[name]
				if !ok || iface != ask.Interface {
					return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
				}
				return dbus.MakeVariant(v), nil
			},
		}},
	})
	for name, want := range map[string]any{
		"State": "idle", "On": true, "Jobs": int64(7), "Load": 0.5, "Object": "/x", "Odd": nil, "Big": float64(1 << 40),
		"Small": int64(3),
	} {
		ask.Property = name
		if got, err := ask.Read(t.Context()); err != nil || got != want {
			t.Errorf("%s: %v (%T) %v, want %v", name, got, got, err, want)
		}
	}
	ask.Property = "None"
	if got, err := ask.Read(t.Context()); err == nil {
		t.Errorf("a property that there is not: %v", got)
	}
	if !ValidBusPath("/org/acme/Sync") || ValidBusPath("org/acme") {
		t.Error("paths are not told apart")
	}
}
