package storage

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// shortOf names the self-tests that this repair must turn: room on the disk is what it is about, unless
// only the number of files is at its end, which emptying helps as well.
func shortOf(results []diagnostics.Result) []string {
	var short []string
	for _, r := range results {
		if (r.ID == "disk.space" || r.ID == "disk.inodes") && r.Status.Bad() {
			short = append(short, r.ID)
		}
	}
	if len(short) == 0 {
		return []string{"disk.space"}
	}
	slices.Sort(short)
	return slices.Compact(short)
}

// sources lists the folders that may be emptied now: real folders, on the base's own file system, of
// programs that do not run, on the volume that is short of room.
func (c *clean) sources(ctx context.Context, results []diagnostics.Result) ([]source, string) {
	mounts, err := c.disk.Mounts(ctx)
	if err != nil {
		return nil, "no_mounts"
	}
	busy := map[string]bool{}
	if list, err := c.running(ctx); err == nil {
		for _, p := range list {
			busy[p.Name] = true
		}
	}
	var list []source
	helps := false
	for _, base := range []string{c.dataHome, c.cacheHome} {
		if !onShort(c.disk, mounts, base, results) {
			continue
		}
		helps = true
		root, err := os.OpenRoot(base)
		if err != nil {
			continue
		}
		for _, b := range buckets {
			if b.data != (base == c.dataHome) && c.dataHome != c.cacheHome ||
				slices.ContainsFunc(b.apps, func(a string) bool { return busy[a] }) {
				continue
			}
			for _, dir := range b.dirs {
				for _, real := range expand(root, dir) {
					if usable(root, base, real, mounts) {
						list = append(list, source{Label: b.label, Base: base, Dir: real})
					}
				}
			}
		}
		root.Close()
	}
	if !helps {
		return nil, "other_volume"
	}
	return list, ""
}

// onShort tells whether room in this folder is room on the volume that is short of it.
func onShort(disk probe.Disk, mounts []probe.Mount, base string, results []diagnostics.Result) bool {
	own, ok := disk.Volume(mounts, base)
	if !ok {
		return false // on another computer, or nowhere
	}
	for _, r := range results {
		role, found := r.Fact("volume")
		if r.ID != "disk.space" && r.ID != "disk.inodes" || !found || !r.Status.Bad() {
			continue
		}
		dir := map[any]string{
			"system": disk.System, "home": disk.Home, "data": disk.Data, "temp": disk.Temp,
		}[role.Value]
		short, ok := disk.Volume(mounts, dir)
		return ok && short.Volume() == own.Volume()
	}
	return true
}

// expand resolves the one "*" of a bucket's folder.
func expand(root *os.Root, pattern string) []string {
	before, after, star := cutStar(pattern)
	if !star {
		return []string{pattern}
	}
	f, err := root.Open(before)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(1000)
	slices.Sort(names)
	var list []string
	for _, n := range names {
		list = append(list, filepath.Join(before, n, after))
	}
	return list
}

// cutStar splits a pattern at its part "*".
func cutStar(pattern string) (before, after string, found bool) {
	parts := splitPath(pattern)
	i := slices.Index(parts, "*")
	if i < 0 {
		return "", "", false
	}
	return filepath.Join(parts[:i]...), filepath.Join(parts[i+1:]...), true
}

// usable tells whether a bucket's folder is what it seems: each part a real folder, no symbolic link, and
// no other file system mounted on it.
func usable(root *os.Root, base, dir string, mounts []probe.Mount) bool {
	top, err := root.Lstat(".")
	if err != nil {
		return false
	}
	want, _ := device(top)
	at := ""
	for _, part := range splitPath(dir) {
		at = filepath.Join(at, part)
		info, err := root.Lstat(at)
		if err != nil || info.Mode().Type() != fs.ModeDir {
			return false
		}
		if dev, _ := device(info); dev != want {
			return false
		}
		if mountedAt(mounts, filepath.Join(base, at)) {
			return false
		}
	}
	return true
}

func mountedAt(mounts []probe.Mount, name string) bool {
	return slices.ContainsFunc(mounts, func(m probe.Mount) bool { return m.Point == name })
}

func splitPath(dir string) []string {
	var parts []string
	for dir != "." && dir != "" && dir != "/" {
		parts = append(parts, filepath.Base(dir))
		dir = filepath.Dir(dir)
	}
	slices.Reverse(parts)
	return parts
}

// measure adds up what lies in the sources, a line for each label, biggest first.
func (c *clean) measure(ctx context.Context, sources []source, dir func(source) string) []repair.Item {
	sum := map[string]*repair.Item{}
	for _, s := range sources {
		root, err := os.OpenRoot(s.Base)
		if err != nil {
			continue
		}
		files, bytes := weigh(ctx, root, dir(s))
		root.Close()
		if sum[s.Label] == nil {
			sum[s.Label] = &repair.Item{Label: s.Label}
		}
		if s.Dir != trashInfo { // the notes beside trashed things are no things of their own
			sum[s.Label].Files += files
		}
		sum[s.Label].Bytes += bytes
	}
	var items []repair.Item
	for _, it := range sum {
		if it.Files > 0 {
			items = append(items, *it)
		}
	}
	slices.SortFunc(items, func(a, b repair.Item) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Label, b.Label))
	})
	return items
}

// chunk is how many names are held at a time: a cache can have a hundred thousand in one folder, and the
// agent's memory is bounded.
const chunk = 256

// weigh counts the files below a name and the room they take. It follows no link and stays on one file
// system.
func weigh(ctx context.Context, root *os.Root, name string) (files int, bytes int64) {
	top, err := root.Lstat(name)
	if err != nil {
		return 0, 0
	}
	if !top.IsDir() {
		return 1, onDisk(top)
	}
	want, _ := device(top)
	return weighFolder(ctx, root, name, want)
}

func weighFolder(ctx context.Context, root *os.Root, dir string, want uint64) (files int, bytes int64) {
	f, err := root.Open(dir)
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	for ctx.Err() == nil {
		entries, err := f.ReadDir(chunk)
		for _, d := range entries {
			info, err := d.Info()
			if err != nil {
				continue
			}
			if dev, _ := device(info); dev != want {
				continue
			}
			if !d.IsDir() {
				files++
				bytes += onDisk(info)
				continue
			}
			n, b := weighFolder(ctx, root, filepath.Join(dir, d.Name()), want)
			files, bytes = files+n, bytes+b
		}
		if err != nil || len(entries) == 0 {
			break
		}
	}
	return files, bytes
}
