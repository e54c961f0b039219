package stage

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Names of the world and where they lead.
const (
	PortalHost  = "portal.lab.test"
	ServiceHost = "erp.lab.test"
	ClockHost   = "clock.lab.test"
	ProxyHost   = "proxy.lab.test"
	PrinterHost = "printer.lab.test"
	WikiHost    = "wiki.corp.lab.test"
	MailHost    = "mail.lab.test"
	FilesHost   = "files.lab.test"
	CallsHost   = "calls.lab.test"
	LoadHost    = "load.lab.test"
)

// World is everything beyond the router: name servers, a portal test page, way-out targets, services over
// TLS, mail, files, calls. Its fields may be changed while it serves, under Set.
type World struct {
	lab *Lab
	mu  sync.Mutex
	// DNS is how the name servers behave: "ok", "servfail", "refused", "nxdomain", "garbage"; a server that
	// is in Dead does not answer at all.
	DNS  string
	Dead map[string]bool
	// TCPOnly makes the name servers deaf on UDP.
	TCPOnly bool
	// Late delays every answer of the name servers.
	Late time.Duration
	// Missing are host names that do not exist, Wildcard is the address of every name that does not exist,
	// and of every name at all if Forge is set.
	Missing  map[string]bool
	Wildcard string
	Forge    bool
	// IPv6 gives the world's names addresses of the sixth version.
	IPv6 bool
	// Portal is "ok", "redirect" or "replaced".
	Portal string
	// Status is what the first service answers.
	Status int
	// Answers is how a host answers otherwise, by name.
	Answers map[string]Answer
	// Shift moves the world's time.
	Shift time.Duration
	// Expired, NotYet, Stranger and WrongName make every certificate bad; the dates count from the world's
	// time. Certs does it for one host: "expired", "not_yet", "stranger", "name" or "ending".
	Expired, NotYet, Stranger, WrongName bool
	Certs                                map[string]string

	// CAFile vouches for the services' certificates, unless they are a stranger's.
	CAFile      string
	ca, strange *authority
	servers     map[string]*server
	asked       map[string]int // what came in, by what answered: the stage's own evidence
}

// Answer is a service that answers, but badly.
type Answer struct {
	Status int
	// Delay comes before the first byte; Drip between each two.
	Delay, Drip time.Duration
}

// server is one of the world's; it can be stopped and started again.
type server struct {
	start func() ([]io.Closer, error)
	open  []io.Closer
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
	w := &World{
		lab: l, DNS: "ok", Portal: "ok", Status: http.StatusOK, Dead: map[string]bool{}, Missing: map[string]bool{},
		Answers: map[string]Answer{}, Certs: map[string]string{},
		servers: map[string]*server{}, asked: map[string]int{},
	}
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
func (w *World) StopService() error { return w.Stop("erp") }

// StopDNS closes the name servers' sockets: questions are then refused by the host, not ignored.
func (w *World) StopDNS() { _ = errors.Join(w.Stop("dns1"), w.Stop("dns2")) }

// Stop closes a server's sockets; Start opens them again.
func (w *World) Stop(name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.servers[name]
	if s == nil {
		return fmt.Errorf("no server %q in the world", name)
	}
	var errs []error
	for _, c := range s.open {
		errs = append(errs, c.Close())
	}
	s.open = nil
	return errors.Join(errs...)
}

// Start undoes Stop.
func (w *World) Start(name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.servers[name]
	if s == nil {
		return fmt.Errorf("no server %q in the world", name)
	}
	if s.open != nil {
		return nil
	}
	open, err := s.start()
	s.open = open
	return err
}

// Close stops all servers.
func (w *World) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.servers {
		for _, c := range s.open {
			_ = c.Close()
		}
		s.open = nil
	}
}

// Asked is how often a server was asked; names as in Stop.
func (w *World) Asked(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[name]
}

func (w *World) count(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[name]++
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
	conf := w.tls()
	w.add("dns1", w.dnsServer(DNS1))
	w.add("dns2", w.dnsServer(DNS2))
	w.add("exits", func() ([]io.Closer, error) { return w.accept(nil, hangUp, w.Egress()...) })
	w.add("clock", func() ([]io.Closer, error) {
		udp, err1 := w.serveTime(ClockIP + ":123")
		tcp, err2 := w.serveHTTP(ClockIP+":80", http.HandlerFunc(w.page), nil)
		return append(udp, tcp...), errors.Join(err1, err2)
	})
	w.add("portal", func() ([]io.Closer, error) {
		return w.serveHTTP(PortalIP+":80",
			http.HandlerFunc(w.portal), nil)
	})
	w.add("erp", func() ([]io.Closer, error) {
		return w.serveHTTP(ServiceIP+":443", http.HandlerFunc(w.page),
			conf)
	})
	var errs []error
	for name := range w.servers {
		errs = append(errs, w.Start(name))
	}
	return errors.Join(errs...)
}

func (w *World) add(name string, start func() ([]io.Closer, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.servers[name] = &server{start: start}
}

func (w *World) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.Shift)
}
