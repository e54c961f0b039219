package desk

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// defaultHost is where the desk listens when nobody says otherwise.
const defaultHost = "127.0.0.1"

// listen opens the desk's port. An address that was asked for is taken or refused; otherwise the port of the
// last start is taken again, so that links and bookmarks stay good, and when it is not to be had, another.
func listen(dir, asked string, log *slog.Logger) (net.Listener, error) {
	if asked != "" {
		if err := loopbackOnly(asked); err != nil {
			return nil, err
		}
		l, err := net.Listen("tcp", asked)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", asked, err)
		}
		return l, nil
	}
	if port := lastPort(dir); port != "" {
		l, err := net.Listen("tcp", net.JoinHostPort(defaultHost, port))
		if err == nil {
			return l, nil
		}
		log.Warn("the practice desk's port is taken; another one is used", "port", port)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(defaultHost, "0"))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	if err := writeFile(dir, portFile, []byte(port+"\n")); err != nil {
		log.Warn("the practice desk's port is not remembered", "err", err)
	}
	return l, nil
}

func lastPort(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, portFile))
	if err != nil {
		return ""
	}
	port := strings.TrimSpace(string(raw))
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return ""
	}
	return port
}

// loopbackOnly refuses an address that another computer could reach. A name is refused too, but for
// localhost: what it means is decided elsewhere.
func loopbackOnly(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen on %q: want an address such as 127.0.0.1:8089: %w", address, err)
	}
	if !isLoopback(host) {
		return fmt.Errorf("listen on %q: the practice desk serves this computer only; want 127.0.0.1 or [::1]",
			address)
	}
	return nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() && ip.Zone() == ""
}

// localHostsOnly refuses requests whose Host is not this desk's own. A web page that makes its own name point
// to 127.0.0.1 (DNS rebinding) gets no further.
func localHostsOnly(port string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, got, err := net.SplitHostPort(r.Host)
		if err != nil || got != port || !isLoopback(host) {
			http.Error(w, "This address is not the practice desk's.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
