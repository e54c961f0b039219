package stage

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// address is where a name leads, in both versions, or nothing.
func address(name string) string {
	switch strings.ToLower(strings.TrimSuffix(name, ".")) {
	case PortalHost:
		return PortalIP
	case ServiceHost:
		return ServiceIP
	case ClockHost:
		return ClockIP
	case ProxyHost, "pac.lab.test":
		return ProxyIP
	case PrinterHost:
		return PrinterIP
	case WikiHost:
		return WikiIP
	case MailHost:
		return MailIP
	case FilesHost:
		return FilesIP
	case CallsHost:
		return CallsIP
	case LoadHost:
		return LoadIP
	case "ipv4only.arpa":
		return "192.0.0.170" // RFC 7050
	}
	return ""
}

// six is the world's address of the sixth version that belongs to one of the fourth.
func six(four string) string {
	return "2001:db8:77::1:" + four[strings.LastIndexByte(four, '.')+1:]
}

func (w *World) dnsServer(addr string) func() ([]io.Closer, error) {
	return func() ([]io.Closer, error) { return w.serveDNS(addr) }
}

func (w *World) serveDNS(addr string) ([]io.Closer, error) {
	pc, err := w.lab.ListenPacket(addr + ":53")
	if err != nil {
		return nil, err
	}
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			w.count("dns " + addr)
			answer, late := w.resolve(addr, buf[:n])
			if answer == nil || w.deafOnUDP() {
				continue
			}
			time.AfterFunc(late, func() { _, _ = pc.WriteTo(answer, from) })
		}
	}()
	open, err := w.accept(nil, func(c net.Conn) { w.dnsOverTCP(addr, c) }, addr+":53")
	return append(open, pc), err
}

func (w *World) deafOnUDP() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.TCPOnly
}

func (w *World) dnsOverTCP(addr string, c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	query := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, query); err != nil {
		return
	}
	answer, late := w.resolve(addr, query)
	if answer != nil {
		time.Sleep(late)
		_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
		return
	}
	_, _ = io.Copy(io.Discard, c) // silent, but connected
}

// resolve answers one question; nil is silence.
func (w *World) resolve(server string, query []byte) ([]byte, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var p dnsmessage.Parser
	head, err := p.Start(query)
	if err != nil || w.Dead[server] {
		return nil, 0
	}
	q, err := p.Question()
	if err != nil {
		return nil, 0
	}
	if w.DNS == "garbage" {
		// The right number, so that it is read, and then nothing that could be.
		return append(append([]byte{}, query[:2]...),
			"\x81\x80\x00\x01\xff\xff\x00\x00\x00\x00\xc0\x0c\xc0\x0c\xff"...), w.Late
	}
	m := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: head.ID, Response: true, RecursionDesired: true, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{q},
	}
	name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	target := address(name)
	if w.Missing[name] {
		target = ""
	}
	if w.Wildcard != "" && (target == "" || w.Forge) {
		target = w.Wildcard
	}
	switch {
	case w.DNS == "servfail":
		m.RCode = dnsmessage.RCodeServerFailure
	case w.DNS == "refused":
		m.RCode = dnsmessage.RCodeRefused
	case w.DNS == "nxdomain" || target == "":
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(target).To4())},
		}}
	case q.Type == dnsmessage.TypeAAAA && w.IPv6 && name != "ipv4only.arpa":
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 1},
			Body:   &dnsmessage.AAAAResource{AAAA: [16]byte(net.ParseIP(six(target)))},
		}}
	}
	answer, err := m.Pack()
	if err != nil {
		return nil, 0
	}
	return answer, w.Late
}
