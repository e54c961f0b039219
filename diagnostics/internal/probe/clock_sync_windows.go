package probe

import (
	"context"
	"fmt"

	"golang.org/x/sys/windows/registry"
)

// ReadSync reads how the Windows time service is set up. Whether it has succeeded lately is not told without
// asking the service itself, so Synced means no more than that nothing speaks against it.
func ReadSync(context.Context) (Sync, error) {
	const service = `SYSTEM\CurrentControlSet\Services\W32Time`
	start, err := readNumber(service, "Start")
	if err != nil {
		return Sync{}, fmt.Errorf("read the time service: %w", err)
	}
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, service+`\Parameters`, registry.QUERY_VALUE)
	if err != nil {
		return Sync{}, fmt.Errorf("read the time service: %w", err)
	}
	defer key.Close()
	kind, _, err := key.GetStringValue("Type")
	if err != nil {
		return Sync{}, fmt.Errorf("read the time service: %w", err)
	}
	const disabled = 4
	on := start != disabled && kind != "NoSync"
	return Sync{Service: on, Able: true, Synced: on, Source: "registry"}, nil
}

func readNumber(path, name string) (uint64, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE)
	if err != nil {
		return 0, err
	}
	defer key.Close()
	n, _, err := key.GetIntegerValue(name)
	return n, err
}
