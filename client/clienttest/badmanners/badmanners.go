// Package badmanners is a proxy that stands between a driver and a real desk and misbehaves on request: it
// cuts, resets, delays, drips, truncates, and answers in the desk's place as portals, gateways and broken
// servers do. Tests that use it see what users in hotels see.
package badmanners

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Manner is one way to misbehave.
type Manner string

// The manners. The "Stored" ones let the desk do its work first, so that it holds what the client believes
// lost.
const (
	Polite Manner = "" // pass everything on

	// These two act on the connection, before there is a request: Fault.Match is not asked, and
	// RefuseConnection goes on until the next Set.
	RefuseConnection Manner = "refuse"             // nothing listens
	CutBeforeRequest Manner = "cut-before-request" // accept, then reset before reading a byte

	CutDuringRequest    Manner = "cut-during-request"   // read half of the request, then reset
	CutAfterRequest     Manner = "cut-after-request"    // read all of it, pass nothing on, close
	StoredThenReset     Manner = "stored-then-reset"    // pass it on, reset instead of answering
	StoredThenSilence   Manner = "stored-then-silence"  // pass it on, never answer
	StoredThenCutHeader Manner = "stored-then-cut-head" // close in the middle of the answer's head
	StoredThenCutBody   Manner = "stored-then-cut-body" // close in the middle of the answer's body
	StoredThen502       Manner = "stored-then-502"      // pass it on, answer 502
	StoredThenHTML      Manner = "stored-then-html"     // pass it on, answer 200 and a login page
	StoredThenGarbage   Manner = "stored-then-garbage"  // pass it on, answer 200 and broken JSON
	StoredThenHuge      Manner = "stored-then-huge"     // pass it on, answer 200 and 100 MB
	Silence             Manner = "silence"              // read, pass nothing on, never answer
	Delay               Manner = "delay"                // wait Fault.Wait, then pass on
	Drip                Manner = "drip"                 // pass it on, answer one byte every Fault.Wait
	Throttle            Manner = "throttle"             // 429, with Retry-After if Fault.Wait is set
	ThrottleDate        Manner = "throttle-date"        // 429, Retry-After as a date
	Unavailable         Manner = "unavailable"          // 503, with Retry-After if Fault.Wait is set
	ServerError         Manner = "server-error"         // 500, nothing stored
	Unauthorized        Manner = "unauthorized"         // 401
	Forbidden           Manner = "forbidden"            // 403
	LoginPage           Manner = "login-page"           // 200 and HTML, nothing stored
	Redirect            Manner = "redirect"             // 302 to a login page
	HugeAnswer          Manner = "huge-answer"          // 200 and 100 MB of JSON, nothing stored
)

// All lists the manners, for tests that go through them.
func All() []Manner {
	return []Manner{
		Polite, RefuseConnection, CutBeforeRequest, CutDuringRequest, CutAfterRequest, StoredThenReset,
		StoredThenSilence, StoredThenCutHeader, StoredThenCutBody, StoredThen502, StoredThenHTML,
		StoredThenGarbage, StoredThenHuge, Silence, Delay, Drip, Throttle, ThrottleDate, Unavailable,
		ServerError, Unauthorized, Forbidden, LoginPage, Redirect, HugeAnswer,
	}
}

// Stores says whether a writing request under this manner reaches the desk.
func (m Manner) Stores() bool {
	switch m {
	case Polite, Delay, Drip, StoredThenReset, StoredThenSilence, StoredThenCutHeader, StoredThenCutBody,
		StoredThen502, StoredThenHTML, StoredThenGarbage, StoredThenHuge:
		return true
	}
	return false
}

// Fault is one planned misbehaviour.
type Fault struct {
	Manner Manner
	Wait   time.Duration
	// Match chooses the requests; nil is every one. It is called when the head of a request was read, so
	// a test may use it as a signal too.
	Match func(*http.Request) bool
	// Times is how many matching requests suffer; 0 is all of them.
	Times int
}

