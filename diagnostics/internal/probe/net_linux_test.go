package probe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Captured on a laptop with Wi-Fi, a VPN and Docker, addresses changed.
const routes4 = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
wlan0	00000000	010200C0	0003	0	0	600	00000000	0	0	0
wg0	00000000	00000000	0001	0	0	50	00000000	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
wlan0	000200C0	00000000	0001	0	0	600	00FFFFFF	0	0	0
*	00000000	00000000	0200	0	0	4278198272	00000000	0	0	0
`

const routes6 = `fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo
`

func TestParseRoutes(t *testing.T) {
	if got := fmt.Sprintf("%+v", parseRoutes4(strings.NewReader(routes4))); got !=
		"[{Iface:wlan0 Gateway:192.0.2.1 Metric:600 V6:false} {Iface:wg0 Gateway:invalid IP Metric:50 V6:false}]" {
		t.Error(got)
	}
	if got := fmt.Sprintf("%+v", parseRoutes6(strings.NewReader(routes6))); got != "[{Iface:eth0 Gateway:fe80::1%eth0 Metric:1024 V6:true}]" {
		t.Error(got)
	}
}

func neighbourMessage(state uint16, dst netip.Addr) []byte {
	m := make([]byte, 12)
	binary.NativeEndian.PutUint16(m[8:], state)
	lladdr := []byte{10, 0, unix.NDA_LLADDR, 0, 1, 2, 3, 4, 5, 6, 0, 0} // six bytes, padded to four
	raw := dst.AsSlice()
	attr := make([]byte, 4, 4+len(raw))
	binary.NativeEndian.PutUint16(attr, uint16(4+len(raw)))
	binary.NativeEndian.PutUint16(attr[2:], unix.NDA_DST)
	return append(append(m, lladdr...), append(attr, raw...)...)
}

func TestParseNeighbour(t *testing.T) {
	addr := netip.MustParseAddr("192.0.2.1")
	for state, want := range map[uint16]Neighbour{
		unix.NUD_REACHABLE: NeighbourReachable, unix.NUD_PERMANENT: NeighbourReachable, unix.NUD_NOARP: NeighbourReachable,
		unix.NUD_STALE: NeighbourStale, unix.NUD_DELAY: NeighbourStale, unix.NUD_PROBE: NeighbourStale,
		unix.NUD_FAILED: NeighbourFailed, unix.NUD_INCOMPLETE: NeighbourIncomplete, 0: NeighbourNone,
	} {
		if got, ok := parseNeighbour(neighbourMessage(state, addr), addr.AsSlice()); !ok || got != want {
			t.Errorf("%#x: %s %v, want %s", state, got, ok, want)
		}
	}
	if _, ok := parseNeighbour(neighbourMessage(unix.NUD_REACHABLE, addr), netip.MustParseAddr("192.0.2.2").AsSlice()); ok {
		t.Error("another machine's entry was taken")
	}
}

func FuzzKernelTables(f *testing.F) {
	f.Add([]byte(routes4))
	f.Add([]byte(routes6))
	f.Add(neighbourMessage(unix.NUD_STALE, netip.MustParseAddr("2001:db8::1")))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		parseRoutes4(bytes.NewReader(raw))
		parseRoutes6(bytes.NewReader(raw))
		parseNeighbour(raw, []byte{192, 0, 2, 1})
	})
}

// The kernel of this very machine: it must answer, whatever it says.
func TestThisMachine(t *testing.T) {
	links, err := Links()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		if l.Name == "lo" {
			t.Error("the loopback is listed")
		}
	}
	if _, err := DefaultRoutes(); err != nil {
		t.Error(err)
	}
	if n := NeighbourOf(netip.MustParseAddr("192.0.2.254")); n == "" {
		t.Error("no word about a neighbour")
	}
}
