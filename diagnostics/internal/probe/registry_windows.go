package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// RegistryValue reads a value of HKLM or HKCU: a string, an int64 or a []string. An error wraps fs.ErrNotExist
// where there is no such key or value.
func RegistryValue(key, name string) (any, error) {
	hive, path, _ := strings.Cut(key, `\`)
	root := map[string]registry.Key{"HKLM": registry.LOCAL_MACHINE, "HKCU": registry.CURRENT_USER}[hive]
	if root == 0 {
		return nil, fmt.Errorf("read the registry: no hive %q", hive)
	}
	k, err := registry.OpenKey(root, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return nil, registryError(err)
	}
	defer k.Close()
	if s, _, err := k.GetStringValue(name); err == nil {
		return s, nil
	} else if !errors.Is(err, registry.ErrUnexpectedType) {
		return nil, registryError(err)
	}
	if n, _, err := k.GetIntegerValue(name); err == nil {
		return int64(n), nil
	}
	list, _, err := k.GetStringsValue(name)
	if err != nil {
		return nil, registryError(err)
	}
	return list, nil
}

func registryError(err error) error {
	if errors.Is(err, registry.ErrNotExist) {
		return fmt.Errorf("read the registry: %w", fs.ErrNotExist)
	}
	return fmt.Errorf("read the registry: %w", err)
}
