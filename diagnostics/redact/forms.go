package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"balise/diagnostics"
)

// The shortest values whose encoded forms are searched for. Below, chance alone would find them.
const (
	minBase64 = 5
	minHex    = 4
	minUTF16  = 3
)

// forms are the ways in which an identifier can stand in a text, before any encoding.
func forms(it Item) []string {
	v := it.Value
	out := []string{v}
	switch it.Kind {
	case diagnostics.KindMAC:
		bare := strings.ToLower(onlyHex(v))
		if len(bare) == 12 {
			out = append(out, bare, group(bare, 2, ":"), group(bare, 2, "-"), group(bare, 4, "."))
		}
	case diagnostics.KindIP:
		if a, err := netip.ParseAddr(v); err == nil {
			out = append(out, a.String(), a.StringExpanded())
			if a.Is4() {
				out = append(out, strings.ReplaceAll(v, ".", "-"))
			}
		}
	case diagnostics.KindSerial:
		if bare := strings.ReplaceAll(v, "-", ""); len(bare) == 32 && len(onlyHex(bare)) == 32 {
			out = append(out, bare, bare[:8]+"-"+bare[8:12]+"-"+bare[12:16]+"-"+bare[16:20]+"-"+bare[20:])
		}
	}
	for _, f := range out {
		out = append(out, strings.ToLower(f), strings.ToUpper(f), norm.NFC.String(f), norm.NFD.String(f),
			norm.NFD.String(strings.ToLower(f)), norm.NFD.String(strings.ToUpper(f)), plainLetters(f), capital(f))
	}
	return unique(out)
}

// patterns are all forms of an item in all encodings that reports and log lines use.
func patterns(index int, it Item) []pattern {
	var out []pattern
	for _, f := range forms(it) {
		if f == "" {
			continue
		}
		bound := it.Kind != diagnostics.KindMAC && it.Kind != kindSecret &&
			(it.Kind != diagnostics.KindSerial || len(f) < minLoose)
		exact := it.Kind == kindSecret
		out = append(out, pattern{text: f, item: index, form: "plain", bound: bound, exact: exact})
		for _, e := range escaped(f) {
			out = append(out, pattern{text: e, item: index, form: "escaped", bound: bound})
		}
		for _, e := range encoded(f) {
			out = append(out, pattern{text: e.text, item: index, form: e.form, exact: e.form == "base64"})
		}
	}
	return out
}

// escaped are the spellings of f in URLs, JSON and HTML.
func escaped(f string) []string {
	return unique([]string{
		url.PathEscape(f), url.QueryEscape(f), percentAll(f),
		strings.ReplaceAll(f, `\`, `\\`), jsonASCII(f), jsonHTML(f), html.EscapeString(f),
	}, f)
}

type encodedForm struct{ text, form string }

// encoded are the forms in which f cannot be read any more but can be decoded.
func encoded(f string) []encodedForm {
	var out []encodedForm
	if len(f) >= minBase64 {
		for _, e := range base64Forms([]byte(f)) {
			out = append(out, encodedForm{e, "base64"})
		}
	}
	if len(f) >= minHex {
		out = append(out, encodedForm{hex.EncodeToString([]byte(f)), "hex"})
	}
	if len([]rune(f)) >= minUTF16 {
		le, be := utf16Bytes(f)
		out = append(out, encodedForm{le, "utf-16"}, encodedForm{be, "utf-16"})
		if len(f) >= minBase64 { // as PowerShell's -EncodedCommand writes it
			for _, e := range base64Forms([]byte(le)) {
				out = append(out, encodedForm{e, "base64"})
			}
		}
	}
	return out
}

// base64Forms are the characters that f alone decides, at each of the three places where it can begin.
func base64Forms(f []byte) []string {
	var out []string
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			text := enc.EncodeToString(append(make([]byte, shift), f...))
			from := (shift*8 + 5) / 6 // the first characters also hold bits of what stands before
			to := (shift + len(f)) * 8 / 6
			if to-from >= minBase64 {
				out = append(out, text[from:to])
			}
		}
	}
	return unique(out)
}

func utf16Bytes(s string) (le, be string) {
	var a, b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		a.Write([]byte{byte(u), byte(u >> 8)})
		b.Write([]byte{byte(u >> 8), byte(u)})
	}
	return a.String(), b.String()
}

func percentAll(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

func jsonASCII(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\' || r == '"':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x80:
			b.WriteRune(r)
		default:
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, u)
			}
		}
	}
	return b.String()
}

// jsonHTML is how Go writes JSON for pages.
func jsonHTML(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(raw), `"`), `"`)
}

// capital is s with a capital first letter and small ones, as a name stands in a sentence.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToTitle(r)) + strings.ToLower(s[n:])
}

// plainLetters is s without accents, as account names are made of names.
func plainLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

func onlyHex(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && isHex(byte(r)) {
			return r
		}
		return -1
	}, s)
}

func group(s string, n int, sep string) string {
	var parts []string
	for len(s) > 0 {
		parts = append(parts, s[:n])
		s = s[n:]
	}
	return strings.Join(parts, sep)
}

// unique keeps the first of each text, without the empty one and those of without.
func unique(list []string, without ...string) []string {
	seen := map[string]bool{"": true}
	for _, w := range without {
		seen[w] = true
	}
	var out []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
