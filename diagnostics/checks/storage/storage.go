// Package storage holds the self-tests disk.space, disk.inodes, disk.readonly and disk.health: is there room,
// can it be written, and will it last.
//
// They look at the volumes that the user's work depends on: that of the system, of the home folder, of /var
// and of the temporary folder. A volume that another computer serves is never touched, because asking it
// for its size can hang for ever; the mount table alone says what it is.
package storage

import (
	"context"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that these tests name.
const (
	SpaceLow   diagnostics.Cause = "disk.space/low"
	SpaceFull  diagnostics.Cause = "disk.space/full"
	InodesLow  diagnostics.Cause = "disk.inodes/low"
	InodesFull diagnostics.Cause = "disk.inodes/full"
	ReadOnly   diagnostics.Cause = "disk.readonly/ro"

	Failing    diagnostics.Cause = "disk.health/failing"
	Unreadable diagnostics.Cause = "disk.health/io_error"
	Silent     diagnostics.Cause = "disk.health/silent"
	Worn       diagnostics.Cause = "disk.health/worn"
	Hot        diagnostics.Cause = "disk.health/hot"
)

// Checks lists the self-tests of this area.
func Checks(cat catalogue.Catalogue) []diagnostics.Check { return checks(cat, probe.NewDisk()) }

func checks(cat catalogue.Catalogue, d probe.Disk) []diagnostics.Check {
	space, inodes := cat.Get("disk.space"), cat.Get("disk.inodes")
	ro, health := cat.Get("disk.readonly"), cat.Get("disk.health")
	return []diagnostics.Check{
		space.Check(func(ctx context.Context, _ int) diagnostics.Outcome { return checkSpace(ctx, d, space) }),
		inodes.Check(func(ctx context.Context, _ int) diagnostics.Outcome { return checkInodes(ctx, d, inodes) }),
		ro.Check(func(ctx context.Context, _ int) diagnostics.Outcome { return checkReadOnly(ctx, d, ro) }),
		health.Check(func(ctx context.Context, _ int) diagnostics.Outcome { return checkHealth(ctx, d, health) }),
	}
}

// volume is one mounted file system under the name of the first role that it plays.
type volume struct {
	role  string // "system", "home", "data", "temp"
	dir   string // the folder that gave it the role
	mount probe.Mount
}

// volumes lists the local volumes that matter, each once: bind mounts and folders that lie on the same file
// system are one volume.
func volumes(d probe.Disk, mounts []probe.Mount) []volume {
	roles := []struct{ role, dir string }{
		{"system", d.System}, {"home", d.Home}, {"data", d.Data}, {"temp", d.Temp},
	}
	var list []volume
	seen := map[string]bool{}
	for _, r := range roles {
		m, ok := d.Volume(mounts, r.dir)
		if !ok || seen[m.Volume()] {
			continue
		}
		seen[m.Volume()] = true
		list = append(list, volume{r.role, r.dir, m})
	}
	return list
}

// broken is the outcome of a test that could not find out.
func broken(detail string) diagnostics.Outcome {
	return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: detail, Final: true}
}

// notHere is the outcome of a test that has nothing to look at.
func notHere(detail string) diagnostics.Outcome {
	return diagnostics.Outcome{Status: diagnostics.NA, Detail: detail, Final: true}
}
