package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"balise/diagnostics"
)

// Kinds of a failed connection, the same on every system.
const (
	KindRefused     = "refused"     // the peer, or a firewall in its name, said no
	KindTimeout     = "timeout"     // nobody answered
	KindUnreachable = "unreachable" // this machine or a router knows no way
	KindReset       = "reset"       // the peer hung up
	KindDenied      = "denied"      // this machine does not let us
	KindName        = "name"        // the name does not exist
	KindNameTimeout = "name_timeout"
	KindNameFailed  = "name_failed" // the name server answered with an error
	KindTLS         = "tls"
	KindProxy       = "proxy"
	KindOther       = "other"
)

// Kind classifies a network error and gives its short code for technicians.
func Kind(err error) (kind, code string) {
	var dns *net.DNSError
	var errno syscall.Errno
	switch {
	case err == nil:
		return "", ""
	case errors.As(err, &dns):
		return nameKind(dns)
	case errors.Is(err, syscall.ECONNREFUSED):
		return KindRefused, "ECONNREFUSED"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return KindReset, "ECONNRESET"
	case errors.Is(err, syscall.ENETUNREACH):
		return KindUnreachable, "ENETUNREACH"
	case errors.Is(err, syscall.EHOSTUNREACH):
		return KindUnreachable, "EHOSTUNREACH"
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return KindDenied, "EACCES"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, context.Canceled):
		return KindTimeout, "ETIMEDOUT"
	}
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && timeout.Timeout() {
		return KindTimeout, "ETIMEDOUT"
	}
	if errors.As(err, &errno) {
		return KindOther, fmt.Sprintf("errno_%d", int(errno))
	}
	return KindOther, "other"
}

func nameKind(err *net.DNSError) (kind, code string) {
	switch {
	case err.IsNotFound:
		return KindName, "NXDOMAIN"
	case err.IsTimeout:
		return KindNameTimeout, "DNS_TIMEOUT"
	}
	return KindNameFailed, "DNS_FAILED"
}

// Dial is one connection attempt.
type Dial struct {
	Conn net.Conn // nil when it failed
	Err  error
	Took time.Duration
	four bool // to an IPv4 address
}

// DialTCP connects to an address literal. It waits no longer than the run knows to be worth it, and tells the
// run how long the way was.
func DialTCP(ctx context.Context, addr string) Dial {
	start := time.Now()
	done := func(answered, lost bool) {}
	if a, err := netip.ParseAddrPort(addr); err == nil && !a.Addr().Unmap().IsLoopback() {
		ctx, done = diagnostics.Connecting(ctx)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	took := time.Since(start)
	lost, _ := LostSYN(took)
	done(err == nil || errors.Is(err, syscall.ECONNREFUSED), lost && err == nil)
	return Dial{Conn: conn, Err: err, Took: took}
}

// LostSYN tells whether a connection took as long as one or two lost requests: the first is sent again after
// 1 s, the second 2 s later. That is loss, not distance. Over says how much of the time was waiting.
func LostSYN(took time.Duration) (lost bool, over time.Duration) {
	const width = 180 * time.Millisecond
	for _, at := range []time.Duration{time.Second, 3 * time.Second} {
		if took >= at && took < at+width {
			return true, at
		}
	}
	return false, 0
}

// DialHost resolves as the system does and connects to the addresses in turn, with both families side by
// side where there are both.
func DialHost(ctx context.Context, hostport string) Dial { return dialHost(ctx, hostport, func() {}) }

// dialHost calls named once the name is known, so that a silent peer is not taken for a silent name server.
func dialHost(ctx context.Context, hostport string, named func()) Dial {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return Dial{Err: err}
	}
	start := time.Now()
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		named()
		return DialTCP(ctx, hostport)
	}
	addrs, err := LookupHost(ctx, host)
	if err != nil {
		return Dial{Err: err, Took: time.Since(start)}
	}
	named()
	return dialAny(ctx, addrs, port)
}

// headStart is what the first family gets before the second is tried beside it (RFC 8305 proposes 250 ms).
const headStart = 250 * time.Millisecond

func dialAny(ctx context.Context, addrs []netip.Addr, port string) Dial {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	const most = 4
	addrs = addrs[:min(len(addrs), most)]
	answers := make(chan Dial, len(addrs))
	next, open := 0, 0
	launch := func() {
		addr := addrs[next]
		next++
		open++
		go func() {
			d := DialTCP(ctx, net.JoinHostPort(addr.String(), port))
			d.four = addr.Unmap().Is4()
			answers <- d
		}()
	}
	launch()
	var last Dial
	for open > 0 {
		var more <-chan time.Time
		if next < len(addrs) {
			more = time.After(headStart)
		}
		select {
		case d := <-answers:
			open--
			if d.Err == nil {
				cancel()
				go closeRest(answers, open)
				return d
			}
			if telling(d.Err, d.four) >= telling(last.Err, last.four) {
				last = d
			}
			if next < len(addrs) && ctx.Err() == nil {
				launch()
			}
		case <-more:
			launch()
		}
	}
	return last
}

// telling is how much a failed address says of a peer that has several, whatever the order in which they end. A
// refusal says that somebody is there; by IPv6 it may only say that the program does not listen there, which is
// no reason why IPv4 is silent. That this computer has no way of its own to one of the families says nothing.
func telling(err error, four bool) int {
	switch {
	case err == nil, errors.Is(err, syscall.ENETUNREACH):
		return 0
	case four && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)):
		return 2
	}
	return 1
}

// closeRest closes connections that lost the race.
func closeRest(answers <-chan Dial, n int) {
	for range n {
		if d := <-answers; d.Conn != nil {
			_ = d.Conn.Close()
		}
	}
}
