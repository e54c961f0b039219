package probe

import (
	"context"

	"github.com/godbus/dbus/v5"
)

// BusProperty names one property of one object.
type BusProperty struct {
	User                  bool // on the user's own bus, not on the system's
	Name, Path, Interface string
	Property              string
}

// Read asks for it. Nobody is started for the question. The value is a string, a bool, an int64, a float64 or a
// []string; any other is nil.
func (p BusProperty) Read(ctx context.Context) (any, error) {
	open := openSystemBus
	if p.User {
		open = openUserBus
	}
	b, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer b.close()
	v, err := b.property(ctx, p.Name, dbus.ObjectPath(p.Path), p.Interface, p.Property)
	return plainValue(v), err
}

// ValidBusPath tells whether a text can be an object's path.
func ValidBusPath(s string) bool { return dbus.ObjectPath(s).IsValid() }

func plainValue(v any) any {
	switch v := v.(type) {
	case string, bool, int64, float64, []string:
		return v
	case dbus.ObjectPath:
		return string(v)
	case byte:
		return int64(v)
	case int16:
		return int64(v)
	case uint16:
		return int64(v)
	case int32:
		return int64(v)
	case uint32:
		return int64(v)
	case uint64:
		return float64(v)
	}
	return nil
}
