package stage

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Names of the world and where they lead.
const (
	PortalHost  = "portal.lab.test"
	ServiceHost = "erp.lab.test"
	ClockHost   = "clock.lab.test"
)

// World is everything beyond the router: name servers, a portal test page, way-out targets, one service over
// TLS. Its fields may be changed while it serves, under Set.
type World struct {
	lab *Lab
	mu  sync.Mutex
	// DNS is how the name servers behave: "ok", "servfail", "refused", "nxdomain"; a server that is in Dead
	// does not answer at all.
	DNS  string
	Dead map[string]bool
	// TCPOnly makes the name servers deaf on UDP.
	TCPOnly bool
	// Portal is "ok", "redirect" or "replaced".
	Portal string
	// Status is what the service answers.
	Status int
	// Shift moves the world's time.
	Shift time.Duration
	// Expired, NotYet and Stranger make the service's certificate bad; the dates count from the world's time.
	Expired, NotYet, Stranger, WrongName bool

	// CAFile vouches for the service's certificate, unless it is a stranger's.
	CAFile      string
	ca, strange *authority
	service     net.Listener
	closers     []io.Closer
	names       []io.Closer // the name servers' sockets
}

// NewWorld starts the world's servers for a test.
func NewWorld(t testing.TB, l *Lab) *World {
	t.Helper()
	w, err := StartWorld(l, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// StartWorld is NewWorld for programs: dir takes the certificates, and the caller closes the world.
func StartWorld(l *Lab, dir string) (*World, error) {
	w := &World{lab: l, DNS: "ok", Portal: "ok", Status: http.StatusOK, Dead: map[string]bool{}}
	if err := w.start(dir); err != nil {
		w.Close()
		return nil, fmt.Errorf("start the lab's world: %w", err)
	}
	return w, nil
}

// Set changes the world's behaviour.
func (w *World) Set(f func(*World)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

// PortalURL, ServiceURL and Egress are what the settings would name.
func (w *World) PortalURL() string { return "http://" + PortalHost + "/generate_204" }

// ServiceURL is the one service.
func (w *World) ServiceURL() string { return "https://" + ServiceHost + "/" }

// ClockURL is a page whose Date header is worth reading.
func (w *World) ClockURL() string { return "http://" + ClockHost + "/" }

// Egress are the way-out targets.
func (w *World) Egress() []string { return []string{Exit1 + ":443", Exit2 + ":443"} }

// StopService closes the service's socket: connections are then refused.
func (w *World) StopService() error { return w.service.Close() }

// StopDNS closes the name servers' sockets: questions are then refused by the host, not ignored.
func (w *World) StopDNS() {
	for _, c := range w.names {
		_ = c.Close()
	}
}

// Close stops all servers.
func (w *World) Close() {
	for _, c := range w.closers {
		_ = c.Close()
	}
}

func (w *World) start(dir string) error {
	var err error
	if w.ca, err = newAuthority("Lab CA"); err != nil {
		return err
	}
	if w.strange, err = newAuthority("Somebody"); err != nil {
		return err
	}
	w.CAFile = filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(w.CAFile, w.ca.pem, 0o644); err != nil {
		return err
	}
	for _, addr := range []string{DNS1, DNS2} {
		if err := w.serveDNS(addr); err != nil {
			return err
		}
	}
	for _, addr := range w.Egress() {
		if err := w.serveNothing(addr); err != nil {
			return err
		}
	}
	if err := w.serveTime(ClockIP + ":123"); err != nil {
		return err
	}
	_, err1 := w.serveHTTP(PortalIP+":80", http.HandlerFunc(w.portal), nil)
	_, err2 := w.serveHTTP(ClockIP+":80", http.HandlerFunc(w.page), nil)
	conf := &tls.Config{GetCertificate: w.certificate}
	w.service, err = w.serveHTTP(ServiceIP+":443", http.HandlerFunc(w.page), conf)
	return errors.Join(err, err1, err2)
}

func (w *World) serveHTTP(addr string, h http.Handler, conf *tls.Config) (net.Listener, error) {
	ln, err := w.lab.Listen(addr)
	if err != nil {
		return nil, err
	}
	w.closers = append(w.closers, ln)
	srv := &http.Server{
		Handler: h, TLSConfig: conf, ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
	}
	if conf != nil {
		go func() { _ = srv.ServeTLS(ln, "", "") }()
	} else {
		go func() { _ = srv.Serve(ln) }()
	}
	return ln, nil
}

// serveNothing accepts and hangs up: enough to prove a way out.
func (w *World) serveNothing(addr string) error {
	ln, err := w.lab.Listen(addr)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, ln)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	return nil
}

func (w *World) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.Shift)
}

func (w *World) portal(rw http.ResponseWriter, _ *http.Request) {
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

func (w *World) page(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Date", w.now().UTC().Format(http.TimeFormat))
	w.mu.Lock()
	status := w.Status
	w.mu.Unlock()
	rw.WriteHeader(status)
}

func (w *World) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	const day = 24 * time.Hour
	from, to := now.Add(-30*day), now.Add(90*day)
	if w.Shift != 0 {
		// As narrow as a short-lived certificate, so that a clock that is off by weeks misses it.
		from, to = now.Add(-10*day), now.Add(20*day)
	}
	host, by := ServiceHost, w.ca
	switch {
	case w.Expired:
		to = now.Add(-3 * day)
	case w.NotYet:
		from = now.Add(3 * day)
	case w.Stranger:
		by = w.strange
	case w.WrongName:
		host = "other.lab.test"
	}
	return by.issue(host, from, to)
}

var zone = map[string]string{
	PortalHost + ".": PortalIP, ServiceHost + ".": ServiceIP, ClockHost + ".": ClockIP,
	"proxy.lab.test.": ProxyIP,
}

func (w *World) serveDNS(addr string) error {
	pc, err := w.lab.ListenPacket(addr + ":53")
	if err != nil {
		return err
	}
	ln, err := w.lab.Listen(addr + ":53")
	if err != nil {
		_ = pc.Close()
		return err
	}
	w.names = append(w.names, pc, ln)
	w.closers = append(w.closers, pc, ln)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := w.resolve(addr, buf[:n]); answer != nil && !w.deafOnUDP() {
				_, _ = pc.WriteTo(answer, from)
			}
		}
	}()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go w.dnsOverTCP(addr, c)
		}
	}()
	return nil
}

func (w *World) deafOnUDP() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.TCPOnly
}

func (w *World) dnsOverTCP(addr string, c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	query := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, query); err != nil {
		return
	}
	if answer := w.resolve(addr, query); answer != nil {
		_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
		return
	}
	_, _ = io.Copy(io.Discard, c) // silent, but connected
}

// resolve answers one question; nil is silence.
func (w *World) resolve(server string, query []byte) []byte {
	w.mu.Lock()
	mode, dead := w.DNS, w.Dead[server]
	w.mu.Unlock()
	var p dnsmessage.Parser
	head, err := p.Start(query)
	if err != nil || dead {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	m := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: head.ID, Response: true, RecursionDesired: true, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{q},
	}
	target, known := zone[q.Name.String()]
	switch {
	case mode == "servfail":
		m.RCode = dnsmessage.RCodeServerFailure
	case mode == "refused":
		m.RCode = dnsmessage.RCodeRefused
	case mode == "nxdomain" || !known:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(target).To4())},
		}}
	}
	answer, err := m.Pack()
	if err != nil {
		return nil
	}
	return answer
}
