package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Stages of an HTTP request, in order.
const (
	StageName  = "name"
	StageTCP   = "tcp"
	StageProxy = "proxy"
	StageTLS   = "tls"
	StageHTTP  = "http"
)

// HTTPRequest is one GET (or HEAD) with everything that is allowed to happen spelled out.
type HTTPRequest struct {
	URL    string
	Method string // GET when empty
	Roots  *x509.CertPool
	// Proxy replaces the environment's; Direct says that no proxy at all is used.
	Proxy  string
	Direct bool
	// AnyTime accepts a certificate whatever its dates; see AnyTime.
	AnyTime bool
}

// HTTPAnswer is how far the request went and what came back.
type HTTPAnswer struct {
	Stage   string // where it failed; StageHTTP with no Err is an answer
	Status  int
	Header  http.Header
	Body    []byte // the first KiBs
	Err     error
	Connect time.Duration // TCP alone
	Took    time.Duration // all of it
	Sent    time.Time     // when the request had been written
	Got     time.Time     // when the answer's first byte came
	Cert    Certificate
	Proxied bool
}

const (
	bodyLimit   = 4 << 10
	headerLimit = 64 << 10
)

// Fetch makes one request on a connection of its own: a warm one would hide a dead name server. Redirects
// are not followed, cookies not kept, and nothing but the method, the path and a neutral agent is sent.
func Fetch(ctx context.Context, r HTTPRequest) HTTPAnswer {
	j := &journey{stage: StageName}
	start := time.Now()
	resp, err := send(ctx, r, j)
	if err != nil {
		a := j.answer(err)
		a.Took = time.Since(start)
		return a
	}
	defer resp.Body.Close()
	j.reach(StageHTTP)
	a := j.answer(nil)
	a.Status, a.Header = resp.StatusCode, resp.Header
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		a.Cert = describeCert(resp.TLS.PeerCertificates[0])
	}
	// A body that breaks off does not take the answer back: the service was reached.
	a.Body, _ = io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	a.Took = time.Since(start)
	return a
}

func send(ctx context.Context, r HTTPRequest, j *journey) (*http.Response, error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeStart:    func() { j.reach(StageTLS) },
		GotConn:              func(httptrace.GotConnInfo) { j.reach(StageHTTP) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { j.stamp(&j.sent) },
		GotFirstResponseByte: func() { j.stamp(&j.got) },
	})
	req, err := http.NewRequestWithContext(ctx, method, r.URL, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "Balise self-test")
	req.Header.Set("Cache-Control", "no-cache")
	tr := transportFor(r, j)
	client := http.Client{
		Transport:     tr,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client.Do(req)
}

// journey is how far a request went. The transport dials in goroutines of its own, which can outlive the
// request; hence the lock, and the copy that is handed out.
type journey struct {
	mu          sync.Mutex
	stage       string
	connect     time.Duration
	sent, got   time.Time
	proxied     bool
	proxyStatus int
}

func (j *journey) reach(stage string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stage = stage
}

func (j *journey) stamp(t *time.Time) {
	now := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	*t = now
}

func (j *journey) named() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stage = StageTCP
	if j.proxied {
		j.stage = StageProxy
	}
}

func (j *journey) dialled(d Dial) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if d.Err == nil {
		j.connect = d.Took
	} else if j.proxied {
		j.stage = StageProxy // its name counts as the proxy's fault too
	}
}

func (j *journey) answer(err error) HTTPAnswer {
	j.mu.Lock()
	defer j.mu.Unlock()
	return HTTPAnswer{
		Stage: j.stage, Err: err, Connect: j.connect, Sent: j.sent, Got: j.got,
		Proxied: j.proxied, Status: j.proxyStatus,
	}
}

func transportFor(r HTTPRequest, j *journey) *http.Transport {
	tr := &http.Transport{
		DisableKeepAlives: true, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: headerLimit,
		TLSClientConfig: &tls.Config{RootCAs: r.Roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			d := dialHost(ctx, addr, j.named)
			j.dialled(d)
			return d.Conn, d.Err
		},
		OnProxyConnectResponse: func(
			_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response,
		) error {
			if resp.StatusCode/100 != 2 {
				j.mu.Lock()
				j.stage, j.proxyStatus = StageProxy, resp.StatusCode
				j.mu.Unlock()
			}
			return nil
		},
	}
	if r.AnyTime {
		if u, err := url.Parse(r.URL); err == nil {
			tr.TLSClientConfig = AnyTime(u.Hostname(), r.Roots)
		}
	}
	if !r.Direct {
		find := ProxyFor(r.Proxy)
		tr.Proxy = func(req *http.Request) (*url.URL, error) {
			u, err := find(req.URL)
			j.mu.Lock()
			j.proxied = u != nil
			j.mu.Unlock()
			return u, err
		}
	}
	return tr
}

// ProxyFor finds the proxy of a URL: the settings' one, else the environment's. Loopback goes direct.
func ProxyFor(configured string) func(*url.URL) (*url.URL, error) {
	env := httpproxy.FromEnvironment()
	if u, err := ParseProxy(configured); err == nil {
		env = &httpproxy.Config{HTTPProxy: u.String(), HTTPSProxy: u.String(), NoProxy: env.NoProxy}
	}
	return env.ProxyFunc()
}

func isEOF(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		err != nil && strings.HasSuffix(err.Error(), "EOF")
}
