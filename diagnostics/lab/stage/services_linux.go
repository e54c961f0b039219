package stage

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// patience bounds every conversation with a client of the world's smaller servers.
const patience = 20 * time.Second

// ServeOffice starts what an organisation has beside one service: a second one, mail, files, calls, a page of
// automatic proxy settings and something large to load.
func (w *World) ServeOffice() error {
	conf := w.tls()
	page := http.HandlerFunc(w.page)
	w.add("wiki", func() ([]io.Closer, error) { return w.serveHTTP(WikiIP+":443", page, conf) })
	w.add("imap", func() ([]io.Closer, error) { return w.accept(conf, w.imap, MailIP+":993") })
	w.add("smtp", func() ([]io.Closer, error) {
		return w.accept(nil, func(c net.Conn) { w.smtp(c, conf) }, MailIP+":587")
	})
	w.add("files", func() ([]io.Closer, error) {
		return w.accept(nil, w.listen, FilesIP+":445",
			FilesIP+":2049")
	})
	w.add("calls", func() ([]io.Closer, error) { return w.serveSTUN(CallsIP + ":3478") })
	w.add("load", func() ([]io.Closer, error) {
		return w.serveHTTP(LoadIP+":80", http.HandlerFunc(w.large),
			nil)
	})
	w.add("pac", func() ([]io.Closer, error) { return w.serveHTTP(ProxyIP+":80", http.HandlerFunc(w.pac), nil) })
	var errs []error
	for _, name := range []string{"wiki", "imap", "smtp", "files", "calls", "load", "pac"} {
		errs = append(errs, w.Start(name))
	}
	return errors.Join(errs...)
}

// talk answers lines until the other side has had enough.
func (w *World) talk(c net.Conn, name, greeting string, answer func(word, line string) string) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	w.mu.Lock()
	a := w.Answers[name]
	w.mu.Unlock()
	time.Sleep(min(a.Delay, patience))
	if _, err := io.WriteString(c, greeting); err != nil {
		return
	}
	w.count(name)
	lines := bufio.NewReader(io.LimitReader(c, 64<<10))
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		said := answer(strings.ToUpper(strings.TrimSpace(line)), line)
		if said == "" {
			return
		}
		if _, err := io.WriteString(c, said); err != nil {
			return
		}
	}
}

func (w *World) imap(c net.Conn) {
	w.talk(c, "imap", "* OK [CAPABILITY IMAP4rev1] ready\r\n", func(word, line string) string {
		tag, _, _ := strings.Cut(line, " ")
		switch {
		case strings.HasSuffix(word, "LOGOUT"):
			return "* BYE\r\n" + tag + " OK\r\n"
		case strings.HasSuffix(word, "CAPABILITY"):
			return "* CAPABILITY IMAP4rev1\r\n" + tag + " OK\r\n"
		}
		return tag + " OK\r\n"
	})
}

func (w *World) smtp(c net.Conn, conf *tls.Config) {
	w.talk(c, "smtp", "220 mail.lab.test ESMTP\r\n", func(word, _ string) string {
		switch {
		case strings.HasPrefix(word, "EHLO"):
			return "250-mail.lab.test\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
		case word == "STARTTLS":
			if _, err := io.WriteString(c, "220 go ahead\r\n"); err != nil {
				return ""
			}
			up := tls.Server(c, conf)
			_ = up.SetDeadline(time.Now().Add(patience))
			if up.Handshake() != nil {
				return ""
			}
			w.talk(up, "smtps", "", func(string, string) string { return "250 ok\r\n" })
			return ""
		case word == "QUIT":
			_, _ = io.WriteString(c, "221 bye\r\n")
			return ""
		}
		return "250 ok\r\n"
	})
}

// listen hears whoever calls, and says nothing until they go: enough for a file server's port.
func (w *World) listen(c net.Conn) {
	defer c.Close()
	w.count("files")
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = io.Copy(io.Discard, c)
}

// large is as much as anybody wants, up to 64 MB.
func (w *World) large(rw http.ResponseWriter, r *http.Request) {
	w.count("load")
	chunk := make([]byte, 64<<10)
	rw.Header().Set("Content-Length", "67108864")
	if r.Method == http.MethodHead {
		return
	}
	for range 1024 {
		if _, err := rw.Write(chunk); err != nil {
			return
		}
	}
}

func (w *World) pac(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	a := w.Answers["pac"]
	w.mu.Unlock()
	w.count("pac")
	if !pause(r, a.Delay) {
		return
	}
	if a.Status != 0 {
		rw.WriteHeader(a.Status)
		return
	}
	rw.Header().Set("Content-Type", "application/x-ns-proxy-autoconfig")
	_, _ = io.WriteString(rw, "function FindProxyForURL(url, host) { return \"DIRECT\"; }\n")
}

// serveSTUN answers binding requests (RFC 8489) with the address that they came from.
func (w *World) serveSTUN(addr string) ([]io.Closer, error) {
	pc, err := w.lab.ListenPacket(addr)
	if err != nil {
		return nil, err
	}
	go func() {
		const header, cookie = 20, 0x2112A442
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			peer, ok := from.(*net.UDPAddr)
			if n < header || !ok || binary.BigEndian.Uint16(buf) != 1 {
				continue
			}
			w.count("calls")
			plain, family := []byte(peer.IP.To4()), byte(1)
			if plain == nil {
				plain, family = peer.IP.To16(), 2
			}
			answer := binary.BigEndian.AppendUint16(nil, 0x0101)
			answer = binary.BigEndian.AppendUint16(answer, uint16(8+len(plain)))
			answer = append(answer, buf[4:header]...)
			answer = append(answer, 0, 0x20, 0, byte(4+len(plain)), 0, family) // XOR-MAPPED-ADDRESS
			answer = binary.BigEndian.AppendUint16(answer, uint16(peer.Port)^(cookie>>16))
			for i, b := range plain {
				answer = append(answer, b^buf[4+i]) // the cookie and the question's number
			}
			_, _ = pc.WriteTo(answer, from)
		}
	}()
	return []io.Closer{pc}, nil
}
