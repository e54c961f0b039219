package probe

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestParseChage(t *testing.T) {
	const head = "Last password change\t\t\t\t\t: Nov 01, 2026\n"
	for _, c := range []struct {
		name, out string
		want      PasswordAge
		fails     bool
	}{
		{"never", head + "Password expires\t\t\t\t\t: never\nAccount expires\t: never\n", PasswordAge{Never: true}, false},
		{
			"a day", head + "Password expires\t: Feb 28, 2027\nPassword inactive : never\nAccount expires\t: Dec 31, 2026\n",
			PasswordAge{Expires: day(2027, 2, 28), Account: day(2026, 12, 31)},
			false,
		},
		{"another form", "Password expires : 2027-02-28\n", PasswordAge{Expires: day(2027, 2, 28)}, false},
		{
			"to be changed", "Last password change : password must be changed\nPassword expires : password must be changed\n",
			PasswordAge{MustChange: true},
			false,
		},
		{"half written", "Last password change : Nov 0", PasswordAge{}, true},
		{"a date that is none", "Password expires : Foo 99, 2027\n", PasswordAge{}, true},
		{"nothing", "", PasswordAge{}, true},
		{"garbage", "\x00\xff:\x01::\n\n", PasswordAge{}, true},
	} {
		got, err := ParseChage([]byte(c.out))
		if (err != nil) != c.fails || !c.fails && got != c.want {
			t.Errorf("%s: %+v %v", c.name, got, err)
		}
	}
}

func day(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.Local) }

// ticketFile writes the FILE format of tickets, so that reading it can be tested without a realm.
type ticketFile struct{ bytes.Buffer }

func (f *ticketFile) put(v any) { _ = binary.Write(&f.Buffer, binary.BigEndian, v) }

func (f *ticketFile) data(s string) {
	f.put(uint32(len(s)))
	f.WriteString(s)
}

func (f *ticketFile) principal(realm string, parts ...string) {
	f.put(uint32(1))
	f.put(uint32(len(parts)))
	f.data(realm)
	for _, p := range parts {
		f.data(p)
	}
}

func (f *ticketFile) credential(v3 bool, ends, renew time.Time, flags uint32, server ...string) {
	f.principal("EXAMPLE.ORG", "ana")
	f.principal("EXAMPLE.ORG", server...)
	f.put(uint16(18))
	if v3 {
		f.put(uint16(18))
	}
	f.data(strings.Repeat("k", 32))
	for _, at := range []time.Time{ends.Add(-10 * time.Hour), ends.Add(-10 * time.Hour), ends, renew} {
		f.put(uint32(at.Unix()))
	}
	f.put(uint8(0))
	f.put(flags)
	f.put(uint32(1)) // one address
	f.put(uint16(2))
	f.data("\x7f\x00\x00\x01")
	f.put(uint32(0))
	f.data(strings.Repeat("t", 600))
	f.data("")
}

func newTicketFile(v3 bool) *ticketFile {
	f := &ticketFile{}
	if v3 {
		f.put(uint16(0x0503))
	} else {
		f.put(uint16(0x0504))
		f.put(uint16(12))
		f.put(uint16(1))
		f.put(uint16(8))
		f.Write(make([]byte, 8))
	}
	f.principal("EXAMPLE.ORG", "ana")
	return f
}

func TestParseTickets(t *testing.T) {
	ends := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	for _, v3 := range []bool{false, true} {
		f := newTicketFile(v3)
		f.credential(v3, time.Unix(0, 0), time.Unix(0, 0), 0, "krb5_ccache_conf_data", "pa_type", "krbtgt/EXAMPLE.ORG@EXAMPLE.ORG")
		f.credential(v3, ends, ends.Add(7*24*time.Hour), renewable, "krbtgt", "EXAMPLE.ORG")
		f.credential(v3, ends.Add(time.Hour), time.Unix(0, 0), 0, "cifs", "files.example.org")
		got, err := ParseTickets(bytes.NewReader(f.Bytes()))
		if err != nil || !got.Found || !got.Ends.Equal(ends) || !got.RenewUntil.Equal(ends.Add(7*24*time.Hour)) {
			t.Errorf("version 3 %v: %+v %v", v3, got, err)
		}
		// A file that is being written ends anywhere: no end may break the reader, or find what is not there.
		for n := range f.Len() {
			got, err := ParseTickets(bytes.NewReader(f.Bytes()[:n]))
			if err == nil && got.Found && !got.Ends.Equal(ends) {
				t.Fatalf("cut at %d: %+v", n, got)
			}
		}
	}
	empty, err := ParseTickets(bytes.NewReader(newTicketFile(false).Bytes()))
	if err != nil || empty.Found {
		t.Errorf("no ticket in it: %+v %v", empty, err)
	}
	for _, raw := range []string{"", "\x05", "\x05\x04", "hello", "\x05\x04\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff"} {
		if _, err := ParseTickets(strings.NewReader(raw)); !errors.Is(err, errTicketFile) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func FuzzParseTickets(f *testing.F) {
	full := newTicketFile(false)
	full.credential(false, time.Unix(1e9, 0), time.Unix(2e9, 0), renewable, "krbtgt", "X")
	f.Add(full.Bytes())
	f.Add([]byte("\x05\x03"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got, err := ParseTickets(bytes.NewReader(raw)); err != nil && got.Found {
			t.Error("found in what cannot be read")
		}
	})
}

const klistOut = `Ticket cache: KCM:1000
Default principal: ana@EXAMPLE.ORG

Valid starting     Expires            Service principal
11/22/26 08:00:00  11/22/26 18:00:00  krbtgt/EXAMPLE.ORG@EXAMPLE.ORG
	renew until 11/29/26 08:00:00
11/22/26 08:05:00  11/22/26 18:00:00  cifs/files.example.org@EXAMPLE.ORG
`

func TestParseKlist(t *testing.T) {
	got := ParseKlist([]byte(klistOut))
	want := time.Date(2026, 11, 22, 18, 0, 0, 0, time.Local)
	if !got.Found || !got.Ends.Equal(want) || got.RenewUntil.Day() != 29 {
		t.Errorf("%+v", got)
	}
	for _, out := range []string{"", "klist: No credentials cache found\n", "a b c d krbtgt/X@X\n", "\x00\xff\n"} {
		if got := ParseKlist([]byte(out)); got.Found {
			t.Errorf("%q: %+v", out, got)
		}
	}
}

func certificate(t *testing.T, ends time.Time, ca bool, uses ...x509.ExtKeyUsage) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: ends.Add(-time.Hour), NotAfter: ends, ExtKeyUsage: uses, IsCA: ca,
		BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestParseCertificates(t *testing.T) {
	ends := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	own := certificate(t, ends, false, x509.ExtKeyUsageClientAuth)
	chain := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})
	chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(t, ends, true)})...)
	chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own})...)
	for name, raw := range map[string][]byte{"DER": own, "PEM with a key and its issuer": chain} {
		list, err := ParseCertificates(bytes.NewReader(raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c, ok := leafOf(list); !ok || !c.NotAfter.Equal(ends) || !signsIn(c) {
			t.Errorf("%s: %v", name, ok)
		}
	}
	server, err := x509.ParseCertificate(certificate(t, ends, false, x509.ExtKeyUsageServerAuth))
	if err != nil || signsIn(server) {
		t.Errorf("a server's certificate signs a user in: %v", err)
	}
	for _, raw := range []string{"", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", string(own[:40])} {
		if _, err := ParseCertificates(strings.NewReader(raw)); err == nil {
			t.Errorf("%q is a certificate", raw)
		}
	}
}

func pemOf(raw []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}) }
