package probe

import (
	"bufio"
	"bytes"
	"context"
	"net/url"
	"strings"
)

// ProxyScript is the address of the script by which the desktop chooses proxies (PAC), if the user's settings
// name one that is fetched over the network.
func ProxyScript(ctx context.Context) (*url.URL, bool) { return scriptURL(desktopScript(ctx)) }

func scriptURL(raw string) (*url.URL, bool) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, false
	}
	return u, true
}

// IsProxyScript tells whether what was fetched can be such a script. Of a long one only the beginning is there,
// which may well be comments; a page for people is none.
func IsProxyScript(body []byte) bool {
	return len(body) >= bodyLimit && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) ||
		bytes.Contains(body, []byte("FindProxyForURL"))
}

// parseGProxy reads GNOME's settings as "gsettings list-recursively org.gnome.system.proxy" prints them: a line
// "org.gnome.system.proxy mode 'auto'" for each. Without an address the network is asked for one, which is not
// followed here.
func parseGProxy(out []byte) string {
	keys := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) == 3 && f[0] == gnomeProxy {
			keys[f[1]] = strings.Trim(f[2], "'")
		}
	}
	if keys["mode"] != "auto" {
		return ""
	}
	return keys["autoconfig-url"]
}

const gnomeProxy = "org.gnome.system.proxy"

// parseScutilScript reads the dictionary of macOS's `scutil --proxy`.
func parseScutilScript(out []byte) string {
	keys := scutilKeys(out)
	if keys["ProxyAutoConfigEnable"] != "1" {
		return ""
	}
	return keys["ProxyAutoConfigURLString"]
}
