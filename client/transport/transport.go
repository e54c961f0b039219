// Package transport is how a driver talks to a desk over HTTP, and the only place that knows how that goes
// wrong.
//
// It speaks HTTP/1.1 without cookies (some desks prefer a cookie to the token), follows no redirect (a
// login portal would turn a POST into a GET and answer 200), trusts the system's certificates and one
// file of the administrator's own, and never repeats a request that changes something. Answers are limited
// in size, files are streamed in both directions, and every failure comes back as one of package client's
// typed errors: see Classify.
//
// What goes wrong on this side before a request begins (a file of ours that cannot be read, a bad address in the
// settings) is a client.LocalError: nothing was sent. A file that breaks off while it is sent is none: the desk
// may have stored what came.
package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
	"golang.org/x/net/http/httpproxy"
)

// Limits of size.
const (
	// MaxJSON is the largest answer read whole. A page of 100 tickets is under 200 KB.
	MaxJSON = 4 << 20
	// MaxAttachment is the largest attachment decoded from an answer.
	MaxAttachment = 64 << 20
)

// Limits of time. All of them are counted besides the caller's context, whichever ends first.
const (
	dialTimeout = 10 * time.Second // a route that works answers in under 1 s; 3 SYNs are lost by then
	tlsTimeout  = 10 * time.Second // two round trips and a slow processor at the other end
	// headerTimeout runs from the last byte sent: a desk stores a 50 MB report before it answers.
	headerTimeout = 120 * time.Second
	readTimeout   = 30 * time.Second // a small read, answer included: nobody looks at a spinner longer
	writeTimeout  = 90 * time.Second // a small write: desks run mail hooks before they answer
	// stallTimeout ends a transfer in which no byte moved; a whole one may take as long as it needs.
	stallTimeout = 60 * time.Second
	idleTimeout  = 30 * time.Second // shorter than what proxies and NAT boxes forget
)

// Params says where the desk is and how to get there.
type Params struct {
	BaseURL string // of the API, http or https, without user, query or fragment
	CAFile  string // PEM, added to the system's certificates; "" is none
	Proxy   string // URL; "" follows the environment; "direct" uses none
	// UserAgent is "Balise/<version>". It must not contain "Mozilla": RT sends browsers to its login page.
	UserAgent string
	Log       *slog.Logger // nil discards
}

// Client speaks to one desk. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	userAgent string
	log       *slog.Logger
	limits    limits

	// Reads keep their connection. Writes never ride on a kept one: it may be dead without our knowing,
	// and then nobody could tell whether the request arrived.
	reads, writes *http.Client
	smallReads    *resty.Client
	smallWrites   *resty.Client
}

// limits holds what tests need smaller.
type limits struct {
	read, write, stall, header time.Duration
	json                       int64
	retries                    int
}

// New checks the settings and prepares a Client. It does not touch the network.
func New(p Params) (*Client, error) {
	base, err := parseBase(p.BaseURL)
	if err != nil {
		return nil, err
	}
	roots, err := trusted(p.CAFile)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyFunc(p.Proxy)
	if err != nil {
		return nil, err
	}
	c := &Client{
		base: base, userAgent: p.UserAgent, log: p.Log,
		limits: limits{
			read: readTimeout, write: writeTimeout, stall: stallTimeout, header: headerTimeout,
			json: MaxJSON, retries: maxRetries,
		},
	}
	if c.userAgent == "" || strings.Contains(c.userAgent, "Mozilla") {
		c.userAgent = "Balise"
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.reads = c.httpClient(roots, proxy, true)
	c.writes = c.httpClient(roots, proxy, false)
	c.smallReads, c.smallWrites = c.resty(c.reads), c.resty(c.writes)
	return c, nil
}

// Close lets go of kept connections.
func (c *Client) Close() {
	c.reads.CloseIdleConnections()
	c.writes.CloseIdleConnections()
}

// Base is the address of the API, without a slash at the end.
func (c *Client) Base() string { return c.base.String() }

// URL is the absolute address of path below the base. Path is used as it is: escape what comes from
// outside with url.PathEscape.
func (c *Client) URL(path string, query url.Values) string {
	u := c.base.String() + "/" + strings.TrimLeft(path, "/")
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	return u
}

func (c *Client) httpClient(roots *x509.CertPool, proxy proxyOf, keep bool) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &http.Client{
		Transport: &tracer{log: c.log, next: &http.Transport{
			Proxy:                  proxy,
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    tlsTimeout,
			ResponseHeaderTimeout:  headerTimeout,
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        idleTimeout,
			MaxIdleConns:           4,
			MaxConnsPerHost:        4, // a help client must not be the one that floods the desk
			DisableKeepAlives:      !keep,
			// HTTP/1.1 only: desks speak it, and HTTP/2 repeats requests by itself.
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// resty with nothing of its own: no retries, no log, no jar.
func (c *Client) resty(h *http.Client) *resty.Client {
	return resty.NewWithClient(h).
		SetRetryCount(0).
		SetResponseBodyLimit(int(c.limits.json)).
		SetLogger(silent{})
}

// silent replaces resty's logger, which would print whole addresses.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return nil, fmt.Errorf("desk address: %w", err)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("desk address %q: want http:// or https://", u.Redacted())
	case u.Host == "":
		return nil, fmt.Errorf("desk address %q: no host", u.Redacted())
	case u.User != nil:
		return nil, errors.New("desk address: no user or password in it; sign in instead")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("desk address %q: nothing may follow the path", u.Redacted())
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

func trusted(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil // the system's
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the desk's CA file: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("the desk's CA file %s: no certificate in PEM form", file)
	}
	return roots, nil
}

type proxyOf = func(*http.Request) (*url.URL, error)

func proxyFunc(setting string) (proxyOf, error) {
	switch setting {
	case "direct":
		return nil, nil
	case "":
		// Read now, not once a process as http.ProxyFromEnvironment does.
		of := httpproxy.FromEnvironment().ProxyFunc()
		return func(r *http.Request) (*url.URL, error) { return of(r.URL) }, nil
	}
	u, err := url.Parse(setting)
	if err != nil {
		return nil, errors.New("desk proxy: not an address")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
	default:
		return nil, fmt.Errorf("desk proxy %q: want http://, https:// or socks5://", u.Redacted())
	}
	if u.Host == "" {
		return nil, fmt.Errorf("desk proxy %q: no host", u.Redacted())
	}
	return http.ProxyURL(u), nil
}
