package probe

import (
	"context"
	"net"
	"net/http"
	"net/url"
)

// A computer may have several ways to a service: straight, through the proxy of its environment, through the
// one of its desktop, through the one of our own settings. What is asked here is whether the service can be
// reached, so any way that works will do; whether each proxy works is another self-test's question.

// otherWays are the proxies beside what the environment says.
func otherWays(ctx context.Context, configured string, u *url.URL) []*url.URL {
	usual, err := ProxyFor("")(u)
	if err != nil {
		usual = nil
	}
	var ways []*url.URL
	for _, p := range Proxies(ctx, configured, u) {
		known := usual != nil && usual.Host == p.URL.Host
		if p.URL.Scheme == "http" && !known && !loopbackName(u.Hostname()) {
			ways = append(ways, p.URL)
		}
	}
	return ways
}

func loopbackName(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// FetchAny is Fetch by whichever way answers first. When none does, the usual way's failure is the answer.
func FetchAny(ctx context.Context, r HTTPRequest) HTTPAnswer {
	configured := r.Proxy
	r.Proxy = ""
	u, err := url.Parse(r.URL)
	if err != nil {
		return HTTPAnswer{Stage: StageName, Err: err}
	}
	ways := otherWays(ctx, configured, u)
	if len(ways) == 0 {
		return Fetch(ctx, r)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	usual, others := make(chan HTTPAnswer, 1), make(chan HTTPAnswer, len(ways))
	go func() { usual <- Fetch(ctx, r) }()
	for _, way := range ways {
		other := r
		other.Proxy = way.String()
		go func() { others <- Fetch(ctx, other) }()
	}
	var first HTTPAnswer
	for range len(ways) + 1 {
		select {
		case first = <-usual:
			if first.Err == nil {
				return first
			}
		case a := <-others:
			// A server error may be the proxy's own word for "I cannot reach it either".
			if a.Err == nil && a.Status < http.StatusInternalServerError {
				return a
			}
		}
	}
	return first
}

// ConnectAny opens a connection to a URL's host by whichever way comes up first.
func ConnectAny(ctx context.Context, configured string, u *url.URL, hostport string) (net.Conn, error) {
	ways := otherWays(ctx, configured, u)
	usual, err := ProxyFor("")(u)
	if err != nil {
		usual = nil
	}
	if len(ways) == 0 {
		return connectBy(ctx, usual, hostport)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type opened struct {
		conn  net.Conn
		err   error
		usual bool
	}
	answers := make(chan opened, len(ways)+1)
	for i, way := range append([]*url.URL{usual}, ways...) {
		go func() {
			conn, err := connectBy(ctx, way, hostport)
			answers <- opened{conn, err, i == 0}
		}()
	}
	for left := len(ways); ; left-- {
		a := <-answers
		if a.err == nil {
			go func() {
				for range left {
					if late := <-answers; late.conn != nil {
						_ = late.conn.Close()
					}
				}
			}()
			return a.conn, nil
		}
		if a.usual {
			err = a.err
		}
		if left == 0 {
			return nil, err
		}
	}
}

// connectBy goes straight where way is nil.
func connectBy(ctx context.Context, way *url.URL, hostport string) (net.Conn, error) {
	if way == nil {
		d := DialHost(ctx, hostport)
		return d.Conn, d.Err
	}
	a := TryProxy(ctx, way, hostport)
	if a.Conn == nil && a.Err == nil {
		return nil, &net.OpError{Op: "proxyconnect", Err: net.ErrClosed}
	}
	return a.Conn, a.Err
}
