package probe

import (
	"context"
	"net/url"

	"golang.org/x/sys/windows/registry"
)

const internetSettings = `Software\Microsoft\Windows\CurrentVersion\Internet Settings`

// desktopProxies reads the user's proxy. One that a script chooses is not known here: see desktopScript.
func desktopProxies(_ context.Context, target *url.URL) []string {
	key, err := registry.OpenKey(registry.CURRENT_USER, internetSettings, registry.QUERY_VALUE)
	if err != nil {
		return nil
	}
	defer key.Close()
	on, _, err := key.GetIntegerValue("ProxyEnable")
	if err != nil || on == 0 {
		return nil
	}
	server, _, err := key.GetStringValue("ProxyServer")
	if err != nil {
		return nil
	}
	override, _, _ := key.GetStringValue("ProxyOverride")
	if bypasses(override, target.Hostname()) {
		return nil
	}
	if p := parseProxyServer(server, target.Scheme); p != "" {
		return []string{p}
	}
	return nil
}

// desktopScript reads the address of the user's script.
func desktopScript(context.Context) string {
	key, err := registry.OpenKey(registry.CURRENT_USER, internetSettings, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer key.Close()
	address, _, err := key.GetStringValue("AutoConfigURL")
	if err != nil {
		return ""
	}
	return address
}
