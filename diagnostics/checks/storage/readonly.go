package storage

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// checkReadOnly looks for a file system that should be written and no longer can. After a disk error the
// kernel turns the whole file system read-only and leaves the mount's own flag alone; a sandbox or a bind
// mount does the opposite. So only the first counts, and a write that is refused with EROFS or EIO.
func checkReadOnly(ctx context.Context, d probe.Disk, spec catalogue.Spec) diagnostics.Outcome {
	mounts, err := d.Mounts(ctx)
	if err != nil {
		return broken(err.Error())
	}
	entries, err := d.Fstab()
	if err != nil {
		entries = nil // unreadable: then nothing is known to be meant read-only but images
	}
	list := volumes(d, mounts)
	if len(list) == 0 {
		return notHere("no local volume")
	}
	cmdline := d.KernelCommand()
	for _, v := range list {
		if v.mount.SuperReadOnly && !meantReadOnly(d, v, entries, cmdline) && expectedWritable(v, entries) {
			return readOnly(spec, v, "")
		}
	}
	for _, v := range written(d, mounts) {
		// A sandbox's own read-only flag explains a refusal; it says nothing of the disk.
		if v.mount.ReadOnly && !v.mount.SuperReadOnly || meantReadOnly(d, v, entries, cmdline) {
			continue
		}
		if code := refusal(d.TryWrite(v.dir)); code != "" {
			return readOnly(spec, v, code)
		}
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
}

// written lists the folders in which the user's programs must be able to write, whether or not they share a
// volume.
func written(d probe.Disk, mounts []probe.Mount) []volume {
	var list []volume
	for _, r := range []struct{ role, dir string }{{"home", d.Home}, {"temp", d.Temp}} {
		if m, ok := d.Volume(mounts, r.dir); ok {
			list = append(list, volume{r.role, r.dir, m})
		}
	}
	return list
}

func readOnly(spec catalogue.Spec, v volume, code string) diagnostics.Outcome {
	o := verdict(spec, diagnostics.Fail, "", ReadOnly)
	o.Error = code
	o.Facts = []diagnostics.Fact{
		diagnostics.Text("volume", v.role),
		diagnostics.Text("fs", v.mount.Type),
		diagnostics.Bool("mount_ro", v.mount.SuperReadOnly),
	}
	if code != "" {
		o.Facts = append(o.Facts, diagnostics.Text("error", code))
	}
	return o
}

// meantReadOnly tells whether somebody wants this volume read-only: fstab says so, or the system is one
// whose root is always so (an ostree deployment, a live medium's overlay, a Mac).
func meantReadOnly(d probe.Disk, v volume, entries []probe.FstabEntry, cmdline string) bool {
	if e, ok := entryOf(v.mount.Point, entries); v.mount.Image() || ok && e.ReadOnly {
		return true
	}
	if v.role != "system" {
		return false
	}
	return d.SealedSystem || v.mount.Type == "overlay" || strings.Contains(cmdline, "ostree=") ||
		strings.Contains(cmdline, "systemd.volatile=")
}

// expectedWritable tells whether fstab wants the volume written, or common sense does: the system's and the
// user's own.
func expectedWritable(v volume, entries []probe.FstabEntry) bool {
	if e, ok := entryOf(v.mount.Point, entries); ok {
		return !e.ReadOnly
	}
	return v.role == "system" || v.role == "home"
}

func entryOf(point string, entries []probe.FstabEntry) (probe.FstabEntry, bool) {
	for _, e := range entries {
		if e.Point == point {
			return e, true
		}
	}
	return probe.FstabEntry{}, false
}

// refusal is the code of an error that says "the disk cannot be written"; any other error (no permission,
// disk full, not offered by this file system) says something else.
func refusal(err error) string {
	switch {
	case errors.Is(err, syscall.EROFS):
		return "EROFS"
	case errors.Is(err, syscall.EIO):
		return "EIO"
	}
	return ""
}
