package probe

import (
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
)

// sysRoot is this computer's file tree; tests look at a small one of their own.
func sysRoot() fs.FS { return os.DirFS("/") }

// sysLimit bounds a file of the kernel's: they are a line long, and an EDID a few hundred bytes.
const sysLimit = 64 << 10

// sysBytes reads a small file of the kernel's, at most sysLimit of it.
func sysBytes(tree fs.FS, name string) ([]byte, error) {
	f, err := tree.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, sysLimit))
}

// sysText is a file's text without the space around it; empty when it cannot be read.
func sysText(tree fs.FS, name string) string {
	raw, err := sysBytes(tree, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.Trim(string(raw), "\x00"))
}

// sysNumber is a file's number. A file that is missing, empty or half-written has none.
func sysNumber(tree fs.FS, name string) (float64, bool) {
	v, err := strconv.ParseFloat(sysText(tree, name), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// sysCode is a file's text if it is one word of letters, digits and dashes: a driver's name or a state, never
// what a user typed.
func sysCode(tree fs.FS, name string) string { return codeOf(sysText(tree, name)) }

// codeOf keeps of a text what a code may hold, in lower case.
func codeOf(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r == ' ' || r == '.':
			return '_'
		}
		return -1
	}, s)
	return s[:min(len(s), 32)]
}
