package probe

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func parse(t testing.TB, table string) []Mount {
	t.Helper()
	m, err := ParseMountinfo(strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Captured on this project's test machine: one as it is, one in a mount namespace with a small memory disk
// whose name has a space, an ext4 image that was remounted read-only, an overlay and a read-only bind
// mount.
func TestMountinfoOfRealMachines(t *testing.T) {
	plain := parse(t, fixture(t, "mountinfo-firecracker.txt"))
	if m, ok := MountOf(plain, "/home/anne"); !ok || m.Point != "/" || m.Type != "ext4" || m.ReadOnly || m.SuperReadOnly {
		t.Errorf("root: %+v", m)
	}
	all := parse(t, fixture(t, "mountinfo-namespace.txt"))
	for _, c := range []struct {
		path      string
		kind      string
		ro, super bool
	}{
		{"/tmp/mi/a b/x", "tmpfs", false, false},
		{"/tmp/mi/lo", "ext4", true, true},
		{"/tmp/mi/ov/deep", "overlay", false, false},
		{"/tmp/mi/bro", "ext4", true, false}, // only this view of the disk is read-only
		{"/tmp/mi/low", "ext4", false, false},
	} {
		m, ok := MountOf(all, c.path)
		if !ok || m.Type != c.kind || m.ReadOnly != c.ro || m.SuperReadOnly != c.super || !m.Local() {
			t.Errorf("%s: %+v", c.path, m)
		}
	}
	if n := len(Within(all, "/tmp/mi/a b")); n != 1 {
		t.Errorf("%d mounts within", n)
	}
	root, _ := MountOf(all, "/")
	bind, _ := MountOf(all, "/tmp/mi/bro")
	if root.Volume() != bind.Volume() {
		t.Error("a bind mount is another volume")
	}
}

const desktop = `22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro
40 22 7:0 / /snap/core22/2292 ro,nodev,relatime shared:60 - squashfs /dev/loop0 ro,errors=continue
41 22 259:1 / /boot/efi rw,relatime shared:70 - vfat /dev/nvme0n1p1 rw
42 22 0:52 / /home rw,relatime shared:30 - autofs /etc/auto.home rw,fd=71
43 42 0:93 / /home/anne rw,relatime shared:31 - nfs4 nas:/home/anne rw,vers=4.2
44 22 0:38 /@var /var rw shared:32 - btrfs /dev/sda2 rw,subvol=/@var
45 22 0:42 /@tmp /tmp rw shared:33 - btrfs /dev/sda2 rw,subvol=/@tmp
46 22 0:60 / /home/bob rw shared:34 - fuse.sshfs bob@nas: rw
47 22 8:1 / /mnt/ntfs rw shared:35 - fuseblk /dev/sdb1 rw
`

func TestNetworkMountsAreNotTouched(t *testing.T) {
	all := parse(t, desktop)
	noLink := func(name string) (string, error) {
		if m, _ := MountOf(all, name); !m.Local() {
			t.Errorf("touched %s", name)
		}
		return "", errors.New("no link")
	}
	for name, local := range map[string]bool{
		"/home/anne/Documents": false, "/home/bob": false, "/home/carl": false, "/var/log": true, "/mnt/ntfs": true, "/": true,
	} {
		if _, ok := ResolveLocal(all, name, noLink); ok != local {
			t.Errorf("%s: local %v, want %v", name, ok, local)
		}
	}
	// A link that leads onto a share is followed by name only.
	link := func(name string) (string, error) {
		if name == "/data" {
			return "home/anne/x", nil
		}
		return noLink(name)
	}
	if at, ok := ResolveLocal(all, "/data/y", link); ok {
		t.Errorf("led to %s", at)
	}
	loop := func(name string) (string, error) { return name, nil }
	if _, ok := ResolveLocal(all, "/loop", loop); ok {
		t.Error("a link to itself has an end")
	}
	v, _ := MountOf(all, "/var")
	tmp, _ := MountOf(all, "/tmp")
	if v.Volume() != tmp.Volume() {
		t.Error("two subvolumes are one volume")
	}
	if snap, _ := MountOf(all, "/snap/core22/2292/x"); !snap.Image() {
		t.Error("a snap is an image")
	}
}

func TestFstab(t *testing.T) {
	list, err := ParseFstab(strings.NewReader("# <file system>\nUUID=1 / ext4 errors=remount-ro 0 1\n\nLABEL=x /mnt/a\\040b ext4 ro,noatime 0 2\nbroken line\n"))
	if err != nil || len(list) != 2 || list[0].ReadOnly || !list[1].ReadOnly || list[1].Point != "/mnt/a b" {
		t.Errorf("%v %+v", err, list)
	}
}

func TestTryWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	d := NewDisk()
	if err := d.TryWrite(dir); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 0 {
		t.Errorf("left %v", names)
	}
	if err := d.TryWrite(filepath.Join(dir, "absent")); err == nil {
		t.Error("wrote into nothing")
	}
}

func FuzzMountinfo(f *testing.F) {
	f.Add(fixture(f, "mountinfo-namespace.txt"))
	f.Add(desktop)
	f.Add(`1 1 0:1 / /\777\04\ rw - x y`)
	f.Fuzz(func(t *testing.T, table string) {
		all, err := ParseMountinfo(strings.NewReader(table))
		if err != nil {
			return
		}
		for _, m := range all {
			if !strings.HasPrefix(m.Point, "/") || m.Type == "" {
				t.Errorf("%+v", m)
			}
			if m.Local() && m.Volume() == "" {
				t.Errorf("a local mount without a volume: %+v", m)
			}
		}
		if m, ok := MountOf(all, "/a/b"); ok && !under("/a/b", m.Point) {
			t.Errorf("%q is not above /a/b", m.Point)
		}
		ResolveLocal(all, "/a/../b//c", func(string) (string, error) { return "x", nil })
		if _, err := ParseFstab(strings.NewReader(table)); err != nil {
			return
		}
	})
}
