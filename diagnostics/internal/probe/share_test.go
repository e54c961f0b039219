package probe

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
)

func TestServerOf(t *testing.T) {
	for _, c := range []struct{ kind, source, want string }{
		{"nfs4", "files.example.org:/export/home", "files.example.org"},
		{"nfs", "[2001:db8::7]:/x", "2001:db8::7"},
		{"cifs", "//files.example.org/team share", "files.example.org"},
		{"cifs", `\\files\team`, "files"},
		{"smb3", "//ana@files/team", "files"},
		{"fuse.sshfs", "ana@host.example:", "host.example"},
		{"fuse.sshfs", "host.example:/srv", "host.example"},
		{"fuse.sshfs", "-oProxyCommand=evil:/x", ""},
		{"nfs", "host name:/x", ""},
		{"nfs", "/dev/sda1", ""},
		{"cifs", "///", ""},
		{"fuse.odd", "whatever", ""},
		{"nfs", strings.Repeat("a", 300) + ":/", ""},
	} {
		if got := serverOf(c.kind, c.source); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.kind, c.source, got, c.want)
		}
	}
}

func TestShareServer(t *testing.T) {
	for raw, want := range map[string]string{
		"smb://files.example/team": "files.example:445", "nfs://[2001:db8::1]/x": "[2001:db8::1]:2049",
		"sftp://host:2222/": "host:2222", "ftp://host": "", "smb://": "", "::": "",
	} {
		if got, ok := ShareServer(raw); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v", raw, got, ok)
		}
	}
}

func TestShareOf(t *testing.T) {
	for kind, want := range map[string]bool{
		"ext4": false, "btrfs": false, "tmpfs": false, "fuseblk": false, "nfs4": true, "cifs": true, "fuse.sshfs": true,
		"fuse.rclone": true, "fuse.portal": false, "fuse.gvfsd-fuse": false, "fuse.lxcfs": false, "autofs": false,
		"fuse.Balise.AppImage": false,
	} {
		if _, got := shareOf(Mount{Type: kind, Point: "/x", Source: "a:/b"}); got != want {
			t.Errorf("%s is a share: %v", kind, got)
		}
	}
}

func TestShareError(t *testing.T) {
	for text, want := range map[string]ShareState{
		"stat: cannot read file system information for '/mnt/a: b': Transport endpoint is not connected\n": ShareGone,
		"stat: cannot read file system information for '/x': Stale file handle":                            ShareStale,
		"stat: cannot read file system information for '/x': Permission denied":                            ShareDenied,
		"stat: cannot read file system information for '/x': Key has expired":                              ShareKey,
		"df: /x: Host is down": ShareGone, "df: /x: No such file or directory": ShareUnknown, "": ShareUnknown,
	} {
		if got := shareError(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// fakeAsker has some shares that do not answer, and counts what it is asked.
type fakeAsker struct {
	hung    map[string]bool
	started atomic.Int64
}

func (f *fakeAsker) together(_ context.Context, shares []Share) bool {
	f.started.Add(1)
	for _, s := range shares {
		if f.hung[s.Point] {
			return false
		}
	}
	return true
}

func (f *fakeAsker) alone(_ context.Context, s Share) ShareState {
	f.started.Add(1)
	if f.hung[s.Point] {
		return ShareHung
	}
	return ShareAnswers
}

func TestOneOfManyHangs(t *testing.T) {
	for _, n := range []int{0, 1, singles, singles + 1, 500} {
		var shares []Share
		for i := range n {
			shares = append(shares, Share{Point: fmt.Sprint(i)})
		}
		f := &fakeAsker{hung: map[string]bool{fmt.Sprint(n - 1): n > 1}}
		answers := askEach(t.Context(), f, shares)
		hung := 0
		for i, a := range answers {
			want := ShareAnswers
			if n > 1 && i == n-1 {
				want = ShareHung
				hung++
			}
			if a.State != want {
				t.Errorf("%d shares: number %d %s, want %s", n, i, a.State, want)
			}
		}
		if limit := int64(n/batch + 2 + 2*batch); f.started.Load() > limit {
			t.Errorf("%d shares: %d children", n, f.started.Load())
		}
	}
}
