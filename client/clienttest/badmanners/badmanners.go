// Package badmanners is a proxy that stands between a driver and a real desk and misbehaves on request: it
// cuts, resets, delays, drips, truncates, and answers in the desk's place as portals, gateways and broken
// servers do. Tests that use it see what users in hotels see.
package badmanners

import (
	"net/http"
	"time"
)

// Manner is one way to misbehave.
type Manner string

// The manners. The "Stored" ones let the desk do its work first, so that it holds what the client believes
// lost.
const (
	Polite              Manner = ""                     // pass everything on
	RefuseConnection    Manner = "refuse"               // nothing listens
	CutBeforeRequest    Manner = "cut-before-request"   // accept, then close before reading a byte
	CutDuringRequest    Manner = "cut-during-request"   // read half of the request, then reset
	CutAfterRequest     Manner = "cut-after-request"    // read all of it, pass nothing on, close
	StoredThenReset     Manner = "stored-then-reset"    // pass it on, reset instead of answering
	StoredThenSilence   Manner = "stored-then-silence"  // pass it on, never answer
	StoredThenCutHeader Manner = "stored-then-cut-head" // close in the middle of the answer's head
	StoredThenCutBody   Manner = "stored-then-cut-body" // close in the middle of the answer's body
	StoredThen502       Manner = "stored-then-502"      // pass it on, answer 502
	StoredThenHTML      Manner = "stored-then-html"     // pass it on, answer 200 and a login page
	StoredThenGarbage   Manner = "stored-then-garbage"  // pass it on, answer 200 and broken JSON
	Silence             Manner = "silence"              // read, pass nothing on, never answer
	Delay               Manner = "delay"                // wait Fault.Wait, then pass on
	Drip                Manner = "drip"                 // answer one byte every Fault.Wait
	Throttle            Manner = "throttle"             // 429, with Retry-After if Fault.Wait is set
	ThrottleDate        Manner = "throttle-date"        // 429, Retry-After as a date
	Unavailable         Manner = "unavailable"          // 503, with Retry-After if Fault.Wait is set
	ServerError         Manner = "server-error"         // 500, nothing stored
	Unauthorized        Manner = "unauthorized"         // 401
	Forbidden           Manner = "forbidden"            // 403
	LoginPage           Manner = "login-page"           // 200 and HTML, nothing stored
	Redirect            Manner = "redirect"             // 302 to a login page
	HugeAnswer          Manner = "huge-answer"          // 200 and 100 MB of JSON, nothing stored
	StoredThenHuge      Manner = "stored-then-huge"     // pass it on, answer 200 and 100 MB
)

// All lists the manners that a proxy can show, for tests that go through them.
func All() []Manner { return nil }

// Stores says whether a writing request under this manner reaches the desk.
func (m Manner) Stores() bool { return false }

// Fault is one planned misbehaviour.
type Fault struct {
	Manner Manner
	Wait   time.Duration
	// Match chooses the requests; nil is every one.
	Match func(*http.Request) bool
	// Times is how many matching requests suffer; 0 is all of them.
	Times int
}

// Posts matches requests that change something.
func Posts(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

// Proxy stands before a desk. URL is its own address.
type Proxy struct{ URL string }

// New starts a proxy on a loopback port before the desk at target (scheme and host); Close ends it.
func New(target string) (*Proxy, error) { return &Proxy{URL: target}, nil }

// Set replaces the planned faults; none makes the proxy polite.
func (p *Proxy) Set(faults ...Fault) {}

// Hits counts the requests that suffered a fault since the last Set.
func (p *Proxy) Hits() int { return 0 }

// Seen lists "METHOD path" of all requests since the last Set.
func (p *Proxy) Seen() []string { return nil }

// Close ends the proxy and every connection through it.
func (p *Proxy) Close() {}
