package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"balise/diagnostics"
)

// Aliases are short because people read them: six characters (30 bits) make two names of one ticket meet
// once in ten million. Nobody can go back from one without the ticket's key, which never leaves.
const (
	aliasChars  = 6
	subnetChars = 4
	alphabet    = "0123456789abcdefghjkmnpqrstvwxyz"
)

// code is the pseudonym of a value among its kind.
func (r *Redactor) code(kind, value string, n int) string {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte(kind))
	mac.Write([]byte{0})
	mac.Write([]byte(value))
	sum := mac.Sum(nil)
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[sum[i]&31]
	}
	return string(out)
}

// alias is what stands for a value. It keeps what helps and identifies nobody: that two addresses share a
// subnet, who made a network card, the scheme and port of a URL.
func (r *Redactor) alias(kind diagnostics.Kind, value string) string {
	switch kind {
	case diagnostics.KindHost:
		if a, err := netip.ParseAddr(strings.Trim(value, "[]")); err == nil {
			return r.aliasIP(a)
		}
		if host, port, err := net.SplitHostPort(value); err == nil {
			return r.alias(kind, host) + ":" + port
		}
		return "host-" + r.code("host", r.canonicalHost(value), aliasChars)
	case diagnostics.KindIP:
		return r.aliasAddress(value)
	case diagnostics.KindMAC:
		return r.aliasMAC(value)
	case diagnostics.KindURL:
		return r.aliasURL(value)
	case diagnostics.KindPath:
		if value == homeAlias {
			return value
		}
		return "path-" + r.code("path", value, aliasChars)
	case diagnostics.KindSerial:
		bare := strings.ToLower(strings.ReplaceAll(value, "-", ""))
		return "serial-" + r.code("serial", bare, aliasChars)
	case diagnostics.KindNone:
		return "name-" + r.code("name", value, aliasChars)
	default:
		return string(kind) + "-" + r.code(string(kind), strings.ToLower(value), aliasChars)
	}
}

func (r *Redactor) aliasAddress(value string) string {
	value = strings.Trim(value, "[]")
	if a, err := netip.ParseAddr(value); err == nil {
		return r.aliasIP(a)
	}
	if p, err := netip.ParsePrefix(value); err == nil {
		return r.aliasIP(p.Addr()) + "/" + value[strings.LastIndexByte(value, '/')+1:]
	}
	if ap, err := netip.ParseAddrPort(value); err == nil {
		return r.aliasIP(ap.Addr()) + ":" + value[strings.LastIndexByte(value, ':')+1:]
	}
	return "ip-" + r.code("ip", strings.ToLower(value), aliasChars)
}

func (r *Redactor) aliasIP(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if neutral(a) {
		return a.String()
	}
	family, bits := "ip4", 24
	if a.Is6() {
		family, bits = "ip6", 64
	}
	subnet, _ := a.Prefix(bits) // bits are within the family's length
	return family + "-" + network(a) + "-" + r.code("subnet", subnet.String(), subnetChars) + "." +
		r.code("ip", a.String(), subnetChars)
}

// network names the kind of network that an address belongs to.
func network(a netip.Addr) string {
	switch {
	case a.IsPrivate():
		return "private"
	case a.IsLinkLocalUnicast():
		return "link"
	case a.IsMulticast():
		return "multicast"
	case netip.MustParsePrefix("100.64.0.0/10").Contains(a):
		return "carrier"
	default:
		return "public"
	}
}

// neutral addresses are the same on every computer, or everybody's.
func neutral(a netip.Addr) bool {
	a = a.Unmap()
	if a.IsLoopback() || a.IsUnspecified() || a == netip.MustParseAddr("255.255.255.255") {
		return true
	}
	switch a.String() {
	case "8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "149.112.112.112",
		"2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111", "2620:fe::fe":
		return true
	}
	return false
}

func (r *Redactor) aliasMAC(value string) string {
	bare := strings.ToLower(onlyHex(value))
	if len(bare) < 12 {
		return "mac-" + r.code("mac", bare, aliasChars)
	}
	code := r.code("mac", bare, aliasChars)
	if strings.IndexByte("2367abef", bare[1]) >= 0 { // locally administered: no maker
		return "mac-local-" + code
	}
	return "mac-" + group(bare[:6], 2, ":") + "-" + code
}

// aliasURL keeps scheme and port; path and query may hold anything.
func (r *Redactor) aliasURL(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return "url-" + r.code("url", value, aliasChars)
	}
	out := u.Scheme + "://" + r.alias(diagnostics.KindHost, u.Hostname())
	if u.Port() != "" {
		out += ":" + u.Port()
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		out += "/…"
	}
	return out
}

// canonicalHost makes one of a host's short and long name: names of the own network lose its domain.
func (r *Redactor) canonicalHost(h string) string {
	h = strings.ToLower(strings.TrimSuffix(h, "."))
	for _, d := range r.known.Domains {
		if short, ok := strings.CutSuffix(h, "."+strings.ToLower(d)); ok && short != "" {
			return short
		}
	}
	return h
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func literalIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
