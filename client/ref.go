package client

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// ClientRef is minted on the desktop before the first byte is sent: "BA" and 18 characters of Crockford
// base32. Letters and digits only, so that SQL LIKE and full-text tokenisers both find it whole.
type ClientRef string

// crockford has no I, L, O or U: none is misread or misheard, and no word arises by chance.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	refPrefix = "BA"
	refRandom = 18 // 90 bits: two references of ten thousand PCs never meet
	codeHead  = 5  // how much of the ref is read out on the phone
)

// NewClientRef mints a reference.
func NewClientRef() ClientRef {
	raw := make([]byte, refRandom)
	rand.Read(raw) // never fails since Go 1.24
	var b strings.Builder
	b.WriteString(refPrefix)
	for _, c := range raw {
		b.WriteByte(crockford[c&31])
	}
	return ClientRef(b.String())
}

// Valid tells whether r has the form that NewClientRef gives.
func (r ClientRef) Valid() bool {
	s := string(r)
	if len(s) != len(refPrefix)+refRandom || !strings.HasPrefix(s, refPrefix) {
		return false
	}
	for _, c := range s[len(refPrefix):] {
		if !strings.ContainsRune(crockford, c) {
			return false
		}
	}
	return true
}

// Code is the short word to read out on the phone: the head of the random part and a check character,
// such as "7KQ2M-X". It stands in the ticket, so that call and ticket meet.
func (r ClientRef) Code() string {
	if !r.Valid() {
		return ""
	}
	head := string(r)[len(refPrefix) : len(refPrefix)+codeHead]
	return head + "-" + string(checkChar(head))
}

// ParseCode accepts a code as people say and type it (lower case, O for 0, I and L for 1, no hyphen) and
// returns it in its written form, or an error that says what is wrong with it.
func ParseCode(s string) (string, error) {
	clean := strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
	if len(clean) != codeHead+1 {
		return "", fmt.Errorf("code %q: want %d characters and a check character, such as 7KQ2M-X", s, codeHead)
	}
	for _, c := range clean {
		if !strings.ContainsRune(crockford, c) {
			return "", fmt.Errorf("code %q: %q is not used in codes", s, c)
		}
	}
	head, check := clean[:codeHead], clean[codeHead]
	if checkChar(head) != check {
		return "", fmt.Errorf("code %q: a character is wrong or two are swapped; ask for it again", s)
	}
	return head + "-" + string(check), nil
}

// checkChar catches any single wrong character and any swap of neighbours: the characters are the
// coefficients of a polynomial over the field of 32 elements, each with its own power of the generator. (A
// weighted sum modulo 32 would miss swaps of characters that are 16 apart.)
func checkChar(head string) byte {
	sum := 0
	for i := range len(head) {
		sum = timesX(sum) ^ strings.IndexByte(crockford, head[i])
	}
	return crockford[timesX(sum)]
}

// timesX multiplies by x in GF(2)[x] modulo the primitive polynomial x^5 + x^2 + 1.
func timesX(v int) int {
	v <<= 1
	if v&32 != 0 {
		v ^= 0b100101
	}
	return v
}
