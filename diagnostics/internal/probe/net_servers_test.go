package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers over UDP from the drop-th question on, and over TCP if it may.
func nameServer(t *testing.T, drop int32, rcode dnsmessage.RCode, tcp bool) netip.AddrPort {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	answer := func(query []byte) []byte {
		var p dnsmessage.Parser
		head, err := p.Start(query)
		if err != nil {
			return nil
		}
		q, _ := p.Question()
		m := dnsmessage.Message{Header: dnsmessage.Header{ID: head.ID, Response: true, RCode: rcode}, Questions: []dnsmessage.Question{q}}
		raw, _ := m.Pack()
		return raw
	}
	var asked atomic.Int32
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if asked.Add(1) > drop {
				_, _ = pc.WriteTo([]byte("noise"), from) // to be overheard
				_, _ = pc.WriteTo(answer(buf[:n]), from)
			}
		}
	}()
	at := pc.LocalAddr().(*net.UDPAddr).AddrPort()
	if tcp {
		ln, err := net.Listen("tcp4", at.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				r := bufio.NewReader(c)
				var size [2]byte
				_, _ = io.ReadFull(r, size[:])
				query := make([]byte, int(size[0])<<8|int(size[1]))
				_, _ = io.ReadFull(r, query)
				raw := answer(query)
				_, _ = c.Write(append([]byte{byte(len(raw) >> 8), byte(len(raw))}, raw...))
				_ = c.Close()
			}
		}()
	}
	return at
}

func TestAskServer(t *testing.T) {
	const after = 200 * time.Millisecond
	for _, c := range []struct {
		name  string
		drop  int32
		rcode dnsmessage.RCode
		tcp   bool
		want  string
		byTCP bool
	}{
		{"answers", 0, dnsmessage.RCodeSuccess, false, "success", false},
		{"no such name", 0, dnsmessage.RCodeNameError, false, "nxdomain", false},
		{"first question lost", 1, dnsmessage.RCodeSuccess, false, "success", false},
		{"UDP blocked", 99, dnsmessage.RCodeServerFailure, true, "servfail", true},
		{"silent", 99, dnsmessage.RCodeSuccess, false, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at := nameServer(t, c.drop, c.rcode, c.tcp)
			ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
			defer cancel()
			a := AskServerPort(ctx, at, "erp.example", after)
			if a.RCode != c.want || a.TCP != c.byTCP || (a.Err == nil) != (c.want != "") {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestAskServerThatIsClosed(t *testing.T) {
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := pc.LocalAddr().(*net.UDPAddr).AddrPort()
	pc.Close()
	start := time.Now()
	a := AskServerPort(t.Context(), at, "erp.example", time.Second)
	if kind, _ := Kind(a.Err); kind != KindRefused || time.Since(start) > 500*time.Millisecond {
		t.Errorf("%+v after %v", a, time.Since(start))
	}
}

func quiet(srv *httptest.Server) *httptest.Server {
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	return srv
}

// What a refused certificate's second look sends: nothing. The server must never see a completed handshake.
func TestReadCertificateSendsNothing(t *testing.T) {
	srv := quiet(httptest.NewUnstartedServer(nil))
	srv.StartTLS()
	defer srv.Close()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		shaken := make(chan error, 1)
		go func() {
			c, err := ln.Accept()
			if err != nil {
				shaken <- nil
				return
			}
			defer c.Close()
			shaken <- tls.Server(c, &tls.Config{Certificates: srv.TLS.Certificates, MaxVersion: version}).Handshake()
		}()
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		cert, ok := ReadCertificate(t.Context(), conn, "example.com")
		conn.Close()
		if !ok || cert.NotAfter.IsZero() {
			t.Errorf("%#x: %+v", version, cert)
		}
		if err := <-shaken; err == nil {
			t.Errorf("%#x: the handshake was completed", version)
		}
		ln.Close()
	}
}

func TestHandshakeReasons(t *testing.T) {
	srv := quiet(httptest.NewUnstartedServer(nil))
	srv.StartTLS()
	defer srv.Close()
	plain := quiet(httptest.NewServer(nil))
	defer plain.Close()
	shake := func(addr, host string, trust bool) string {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		roots := srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		if !trust {
			roots = nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = Handshake(ctx, conn, host, roots)
		if err == nil {
			return ""
		}
		reason, _ := TLSReason(err)
		return reason
	}
	for _, c := range []struct{ got, want string }{
		{shake(srv.Listener.Addr().String(), "example.com", true), ""},
		{shake(srv.Listener.Addr().String(), "other.example", true), TLSName},
		{shake(srv.Listener.Addr().String(), "example.com", false), TLSUntrusted},
		{shake(plain.Listener.Addr().String(), "example.com", true), TLSNoTLS},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestFetchFollowsNothingAndKeepsNothing(t *testing.T) {
	var second atomic.Bool
	srv := quiet(httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/next" {
			second.Store(true)
		}
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Location", "/next")
		w.WriteHeader(http.StatusFound)
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
	})))
	defer srv.Close()
	a := Fetch(t.Context(), HTTPRequest{URL: srv.URL})
	if a.Err != nil || a.Status != http.StatusFound || second.Load() || len(a.Body) > bodyLimit || a.Stage != StageHTTP {
		t.Errorf("%d %v, %d bytes, stage %s, followed %v", a.Status, a.Err, len(a.Body), a.Stage, second.Load())
	}
}

func TestFetchSaysHowFarItCame(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	silent, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	untrusted := quiet(httptest.NewUnstartedServer(nil))
	untrusted.StartTLS()
	defer untrusted.Close()
	for _, c := range []struct{ url, stage, kind string }{
		{closed.URL, StageTCP, KindRefused},
		{"http://" + silent.Addr().String(), StageHTTP, KindTimeout},
		{"https://" + silent.Addr().String(), StageTLS, KindTimeout},
		{untrusted.URL, StageTLS, KindOther},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		a := Fetch(ctx, HTTPRequest{URL: c.url})
		cancel()
		if kind, _ := Kind(a.Err); a.Stage != c.stage || kind != c.kind {
			t.Errorf("%s: stage %s, %v", c.url, a.Stage, a.Err)
		}
	}
}

func TestTryProxy(t *testing.T) {
	for status, stage := range map[int]string{200: "done", 407: "connect", 403: "connect", 502: "connect"} {
		srv := quiet(httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodConnect || r.Host != "erp.example:443" {
				t.Errorf("%s %s", r.Method, r.Host)
			}
			if r.Header.Get("Proxy-Authorization") != "Basic dXNlcjpwYXNz" {
				t.Error("the proxy's own password was not given")
			}
			w.WriteHeader(status)
		})))
		u, _ := url.Parse(srv.URL)
		u.User = url.UserPassword("user", "pass")
		a := TryProxy(t.Context(), u, "erp.example:443")
		if a.Status != status || a.Stage != stage || (a.Conn != nil) != (status == 200) {
			t.Errorf("%d: %+v", status, a)
		}
		if a.Conn != nil {
			a.Conn.Close()
		}
		srv.Close()
	}
}

