//go:build !windows

package probe

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTicketIsFoundWhereTheSystemKeepsIt(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return full
	}
	f := newTicketFile(false)
	f.credential(false, time.Unix(2e9, 0), time.Unix(0, 0), 0, "krbtgt", "EXAMPLE.ORG")
	write("krb5cc_1000", f.String())
	other := write("elsewhere", f.String())
	realm := write("krb5.conf", "# comment\nincludedir "+filepath.Join(dir, "conf.d")+"\n[libdefaults]\n default_realm = EXAMPLE.ORG\n")
	none := write("none.conf", "[libdefaults]\n dns_lookup_kdc = true\n[realms]\n default_realm = NO\n")
	keyring := write("keyring.conf", "[libdefaults]\ndefault_realm=X\ndefault_ccache_name = KEYRING:persistent:%{uid}\n")
	asked := ""
	for _, c := range []struct {
		name string
		e    ticketEnv
		want string
		kept string
	}{
		{name: "no realm", e: ticketEnv{files: []string{none, "/nonexistent"}}, want: "none"},
		{name: "the usual place", e: ticketEnv{files: []string{realm}, uid: 1000, tmp: dir}, want: "found", kept: "file"},
		{name: "another user's", e: ticketEnv{files: []string{realm}, uid: 1001, tmp: dir}, want: "absent", kept: "file"},
		{name: "said by the session", e: ticketEnv{files: []string{none}, cache: "FILE:" + other, uid: 1}, want: "found", kept: "file"},
		{name: "a bare path", e: ticketEnv{cache: other}, want: "found", kept: "file"},
		{name: "the kernel's", e: ticketEnv{files: []string{keyring}, uid: 7}, want: "found", kept: "keyring"},
		{name: "a folder in its place", e: ticketEnv{cache: "FILE:" + dir}, want: "error", kept: "file"},
		{name: "garbage", e: ticketEnv{cache: "FILE:" + realm}, want: "error", kept: "file"},
	} {
		c.e.klist = func(_ context.Context, cache string) (toolAnswer, error) {
			asked = cache
			return toolAnswer{out: []byte(klistOut)}, nil
		}
		got, err := c.e.read(t.Context())
		state := "absent"
		switch {
		case errors.Is(err, ErrNoRealm):
			state = "none"
		case err != nil:
			state = "error"
		case got.Found:
			state = "found"
		}
		if state != c.want || got.Kept != c.kept {
			t.Errorf("%s: %s %+v %v", c.name, state, got, err)
		}
		if got.Expected != (c.e.cache != "") {
			t.Errorf("%s: expected %v", c.name, got.Expected)
		}
	}
	if asked != "KEYRING:persistent:7" {
		t.Errorf("asked klist for %q", asked)
	}
}
