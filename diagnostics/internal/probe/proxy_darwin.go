package probe

import (
	"context"
	"net/url"
)

// desktopProxies reads the system's proxy. One that a script chooses is not known here: see desktopScript.
func desktopProxies(ctx context.Context, target *url.URL) []string {
	out, err := askTool(ctx, "scutil", "--proxy")
	if err != nil {
		return nil
	}
	if p := parseScutilProxy(out, target.Scheme); p != "" {
		return []string{p}
	}
	return nil
}

// desktopScript reads the address of the system's script.
func desktopScript(ctx context.Context) string {
	out, err := askTool(ctx, "scutil", "--proxy")
	if err != nil {
		return ""
	}
	return parseScutilScript(out)
}
