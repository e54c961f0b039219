package config

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// policyKey is where Group Policy puts an application's settings; only administrators can write there.
const policyKey = `Software\Policies\Balise`

// trusted accepts the policy file: the installer makes %ProgramData%\Balise with an ACL that lets only
// administrators write.
func trusted(string) error { return nil }

// systemPolicy reads the registry: one string value a setting, named like the setting ("desk.url"); lists are
// REG_MULTI_SZ or separated by commas.
func systemPolicy() (layer, error) {
	l := layer{source: "policy", file: `HKLM\` + policyKey, values: map[string]value{}}
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, policyKey, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, fmt.Errorf("read policy: %w", err)
	}
	defer key.Close()
	names, err := key.ReadValueNames(0)
	if err != nil {
		return l, fmt.Errorf("read policy: %w", err)
	}
	for _, name := range names {
		text, _, err := key.GetStringValue(name)
		if errors.Is(err, registry.ErrUnexpectedType) {
			var many []string
			many, _, err = key.GetStringsValue(name)
			text = strings.Join(many, ",")
		}
		if err != nil {
			return l, fmt.Errorf("read policy %s: %w", name, err)
		}
		v, err := parseSet(name, text)
		if err != nil {
			return l, &Error{File: l.file, Key: name, Problem: err.Error()}
		}
		l.values[name] = v
	}
	return l, nil
}
