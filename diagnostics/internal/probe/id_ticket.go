package probe

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"
)

// Ticket is the user's ticket of the organisation's sign-in.
type Ticket struct {
	// Found says that there is one, of whatever age; Ends is when it no longer counts, and RenewUntil until
	// when the system may have it renewed by itself.
	Found      bool
	Ends       time.Time
	RenewUntil time.Time
	// Expected says that the session is meant to have one: something of the user's or of the system's points
	// at the place where it is kept.
	Expected bool
	// Kept is where: "file", "dir", "keyring", "kcm", "system".
	Kept string
}

// ErrNoRealm says that this computer belongs to no organisation that signs in by tickets.
var ErrNoRealm = errors.New("no realm is configured")

// errTicketFile says that a file of tickets is not one, or is cut off.
var errTicketFile = errors.New("not a file of tickets")

const (
	// ticketLimit is far above what a file of tickets holds.
	ticketLimit = 4 << 20
	// renewable is the flag of a ticket that may be renewed.
	renewable = 1 << 23
)

// ParseTickets reads the FILE format of MIT Kerberos, versions 3 and 4: a header, the owner, then one
// credential after the other. The ticket that lets a user get others names krbtgt as its server.
func ParseTickets(r io.Reader) (Ticket, error) {
	raw, err := io.ReadAll(io.LimitReader(r, ticketLimit))
	if err != nil {
		return Ticket{}, err
	}
	c := cursor{rest: raw}
	version := c.u16()
	switch version {
	case 0x0504:
		c.skip(int(c.u16())) // tags, such as the clock's difference from the server's
	case 0x0503:
	default:
		return Ticket{}, errTicketFile
	}
	if c.principal(); c.broken {
		return Ticket{}, errTicketFile
	}
	var t Ticket
	for len(c.rest) > 0 {
		one, server := c.credential(version == 0x0503)
		if c.broken {
			// A file that is being written ends in the middle: what was read so far counts.
			break
		}
		if len(server) > 0 && server[0] == "krbtgt" && (!t.Found || one.Ends.After(t.Ends)) {
			t.Found, t.Ends, t.RenewUntil = true, one.Ends, one.RenewUntil
		}
	}
	return t, nil
}

// cursor walks through bytes and remembers when they were too few.
type cursor struct {
	rest   []byte
	broken bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.rest) {
		c.broken, c.rest = true, nil
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) skip(n int) { c.take(n) }

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// data is a length and so many bytes.
func (c *cursor) data() []byte {
	n := c.u32()
	if uint64(n) > uint64(len(c.rest)) {
		c.broken, c.rest = true, nil
		return nil
	}
	return c.take(int(n))
}

// principal returns the parts of a name, without its realm.
func (c *cursor) principal() []string {
	c.u32() // the kind of name
	n := c.u32()
	c.data() // the realm
	const most = 64
	if n > most {
		c.broken, c.rest = true, nil
		return nil
	}
	var parts []string
	for range n {
		parts = append(parts, string(c.data()))
	}
	return parts
}

func (c *cursor) credential(v3 bool) (t Ticket, server []string) {
	c.principal()
	server = c.principal()
	c.u16() // the key's kind, which version 3 gives twice
	if v3 {
		c.u16()
	}
	c.data() // the key: passed over
	c.skip(8)
	ends, renew := c.u32(), c.u32()
	c.u8()
	flags := c.u32()
	for range 2 { // addresses, then authorisation data
		const most = 1024
		n := c.u32()
		if n > most {
			c.broken, c.rest = true, nil
			return t, nil
		}
		for range n {
			c.u16()
			c.data()
		}
	}
	c.data() // the ticket itself, and a second one
	c.data()
	t.Ends = time.Unix(int64(ends), 0)
	if flags&renewable != 0 && renew > 0 {
		t.RenewUntil = time.Unix(int64(renew), 0)
	}
	return t, server
}

// ParseKlist reads what MIT's klist(1) lists in the C locale.
func ParseKlist(out []byte) Ticket {
	var t Ticket
	lines := bufio.NewScanner(bytes.NewReader(out))
	last := false
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if renew, ok := strings.CutPrefix(line, "renew until "); ok && last {
			if at, ok := klistTime(strings.Fields(renew)); ok {
				t.RenewUntil = at
			}
		}
		f := strings.Fields(line)
		last = false
		const words = 5
		if len(f) < words || !strings.HasPrefix(f[4], "krbtgt/") {
			continue
		}
		if at, ok := klistTime(f[2:4]); ok && (!t.Found || at.After(t.Ends)) {
			t.Found, t.Ends, last = true, at, true
		}
	}
	return t
}

func klistTime(f []string) (time.Time, bool) {
	if len(f) < 2 {
		return time.Time{}, false
	}
	for _, layout := range []string{"01/02/06 15:04:05", "01/02/2006 15:04:05"} {
		day := strings.TrimSuffix(f[0], ",")
		if at, err := time.ParseInLocation(layout, day+" "+f[1], time.Local); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// RealmConf is what a krb5.conf says.
type RealmConf struct {
	Realm    bool     // a realm is set
	Cache    string   // where tickets are kept, "" for the usual place
	Includes []string // folders and files that belong to it
}

// ParseRealmConf reads [libdefaults] of the format of krb5.conf(5).
func ParseRealmConf(r io.Reader) RealmConf {
	var c RealmConf
	section := ""
	const most = 1 << 20
	lines := bufio.NewScanner(io.LimitReader(r, most))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case strings.HasPrefix(line, "include"):
			if f := strings.Fields(line); len(f) == 2 && (f[0] == "include" || f[0] == "includedir") {
				c.Includes = append(c.Includes, f[1])
			}
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		case section == "libdefaults":
			key, value, _ := strings.Cut(line, "=")
			switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
			case "default_realm":
				c.Realm = value != ""
			case "default_ccache_name":
				c.Cache = value
			}
		}
	}
	return c
}