// Posts matches requests that change something.
func Posts(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

// Gets matches reading requests.
func Gets(r *http.Request) bool { return !Posts(r) }

// Proxy stands before a desk. URL is its own address.
type Proxy struct {
	URL string

	target *url.URL
	addr   string
	out    *http.Transport
	closed chan struct{}
	busy   sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	faults   []Fault
	used     []int
	hits     int
	seen     []string
}

// New starts a proxy on a loopback port before the desk at target (scheme and host); Close ends it.
func New(target string) (*Proxy, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("proxy for %q: want scheme and host", target)
	}
	p := &Proxy{
		target: u, addr: "127.0.0.1:0", closed: make(chan struct{}), conns: map[net.Conn]bool{},
		out: &http.Transport{DisableCompression: true, DisableKeepAlives: true},
	}
	if err := p.listen(); err != nil {
		return nil, err
	}
	p.addr = p.listener.Addr().String()
	p.URL = "http://" + p.addr + u.Path
	return p, nil
}

// Set replaces the planned faults; none makes the proxy polite. The first that matches a request is shown.
func (p *Proxy) Set(faults ...Fault) {
	p.mu.Lock()
	p.faults, p.used, p.hits, p.seen = faults, make([]int, len(faults)), 0, nil
	refuse := false
	for _, f := range faults {
		refuse = refuse || f.Manner == RefuseConnection
	}
	l := p.listener
	if refuse {
		p.listener = nil
	}
	p.mu.Unlock()
	switch {
	case refuse && l != nil:
		l.Close()
	case !refuse && l == nil:
		if err := p.listen(); err != nil {
			panic(err) // the port is ours; a test cannot go on without it
		}
	}
}

// Hits counts the requests that suffered a fault since the last Set.
func (p *Proxy) Hits() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hits
}

// Seen lists "METHOD path" of all requests since the last Set.
func (p *Proxy) Seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

// Close ends the proxy and every connection through it.
func (p *Proxy) Close() {
	p.mu.Lock()
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	for c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.busy.Wait()
	p.out.CloseIdleConnections()
}

func (p *Proxy) listen() error {
	l, err := net.Listen("tcp", p.addr)
	for try := 0; err != nil && try < 20; try++ { // the port may linger for a moment
		time.Sleep(50 * time.Millisecond)
		l, err = net.Listen("tcp", p.addr)
	}
	if err != nil {
		return fmt.Errorf("listen for the proxy: %w", err)
	}
	p.mu.Lock()
	p.listener = l
	p.mu.Unlock()
	p.busy.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.busy.Go(func() { p.serve(conn) })
		}
	})
	return nil
}

// serve handles one request; connections are not kept.
func (p *Proxy) serve(conn net.Conn) {
	if !p.track(conn) {
		return
	}
	defer p.untrack(conn)
	if _, cut := p.pick(nil); cut {
		p.wait(20 * time.Millisecond) // let the other side see its connection made first
		reset(conn)
		return
	}
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	p.mu.Lock()
	p.seen = append(p.seen, req.Method+" "+req.URL.Path)
	p.mu.Unlock()
	fault, _ := p.pick(req)
	(&exchange{proxy: p, conn: conn, req: req, fault: fault}).misbehave()
}

// pick chooses the fault for a request, or for a fresh connection if req is nil.
func (p *Proxy) pick(req *http.Request) (Fault, bool) {
	p.mu.Lock()
	faults := p.faults
	p.mu.Unlock()
	for i, f := range faults {
		if (req == nil) != (f.Manner == CutBeforeRequest) {
			continue
		}
		if req != nil && f.Match != nil && !f.Match(req) {
			continue
		}
		if p.use(faults, i) {
			return f, true
		}
	}
	return Fault{}, false
}

// use counts fault i as shown unless it was shown often enough or the plan has changed meanwhile.
func (p *Proxy) use(faults []Fault, i int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faults) != len(faults) || i >= len(p.used) {
		return false
	}
	if t := faults[i].Times; t > 0 && p.used[i] >= t {
		return false
	}
	p.used[i]++
	if faults[i].Manner != Polite {
		p.hits++
	}
	return true
}

func (p *Proxy) track(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
		conn.Close()
		return false
	default:
	}
	p.conns[conn] = true
	return true
}

func (p *Proxy) untrack(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
	conn.Close()
}

// wait is false when the proxy was closed meanwhile.
func (p *Proxy) wait(d time.Duration) bool {
	select {
	case <-p.closed:
		return false
	case <-time.After(d):
		return true
	}
}

// forward sends the request to the desk.
func (p *Proxy) forward(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host, out.Host = p.target.Scheme, p.target.Host, p.target.Host
	resp, err := p.out.RoundTrip(out)
	if err != nil {
		return nil, errors.Join(errors.New("forward to the desk"), err)
	}
	return resp, nil
}
