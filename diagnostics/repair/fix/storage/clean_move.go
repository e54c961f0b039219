package storage

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"balise/diagnostics"
	"balise/diagnostics/internal/durable"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// hold moves everything out of the sources into the holding folders. Nothing is freed yet, and everything
// can be put back.
func (c *clean) hold(ctx context.Context, job repair.Job, s cleaned) ([]diagnostics.Fact, error) {
	mounts, err := c.disk.Mounts(ctx)
	if err != nil {
		return nil, repair.Because("no_mounts", err)
	}
	for _, src := range s.Sources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := c.holdOne(job, src, mounts); err != nil {
			return nil, err
		}
	}
	files, bytes := 0, int64(0)
	for _, it := range c.measure(ctx, s.Sources, func(src source) string { return src.Hold }) {
		files += it.Files
		bytes += it.Bytes
	}
	if files == 0 {
		return nil, repair.Because("nothing_to_do", nil)
	}
	return []diagnostics.Fact{
		diagnostics.Int("held_bytes", bytes, "B"), diagnostics.Int("held_files", int64(files), ""),
	}, nil
}

func (c *clean) holdOne(job repair.Job, src source, mounts []probe.Mount) error {
	root, err := os.OpenRoot(src.Base)
	if err != nil {
		return repair.Because("folder", err)
	}
	defer root.Close()
	if !usable(root, src.Base, src.Dir, mounts) {
		return nil // changed since it was looked at: leave it alone
	}
	from, err := root.OpenRoot(src.Dir)
	if err != nil {
		return repair.Because("folder", err)
	}
	defer from.Close()
	names, err := entries(from)
	if err != nil {
		return repair.Because("folder", err)
	}
	if len(names) == 0 {
		return nil
	}
	to, err := makeHold(root, src.Hold, job.MakeRoom)
	if err != nil {
		return err
	}
	defer to.Close()
	for _, name := range names {
		if foreign(mounts, filepath.Join(src.Base, src.Dir, name)) {
			continue
		}
		if err := renameNew(from, name, to, name); err != nil && !passable(err) {
			return repair.Because("move", err)
		}
		c.moved("hold")
	}
	return errors.Join(syncRoot(to), syncRoot(from))
}

