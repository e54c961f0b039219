package stage

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// ServeProxy starts an HTTP proxy at ProxyIP:3128 that tunnels to the service, from outside.
func (w *World) ServeProxy() error {
	_, err := w.serveHTTP(ProxyIP+":3128", http.HandlerFunc(w.tunnel), nil)
	return err
}

func (w *World) tunnel(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		rw.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	var up net.Conn
	err := within(w.lab.outside, func() error {
		// One literal address and no fallback: the dial stays on this thread.
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		var err error
		up, err = (&net.Dialer{}).DialContext(ctx, "tcp4", ServiceIP+":443")
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
