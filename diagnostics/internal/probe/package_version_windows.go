package probe

import (
	"context"
	"fmt"

	"golang.org/x/sys/windows/registry"
)

// packageVersion looks in the lists of what can be uninstalled, by the key's or the displayed name.
func packageVersion(_ context.Context, name string) (string, error) {
	const path = `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`
	for _, where := range []struct {
		root registry.Key
		view uint32
	}{
		{registry.LOCAL_MACHINE, registry.WOW64_64KEY},
		{registry.LOCAL_MACHINE, registry.WOW64_32KEY},
		{registry.CURRENT_USER, 0},
	} {
		list, err := registry.OpenKey(where.root, path, registry.READ|where.view)
		if err != nil {
			continue
		}
		names, err := list.ReadSubKeyNames(-1)
		_ = list.Close()
		if err != nil {
			continue
		}
		for _, sub := range names {
			if v, ok := uninstallVersion(where.root, path+`\`+sub, where.view, sub, name); ok {
				return v, nil
			}
		}
	}
	return "", fmt.Errorf("look up a package: %w", ErrNoPackage)
}

func uninstallVersion(root registry.Key, path string, view uint32, sub, name string) (string, bool) {
	k, err := registry.OpenKey(root, path, registry.QUERY_VALUE|view)
	if err != nil {
		return "", false
	}
	defer k.Close()
	shown, _, err := k.GetStringValue("DisplayName")
	if sub != name && (err != nil || shown != name) {
		return "", false
	}
	v, _, err := k.GetStringValue("DisplayVersion")
	return cleanText(v, 64), err == nil
}
