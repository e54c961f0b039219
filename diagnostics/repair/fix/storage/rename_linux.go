package storage

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renameNew moves one name between two open folders and never replaces what stands at the target. Names
// have no separator, so nothing is resolved on the way.
func renameNew(from *os.Root, name string, to *os.Root, target string) error {
	src, err := from.Open(".")
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := to.Open(".")
	if err != nil {
		return err
	}
	defer dst.Close()
	err = unix.Renameat2(int(src.Fd()), name, int(dst.Fd()), target, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	// A file system without that flag: look first. Only this user's own programs could come in between.
	if _, err := to.Lstat(target); err == nil {
		return unix.EEXIST
	}
	return unix.Renameat(int(src.Fd()), name, int(dst.Fd()), target)
}
