package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Bind is the answer to a STUN binding request.
type Bind struct {
	Err  error
	Took time.Duration
	four bool // by an IPv4 address
}

// STUN asks a server by UDP which address it sees us from (RFC 5389), three times if it stays silent. What it
// answers is not read further: that it answers is the point. A server with addresses of both families is asked
// at both, as programs for calls do.
func STUN(ctx context.Context, hostport string) Bind {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return Bind{Err: err}
	}
	addrs := []netip.Addr{}
	if literal, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, literal)
	} else if addrs, err = LookupHost(ctx, host); err != nil {
		return Bind{Err: err}
	}
	return stunAny(ctx, onePerFamily(addrs), port)
}

// onePerFamily keeps the order.
func onePerFamily(addrs []netip.Addr) []netip.Addr {
	var list []netip.Addr
	for _, a := range addrs {
		if !slices.ContainsFunc(list, func(b netip.Addr) bool { return a.Unmap().Is4() == b.Unmap().Is4() }) {
			list = append(list, a)
		}
	}
	return list
}

// stunAny asks all side by side. The first answer counts; without one, somebody who says no before silence.
func stunAny(ctx context.Context, addrs []netip.Addr, port string) Bind {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan Bind, len(addrs))
	for _, a := range addrs {
		go func() {
			b := stun(ctx, net.JoinHostPort(a.String(), port))
			b.four = a.Unmap().Is4()
			answers <- b
		}()
	}
	var last Bind
	for range addrs {
		b := <-answers
		if b.Err == nil {
			return b
		}
		if telling(b.Err, b.four) >= telling(last.Err, last.four) {
			last = b
		}
	}
	if last.Err == nil {
		last.Err = errNoAddress
	}
	return last
}

var errNoAddress = errors.New("the name has no address")

func stun(ctx context.Context, addr string) Bind {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", addr)
	if err != nil {
		return Bind{Err: err}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	q := bindingRequest()
	start := time.Now()
	if _, err := conn.Write(q); err != nil {
		return Bind{Err: err}
	}
	for _, again := range []time.Duration{300 * time.Millisecond, 900 * time.Millisecond} {
		t := time.AfterFunc(again, func() { _, _ = conn.Write(q) })
		defer t.Stop()
	}
	const size = 1500
	buf := make([]byte, size)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return Bind{Err: err, Took: time.Since(start)}
		}
		if isBindingAnswer(buf[:n], q) {
			return Bind{Took: time.Since(start)}
		}
	}
}

const (
	stunHead   = 20
	stunCookie = 0x2112A442
)

func bindingRequest() []byte {
	q := make([]byte, stunHead)
	binary.BigEndian.PutUint16(q, 1) // binding request, no attributes
	binary.BigEndian.PutUint32(q[4:], stunCookie)
	_, _ = rand.Read(q[8:])
	return q
}

// isBindingAnswer accepts a success or an error answer to our own question: either came back by UDP.
func isBindingAnswer(p, q []byte) bool {
	const success, refusal = 0x0101, 0x0111
	if len(p) < stunHead || !bytes.Equal(p[4:stunHead], q[4:stunHead]) {
		return false
	}
	kind := binary.BigEndian.Uint16(p)
	return kind == success || kind == refusal
}
