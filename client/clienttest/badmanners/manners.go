package badmanners

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HugeSize is how much HugeAnswer and StoredThenHuge send.
const HugeSize = 100 << 20

const loginPage = `<!DOCTYPE html><html><head><title>Sign in</title></head><body>` +
	`<form method="post"><input name="user"><input name="pass" type="password"></form></body></html>`

// exchange is one request under one fault.
type exchange struct {
	proxy *Proxy
	conn  net.Conn
	req   *http.Request
	fault Fault
}

// misbehave shows the fault's manner. The connection is closed by the caller.
func (x *exchange) misbehave() {
	if x.fault.Manner.Stores() || x.fault.Manner == Polite || x.fault.Manner == Delay || x.fault.Manner == Drip {
		x.passOn()
		return
	}
	switch x.fault.Manner {
	case CutDuringRequest:
		io.CopyN(io.Discard, x.req.Body, max(x.req.ContentLength/2, 0))
		reset(x.conn)
		return
	}
	io.Copy(io.Discard, x.req.Body)
	switch x.fault.Manner {
	case CutAfterRequest:
	case Silence:
		x.silence()
	case Throttle, ThrottleDate:
		x.answer(http.StatusTooManyRequests, "application/json", `{"message":"slow down"}`)
	case Unavailable:
		x.answer(http.StatusServiceUnavailable, "text/plain", "maintenance")
	case ServerError:
		x.answer(http.StatusInternalServerError, "application/json", `{"message":"Internal Server Error"}`)
	case Unauthorized:
		x.answer(http.StatusUnauthorized, "application/json", `{"message":"Unauthorized"}`)
	case Forbidden:
		x.answer(http.StatusForbidden, "application/json", `{"message":"Forbidden"}`)
	case LoginPage:
		x.answer(http.StatusOK, "text/html; charset=utf-8", loginPage)
	case Redirect:
		x.answer(http.StatusFound, "text/html", "")
	case HugeAnswer:
		x.huge()
	}
}

// passOn lets the desk do its work, then answers as the manner wants.
func (x *exchange) passOn() {
	if x.fault.Manner == Delay && !x.proxy.wait(x.fault.Wait) {
		return
	}
	resp, err := x.proxy.forward(x.req)
	if err != nil {
		x.answer(http.StatusBadGateway, "text/plain", "bad gateway")
		return
	}
	defer resp.Body.Close()
	switch x.fault.Manner {
	case Polite, Delay:
		resp.Close = true
		resp.Write(x.conn)
		return
	}
	var whole bytes.Buffer
	resp.Close = true
	resp.Write(&whole)
	raw := whole.Bytes()
	head := bytes.Index(raw, []byte("\r\n\r\n")) + 4
	switch x.fault.Manner {
	case Drip:
		x.drip(raw)
	case StoredThenReset:
		reset(x.conn)
	case StoredThenSilence:
		x.silence()
	case StoredThenCutHeader:
		x.conn.Write(raw[:head/2])
	case StoredThenCutBody:
		x.conn.Write(raw[:head+(len(raw)-head)/2])
	case StoredThen502:
		x.answer(http.StatusBadGateway, "text/html", "<html><body>502 Bad Gateway</body></html>")
	case StoredThenHTML:
		x.answer(http.StatusOK, "text/html; charset=utf-8", loginPage)
	case StoredThenGarbage:
		x.answer(http.StatusOK, "application/json", `{"id": "1`)
	case StoredThenHuge:
		x.huge()
	}
}

// answer writes a small answer of our own.
func (x *exchange) answer(status int, kind, body string) {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	now := time.Now().UTC()
	fmt.Fprintf(&b, "Date: %s\r\n", now.Format(http.TimeFormat))
	fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n", kind, len(body))
	switch {
	case x.fault.Manner == Redirect:
		b.WriteString("Location: /login\r\n")
	case x.fault.Manner == ThrottleDate:
		fmt.Fprintf(&b, "Retry-After: %s\r\n", now.Add(x.fault.Wait).Format(http.TimeFormat))
	case x.fault.Wait > 0 && (x.fault.Manner == Throttle || x.fault.Manner == Unavailable):
		b.WriteString("Retry-After: " + strconv.Itoa(int((x.fault.Wait+time.Second-1)/time.Second)) + "\r\n")
	}
	b.WriteString("\r\n" + body)
	io.WriteString(x.conn, b.String())
}

// silence holds the connection until the other side or the proxy gives up, or Fault.Wait is over.
func (x *exchange) silence() {
	if x.fault.Wait > 0 {
		x.conn.SetReadDeadline(time.Now().Add(x.fault.Wait))
	}
	io.Copy(io.Discard, x.conn)
}

func (x *exchange) drip(raw []byte) {
	for i := range raw {
		if _, err := x.conn.Write(raw[i : i+1]); err != nil || !x.proxy.wait(x.fault.Wait) {
			return
		}
	}
}

func (x *exchange) huge() {
	const open, shut = `{"items":["`, `"]}`
	fmt.Fprintf(x.conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
		"Connection: close\r\n\r\n%s", HugeSize, open)
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	for left := HugeSize - len(open) - len(shut); left > 0; {
		n, err := x.conn.Write(chunk[:min(left, len(chunk))])
		if err != nil {
			return
		}
		left -= n
	}
	io.WriteString(x.conn, shut)
}

// reset makes Close send RST instead of FIN.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
}
