package probe

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"
)

// Packets is what became of a greeting that fills several packets of full size.
type Packets struct {
	Err     error // no connection, or the system does not tell what became of the packets
	Written int
	Acked   int // bytes confirmed
	MSS     int
	Retrans int
	// Answered: the peer said something. Gap: packets of its answer came, but the first ones did not.
	Answered bool
	Gap      bool
	// SmallAcked says that a greeting of one small packet was confirmed on a connection of its own; asked only
	// where the large one was not.
	SmallAcked bool
}

// ErrNoTCPState says that the system does not tell what became of the packets of a connection.
var ErrNoTCPState = errors.New("the system does not tell what became of packets")

// SendLarge greets a TLS server with a valid hello, padded as RFC 7685 foresees, that fills several packets,
// and watches whether any of them is confirmed. Nothing else is sent; the connection is then closed.
func SendLarge(ctx context.Context, conn net.Conn, host string, size int, patience time.Duration) Packets {
	defer conn.Close()
	p := Packets{}
	hello, err := paddedHello(host, size)
	if err != nil {
		p.Err = err
		return p
	}
	before, ok := tcpState(conn)
	if !ok {
		p.Err = ErrNoTCPState
		return p
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if p.Written, err = conn.Write(hello); err != nil {
		p.Err = err
		return p
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		var b [1]byte
		_, err := io.ReadFull(conn, b[:])
		p.Answered = err == nil || isEOF(err) || errors.Is(err, io.EOF)
		if kind, _ := Kind(err); kind == KindReset {
			p.Answered = true
		}
	}()
	now := watchPackets(ctx, conn, before, answered, patience)
	_ = conn.SetReadDeadline(time.Unix(1, 0))
	<-answered
	p.MSS, p.Retrans, p.Gap = now.MSS, now.Retrans-before.Retrans, !p.Answered && now.OutOfOrder > 0
	if now.Acked > before.Acked {
		p.Acked = int(now.Acked - before.Acked)
	}
	if p.Answered {
		p.Acked = max(p.Acked, 1)
	}
	return p
}

// replyWait is how long an answer is waited for once the greeting itself was confirmed.
const replyWait = 350 * time.Millisecond

// watchPackets looks until the peer answers, or nothing was confirmed for patience, or what was confirmed
// brought no answer for replyWait; packets behind a gap are given the full patience to be filled.
func watchPackets(
	ctx context.Context, conn net.Conn, before TCPState, answered <-chan struct{}, patience time.Duration,
) TCPState {
	const step = 10 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	start := time.Now()
	var acked time.Time
	var last TCPState
	for {
		if s, ok := tcpState(conn); ok {
			last = s
		}
		if acked.IsZero() && last.Acked > before.Acked {
			acked = time.Now()
		}
		waited := time.Since(start) > patience
		quiet := !acked.IsZero() && last.OutOfOrder == 0 && time.Since(acked) > replyWait
		if waited || quiet {
			return last
		}
		select {
		case <-answered:
			if s, ok := tcpState(conn); ok {
				last = s
			}
			return last
		case <-ctx.Done():
			return last
		case <-tick.C:
		}
	}
}

// SendSmall tells whether a greeting of one small packet is confirmed.
func SendSmall(ctx context.Context, conn net.Conn, host string, patience time.Duration) bool {
	p := SendLarge(ctx, conn, host, 0, patience)
	return p.Acked > 0
}

// hello captures what crypto/tls would say first.
type hello struct {
	net.Conn
	first []byte
}

func (h *hello) Write(b []byte) (int, error) {
	h.first = append(h.first, b...)
	return 0, errRead
}
func (h *hello) Close() error                     { return nil }
func (h *hello) SetDeadline(time.Time) error      { return nil }
func (h *hello) SetWriteDeadline(time.Time) error { return nil }

// paddedHello is a client's first words for a host, with a padding extension that brings them to size bytes.
// With size 0 they stay as they are.
func paddedHello(host string, size int) ([]byte, error) {
	h := &hello{}
	// The curves keep the unpadded hello within one small packet.
	conf := &tls.Config{
		ServerName: host, MinVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256},
	}
	if err := tls.Client(h, conf).Handshake(); !errors.Is(err, errRead) && len(h.first) == 0 {
		return nil, err
	}
	return padHello(h.first, size)
}

// padHello adds the padding extension to a record that holds one ClientHello. The extensions stand at its
// end, so only the three lengths around them grow.
func padHello(record []byte, size int) ([]byte, error) {
	const recordHead, helloHead, versionAndRandom, extHead, most = 5, 4, 2 + 32, 4, 16384
	broken := errors.New("pad TLS hello: not a hello")
	if len(record) < recordHead+helloHead+versionAndRandom+1 || record[0] != 22 || record[5] != 1 {
		return nil, broken
	}
	if size <= len(record)+extHead {
		return record, nil
	}
	at := recordHead + helloHead + versionAndRandom
	at += 1 + int(record[at]) // session
	if at+2 > len(record) {
		return nil, broken
	}
	at += 2 + int(binary.BigEndian.Uint16(record[at:])) // cipher suites
	if at+1 > len(record) {
		return nil, broken
	}
	at += 1 + int(record[at]) // compression
	if at+2 > len(record) || at+2+int(binary.BigEndian.Uint16(record[at:])) != len(record) {
		return nil, broken
	}
	size = min(size, most)
	pad := size - len(record) - extHead
	out := append([]byte(nil), record...)
	out = binary.BigEndian.AppendUint16(out, 21) // padding
	out = binary.BigEndian.AppendUint16(out, uint16(pad))
	out = append(out, make([]byte, pad)...)
	binary.BigEndian.PutUint16(out[at:], uint16(len(out)-at-2))
	body := len(out) - recordHead - helloHead
	out[6], out[7], out[8] = byte(body>>16), byte(body>>8), byte(body)
	binary.BigEndian.PutUint16(out[3:], uint16(len(out)-recordHead))
	return out, nil
}
