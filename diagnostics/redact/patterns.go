package redact

import (
	"net/netip"
	"regexp"
	"strings"

	"balise/diagnostics"
)

// finder recognises one kind of identifier by its shape.
type finder struct {
	kind diagnostics.Kind
	// hint must be in the text for the expression to be tried: it costs a hundredth of it.
	hint func(s string) bool
	re   *regexp.Regexp // group 1, when there is one, is the identifier
	// check says whether what was found is one, and as what it is aliased.
	check func(text string, start, end int) (string, bool)
}

var (
	reMAC = regexp.MustCompile(`(?i)[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})|` +
		`[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}`)
	reIPv4 = regexp.MustCompile(`[0-9]{1,3}(?:\.[0-9]{1,3}){3}`)
	reDash = regexp.MustCompile(`(?i)\bip-([0-9]{1,3}(?:-[0-9]{1,3}){3})\b`)
	reIPv6 = regexp.MustCompile(`(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:(?:\.[0-9]{1,3}){3})?`)
	reHome = regexp.MustCompile(`(?i)(?:/home/|/Users/|\\Users\\|\\\\Users\\\\)([^/\\\s:"'<>|]+)`)
	reUNC  = regexp.MustCompile(`\\\\([A-Za-z0-9][A-Za-z0-9._-]+)\\[^\s"'<>|]*`)
	// Names that only exist inside a network.
	reInner = regexp.MustCompile(`(?i)\b[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*` +
		`\.(?:lan|local|localdomain|internal|intranet|intra|corp|home|private|home\.arpa)\b`)
	reSerial = regexp.MustCompile(`(?i)(?:\bserial(?:\s+(?:number|no))?|\bS/N|` +
		`\bn(?:°|º|umé?ero)\s+de\s+série|\bn°\s+série)\s*[:=#]?\s*([A-Z0-9][A-Z0-9-]{4,})`)
	reMail  = regexp.MustCompile(`(?i)[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+`)
	rePhone = regexp.MustCompile(`(?:\+33[ .]?|\b0)[1-9](?:[ .-]?[0-9]{2}){4}\b`)
	reIBAN  = regexp.MustCompile(`(?i)\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b`)
	reCard  = regexp.MustCompile(`\b[0-9](?:[ -]?[0-9]){12,18}\b`)
	// What stands before a version number that looks like an address.
	reVersion = regexp.MustCompile(`(?i)(?:\bv(?:er|ersion)?[ .:=]*|version[ :=]+|release[ :=]+|` +
		`build[ :=]+|kernel[ :=]+|rev(?:ision)?[ :=]+|[a-z][a-z0-9+]*[/_-]|firmware[ :=]+|driver[ :=]+|pilote[ :=]+)$`)
)

