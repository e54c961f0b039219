package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// remove deletes what is held, for good.
func (c *clean) remove(ctx context.Context, s cleaned) ([]diagnostics.Fact, error) {
	mounts, err := c.disk.Mounts(ctx)
	if err != nil {
		return nil, repair.Because("no_mounts", err)
	}
	freed, left := int64(0), 0
	for _, src := range s.Sources {
		f, l, err := c.removeOne(ctx, src, mounts)
		freed, left = freed+f, left+l
		if err != nil {
			return nil, err
		}
	}
	facts := []diagnostics.Fact{diagnostics.Int("freed_bytes", freed, "B")}
	if left > 0 {
		facts = append(facts, diagnostics.Int("left", int64(left), ""))
	}
	return facts, nil
}

func (c *clean) removeOne(ctx context.Context, src source, mounts []probe.Mount) (freed int64, left int, err error) {
	root, err := os.OpenRoot(src.Base)
	if err != nil {
		return 0, 0, repair.Because("folder", err)
	}
	defer root.Close()
	hold, err := openReal(root, src.Hold)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, repair.Because("folder", err)
	}
	defer hold.Close()
	names, err := entries(hold)
	if err != nil {
		return 0, 0, repair.Because("folder", err)
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return freed, left, err
		}
		if foreign(mounts, filepath.Join(src.Base, src.Hold, name)) {
			left++
			continue
		}
		_, bytes := weigh(ctx, hold, name)
		if err := removeTree(hold, name); err != nil {
			left++
			continue
		}
		freed += bytes
		c.moved("delete")
	}
	if left == 0 {
		err = c.dropHold(root, src.Hold)
	}
	return freed, left, err
}

// removeTree deletes a tree without following links. Folders that their owner may not write (some programs
// make them so) are opened first.
func removeTree(root *os.Root, name string) error {
	err := root.RemoveAll(name)
	if err == nil || !errors.Is(err, fs.ErrPermission) || !realFolder(root, name) {
		return err
	}
	_ = fs.WalkDir(root.FS(), filepath.ToSlash(name), func(at string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = root.Chmod(at, 0o700)
		}
		return nil
	})
	return root.RemoveAll(name)
}

func exists(root *os.Root, name string) bool {
	_, err := root.Lstat(name)
	return err == nil
}

func realFolder(root *os.Root, name string) bool {
	info, err := root.Lstat(name)
	return err == nil && info.Mode().Type() == fs.ModeDir
}
