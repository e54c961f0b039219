package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"time"
)

// ClockReading is one reference's time beside ours.
type ClockReading struct {
	Offset time.Duration // ours minus theirs: positive is ahead
	Error  time.Duration // half the round trip, and half a second where the reference counts in seconds
	Err    error
}

// ntpEpoch is the start of NTP's era 0.
var ntpEpoch = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)

// SNTP asks one time server (RFC 4330), twice if it stays silent.
func SNTP(ctx context.Context, hostport string) ClockReading {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return ClockReading{Err: err}
	}
	addrs, err := lookupOrLiteral(ctx, host)
	if err != nil {
		return ClockReading{Err: err}
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", net.JoinHostPort(addrs, port))
	if err != nil {
		return ClockReading{Err: err}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	return exchange(conn)
}

func lookupOrLiteral(ctx context.Context, host string) (string, error) {
	if net.ParseIP(host) != nil {
		return host, nil
	}
	addrs, err := LookupHost(ctx, host)
	if err != nil {
		return "", err
	}
	return addrs[0].String(), nil
}

func exchange(conn net.Conn) ClockReading {
	const size, clientV4, again = 48, 0x23, 600 * time.Millisecond
	var q [size]byte
	q[0] = clientV4
	sent := time.Now()
	putNTP(q[40:], sent)
	if _, err := conn.Write(q[:]); err != nil {
		return ClockReading{Err: err}
	}
	resend := time.AfterFunc(again, func() { _, _ = conn.Write(q[:]) })
	defer resend.Stop()
	var buf [512]byte
	for {
		n, err := conn.Read(buf[:])
		if err != nil {
			return ClockReading{Err: err}
		}
		// Monotonic, so that a clock that is set meanwhile does not look like a long way.
		rtt := time.Since(sent)
		if r, ok := readSNTP(buf[:n], q[40:48], sent, rtt); ok {
			return r
		}
	}
}

// readSNTP takes an answer to our question only: the server echoes our own stamp.
func readSNTP(p, echo []byte, sent time.Time, rtt time.Duration) (ClockReading, bool) {
	const size, modeServer, maxStratum, unsynchronised = 48, 4, 15, 3
	if len(p) < size || p[0]&7 != modeServer || string(p[24:32]) != string(echo) {
		return ClockReading{}, false
	}
	if p[1] == 0 || p[1] > maxStratum || p[0]>>6 == unsynchronised {
		return ClockReading{Err: errors.New("the time server is not synchronised")}, true
	}
	received, transmitted := getNTP(p[32:40]), getNTP(p[40:48])
	middle := received.Add(transmitted.Sub(received) / 2)
	return ClockReading{Offset: sent.Add(rtt / 2).Sub(middle), Error: rtt / 2}, true
}

func putNTP(b []byte, t time.Time) {
	since := t.Sub(ntpEpoch)
	binary.BigEndian.PutUint32(b, uint32(since/time.Second))
	binary.BigEndian.PutUint32(b[4:], uint32((since%time.Second)<<32/time.Second))
}

// getNTP reads a stamp; the era is the one that contains today until 2036, then the next.
func getNTP(b []byte) time.Time {
	sec, frac := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	t := ntpEpoch.Add(time.Duration(sec)*time.Second + time.Duration(uint64(frac)*uint64(time.Second)>>32))
	const firstBit = 1 << 31
	if sec < firstBit { // before 1968: era 1, from 2036 on
		t = t.Add((1 << 32) * time.Second)
	}
	return t
}

// HTTPClock reads a server's Date header.
func HTTPClock(ctx context.Context, r HTTPRequest) ClockReading {
	r.Method, r.AnyTime = "HEAD", true
	a := FetchAny(ctx, r)
	if a.Err != nil {
		return ClockReading{Err: a.Err}
	}
	return ReadDate(a)
}

// ReadDate makes a reading of an answer: the header counts in whole seconds, so the truth lies half a second
// after it, give or take half a second and half the way.
func ReadDate(a HTTPAnswer) ClockReading {
	date, err := time.Parse(time.RFC1123, a.Header.Get("Date"))
	if err != nil {
		return ClockReading{Err: errors.New("no date in the answer")}
	}
	if age := a.Header.Get("Age"); age != "" && age != "0" {
		return ClockReading{Err: errors.New("the answer comes from a cache")}
	}
	const half = time.Second / 2
	rtt := a.Got.Sub(a.Sent)
	ours := a.Sent.Add(rtt / 2)
	return ClockReading{Offset: ours.Sub(date.Add(half)), Error: rtt/2 + half}
}
