package probe

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// TCPState is what the system knows of one connection. Unlike a stopwatch it does not count the time that
// this program waited for the processor.
type TCPState struct {
	RTT     time.Duration // of the handshake, when nothing was sent twice
	Retrans int           // packets sent again, the request to connect included
	Unacked int           // packets on their way that nobody has confirmed
	Acked   uint64        // bytes confirmed; the request to connect counts for one
	MSS     int
	// OutOfOrder counts packets that came although earlier ones did not.
	OutOfOrder int
}

// tcpState reads it; ok is false where the system does not tell.
func tcpState(conn net.Conn) (TCPState, bool) {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return TCPState{}, false
	}
	rc, err := raw.SyscallConn()
	if err != nil {
		return TCPState{}, false
	}
	var s TCPState
	known := false
	if err := rc.Control(func(fd uintptr) { s, known = readTCPState(fd) }); err != nil {
		return TCPState{}, false
	}
	return s, known
}

// Knock is one connection that was opened only to be measured.
type Knock struct {
	Err error
	// RTT is the system's figure where it tells, else how long connecting took.
	RTT  time.Duration
	Lost bool // the request, or its answer, was lost at least once
	// Exact says that RTT and Lost are the system's own.
	Exact bool
	Took  time.Duration
}

// KnockTCP connects, measures and hangs up. patience is how long one request may take; after that it counts
// as lost when the caller's own time is not up.
func KnockTCP(ctx context.Context, addr string, patience time.Duration) Knock {
	own, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d := DialTCP(own, addr)
	k := Knock{Err: d.Err, RTT: d.Took, Took: d.Took}
	if d.Err != nil {
		kind, _ := Kind(d.Err)
		k.Lost = kind == KindTimeout && ctx.Err() == nil && errors.Is(own.Err(), context.DeadlineExceeded)
		return k
	}
	if s, ok := tcpState(d.Conn); ok {
		k.Exact = true
		k.Lost = s.Retrans > 0
		if s.RTT > 0 && !k.Lost {
			k.RTT = s.RTT
		}
	} else {
		k.Lost, _ = LostSYN(d.Took)
	}
	_ = d.Conn.Close()
	return k
}
