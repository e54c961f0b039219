package probe

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestWindowsAndMacOSAnswersAreRead(t *testing.T) {
	const ports = `
Hardware Port: Ethernet
Device: en4
Ethernet Address: 00:00:5e:00:53:01

Hardware Port: Wi-Fi
Device: en0
Ethernet Address: 00:00:5e:00:53:02

VLAN Configurations
===================
`
	if got := parseWifiPort([]byte(ports)); got != "en0" {
		t.Errorf("Wi-Fi port %q", got)
	}
	for text, want := range map[string]string{
		"Wi-Fi Power (en0): On\n": "true true", "Wi-Fi Power (en0): Off\n": "false true",
		"en9 is not a Wi-Fi interface.\n": "false false", "": "false false",
	} {
		if on, ok := parseAirportPower([]byte(text)); fmt.Sprint(on, ok) != want {
			t.Errorf("%q: %v %v", text, on, ok)
		}
	}
	radio := func(states ...uint32) []byte {
		b := binary.LittleEndian.AppendUint32(nil, uint32(len(states)/2))
		for i := 0; i < len(states); i += 2 {
			b = binary.LittleEndian.AppendUint32(b, uint32(i/2))
			b = binary.LittleEndian.AppendUint32(b, states[i])
			b = binary.LittleEndian.AppendUint32(b, states[i+1])
		}
		return b
	}
	for _, c := range []struct {
		raw  []byte
		want string
	}{
		{radio(1, 1), "false false"},
		{radio(2, 1), "true false"},
		{radio(1, 2), "false true"},
		{radio(2, 1, 1, 1), "false false"},
		{nil, "false false"},
		{radio(2, 2)[:9], "false false"},
	} {
		if s, h := parseRadioState(c.raw); fmt.Sprint(s, h) != c.want {
			t.Errorf("%v: %v %v, want %s", c.raw, s, h, c.want)
		}
	}
}

func TestProxySettingsOfWindowsAndMacOS(t *testing.T) {
	for _, c := range []struct{ value, scheme, want string }{
		{"proxy.example:8080", "https", "proxy.example:8080"},
		{"http=a:80;https=b:443", "https", "b:443"},
		{"http=a:80", "https", ""},
		{"", "https", ""},
	} {
		if got := parseProxyServer(c.value, c.scheme); got != c.want {
			t.Errorf("%q for %s: %q", c.value, c.scheme, got)
		}
	}
	for _, c := range []struct {
		override, host string
		want           bool
	}{
		{"*.example.org;<local>", "erp.example.org", true},
		{"*.example.org;<local>", "intranet", true},
		{"*.example.org;<local>", "www.example.com", false},
		{"10.*", "erp.example.org", false},
		{"", "x", false},
		{"ERP.example.org", "erp.example.org", true},
	} {
		if got := bypasses(c.override, c.host); got != c.want {
			t.Errorf("%q past %q: %v", c.host, c.override, got)
		}
	}
	const scutil = `<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
  }
  HTTPEnable : 0
  HTTPSEnable : 1
  HTTPSPort : 8443
  HTTPSProxy : proxy.example
}
`
	if got := parseScutilProxy([]byte(scutil), "https"); got != "proxy.example:8443" {
		t.Errorf("https: %q", got)
	}
	if got := parseScutilProxy([]byte(scutil), "http"); got != "" {
		t.Errorf("http: %q", got)
	}
}

func TestWirelessTable(t *testing.T) {
	// As the kernel prints it: an interface that is connected, one that is not, one without a sign.
	const text = `Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   54.  -56.  -256        0      0      0      0     88        0
 wlan1: 0000    0.  -256.  -256       0      0      0      0      0        0
 wlan2: 0000   10.  174.  -256        0      0      0      0      0        0
`
	want := "[{wlan0 88 -56 0} {wlan1 -1 0 0} {wlan2 36 -82 0}]"
	if got := fmt.Sprint(parseWireless(text)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func FuzzForeignAnswers(f *testing.F) {
	f.Add("Hardware Port: Wi-Fi\nDevice: en0\n")
	f.Add(" wlan0: 0000   54.  -56.  -256\n")
	f.Add("http=a;https=b")
	f.Fuzz(func(t *testing.T, text string) {
		parseWifiPort([]byte(text))
		parseAirportPower([]byte(text))
		parseRadioState([]byte(text))
		parseProxyServer(text, "https")
		parseScutilProxy([]byte(text), "https")
		for _, s := range parseWireless(text) {
			if s.Strength < -1 || s.Strength > 100 {
				t.Errorf("%q: %+v", text, s)
			}
		}
		if out, err := padHello([]byte(text), 4000); err == nil && len(out) < len(text) {
			t.Errorf("%q became shorter", text)
		}
		isBindingAnswer([]byte(text), bindingRequest())
	})
}

// A real server takes the padded hello for what it is: a hello, for this name.
func TestPaddedHelloIsAHello(t *testing.T) {
	asked := make(chan string, 4)
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.TLS = &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		asked <- h.ServerName
		return nil, nil
	}}
	srv.StartTLS()
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, size := range []int{0, 4000, 12000, 99999} {
		d := DialTCP(ctx, srv.Listener.Addr().String())
		if d.Err != nil {
			t.Fatal(d.Err)
		}
		p := SendLarge(ctx, d.Conn, "erp.example.org", size, 10*time.Second)
		if p.Err != nil && p.Err != ErrNoTCPState {
			t.Fatal(p.Err)
		}
		if p.Err == nil && (!p.Answered || p.Acked == 0 || p.Gap || size > 0 && p.Written != min(size, 16384)) {
			t.Errorf("%d bytes: %+v", size, p)
		}
		if p.Err == nil {
			if got := <-asked; got != "erp.example.org" {
				t.Errorf("the server was asked for %q", got)
			}
		}
	}
}

