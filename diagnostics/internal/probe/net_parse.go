package probe

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"strings"
)

// Parsers of what Windows and macOS say. They are built everywhere, so that they are tested everywhere.

// parseWifiPort finds the device below "Hardware Port: Wi-Fi".
func parseWifiPort(out []byte) string {
	wifi := false
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		key, value, ok := strings.Cut(lines.Text(), ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok:
		case key == "Hardware Port":
			wifi = value == "Wi-Fi" || value == "AirPort"
		case key == "Device" && wifi:
			return value
		}
	}
	return ""
}

// parseAirportPower reads "Wi-Fi Power (en0): On".
func parseAirportPower(out []byte) (on, ok bool) {
	i := bytes.LastIndexByte(out, ':')
	switch strings.TrimSpace(string(out[i+1:])) {
	case "On":
		return true, i >= 0
	case "Off":
		return false, i >= 0
	}
	return false, false
}

// parseRadioState reads Windows' WLAN_RADIO_STATE: a count, then index, software state and hardware state of
// each radio, 2 being off.
func parseRadioState(raw []byte) (soft, hard bool) {
	const head, size, most, off = 4, 12, 64, 2
	if len(raw) < head {
		return false, false
	}
	n := min(int(binary.LittleEndian.Uint32(raw)), most, (len(raw)-head)/size)
	softOff, hardOff := 0, 0
	for i := range n {
		rec := raw[head+i*size:]
		if binary.LittleEndian.Uint32(rec[4:]) == off {
			softOff++
		}
		if binary.LittleEndian.Uint32(rec[8:]) == off {
			hardOff++
		}
	}
	return n > 0 && softOff == n, n > 0 && hardOff == n
}

// parseProxyServer reads Windows' ProxyServer value for a scheme: one address for all, or
// "http=proxy:8080;https=proxy:8443".
func parseProxyServer(value, scheme string) string {
	for _, part := range strings.Split(value, ";") {
		key, address, one := strings.Cut(strings.TrimSpace(part), "=")
		if !one {
			return key
		}
		if strings.EqualFold(key, scheme) {
			return address
		}
	}
	return ""
}

// bypasses reads Windows' ProxyOverride value: names with stars, and "<local>" for names without a dot.
func bypasses(override, host string) bool {
	host = strings.ToLower(host)
	for _, p := range strings.Split(strings.ToLower(override), ";") {
		p = strings.TrimSpace(p)
		switch {
		case p == "":
		case p == "<local>":
			if !strings.Contains(host, ".") {
				return true
			}
		case p == host, strings.HasPrefix(p, "*") && strings.HasSuffix(host, strings.TrimLeft(p, "*")):
			return true
		}
	}
	return false
}

// scutilKeys are the lines of a dictionary as scutil prints it.
func scutilKeys(out []byte) map[string]string {
	keys := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), " : "); ok {
			keys[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return keys
}

// parseScutilProxy reads the dictionary of macOS's `scutil --proxy`: "HTTPSEnable : 1", "HTTPSProxy : host",
// "HTTPSPort : 8080".
func parseScutilProxy(out []byte, scheme string) string {
	keys := scutilKeys(out)
	head := strings.ToUpper(scheme)
	host := keys[head+"Proxy"]
	if keys[head+"Enable"] != "1" || host == "" {
		return ""
	}
	if port := keys[head+"Port"]; port != "" {
		return host + ":" + port
	}
	return host
}
