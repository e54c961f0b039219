package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestLostSYN(t *testing.T) {
	for took, want := range map[time.Duration]bool{
		20 * time.Millisecond: false, 999 * time.Millisecond: false, 1014 * time.Millisecond: true,
		1300 * time.Millisecond: false, 3040 * time.Millisecond: true, 3400 * time.Millisecond: false,
	} {
		if lost, over := LostSYN(took); lost != want || lost != (over > 0) {
			t.Errorf("%v: %v, %v", took, lost, over)
		}
	}
}

func TestKind(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, KindRefused},
		{os.NewSyscallError("connect", syscall.EHOSTUNREACH), KindUnreachable},
		{os.NewSyscallError("connect", syscall.ENETUNREACH), KindUnreachable},
		{os.NewSyscallError("connect", syscall.EACCES), KindDenied},
		{syscall.ECONNRESET, KindReset},
		{fmt.Errorf("get: %w", context.DeadlineExceeded), KindTimeout},
		{&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, KindTimeout},
		{&net.DNSError{IsNotFound: true}, KindName},
		{&net.DNSError{IsTimeout: true}, KindNameTimeout},
		{&net.DNSError{}, KindNameFailed},
		{errors.New("?"), KindOther},
		{nil, ""},
	} {
		if kind, _ := Kind(c.err); kind != c.want {
			t.Errorf("%v: %s, want %s", c.err, kind, c.want)
		}
	}
}

func TestParseAhosts(t *testing.T) {
	out := "192.0.2.7      STREAM erp.example\n192.0.2.7      DGRAM\n192.0.2.7      RAW\n2001:db8::7 STREAM\n::ffff:192.0.2.8 STREAM\nnonsense\n\n"
	if got := fmt.Sprint(parseAhosts([]byte(out))); got != "[192.0.2.7 2001:db8::7 192.0.2.8]" {
		t.Error(got)
	}
}

func TestParseResolvConf(t *testing.T) {
	text := "# nameserver 192.0.2.9\nsearch example\nnameserver 192.0.2.1\nnameserver\t2001:db8::1\nnameserver fe80::1%eth0\nnameserver 192.0.2.4\nnameserver x\n"
	if got := fmt.Sprint(parseResolvConf(text)); got != "[192.0.2.1 2001:db8::1 fe80::1%eth0]" {
		t.Error(got)
	}
}

