package probe

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// parseResolvConf returns the nameserver lines' addresses; the C library reads three and ignores the rest.
func parseResolvConf(text string) []netip.Addr {
	const most = 3
	var addrs []netip.Addr
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() && len(addrs) < most {
		f := strings.Fields(lines.Text())
		if len(f) < 2 || f[0] != "nameserver" {
			continue
		}
		if a, err := netip.ParseAddr(f[1]); err == nil {
			addrs = append(addrs, a)
		}
	}
	return addrs
}

// DNSAnswer is what one server said.
type DNSAnswer struct {
	Addrs  []netip.Addr
	RCode  string // "success", "nxdomain", "servfail", "refused", ... ; empty when it did not answer
	TCP    bool   // only TCP answered
	Took   time.Duration
	Err    error
	Answer bool // there was an address in it
}

// AskServer asks one server for a name's addresses (the root's name servers for an empty name): over UDP,
// once more after half the wait, and over TCP beside it when UDP stays silent for tcpAfter.
func AskServer(ctx context.Context, server netip.Addr, name string, tcpAfter time.Duration) DNSAnswer {
	return AskServerPort(ctx, netip.AddrPortFrom(server, 53), name, tcpAfter)
}

// AskServerPort is AskServer on another port, for tests.
func AskServerPort(
	ctx context.Context, server netip.AddrPort, name string, tcpAfter time.Duration,
) DNSAnswer {
	query, err := buildQuery(name)
	if err != nil {
		return DNSAnswer{Err: err}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	start := time.Now()
	answers := make(chan DNSAnswer, 2)
	go func() { answers <- askUDP(ctx, server, query, tcpAfter/2) }()
	asked := 1
	var first DNSAnswer
	tcp := time.NewTimer(tcpAfter)
	defer tcp.Stop()
	for got := 0; got < asked; {
		select {
		case a := <-answers:
			got++
			a.Took = time.Since(start)
			if a.Err == nil {
				return a
			}
			if first.Err == nil {
				first = a
			}
			if asked == 1 {
				tcp.Reset(0)
				asked++
				go func() { answers <- askTCP(ctx, server, query) }()
			}
		case <-tcp.C:
			if asked == 1 {
				asked++
				go func() { answers <- askTCP(ctx, server, query) }()
			}
		}
	}
	return first
}

func buildQuery(name string) (query []byte, err error) {
	id := uint16(rand.Uint32())
	q := dnsmessage.Question{Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
	if name == "" {
		name, q.Type = ".", dnsmessage.TypeNS
	}
	if !strings.HasSuffix(name, ".") {
		name += "."
	}
	if q.Name, err = dnsmessage.NewName(name); err != nil {
		return nil, fmt.Errorf("build DNS question: %w", err)
	}
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: id, RecursionDesired: true})
	if err := errors.Join(b.StartQuestions(), b.Question(q)); err != nil {
		return nil, fmt.Errorf("build DNS question: %w", err)
	}
	return b.Finish()
}

func askUDP(
	ctx context.Context, server netip.AddrPort, query []byte, again time.Duration,
) DNSAnswer {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", server.String())
	if err != nil {
		return DNSAnswer{Err: err}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(query); err != nil {
		return DNSAnswer{Err: err}
	}
	resend := time.AfterFunc(again, func() { _, _ = conn.Write(query) })
	defer resend.Stop()
	const size = 4096
	buf := make([]byte, size)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return DNSAnswer{Err: err}
		}
		// What does not parse or was not asked for is not an answer; go on listening.
		if a, ok := parseAnswer(buf[:n], query); ok {
			return a
		}
	}
}

func askTCP(ctx context.Context, server netip.AddrPort, query []byte) DNSAnswer {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", server.String())
	if err != nil {
		return DNSAnswer{Err: err}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)
	if _, err := conn.Write(framed); err != nil {
		return DNSAnswer{Err: err}
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return DNSAnswer{Err: err}
	}
	buf := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, buf); err != nil {
		return DNSAnswer{Err: err}
	}
	a, ok := parseAnswer(buf, query)
	if !ok {
		return DNSAnswer{Err: errors.New("not an answer to the question")}
	}
	a.TCP = true
	return a
}

var rcodes = map[dnsmessage.RCode]string{
	dnsmessage.RCodeSuccess: "success", dnsmessage.RCodeNameError: "nxdomain",
	dnsmessage.RCodeServerFailure: "servfail", dnsmessage.RCodeRefused: "refused",
	dnsmessage.RCodeNotImplemented: "notimp", dnsmessage.RCodeFormatError: "formerr",
}

// sameQuestion tells whether a message's questions are those of the query. Names are the same in any case of letters.
func sameQuestion(p *dnsmessage.Parser, query []byte) bool {
	var asked dnsmessage.Parser
	if _, err := asked.Start(query); err != nil {
		return false
	}
	want, err := asked.Question()
	if err != nil {
		return false
	}
	got, err := p.Question()
	return err == nil && got.Type == want.Type && got.Class == want.Class &&
		strings.EqualFold(got.Name.String(), want.Name.String())
}

// parseAnswer reads an answer to a query, and tells whether it is one.
func parseAnswer(raw, query []byte) (DNSAnswer, bool) {
	var p dnsmessage.Parser
	head, err := p.Start(raw)
	if err != nil || len(query) < 2 || head.ID != binary.BigEndian.Uint16(query) || !head.Response {
		return DNSAnswer{}, false
	}
	a := DNSAnswer{RCode: rcodes[head.RCode]}
	if a.RCode == "" {
		a.RCode = fmt.Sprintf("rcode%d", head.RCode)
	}
	// An error code is an answer, whatever follows it. A success that cannot be read is none, unless the server
	// says that it cut it.
	broken := head.RCode == dnsmessage.RCodeSuccess && !head.Truncated
	if !sameQuestion(&p, query) || p.SkipAllQuestions() != nil {
		return a, !broken
	}
	const most = 64
	for range most {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return a, !broken
		}
		if h.Type == dnsmessage.TypeA || h.Type == dnsmessage.TypeAAAA {
			a.Answer = true
		}
		if h.Type == dnsmessage.TypeA {
			r, err := p.AResource()
			if err != nil {
				return a, !broken
			}
			a.Addrs = append(a.Addrs, netip.AddrFrom4(r.A))
			continue
		}
		if p.SkipAnswer() != nil {
			return a, !broken
		}
	}
	return a, true
}
