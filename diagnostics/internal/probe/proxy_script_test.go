package probe

import (
	"bytes"
	"testing"
)

func TestProxyScriptSettings(t *testing.T) {
	for out, want := range map[string]string{
		"org.gnome.system.proxy autoconfig-url 'http://wpad.example/p.pac'\norg.gnome.system.proxy mode 'auto'\n":   "http://wpad.example/p.pac",
		"org.gnome.system.proxy autoconfig-url 'http://wpad.example/p.pac'\norg.gnome.system.proxy mode 'none'\n":   "",
		"org.gnome.system.proxy mode 'auto'\norg.gnome.system.proxy autoconfig-url ''\n":                            "",
		"org.gnome.system.proxy.http host 'x'\norg.gnome.system.proxy ignore-hosts ['localhost', '::1']\ngarbage\n": "",
	} {
		if got := parseGProxy([]byte(out)); got != want {
			t.Errorf("%q: %q", out, got)
		}
	}
	const scutil = `<dictionary> {
  ProxyAutoConfigEnable : 1
  ProxyAutoConfigURLString : https://wpad.example:8080/p.pac
}`
	if got := parseScutilScript([]byte(scutil)); got != "https://wpad.example:8080/p.pac" {
		t.Error(got)
	}
	for raw, want := range map[string]bool{
		"http://wpad.example/p.pac": true, " https://wpad/p ": true,
		"": false, "file:///etc/p.pac": false, "data:,x": false, "http://": false, "wpad": false, ":": false,
	} {
		if _, ok := scriptURL(raw); ok != want {
			t.Errorf("%q: %v", raw, ok)
		}
	}
}

func TestIsProxyScript(t *testing.T) {
	long := bytes.Repeat([]byte("// a comment\n"), bodyLimit)[:bodyLimit]
	for name, c := range map[string]struct {
		body []byte
		want bool
	}{
		"script": {[]byte("function FindProxyForURL(u, h) {}"), true},
		"long":   {long, true}, "page": {[]byte(" <html>"), false}, "nothing": {nil, false},
		"long page": {append([]byte("<"), long...), false},
	} {
		if IsProxyScript(c.body) != c.want {
			t.Errorf("%s: %v", name, !c.want)
		}
	}
}