func TestConnectivityOfNetworkManager(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"none", nil, ""},
		{
			"the distribution's",
			map[string]string{"usr/lib/NetworkManager/conf.d/20-connectivity.conf": "[connectivity]\nuri=http://a.example/\n"},
			"http://a.example/|NetworkManager is online",
		},
		{"switched off by the administrator", map[string]string{
			"usr/lib/NetworkManager/conf.d/20-connectivity.conf": "[connectivity]\nuri=http://a.example/\n",
			"etc/NetworkManager/conf.d/99-off.conf":              "[connectivity]\nenabled=false\n",
		}, ""},
		{"replaced under the same name", map[string]string{
			"usr/lib/NetworkManager/conf.d/20-connectivity.conf": "[connectivity]\nuri=http://a.example/\n",
			"etc/NetworkManager/conf.d/20-connectivity.conf":     "# nothing\n",
		}, ""},
		{
			"another section's keys do not count",
			map[string]string{"etc/NetworkManager/NetworkManager.conf": "[main]\nuri=http://x.example/\n[connectivity]\n#uri=http://y.example/\n"},
			"",
		},
		{
			"an empty answer",
			map[string]string{"etc/NetworkManager/NetworkManager.conf": "[connectivity]\nuri=http://b.example/204\nresponse=\n"},
			"http://b.example/204|",
		},
	} {
		root := t.TempDir()
		for name, text := range c.files {
			full := filepath.Join(root, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		got := ""
		if p, ok := systemConnectivity(root); ok {
			got = p.URL + "|" + p.Body
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSNTPStamps(t *testing.T) {
	for _, at := range []time.Time{
		time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 16, 0, 0, 123456789, time.UTC),
		time.Date(2036, 2, 8, 0, 0, 0, 0, time.UTC), time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		var b [8]byte
		putNTP(b[:], at)
		if got := getNTP(b[:]); got.Sub(at).Abs() > time.Microsecond {
			t.Errorf("%v became %v", at, got)
		}
	}
}

func TestSNTPTakesOnlyAnAnswerToItsQuestion(t *testing.T) {
	sent := time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)
	var echo [8]byte
	putNTP(echo[:], sent)
	answer := func(change func(p []byte)) []byte {
		p := make([]byte, 48)
		p[0], p[1] = 0x24, 2
		copy(p[24:], echo[:])
		putNTP(p[32:], sent.Add(-90*time.Second))
		putNTP(p[40:], sent.Add(-90*time.Second))
		change(p)
		return p
	}
	r, ok := readSNTP(answer(func([]byte) {}), echo[:], sent, 20*time.Millisecond)
	if want := 90*time.Second + 10*time.Millisecond; !ok || r.Err != nil || (r.Offset-want).Abs() > time.Microsecond {
		t.Errorf("%+v %v", r, ok)
	}
	for name, p := range map[string][]byte{
		"short":                  answer(func([]byte) {})[:40],
		"a client's packet":      answer(func(p []byte) { p[0] = 0x23 }),
		"somebody else's answer": answer(func(p []byte) { p[24]++ }),
	} {
		if _, ok := readSNTP(p, echo[:], sent, 0); ok {
			t.Errorf("%s was taken", name)
		}
	}
	for name, p := range map[string][]byte{
		"kiss of death":  answer(func(p []byte) { p[1] = 0 }),
		"unsynchronised": answer(func(p []byte) { p[0] |= 0xc0 }),
		"stratum 16":     answer(func(p []byte) { p[1] = 16 }),
	} {
		if r, ok := readSNTP(p, echo[:], sent, 0); !ok || r.Err == nil {
			t.Errorf("%s was believed", name)
		}
	}
}

func TestReadDate(t *testing.T) {
	at := time.Date(2026, 11, 22, 16, 0, 0, 500_000_000, time.UTC)
	a := HTTPAnswer{Sent: at.Add(-50 * time.Millisecond), Got: at.Add(50 * time.Millisecond), Header: map[string][]string{}}
	a.Header.Set("Date", "Sun, 22 Nov 2026 16:00:00 GMT")
	if r := ReadDate(a); r.Err != nil || r.Offset != 0 || r.Error != 550*time.Millisecond {
		t.Errorf("%+v", r)
	}
	a.Header.Set("Age", "3600")
	if r := ReadDate(a); r.Err == nil {
		t.Error("a cached answer was believed")
	}
	a.Header.Del("Age")
	a.Header.Set("Date", "yesterday")
	if r := ReadDate(a); r.Err == nil {
		t.Error("nonsense was believed")
	}
}

func FuzzParsers(f *testing.F) {
	f.Add([]byte("192.0.2.1 STREAM x\n"))
	f.Add([]byte("nameserver 192.0.2.1\n"))
	query, _ := buildQuery("erp.example")
	f.Add(query)
	f.Add(make([]byte, 48))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, a := range parseAhosts(raw) {
			if !a.IsValid() {
				t.Error("an invalid address")
			}
		}
		if got := parseResolvConf(string(raw)); len(got) > 3 {
			t.Error("more than three servers")
		}
		parseAnswer(raw, query)
		readSNTP(raw, make([]byte, 8), time.Unix(0, 0), 0)
		_, _ = ParseProxy(string(raw))
	})
}

func TestGetentRefusesWhatIsNoName(t *testing.T) {
	for _, name := range []string{"--help", "-s", "a b", "a\x00b", "a\nb"} {
		if _, err := getent(t.Context(), "/nonexistent/getent", name); err == nil {
			t.Errorf("%q was passed on", name)
		} else if kind, _ := Kind(err); kind != KindName {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestQueryNames(t *testing.T) {
	for _, name := range []string{"", "erp.example", "erp.example."} {
		if _, err := buildQuery(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := buildQuery(string(make([]byte, 300))); err == nil {
		t.Error("a name of 300 bytes was accepted")
	}
}
