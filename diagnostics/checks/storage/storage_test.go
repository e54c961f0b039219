package storage

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// machine is a computer with the mounts and usages that a test names.
func machine(mounts []probe.Mount, use map[string]probe.Usage) probe.Disk {
	return probe.Disk{
		Mounts: func(context.Context) ([]probe.Mount, error) { return mounts, nil },
		Fstab:  func() ([]probe.FstabEntry, error) { return nil, nil },
		Usage: func(_ context.Context, point string) (probe.Usage, error) {
			u, ok := use[point]
			if !ok {
				return u, errors.New("asked " + point)
			}
			return u, nil
		},
		TryWrite:      func(string) error { return nil },
		Readlink:      func(string) (string, error) { return "", errors.New("no link") },
		KernelCommand: func() string { return "root=/dev/sda1 ro quiet" },
		Home:          "/home/anne", Temp: "/tmp", Data: "/var", System: "/",
	}
}

func gigs(total, free float64) probe.Usage {
	return probe.Usage{
		Total: uint64(total * gb), Free: uint64(free * gb), Used: uint64((total - free) * gb),
		FreePercent: 100 * free / total,
	}
}

var ext4 = probe.Mount{Device: "8:1", Point: "/", Type: "ext4", Source: "/dev/sda1"}

func run(t *testing.T, d probe.Disk, id string) diagnostics.Outcome {
	t.Helper()
	for _, c := range checks(catalogue.Catalogue{}, d) {
		if c.ID == id {
			return c.Run(t.Context(), 0)
		}
	}
	t.Fatalf("no check %s", id)
	return diagnostics.Outcome{}
}

func TestSpace(t *testing.T) {
	for _, c := range []struct {
		name string
		use  probe.Usage
		want diagnostics.Cause
	}{
		{"plenty", gigs(250, 100), ""},
		{"huge disk, few percent, many gigabytes", gigs(4000, 150), ""},
		{"low", gigs(100, 8), SpaceLow},
		{"little, and still two gigabytes", gigs(100, 3), SpaceLow},
		{"full", gigs(100, 1.9), SpaceFull},
		{"last megabytes of a huge disk", gigs(4000, 0.4), SpaceFull},
		{"empty small disk", gigs(0.2, 0.2), ""},
		{"small disk, low", gigs(0.2, 0.015), SpaceLow},
		{"small disk, full", gigs(0.2, 0.005), SpaceFull},
	} {
		o := run(t, machine([]probe.Mount{ext4}, map[string]probe.Usage{"/": c.use}), "disk.space")
		if o.Cause != c.want || o.Status.Bad() != (c.want != "") {
			t.Errorf("%s: %s %q, want %q", c.name, o.Status, o.Cause, c.want)
		}
		if o.Status == diagnostics.Fail && o.Severity != diagnostics.Blocks ||
			o.Status == diagnostics.Warn && o.Severity != diagnostics.Degrades {
			t.Errorf("%s: %s is %s", c.name, o.Status, o.Severity)
		}
	}
}

func TestTheWorstVolumeIsNamedAndShares(t *testing.T) {
	mounts := []probe.Mount{
		ext4,
		{Device: "8:1", Point: "/tmp", Root: "/tmp", Type: "ext4", Source: "/dev/sda1"}, // a bind mount
		{Device: "8:2", Point: "/home", Type: "ext4", Source: "/dev/sda2"},
		{Device: "0:9", Point: "/var", Type: "nfs4", Source: "nas:/var"},
		{Device: "7:0", Point: "/snap/x/1", Type: "squashfs", Source: "/dev/loop0", SuperReadOnly: true},
	}
	// The share is not in the list: asking it would be an error here, and a hanging computer elsewhere.
	use := map[string]probe.Usage{"/": gigs(100, 50), "/home": gigs(100, 1), "/tmp": gigs(100, 50)}
	o := run(t, machine(mounts, use), "disk.space")
	r := diagnostics.Result{Facts: o.Facts}
	if v, _ := r.Fact("volume"); o.Cause != SpaceFull || v.Value != "home" {
		t.Errorf("%+v", o)
	}
	if v, ok := r.Fact("system.free_percent"); !ok || v.Value != 50.0 {
		t.Errorf("the other volume: %+v", o.Facts)
	}
	if _, twice := r.Fact("temp.free_percent"); twice {
		t.Error("a bind mount was counted twice")
	}
}

