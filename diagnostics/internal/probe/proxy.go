package probe

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Proxy is one configured proxy and where the setting stands.
type Proxy struct {
	URL    *url.URL
	Source string // "settings", "environment", "desktop"
}

// Proxies are the distinct proxies that this computer would use for a target.
func Proxies(ctx context.Context, configured string, target *url.URL) []Proxy {
	var list []Proxy
	add := func(raw, source string) {
		u, err := ParseProxy(raw)
		if err != nil {
			return
		}
		for _, p := range list {
			if p.URL.Host == u.Host {
				return
			}
		}
		list = append(list, Proxy{URL: u, Source: source})
	}
	add(configured, "settings")
	env := httpproxy.FromEnvironment()
	if target != nil {
		if u, err := env.ProxyFunc()(target); err == nil && u != nil {
			add(u.String(), "environment")
		}
	} else {
		add(env.HTTPSProxy, "environment")
		add(env.HTTPProxy, "environment")
		add(os.Getenv("ALL_PROXY"), "environment")
		add(os.Getenv("all_proxy"), "environment")
	}
	if target != nil {
		for _, raw := range desktopProxies(ctx, target) {
			add(raw, "desktop")
		}
	}
	return list
}

// ParseProxy reads a proxy's URL; a bare host:port is an HTTP proxy.
func ParseProxy(raw string) (*url.URL, error) {
	if raw == "" || raw == "direct://" {
		return nil, errors.New("no proxy")
	}
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("not a proxy address")
	}
	if u.Port() == "" {
		port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
		if port == "" {
			port = "1080" // some kind of SOCKS
		}
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}

// ProxyAnswer is what a proxy said to a CONNECT.
type ProxyAnswer struct {
	Stage  string // "name", "tcp", "connect", "done": how far it went
	Status int
	Err    error
	Took   time.Duration
	Conn   net.Conn // the tunnel, with Status 200
}

// TryProxy connects to a proxy and, with a target, asks for a tunnel to it. Nothing is sent through it.
func TryProxy(ctx context.Context, proxy *url.URL, target string) ProxyAnswer {
	d := DialHost(ctx, proxy.Host)
	if d.Err != nil {
		stage := "tcp"
		if _, ok := errors.AsType[*net.DNSError](d.Err); ok {
			stage = "name"
		}
		return ProxyAnswer{Stage: stage, Err: d.Err, Took: d.Took}
	}
	if target == "" || proxy.Scheme != "http" {
		_ = d.Conn.Close()
		return ProxyAnswer{Stage: "done", Took: d.Took}
	}
	stop := context.AfterFunc(ctx, func() { _ = d.Conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	status, conn, err := connect(d.Conn, proxy, target)
	a := ProxyAnswer{Stage: "connect", Status: status, Err: err, Took: d.Took}
	if err != nil || status/100 != 2 {
		_ = d.Conn.Close()
		return a
	}
	a.Stage, a.Conn = "done", conn
	return a
}

func connect(conn net.Conn, proxy *url.URL, target string) (int, net.Conn, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target)
	if u := proxy.User; u != nil {
		pass, _ := u.Password()
		auth := base64.StdEncoding.EncodeToString([]byte(u.Username() + ":" + pass))
		fmt.Fprintf(&b, "Proxy-Authorization: Basic %s\r\n", auth)
	}
	b.WriteString("\r\n")
	if _, err := io.WriteString(conn, b.String()); err != nil {
		return 0, nil, err
	}
	const limit = 64 << 10
	r := bufio.NewReader(io.LimitReader(conn, limit))
	resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return 0, nil, err
	}
	// A peer that talks before we do has no TLS to offer; what it said is dropped with the connection.
	return resp.StatusCode, conn, nil
}
