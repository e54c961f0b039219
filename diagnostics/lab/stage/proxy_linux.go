package stage

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// ServeProxy starts an HTTP proxy at ProxyIP:3128 that tunnels to the world's servers, from outside.
func (w *World) ServeProxy() error {
	w.add("proxy", func() ([]io.Closer, error) {
		return w.serveHTTP(ProxyIP+":3128", http.HandlerFunc(w.tunnel), nil)
	})
	return w.Start("proxy")
}

func (w *World) tunnel(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		rw.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.count("proxy")
	host, port, err := net.SplitHostPort(r.Host)
	if a := address(host); a != "" {
		host = a
	}
	if err != nil || net.ParseIP(host) == nil {
		rw.WriteHeader(http.StatusBadGateway)
		return
	}
	var up net.Conn
	err = within(w.lab.outside, func() error {
		// One literal address and no fallback: the dial stays on this thread.
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		var err error
		up, err = (&net.Dialer{}).DialContext(ctx, "tcp4", net.JoinHostPort(host, port))
		return err
	})
	if err != nil {
		rw.WriteHeader(http.StatusBadGateway)
		return
	}
	defer up.Close()
	rw.WriteHeader(http.StatusOK)
	down, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	go func() { _, _ = io.Copy(up, buffered) }()
	_, _ = io.Copy(down, up)
}