func TestProxiesFromSettingsAndEnvironment(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	t.Setenv("https_proxy", "http://env.example:3128")
	t.Setenv("no_proxy", "inside.example")
	list := func(configured, target string) string {
		var u *url.URL
		if target != "" {
			u, _ = url.Parse(target)
		}
		var hosts []string
		for _, p := range Proxies(t.Context(), configured, u) {
			hosts = append(hosts, p.Source+" "+p.URL.Host)
		}
		return strings.Join(hosts, ", ")
	}
	for _, c := range []struct{ configured, target, want string }{
		{"", "https://erp.example/", "environment env.example:3128"},
		{"", "https://inside.example/", ""},
		{"proxy.example", "https://inside.example/", "settings proxy.example:80"},
		{"http://env.example:3128", "", "settings env.example:3128"},
		{"::nonsense::", "https://inside.example/", ""},
	} {
		if got := list(c.configured, c.target); got != c.want {
			t.Errorf("%q for %q: %q, want %q", c.configured, c.target, got, c.want)
		}
	}
}

func TestDialHostClosesLosers(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	// The first address refuses, the second answers.
	d := dialAny(t.Context(), []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")}, port)
	if d.Err != nil {
		t.Fatal(d.Err)
	}
	d.Conn.Close()
	ln.Close()
	d = dialAny(t.Context(), []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")}, port)
	if kind, _ := Kind(d.Err); kind != KindRefused {
		t.Error(d.Err)
	}
	if d := DialHost(t.Context(), "no port"); d.Err == nil || errors.Is(d.Err, io.EOF) {
		t.Error(d.Err)
	}
}

// A service behind a proxy that only our settings know is reachable; one that answers straight needs no proxy.
func TestAnyWayThatWorks(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "")
	}
	proxy := quiet(httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusOK)
			return
		}
		w.WriteHeader(http.StatusTeapot)
	})))
	defer proxy.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	// 192.0.2.0/24 leads nowhere (RFC 5737); only the proxy can answer.
	a := FetchAny(ctx, HTTPRequest{URL: "http://192.0.2.77/", Proxy: proxy.URL})
	if a.Err != nil || a.Status != http.StatusTeapot || !a.Proxied {
		t.Errorf("%+v", a)
	}
	u, _ := url.Parse("https://192.0.2.77/")
	conn, err := ConnectAny(ctx, proxy.URL, u, "192.0.2.77:443")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()

	dead := httptest.NewServer(nil)
	dead.Close()
	if a := FetchAny(ctx, HTTPRequest{URL: proxy.URL, Proxy: dead.URL}); a.Status != http.StatusTeapot {
		t.Errorf("straight: %+v", a)
	}
	short, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	if _, err := ConnectAny(short, dead.URL, u, "192.0.2.77:443"); err == nil {
		t.Error("no way works, and yet it connected")
	}
}

// A session bus that takes the call and says nothing must not cost the run its time.
func TestSilentSessionBus(t *testing.T) {
	ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "bus"))
	if err != nil {
		t.Skipf("no unix sockets here: %v", err)
	}
	defer ln.Close()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+ln.Addr().String())
	u, _ := url.Parse("https://erp.example/")
	start := time.Now()
	if list := desktopProxies(t.Context(), u); len(list) > 0 || time.Since(start) > 2*time.Second {
		t.Errorf("%v after %v", list, time.Since(start))
	}
}
