package transport

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTLS(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{}`)
	}))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	defer srv.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	old := httptest.NewUnstartedServer(srv.Config.Handler)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.Config.ErrorLog = srv.Config.ErrorLog
	old.StartTLS()
	defer old.Close()
	plain, _ := echoDesk(t)
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())

	for name, tc := range map[string]struct {
		p    Params
		want string
	}{
		"own CA":     {Params{BaseURL: srv.URL, CAFile: ca}, "ok"},
		"untrusted":  {Params{BaseURL: srv.URL}, "unreachable tls:untrusted"},
		"wrong name": {Params{BaseURL: "https://localhost:" + port, CAFile: ca}, "unreachable tls:name"},
		"TLS 1.1":    {Params{BaseURL: old.URL, CAFile: ca}, "unreachable tls:handshake"},
		"not TLS":    {Params{BaseURL: strings.Replace(plain, "http:", "https:", 1)}, "unreachable tls:handshake"},
		"hangs up":   {Params{BaseURL: "https://" + hangsUp(t)}, "unreachable tls:handshake"},
		"HTTP, is TLS": {
			Params{BaseURL: strings.Replace(srv.URL, "https:", "http:", 1)},
			"invalid:Client sent an HTTP request to an HTTPS server.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, tc.p)
			for _, method := range []string{"GET", "POST"} {
				_, err := c.Do(t.Context(), Request{Method: method, Path: "x"})
				if got := kinds(err); got != tc.want {
					t.Errorf("%s: %s, want %s (%v)", method, got, tc.want, err)
				}
			}
		})
	}
}

// hangsUp listens, reads a little and closes.
func hangsUp(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 16))
			conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestWhatTravels(t *testing.T) {
	var got *http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		http.SetCookie(w, &http.Cookie{Name: "sticky", Value: "1", Path: "/"})
	}))
	defer srv.Close()
	for agent, want := range map[string]string{"": "Balise", "Balise/1.2": "Balise/1.2", "Mozilla/5.0": "Balise"} {
		c := newClient(t, Params{BaseURL: srv.URL, UserAgent: agent})
		for range 2 {
			if _, err := c.Do(t.Context(), Request{Path: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		if ua := got.Header.Get("User-Agent"); ua != want || len(got.Cookies()) != 0 {
			t.Errorf("User-Agent %q, want %q; cookies %v", ua, want, got.Cookies())
		}
	}
}

func TestProxyIsUsedWhenSet(t *testing.T) {
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()
	c, err := New(Params{BaseURL: "http://desk.invalid/api", Proxy: proxy.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Do(t.Context(), Request{Method: "POST", Path: "x"})
	if kinds(err) != "unreachable" || asked != "http://desk.invalid/api/x" {
		t.Errorf("%v; the proxy was asked for %q", err, asked)
	}
}

func TestBadSettings(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []Params{
		{},
		{BaseURL: "desk.example"},
		{BaseURL: "ftp://desk.example"},
		{BaseURL: "https://"},
		{BaseURL: "https://alice:pw@desk.example"},
		{BaseURL: "https://desk.example/?a=b"},
		{BaseURL: "https://desk.example", CAFile: empty},
		{BaseURL: "https://desk.example", CAFile: empty + ".none"},
		{BaseURL: "https://desk.example", Proxy: "squid:3128"},
		{BaseURL: "https://desk.example", Proxy: "http://"},
	} {
		if _, err := New(p); err == nil {
			t.Errorf("%+v was accepted", p)
		} else if strings.Contains(err.Error(), "pw") {
			t.Errorf("the password is in %q", err)
		}
	}
}
