package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"net"
	"time"
)

// Bind is the answer to a STUN binding request.
type Bind struct {
	Err  error
	Took time.Duration
}

// STUN asks a server by UDP which address it sees us from (RFC 5389), three times if it stays silent. What it
// answers is not read further: that it answers is the point.
func STUN(ctx context.Context, hostport string) Bind {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return Bind{Err: err}
	}
	addr, err := lookupOrLiteral(ctx, host)
	if err != nil {
		return Bind{Err: err}
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", net.JoinHostPort(addr, port))
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
