package stage

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

func (w *World) serveHTTP(addr string, h http.Handler, conf *tls.Config) ([]io.Closer, error) {
	ln, err := w.lab.Listen(addr)
	if err != nil {
		return nil, err
	}
	srv := &http.Server{
		Handler: h, TLSConfig: conf, ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
	}
	if conf != nil {
		go func() { _ = srv.ServeTLS(ln, "", "") }()
	} else {
		go func() { _ = srv.Serve(ln) }()
	}
	return []io.Closer{ln}, nil
}

// accept listens at addresses and gives every connection to serve, which must close it.
func (w *World) accept(conf *tls.Config, serve func(net.Conn), addrs ...string) ([]io.Closer, error) {
	var open []io.Closer
	for _, addr := range addrs {
		ln, err := w.lab.Listen(addr)
		if err != nil {
			return open, err
		}
		if conf != nil {
			ln = tls.NewListener(ln, conf)
		}
		open = append(open, ln)
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				go serve(c)
			}
		}()
	}
	return open, nil
}

// hangUp is enough to prove a way out.
func hangUp(c net.Conn) { _ = c.Close() }

func (w *World) portal(rw http.ResponseWriter, _ *http.Request) {
	w.count("portal")
	rw.Header().Set("Date", w.now().UTC().Format(http.TimeFormat))
	w.mu.Lock()
	mode := w.Portal
	w.mu.Unlock()
	switch mode {
	case "redirect":
		rw.Header().Set("Location", "http://login.hotel.test/welcome")
		rw.WriteHeader(http.StatusFound)
	case "replaced":
		_, _ = io.WriteString(rw, "<html><title>Welcome to our hotel</title></html>")
	default:
		rw.WriteHeader(http.StatusNoContent)
	}
}

func (w *World) page(rw http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	w.count(host)
	rw.Header().Set("Date", w.now().UTC().Format(http.TimeFormat))
	w.mu.Lock()
	status, answer := http.StatusOK, w.Answers[host]
	if host == ServiceHost {
		status = w.Status
	}
	w.mu.Unlock()
	if answer.Status != 0 {
		status = answer.Status
	}
	if !pause(r, answer.Delay) {
		return
	}
	const body = "<html><title>All is well</title></html>"
	if answer.Drip > 0 {
		drip(rw, r, body, answer.Drip)
		return
	}
	rw.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(rw, body)
	}
}

// pause tells whether the other side is still there afterwards.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// drip answers one byte at a time, the header too: a connection that is open and of no use.
func drip(rw http.ResponseWriter, r *http.Request, body string, each time.Duration) {
	c, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		rw.WriteHeader(http.StatusOK) // HTTP/2: the header comes at once, the body drips
		for _, b := range []byte(body) {
			if _, err := rw.Write([]byte{b}); err != nil || !pause(r, each) {
				return
			}
			_ = http.NewResponseController(rw).Flush()
		}
		return
	}
	defer c.Close()
	for _, b := range []byte("HTTP/1.1 200 OK\r\nServer: lab\r\nConnection: close\r\n\r\n" + body) {
		if _, err := c.Write([]byte{b}); err != nil {
			return
		}
		time.Sleep(each)
	}
}

func (w *World) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	const day = 24 * time.Hour
	from, to := now.Add(-30*day), now.Add(90*day)
	if w.Shift != 0 {
		// As narrow as a short-lived certificate, so that a clock that is off by weeks misses it.
		from, to = now.Add(-10*day), now.Add(20*day)
	}
	host, by := strings.ToLower(hello.ServerName), w.ca
	if host == "" {
		host = ServiceHost
	}
	mode := w.Certs[host]
	w.asked["tls "+host]++
	switch {
	case w.Expired || mode == "expired":
		to = now.Add(-3 * day)
	case w.NotYet || mode == "not_yet":
		from = now.Add(3 * day)
	case w.Stranger || mode == "stranger":
		by = w.strange
	case w.WrongName || mode == "name":
		host = "other.lab.test"
	case mode == "ending":
		to = now.Add(5 * day)
	}
	return by.issue(host, from, to)
}

// tls is how the world's servers prove who they are.
func (w *World) tls() *tls.Config { return &tls.Config{GetCertificate: w.certificate} }