// passable errors concern one entry only, which then stays where it is: another device, gone meanwhile, not
// ours, in use.
func passable(err error) bool {
	for _, e := range []error{syscall.EXDEV, syscall.ENOENT, syscall.EACCES, syscall.EPERM, syscall.EBUSY} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// foreign tells whether another file system is mounted at or below a name.
func foreign(mounts []probe.Mount, name string) bool { return len(probe.Within(mounts, name)) > 0 }

// makeHold makes and opens a holding folder, which nobody else may enter.
func makeHold(root *os.Root, dir string, makeRoom func() bool) (*os.Root, error) {
	err := root.MkdirAll(dir, 0o700)
	if errors.Is(err, syscall.ENOSPC) && makeRoom() {
		err = root.MkdirAll(dir, 0o700)
	}
	if errors.Is(err, syscall.ENOSPC) {
		return nil, repair.Because("no_room", err)
	}
	if err != nil {
		return nil, repair.Because("folder", err)
	}
	to, err := openReal(root, dir)
	if err != nil {
		return nil, repair.Because("folder", err)
	}
	return to, nil
}

// openReal opens a folder below root through real folders only.
func openReal(root *os.Root, dir string) (*os.Root, error) {
	at := ""
	for _, part := range splitPath(dir) {
		at = filepath.Join(at, part)
		info, err := root.Lstat(at)
		if err != nil {
			return nil, err
		}
		if info.Mode().Type() != fs.ModeDir {
			return nil, &fs.PathError{Op: "open", Path: at, Err: syscall.ENOTDIR}
		}
	}
	return root.OpenRoot(dir)
}

func syncRoot(r *os.Root) error {
	f, err := r.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return durable.File(f)
}

// entries lists the names in a folder, in a stable order.
func entries(r *os.Root) ([]string, error) {
	f, err := r.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// Undo moves everything back that still lies in the holding folders. What has meanwhile come to stand in
// its place is never replaced: the held one gets a free name beside it in the trash, and stays held
// elsewhere.
func (c *clean) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	if len(saved) == 0 {
		return nil, 0, nil // cut short before the first step
	}
	var s cleaned
	if err := s.read(saved); err != nil {
		return nil, 0, err
	}
	left, back := 0, 0
	var problems []error
	untouched := c.untouched(s.Sources)
	for _, src := range s.Sources {
		l, b, err := c.restoreOne(ctx, src)
		left, back = left+l, back+b
		problems = append(problems, err)
	}
	if left == 0 {
		restoreTimes(untouched)
	}
	facts := []diagnostics.Fact{diagnostics.Int("restored", int64(back), "")}
	if left > 0 {
		facts = append(facts, diagnostics.Int("left", int64(left), ""))
	}
	if s.Deleting {
		facts = append(facts, diagnostics.Bool("deletion_had_begun", true))
	}
	return facts, left, errors.Join(problems...)
}

// untouched lists the sources in which nobody has put anything since they were emptied: after the restore
// they are as they were, their own time included.
func (c *clean) untouched(sources []source) []source {
	var list []source
	for _, src := range sources {
		dir, err := os.ReadDir(filepath.Join(src.Base, src.Dir))
		if err == nil && len(dir) == 0 && !src.MTime.IsZero() {
			list = append(list, src)
		}
	}
	return list
}

func restoreTimes(sources []source) {
	for _, src := range sources {
		root, err := os.OpenRoot(src.Base)
		if err != nil {
			continue
		}
		_ = root.Chtimes(src.Dir, src.MTime, src.MTime)
		root.Close()
	}
}

func (c *clean) restoreOne(ctx context.Context, src source) (left, back int, err error) {
	root, err := os.OpenRoot(src.Base)
	if err != nil {
		return 0, 0, err
	}
	defer root.Close()
	from, err := openReal(root, src.Hold)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil // nothing was held here, or all of it is back
	}
	if err != nil {
		return 0, 0, err
	}
	defer from.Close()
	if err := root.MkdirAll(src.Dir, 0o700); err != nil {
		return 1, 0, err
	}
	to, err := openReal(root, src.Dir)
	if err != nil {
		return 1, 0, err
	}
	defer to.Close()
	if src.Dir == trashFiles {
		left, back, err = c.restoreTrash(ctx, root, src, from, to)
	} else {
		left, back, err = c.merge(ctx, from, to)
	}
	if err == nil && left == 0 {
		err = c.dropHold(root, src.Hold)
	}
	return left, back, errors.Join(err, syncRoot(to))
}

// dropHold removes an empty holding folder, and its parents when they are empty too.
func (c *clean) dropHold(root *os.Root, dir string) error {
	if err := root.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = root.Remove(filepath.Dir(dir)) // fails while other sources are held, which is as it should be
	_ = root.Remove(holdFolder)
	return nil
}

// merge moves every entry of from into to. A folder that exists on both sides is merged, anything else that
// is in the way stays, and so does what was to be moved there.
func (c *clean) merge(ctx context.Context, from, to *os.Root) (left, back int, err error) {
	names, err := entries(from)
	if err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return left + 1, back, ctx.Err()
		}
		err := renameNew(from, name, to, name)
		c.moved("restore")
		switch {
		case err == nil:
			back++
		case errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY):
			l, b, err := c.mergeBoth(ctx, from, to, name)
			left, back = left+l, back+b
			if err != nil {
				return left, back, err
			}
		default:
			return left + 1, back, err
		}
	}
	return left, back, nil
}

// mergeBoth handles a name that exists on both sides.
func (c *clean) mergeBoth(ctx context.Context, from, to *os.Root, name string) (left, back int, err error) {
	a, errA := openReal(from, name)
	if errA != nil {
		return 1, 0, nil
	}
	defer a.Close()
	b, errB := openReal(to, name)
	if errB != nil {
		return 1, 0, nil
	}
	defer b.Close()
	left, back, err = c.merge(ctx, a, b)
	if err == nil && left == 0 {
		err = from.Remove(name)
	}
	return left, back, err
}
