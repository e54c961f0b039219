package relay

import (
	"crypto/sha256"
	"crypto/subtle"
)

// SameSecret compares two secrets in a time that tells neither their content nor their length. An empty
// secret is the same as none.
func SameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1 && a != "" && b != ""
}
