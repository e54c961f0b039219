package cause

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"balise/diagnostics"
)

// fingerprint is the same for the same fault at the same site, so that a desk sees that twenty tickets are
// one problem. It is a digest of codes: the cause, the plain facts that the table names, and a code of the
// site. No address, no name of a person or a device goes in, except, through site, into twelve bits that
// thousands of networks share.
func (v *view) fingerprint(r diagnostics.Result, f *fault) string {
	var b strings.Builder
	b.WriteString(string(r.Cause))
	for _, key := range f.Fingerprint {
		if fact, ok := r.Fact(key); ok && fact.Class == diagnostics.Plain {
			fmt.Fprintf(&b, "|%s=%v", key, fact.Value)
		}
	}
	b.WriteString(v.site())
	return digest(b.String())
}

const (
	siteBits = 12
	sitesV4  = 24 // a network of an office or a home
	sitesV6  = 48 // what a site is given
)

// site is a code of the place where the computer stands: twelve bits of a digest over the organisation's own
// salt, the router's address and the network's prefix.
//
// It says who shares a network, not which network that is. There are millions of prefixes to four thousand
// codes, so no code can be turned back into a network, let alone a person; the organisation's salt makes the
// codes of two organisations unrelated. Most homes use the same few private prefixes and so have the same few
// codes: a home cannot be told from another, which is what is wanted. Two of an organisation's dozens of
// sites share a code about once in a hundred times.
//
// Without an address there is no site, and the fault's fingerprint is that of the fault alone: a computer
// without a network cannot know where it stands, wherever it stands.
func (v *view) site() string {
	const gatewayCheck, addressCheck = "net.gateway", "net.addr"
	address := v.addressOf(addressCheck, "address")
	if !address.IsValid() {
		return ""
	}
	bits := sitesV6
	if address.Is4() {
		bits = sitesV4
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return ""
	}
	router := ""
	// An IPv6 router's own address is made of its hardware's: the prefix alone says enough there.
	if g := v.addressOf(gatewayCheck, "gateway"); g.Is4() {
		router = g.String()
	}
	sum := sha256.Sum256([]byte("balise site 1|" + v.ctx.Salt + "|" + prefix.String() + "|" + router))
	return fmt.Sprintf("|site=%x", binary.BigEndian.Uint16(sum[:])>>(16-siteBits))
}

// addressOf reads an address out of a result's fact.
func (v *view) addressOf(check, key string) netip.Addr {
	n, ok := v.x.checks[check]
	if !ok || v.first[n] < 0 {
		return netip.Addr{}
	}
	f, _ := v.results[v.first[n]].Fact(key)
	text, _ := f.Value.(string)
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func digest(s string) string {
	const size = 6
	sum := sha256.Sum256([]byte("balise fault 1|" + s))
	return hex.EncodeToString(sum[:size])
}