// The answer to another question, a short one, or noise is none.
func TestSTUN(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	go func() {
		buf := make([]byte, 100)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			other := append([]byte(nil), buf[:n]...)
			other[1], other[0] = 1, 1
			other[19] ^= 1
			_, _ = pc.WriteTo(other, from)
			_, _ = pc.WriteTo([]byte("noise"), from)
			other[19] ^= 1
			_, _ = pc.WriteTo(other, from)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if b := STUN(ctx, pc.LocalAddr().String()); b.Err != nil {
		t.Error(b.Err)
	}
	pc.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if b := STUN(ctx, pc.LocalAddr().String()); b.Err == nil {
		t.Error("nobody was there, and somebody answered")
	}
}

// A server that has two addresses, of which one is silent, is there; and a closed port says more than silence.
func TestSTUNAsksBothFamilies(t *testing.T) {
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	silent, err := net.ListenPacket("udp", net.JoinHostPort("127.0.0.2", portOf(t, pc.LocalAddr().String())))
	if err != nil {
		t.Skip("only one loopback address:", err)
	}
	defer silent.Close()
	go func() {
		buf := make([]byte, 100)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			buf[0], buf[1] = 1, 1
			_, _ = pc.WriteTo(buf[:n], from)
		}
	}()
	ask := func(addrs ...string) Bind {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		var list []netip.Addr
		for _, a := range addrs {
			list = append(list, netip.MustParseAddr(a))
		}
		return stunAny(ctx, list, portOf(t, pc.LocalAddr().String()))
	}
	if b := ask("127.0.0.2", "127.0.0.1"); b.Err != nil {
		t.Error(b.Err)
	}
	if kind, _ := Kind(ask("127.0.0.2", "127.0.0.3").Err); kind != KindRefused {
		t.Error(kind)
	}
	list := []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("192.0.2.1")}
	if got := onePerFamily(list); len(got) != 2 || got[0] != list[0] || got[1] != list[2] {
		t.Error(got)
	}
}

func portOf(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Of two addresses one refuses and one is silent: somebody is there, and the program is not.
func TestRefusalSaysMoreThanSilence(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := portOf(t, ln.Addr().String())
	ln.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	// 240.0.0.1 is nobody's: it is silent, or there is no way to it. Both end otherwise than with a refusal.
	for _, order := range [][]string{{"240.0.0.1", "127.0.0.1"}, {"127.0.0.1", "240.0.0.1"}} {
		d := dialAny(ctx, []netip.Addr{netip.MustParseAddr(order[0]), netip.MustParseAddr(order[1])}, port)
		if kind, _ := Kind(d.Err); kind != KindRefused {
			t.Errorf("%v: %v", order, d.Err)
		}
	}
}

// By IPv6 a refusal does not speak for IPv4, and a family to which there is no way speaks for nobody.
func TestWhichAddressTells(t *testing.T) {
	no, silent, noWay := syscall.ECONNREFUSED, context.DeadlineExceeded, syscall.ENETUNREACH
	for _, c := range []struct {
		name         string
		more         error
		four         bool
		less         error
		fourElse     bool
		strictlyMore bool
	}{
		{"IPv4 refuses, IPv6 is silent", no, true, silent, false, true},
		{"IPv4 refuses, IPv6 has no way", no, true, noWay, false, true},
		{"IPv6 refuses, IPv4 has no way", no, false, noWay, true, true},
		{"IPv4 is silent, IPv6 refuses", silent, true, no, false, false},
	} {
		a, b := telling(c.more, c.four), telling(c.less, c.fourElse)
		if a < b || (a > b) != c.strictlyMore {
			t.Errorf("%s: %d, %d", c.name, a, b)
		}
	}
}

func TestKnock(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := KnockTCP(t.Context(), ln.Addr().String(), 10*time.Second)
	if k.Err != nil || k.Lost || k.RTT <= 0 {
		t.Errorf("%+v", k)
	}
	ln.Close()
	if k = KnockTCP(t.Context(), ln.Addr().String(), 10*time.Second); k.Err == nil || k.Lost {
		t.Errorf("refused is not lost: %+v", k)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if k = KnockTCP(ctx, "192.0.2.1:443", time.Second); k.Lost {
		t.Errorf("what the caller ended is not lost: %+v", k)
	}
}

func TestLoadStopsAtItsLimit(t *testing.T) {
	big := strings.Repeat("x", 1<<20)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/big":
			_, _ = w.Write([]byte(big))
		case "/none":
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	l := StartLoad(ctx, srv.URL+"/big", 4, 5<<20, nil)
	<-l.Ended()
	if n := l.Bytes(); n < 5<<20 || n > 6<<20 || l.Err() != nil {
		t.Errorf("%d bytes, %v", n, l.Err())
	}
	l = StartLoad(ctx, srv.URL+"/none", 2, 5<<20, nil)
	<-l.Ended()
	if l.Bytes() != 0 || l.Err() == nil {
		t.Errorf("%d bytes, %v", l.Bytes(), l.Err())
	}
	l = StartLoad(ctx, srv.URL+"/empty", 2, 5<<20, nil)
	<-l.Ended()
}