// machineFinders are what is replaced in every text.
func machineFinders() []finder {
	return []finder{
		{diagnostics.KindHost, has("."), reInner, insideWord},
		{diagnostics.KindHost, has(`\\`), reUNC, whole},
		{diagnostics.KindUser, func(s string) bool { return strings.ContainsAny(s, `/\`) }, reHome, notNobody},
		{diagnostics.KindMAC, atLeast(2, ":-."), reMAC, alone},
		{diagnostics.KindIP, atLeast(3, "."), reIPv4, checkIPv4},
		{diagnostics.KindIP, has("ip-"), reDash, func(s string, a, b int) (string, bool) {
			return strings.ReplaceAll(s[a:b], "-", "."), true
		}},
		{diagnostics.KindIP, atLeast(2, ":"), reIPv6, checkIPv6},
		{
			diagnostics.KindSerial, hasAny("serial", "s/n", "série", "Serial", "S/N", "SERIAL", "Série"), reSerial,
			withDigit,
		},
		{"iban", atLeast(10, decimal), reIBAN, checkIBAN},
		{"card", atLeast(13, decimal), reCard, checkCard},
	}
}

// personFinders are what is replaced in technical texts only: a user who writes an address or a telephone
// number in their own words means it to be read.
func personFinders() []finder {
	return []finder{
		{kindEmail, has("@"), reMail, whole},
		{"phone", atLeast(9, decimal), rePhone, alone},
	}
}

func has(sub string) func(string) bool {
	return func(s string) bool { return strings.Contains(s, sub) }
}

func hasAny(subs ...string) func(string) bool {
	return func(s string) bool {
		for _, sub := range subs {
			if strings.Contains(s, sub) {
				return true
			}
		}
		return false
	}
}

const decimal = "0123456789"

// atLeast tells whether n of the characters are there.
func atLeast(n int, chars string) func(string) bool {
	return func(s string) bool {
		left := n
		for i := 0; i < len(s) && left > 0; i++ {
			if strings.IndexByte(chars, s[i]) >= 0 {
				left--
			}
		}
		return left == 0
	}
}

func digits(s string) bool { return strings.ContainsAny(s, decimal) }

func whole(s string, a, b int) (string, bool) { return s[a:b], true }

func notNobody(s string, a, b int) (string, bool) {
	v := s[a:b]
	return v, !isNobody(v) && v != "..." && v != "…" && !strings.HasPrefix(v, "<") && v != "Public" && v != "Shared"
}

// alone refuses a part of a longer word or number.
func alone(s string, a, b int) (string, bool) { return s[a:b], startsWord(s, a) && endsWord(s, b) }

func insideWord(s string, a, b int) (string, bool) {
	return s[a:b], startsWord(s, a) && endsWord(s, b) && !strings.EqualFold(s[a:b], "localhost.localdomain")
}

func withDigit(s string, a, b int) (string, bool) { return s[a:b], digits(s[a:b]) }

func checkIPv4(s string, a, b int) (string, bool) {
	addr, err := netip.ParseAddr(s[a:b])
	if err != nil || neutral(addr) {
		return "", false
	}
	before, after := s[max(0, a-24):a], s[b:min(len(s), b+3)]
	if a > 0 && (s[a-1] == '.' || s[a-1] >= '0' && s[a-1] <= '9') {
		return "", false // 1.2.3.4.5
	}
	if after != "" && (after[0] >= '0' && after[0] <= '9' || len(after) > 1 && after[0] == '.' && digits(after[1:2])) {
		return "", false
	}
	if after != "" && (after[0] == '+' || after[0] == '~') {
		return "", false // a package's version
	}
	if strings.HasSuffix(before, "//") || strings.HasSuffix(before, "\\\\") {
		return s[a:b], true
	}
	if m := reVersion.FindString(before); m != "" && !nameWithAddress(m) {
		return "", false
	}
	return s[a:b], true
}

// nameWithAddress tells "host-10.1.2.3" from "libfoo-10.1.2.3": a hyphen before an address is a name's,
// a slash or an underscore a version's.
func nameWithAddress(before string) bool { return strings.HasSuffix(before, "-") }

func checkIPv6(s string, a, b int) (string, bool) {
	for b > a && s[b-1] == ':' && !strings.HasSuffix(s[a:b], "::") {
		b-- // "fe80::1: unreachable"
	}
	v := s[a:b]
	addr, err := netip.ParseAddr(v)
	if err != nil || neutral(addr) || !startsWord(s, a) || !endsWord(s, b) {
		return "", false
	}
	if !digits(v) && len(v) < 12 {
		return "", false // "de::Bad"
	}
	return v, true
}

func checkIBAN(s string, a, b int) (string, bool) {
	v := strings.ToUpper(strings.ReplaceAll(s[a:b], " ", ""))
	if len(v) < 15 || len(v) > 34 {
		return "", false
	}
	rest := 0
	for _, c := range v[4:] + v[:4] {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return v, rest == 1
}

// checkCard is Luhn's check digit.
func checkCard(s string, a, b int) (string, bool) {
	sum, n := 0, 0
	for i := b - 1; i >= a; i-- {
		c := s[i]
		if c < '0' || c > '9' {
			continue
		}
		d := int(c - '0')
		if n%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		n++
	}
	return s[a:b], n >= 13 && sum%10 == 0 && strings.Trim(s[a:b], "0 -") != ""
}
