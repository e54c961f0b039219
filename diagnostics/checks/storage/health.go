package storage

import (
	"context"
	"errors"
	"slices"
	"strings"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// checkHealth puts together what the disk under the user's folder does when it is read, and what the drives
// say of themselves. A disk that fails to read is worse than any figure.
func checkHealth(ctx context.Context, d probe.Disk, spec catalogue.Spec) diagnostics.Outcome {
	mounts, err := d.Mounts(ctx)
	if err != nil {
		return broken(err.Error())
	}
	if v, ok := homeVolume(d, mounts); ok {
		switch code := d.TryRead(ctx, d.Home); code {
		case probe.ReadEIO:
			return unreadable(spec, v, Unreadable, code)
		case probe.ReadSilent:
			return unreadable(spec, v, Silent, code)
		}
	}
	drives, err := d.Health(ctx)
	switch {
	case errors.Is(err, probe.ErrNoHealth), err == nil && len(drives) == 0:
		return notHere("no drive says how it is")
	case err != nil:
		return broken(err.Error())
	}
	return judgeHealth(spec, drives)
}

// homeVolume is the mount under the user's folder, unless another computer serves it: then it is a share, and
// no disk of this one. A file system that a program serves (FUSE) counts, because an encrypted home is one.
func homeVolume(d probe.Disk, mounts []probe.Mount) (volume, bool) {
	if d.Home == "" {
		return volume{}, false
	}
	if m, ok := d.Volume(mounts, d.Home); ok {
		return volume{"home", d.Home, m}, true
	}
	m, ok := probe.MountOf(mounts, d.Home)
	remote := slices.Contains(remotePrograms(), strings.TrimPrefix(m.Type, "fuse."))
	return volume{"home", d.Home, m}, ok && strings.HasPrefix(m.Type, "fuse") && !remote
}

// remotePrograms serve files of other computers.
func remotePrograms() []string {
	return []string{
		"sshfs", "rclone", "s3fs", "davfs", "davfs2", "glusterfs", "cephfs", "ceph", "smbnetfs", "curlftpfs",
	}
}

func unreadable(spec catalogue.Spec, v volume, c diagnostics.Cause, code string) diagnostics.Outcome {
	return diagnostics.Outcome{
		Status: diagnostics.Fail, Cause: c, Severity: spec.Severity, Error: code,
		Facts: []diagnostics.Fact{
			diagnostics.Text("volume", v.role),
			diagnostics.Text("fs", v.mount.Type),
			diagnostics.Text("error", code),
		},
	}
}

// judgeHealth says how the worst of the drives stands. Heat alone passes; wear is a reason to plan.
func judgeHealth(spec catalogue.Spec, drives []probe.DriveHealth) diagnostics.Outcome {
	failing := slices.IndexFunc(drives, probe.DriveHealth.Broken)
	worn := slices.IndexFunc(drives, func(d probe.DriveHealth) bool {
		return d.WearPercent >= spec.Limit("warn_wear_percent")
	})
	hot := slices.IndexFunc(drives, func(d probe.DriveHealth) bool {
		return slices.Contains(d.Warnings, "temperature") || d.TempC >= spec.Limit("warn_"+d.Kind+"_c")
	})
	o := diagnostics.Outcome{Status: diagnostics.Pass, Final: true}
	at := 0
	switch {
	case failing >= 0:
		o, at = verdict(spec, diagnostics.Fail, "", Failing), failing
	case worn >= 0:
		o, at = verdict(spec, diagnostics.Warn, Worn, ""), worn
	case hot >= 0:
		o, at = verdict(spec, diagnostics.Warn, Hot, ""), hot
	}
	d := drives[at]
	o.Facts = []diagnostics.Fact{
		diagnostics.Int("drives", int64(len(drives)), ""), diagnostics.Text("drive_kind", d.Kind),
	}
	if d.Failing {
		o.Facts = append(o.Facts, diagnostics.Bool("smart_failing", true))
	}
	if len(d.Warnings) > 0 {
		o.Facts = append(o.Facts,
			diagnostics.Fact{Key: "drive_warnings", Value: d.Warnings, Class: diagnostics.Plain})
	}
	if d.TempC > 0 {
		o.Facts = append(o.Facts, diagnostics.Float("temperature", tenth(d.TempC), "°C"))
	}
	if d.WearPercent >= 0 {
		o.Facts = append(o.Facts, diagnostics.Float("wear_percent", tenth(d.WearPercent), "%"))
	}
	return o
}