func TestImagesAndSharesAreNeverFull(t *testing.T) {
	mounts := []probe.Mount{
		{Device: "7:0", Point: "/", Type: "squashfs", Source: "/dev/loop0", ReadOnly: true, SuperReadOnly: true},
		{Device: "0:9", Point: "/home", Type: "fuse.sshfs", Source: "nas:"},
	}
	for _, id := range []string{"disk.space", "disk.inodes"} {
		if o := run(t, machine(mounts, nil), id); o.Status != diagnostics.NA {
			t.Errorf("%s: %+v", id, o)
		}
	}
	if o := run(t, machine(mounts, nil), "disk.readonly"); o.Status != diagnostics.Pass {
		t.Errorf("disk.readonly: %+v", o)
	}
}

func TestInodes(t *testing.T) {
	for used, want := range map[float64]diagnostics.Cause{10: "", 89.9: "", 90: InodesLow, 97: InodesLow, 97.1: InodesFull, 100: InodesFull} {
		u := gigs(100, 50)
		u.CountsInodes, u.InodesUsedPercent, u.Inodes = true, used, 1000
		if o := run(t, machine([]probe.Mount{ext4}, map[string]probe.Usage{"/": u}), "disk.inodes"); o.Cause != want {
			t.Errorf("%v %%: %s %q, want %q", used, o.Status, o.Cause, want)
		}
	}
	if o := run(t, machine([]probe.Mount{ext4}, map[string]probe.Usage{"/": gigs(100, 50)}), "disk.inodes"); o.Status != diagnostics.NA {
		t.Errorf("a file system that does not count: %+v", o)
	}
}

func TestReadOnly(t *testing.T) {
	home := probe.Mount{Device: "8:2", Point: "/home", Type: "ext4", Source: "/dev/sda2"}
	with := func(m probe.Mount, ro, super bool) probe.Mount {
		m.ReadOnly, m.SuperReadOnly = ro, super
		return m
	}
	for _, c := range []struct {
		name    string
		mounts  []probe.Mount
		fstab   []probe.FstabEntry
		cmdline string
		write   error
		want    diagnostics.Cause
	}{
		{name: "all well", mounts: []probe.Mount{ext4, home}},
		{name: "the kernel gave up on the home disk", mounts: []probe.Mount{ext4, with(home, false, true)}, want: ReadOnly},
		{name: "remounted by hand", mounts: []probe.Mount{with(ext4, true, true), home}, want: ReadOnly},
		{name: "a sandbox's view", mounts: []probe.Mount{with(ext4, true, false), home}, write: nil},
		{name: "a sandbox's view refuses writes", mounts: []probe.Mount{with(ext4, true, false)}, write: syscall.EROFS},
		{
			name: "fstab wants it so", mounts: []probe.Mount{ext4, with(home, true, true)},
			fstab: []probe.FstabEntry{{Point: "/home", ReadOnly: true}}, write: syscall.EROFS,
		},
		{name: "an ostree system", mounts: []probe.Mount{with(ext4, true, true), home}, cmdline: "ostree=/ostree/boot.1"},
		{name: "a live medium", mounts: []probe.Mount{{Device: "0:1", Point: "/", Type: "overlay", ReadOnly: true, SuperReadOnly: true}, home}},
		{name: "writes are refused", mounts: []probe.Mount{ext4, home}, write: syscall.EROFS, want: ReadOnly},
		{name: "the disk breaks", mounts: []probe.Mount{ext4}, write: syscall.EIO, want: ReadOnly},
		{name: "full is not read-only", mounts: []probe.Mount{ext4}, write: syscall.ENOSPC},
		{name: "neither is a folder of somebody else", mounts: []probe.Mount{ext4}, write: syscall.EACCES},
	} {
		d := machine(c.mounts, nil)
		d.Fstab = func() ([]probe.FstabEntry, error) { return c.fstab, nil }
		d.KernelCommand = func() string { return c.cmdline }
		d.TryWrite = func(dir string) error {
			if dir == d.Home {
				return c.write
			}
			return nil
		}
		if o := run(t, d, "disk.readonly"); o.Cause != c.want || o.Status.Bad() != (c.want != "") {
			t.Errorf("%s: %s %q, want %q", c.name, o.Status, o.Cause, c.want)
		}
	}
}

func TestABrokenProbeIsUnknown(t *testing.T) {
	d := machine(nil, nil)
	d.Mounts = func(context.Context) ([]probe.Mount, error) { return nil, errors.New("denied") }
	for _, c := range checks(catalogue.Catalogue{}, d) {
		if o := c.Run(t.Context(), 0); o.Status != diagnostics.Unknown || o.Cause != "" {
			t.Errorf("%s: %+v", c.ID, o)
		}
	}
}

