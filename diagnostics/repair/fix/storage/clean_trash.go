package storage

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
)

// The two folders of a trash: the things themselves, and where each came from, under the same name.
const (
	trashFiles = "Trash/files"
	trashInfo  = "Trash/info"
	infoSuffix = ".trashinfo"
)

// restoreTrash puts trashed things back together with their notes. When something of the same name was
// thrown away meanwhile, both are kept: names in a trash are free, the note says the real one.
func (c *clean) restoreTrash(ctx context.Context, root *os.Root, src source, from, to *os.Root,
) (left, back int, err error) {
	names, err := entries(from)
	if err != nil {
		return 0, 0, err
	}
	heldInfo, err := openReal(root, siblingHold(src.Hold))
	if err == nil {
		defer heldInfo.Close()
	}
	if err := root.MkdirAll(trashInfo, 0o700); err != nil {
		return len(names), 0, err
	}
	info, err := openReal(root, trashInfo)
	if err != nil {
		return len(names), 0, err
	}
	defer info.Close()
	for _, name := range names {
		if ctx.Err() != nil {
			return left + 1, back, ctx.Err()
		}
		noteHeld := heldInfo != nil && exists(heldInfo, name+infoSuffix)
		target := freeTrashName(to, info, name, noteHeld)
		if noteHeld {
			// The note first: a note without its thing is harmless, a thing without its note is not found.
			if err := renameNew(heldInfo, name+infoSuffix, info, target+infoSuffix); err == nil {
				c.moved("restore")
			}
		}
		if err := renameNew(from, name, to, target); err != nil {
			left++
			continue
		}
		back++
		c.moved("restore")
	}
	return left, back, nil
}

// siblingHold is where the notes of a held trash lie: the source right after the things.
func siblingHold(hold string) string {
	n, _ := strconv.Atoi(filepath.Base(hold))
	return filepath.Join(filepath.Dir(hold), strconv.Itoa(n+1))
}

// freeTrashName is the name itself when the trash has no such thing, else the next free one. A note without
// its thing counts as taken, but when ours is no longer held: then it is the one that a restore put there
// before it was cut short.
func freeTrashName(files, info *os.Root, name string, noteHeld bool) string {
	target := name
	for n := 2; n < 10000; n++ {
		_, noFile := files.Lstat(target)
		_, noInfo := info.Lstat(target + infoSuffix)
		if noFile != nil && (noInfo != nil || !noteHeld) {
			return target
		}
		target = name + "." + strconv.Itoa(n)
	}
	return target
}
