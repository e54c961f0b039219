package stage

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
)

func objectPath(p string) dbus.ObjectPath { return dbus.ObjectPath(p) }

// accountActions change what the user is known by.
func accountActions() []action {
	return []action{
		{
			Action{
				Name: "kerberos.set", Doc: "The organisation has a realm; this is the user's ticket.",
				Args: []Arg{opt("left", "duration", "-2h", "until it ends; negative is since"), opt("ticket", "bool",
					true, "there is one at all")},
			},
			kerberosSet,
		},
		{
			Action{Name: "password.age", Doc: "When the user's own password ends.", Args: []Arg{opt("days", "int", 5,
				"left; negative is past")}},
			passwordAge,
		},
		{
			Action{
				Name: "cert.add", Doc: "The user has a certificate of their own, as for Wi-Fi or a tunnel.",
				Args: []Arg{opt("days", "float", -2.0, "until it ends; negative is past")},
			},
			certAdd,
		},
	}
}

func certAdd(_ context.Context, s *Stage, a args) (deed, error) {
	const name = homeDir + "/.cert/camille.pem"
	ends := time.Now().Add(time.Duration(a.real("days") * float64(24*time.Hour)))
	cert, err := s.world.ca.issue(user, ends.Add(-365*24*time.Hour), ends, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return deed{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	return s.fileSet(name, string(text))
}

// kerberosSet gives the machine a realm and the user a ticket in a file.
func kerberosSet(_ context.Context, s *Stage, a args) (deed, error) {
	const conf, cache = "/etc/krb5.conf", "/tmp/krb5cc_1000"
	err := s.machine.do(func() error {
		text := "[libdefaults]\n default_realm = LAB.TEST\n[realms]\n LAB.TEST = {\n  kdc = kdc.lab.test\n }\n"
		if err := put(conf, text); err != nil || !a.flag("ticket") {
			return err
		}
		if err := os.WriteFile(cache, ticketFile(time.Now().Add(a.dur("left"))), 0o600); err != nil {
			return err
		}
		return os.Chown(cache, userID, userID)
	})
	undo := func() error {
		return s.machine.do(func() error {
			_ = os.Remove(cache)
			return os.Remove(conf)
		})
	}
	return deed{undo: undo, seen: func(context.Context) (bool, string) {
		text, err := s.machine.read(cache)
		return (err == nil && len(text) > 0) == a.flag("ticket"), fmt.Sprintf("%d bytes of tickets", len(text))
	}}, err
}

// ticketFile is one ticket-granting ticket in the format of credential caches, version 4 (MIT krb5
// documentation).
func ticketFile(ends time.Time) []byte {
	var b bytes.Buffer
	word := func(v any) { _ = binary.Write(&b, binary.BigEndian, v) }
	data := func(s string) {
		word(uint32(len(s)))
		b.WriteString(s)
	}
	principal := func(kind uint32, parts ...string) {
		word(kind)
		word(uint32(len(parts)))
		data("LAB.TEST")
		for _, p := range parts {
			data(p)
		}
	}
	word(uint16(0x0504))
	word(uint16(0)) // no header fields
	principal(1, user)
	principal(1, user)
	principal(2, "krbtgt", "LAB.TEST")
	word(uint16(18)) // aes256
	data(string(make([]byte, 32)))
	start := ends.Add(-10 * time.Hour)
	for _, at := range []time.Time{start, start, ends, ends} { // authenticated, begins, ends, renewable until
		word(uint32(at.Unix()))
	}
	word(uint8(0))           // not for another user
	word(uint32(0x40e10000)) // flags: forwardable, initial ...
	word(uint32(0))          // addresses
	word(uint32(0))          // authorisation data
	data("ticket")
	data("")
	return b.Bytes()
}

// passwordAge changes when the user's own password ends.
func passwordAge(_ context.Context, s *Stage, a args) (deed, error) {
	days := a.num("days")
	return plain(func() error { return s.machine.do(func() error { return shadow(days) }) },
		func() error { return s.machine.do(func() error { return shadow(99999) }) },
		func(ctx context.Context) (bool, string) {
			out, err := s.prepared(ctx, "/usr/bin/chage", "-l", user).CombinedOutput()
			return err == nil && !bytes.Contains(out, []byte("expires\t\t\t\t\t: never")), fmt.Sprintf("chage: %v",
				err)
		})
}

// shadow writes the file that `chage -l` reads for its own user; by the hand.
func shadow(daysLeft int) error {
	const name, longest, shadowGroup = "/etc/shadow", 90, 42
	today := int(time.Now().Unix() / 86400)
	changed, most := today-10, daysLeft
	if daysLeft < 99999 {
		changed, most = today+daysLeft-longest, longest
	}
	text := fmt.Sprintf("root:*:19000:0:99999:7:::\n%s:$y$j9T$x$x:%d:0:%d:7:::\n", user, changed, most)
	if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
		return err
	}
	return errors.Join(os.Chown(name, 0, shadowGroup), os.Chmod(name, 0o640))
}