func TestHealth(t *testing.T) {
	ata := probe.DriveHealth{Kind: "ata", TempC: 38, WearPercent: -1}
	with := func(d probe.DriveHealth, change func(*probe.DriveHealth)) probe.DriveHealth { change(&d); return d }
	nvme := probe.DriveHealth{Kind: "nvme", TempC: 75, WearPercent: 12}
	for _, c := range []struct {
		name   string
		read   string
		drives []probe.DriveHealth
		err    error
		status diagnostics.Status
		cause  diagnostics.Cause
	}{
		{name: "well", drives: []probe.DriveHealth{ata, nvme}, status: diagnostics.Pass},
		{name: "a virtual machine", err: probe.ErrNoHealth, status: diagnostics.NA},
		{name: "drives that say nothing", status: diagnostics.NA},
		{name: "denied", err: errors.New("denied"), status: diagnostics.Unknown},
		{
			name:   "one of two is failing",
			drives: []probe.DriveHealth{nvme, with(ata, func(d *probe.DriveHealth) { d.Failing = true })},
			status: diagnostics.Fail, cause: Failing,
		},
		{
			name:   "an NVMe drive's critical warning",
			drives: []probe.DriveHealth{with(nvme, func(d *probe.DriveHealth) { d.Warnings = []string{"spare"} })},
			status: diagnostics.Fail, cause: Failing,
		},
		{
			name:   "hot by its own measure",
			drives: []probe.DriveHealth{with(nvme, func(d *probe.DriveHealth) { d.Warnings = []string{"temperature"} })},
			status: diagnostics.Warn, cause: Hot,
		},
		{
			name:   "hot by ours",
			drives: []probe.DriveHealth{nvme, with(ata, func(d *probe.DriveHealth) { d.TempC = 64 })},
			status: diagnostics.Warn, cause: Hot,
		},
		{
			name:   "worn",
			drives: []probe.DriveHealth{with(nvme, func(d *probe.DriveHealth) { d.WearPercent = 95 })},
			status: diagnostics.Warn, cause: Worn,
		},
		{name: "reads fail, whatever the drive says", read: probe.ReadEIO, drives: []probe.DriveHealth{ata}, status: diagnostics.Fail, cause: Unreadable},
		{name: "reads never end", read: probe.ReadSilent, err: probe.ErrNoHealth, status: diagnostics.Fail, cause: Silent},
		{name: "no permission to look", read: probe.ReadUnknown, drives: []probe.DriveHealth{ata}, status: diagnostics.Pass},
	} {
		d := machine([]probe.Mount{ext4}, nil)
		d.TryRead = func(context.Context, string) string { return c.read }
		d.Health = func(context.Context) ([]probe.DriveHealth, error) { return c.drives, c.err }
		if o := run(t, d, "disk.health"); o.Status != c.status || o.Cause != c.cause || o.Status.Bad() != (o.Severity != "") {
			t.Errorf("%s: %s %q (%s)", c.name, o.Status, o.Cause, o.Detail)
		}
	}
}

// A home folder that another computer serves is a share: its silence is not a disk's, and reading it here would
// only wait.
func TestASharedHomeIsNotRead(t *testing.T) {
	for kind, read := range map[string]bool{"nfs4": false, "cifs": false, "fuse.sshfs": false, "autofs": false, "fuse.gocryptfs": true, "ext4": true} {
		d := machine(nil, nil)
		d.Mounts = func(context.Context) ([]probe.Mount, error) {
			return []probe.Mount{ext4, {Device: "0:9", Point: d.Home, Type: kind, Source: "x"}}, nil
		}
		done := false
		d.TryRead = func(context.Context, string) string { done = true; return probe.ReadOK }
		d.Health = func(context.Context) ([]probe.DriveHealth, error) { return nil, probe.ErrNoHealth }
		if run(t, d, "disk.health"); done != read {
			t.Errorf("%s: read %v", kind, done)
		}
	}
}

func TestLimitsAreInOrder(t *testing.T) {
	s := (catalogue.Catalogue{}).Get("disk.space")
	if s.Limit("fail_free_percent") >= s.Limit("warn_free_percent") || s.Limit("fail_free_gb") >= s.Limit("warn_free_gb") {
		t.Error("a fail must come after its warn")
	}
}
