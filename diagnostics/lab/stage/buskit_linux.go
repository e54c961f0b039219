package stage

import (
	"fmt"
	"slices"

	"github.com/godbus/dbus/v5"
)

// PackageKit, as far as a repair asks it: src/org.freedesktop.PackageKit.Transaction.xml.
const (
	kitName        = "org.freedesktop.PackageKit"
	kitPath        = "/org/freedesktop/PackageKit"
	kitTransaction = "org.freedesktop.PackageKit.Transaction"
)

// waiting are the updates that wait until they are installed.
var waiting = []string{"libfoo0;1.4;amd64;stable", "evolution;3.52;amd64;stable-security"}

// baseKit plays PackageKit: each transaction answers with signals and ends with Finished.
func (b *bus) baseKit() error {
	kit, number := b.names[kitName], 0
	return kit.ExportMethodTable(map[string]any{
		"CreateTransaction": func() (dbus.ObjectPath, *dbus.Error) {
			b.mu.Lock()
			number++
			path := dbus.ObjectPath(fmt.Sprintf("/kit/%d", number))
			b.mu.Unlock()
			if err := b.put(kitName, string(path), kitTransaction, map[string]any{"Status": uint32(1)}); err != nil {
				return "/", dbus.MakeFailedError(err)
			}
			return path, failed(kit.ExportMethodTable(b.transaction(path), path, kitTransaction))
		},
	}, kitPath, kitName)
}

func (b *bus) transaction(path dbus.ObjectPath) map[string]any {
	tell := func(name string, values ...any) { _ = b.names[kitName].Emit(path, kitTransaction+"."+name, values...) }
	done := func() { tell("Finished", uint32(1), uint32(10)) }
	const unauthorized, success, failure = uint32(48), uint32(5), uint32(2)
	// The real one refuses by an error code and never by a refused call.
	may := func(what string) bool {
		if err := b.stage.called(what, deniedName); err != nil {
			tell("ErrorCode", unauthorized, "not authorized")
			tell("Finished", failure, uint32(10))
			return false
		}
		return true
	}
	return map[string]any{
		"SetHints": func([]string) *dbus.Error { return nil },
		"Cancel":   func() *dbus.Error { return nil },
		"GetUpdates": func(uint64) *dbus.Error {
			b.mu.Lock()
			list := slices.Clone(b.updates)
			b.mu.Unlock()
			for _, id := range list {
				tell("Package", success, id, "an update")
			}
			done()
			return nil
		},
		"GetDetails": func([]string) *dbus.Error { done(); return nil },
		"RefreshCache": func(bool) *dbus.Error {
			if may("packages.refresh") {
				done()
			}
			return nil
		},
		"UpdatePackages": func(flags uint64, ids []string) *dbus.Error {
			const simulate = 1 << 2
			if flags&simulate == 0 {
				if !may("packages.install") {
					return nil
				}
				b.mu.Lock()
				b.updates = slices.DeleteFunc(b.updates, func(id string) bool { return slices.Contains(ids, id) })
				b.mu.Unlock()
			}
			done()
			return nil
		},
	}
}
