package probe

import (
	"strings"
	"testing"
)

func TestSharesInATable(t *testing.T) {
	const table = `36 35 98:0 / / rw,noatime shared:1 - ext4 /dev/root rw
40 36 0:40 / /mnt/team rw - cifs //files.example/team rw,username=ana,password=x
41 36 0:41 / /mnt/my\040home rw - nfs4 nas.example:/home rw
42 36 0:42 / /run/user/1000/doc rw - fuse.portal portal rw
43 36 0:43 / /mnt/old rw - nfs4 nas.example:/old rw
44 36 0:44 / /mnt/old rw - tmpfs tmpfs rw
45 36 0:45 / /auto rw - autofs systemd-1 rw
half a line - cifs
`
	mounts, err := ParseMountinfo(strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	shares := sharesIn(mounts)
	if len(shares) != 2 || shares[0].Host != "files.example" || shares[1].Point != "/mnt/my home" || shares[1].Port != "2049" {
		t.Errorf("%+v", shares)
	}
}

// The mark of a child is held until it ends, and by nobody after that.
func TestClaim(t *testing.T) {
	point := t.TempDir()
	first, free := claim(point)
	if first == nil || !free {
		t.Skip("no such sockets here")
	}
	if !stuck(point) {
		t.Error("a second child would start beside the first")
	}
	if stuck(point + "/other") {
		t.Error("another mount is taken for this one")
	}
	first.Close()
	if stuck(point) {
		t.Error("the mark outlives its holder")
	}
}

// A local folder in a share's place: the real stat answers.
func TestStatfs(t *testing.T) {
	dir := t.TempDir()
	answers := askShares(t.Context(), []Share{{Point: dir}, {Point: dir + "/none"}})
	if answers[0].State != ShareAnswers || answers[1].State != ShareUnknown {
		t.Errorf("%+v", answers)
	}
	many := make([]Share, 30)
	for i := range many {
		many[i].Point = dir
	}
	many[29].Point = dir + "/none"
	for i, a := range askShares(t.Context(), many) {
		if want := map[bool]ShareState{false: ShareAnswers, true: ShareUnknown}[i == 29]; a.State != want {
			t.Errorf("number %d: %s", i, a.State)
		}
	}
}
