//go:build !windows

package pack

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// unixFolder is an opened folder and what its content must be.
type unixFolder struct {
	f    *os.File
	path string
	// owner is who must own all of it, and nobody else may write to it; -1: anybody (what is in it is signed).
	owner int
}

// openAdmin opens a folder of the administrator's, from the root on, part by part. Each part is looked at after
// it was opened, through the very descriptor that the next one is opened with, and no part may be a link: nobody
// can change between the look and the use what is looked at. base is "/" but in tests.
func openAdmin(base, path string, owner int) (folder, error) {
	fd, err := unix.Open(base, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, openError(base, err)
	}
	d := &unixFolder{os.NewFile(uintptr(fd), base), base, owner}
	if err := d.trusted(d.f, base); err != nil {
		d.close()
		return nil, err
	}
	rest, err := filepath.Rel(base, path)
	if err != nil || strings.HasPrefix(rest, "..") {
		d.close()
		return nil, unreadableError(path, errors.New("is not below "+base))
	}
	for part := range strings.SplitSeq(rest, string(filepath.Separator)) {
		if part == "." {
			continue
		}
		next, err := d.open(part)
		d.close()
		if err != nil {
			return nil, err
		}
		d = next.(*unixFolder)
	}
	return d, nil
}

// openAny opens a folder whose packs must be signed: whoever owns it, what counts is what is read.
func openAny(path string) (folder, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, openError(path, err)
	}
	return &unixFolder{os.NewFile(uintptr(fd), path), path, -1}, nil
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, unix.ENOENT):
		return os.ErrNotExist
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENOTDIR):
		return &distrust{notPlain, path}
	}
	return unreadableError(path, err)
}

func (d *unixFolder) close() { d.f.Close() }

func (d *unixFolder) names() ([]string, error) {
	names, err := d.f.Readdirnames(maxEntries + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadableError(d.path, err)
	}
	if len(names) > maxEntries {
		return nil, &distrust{tooLarge, d.path}
	}
	return sorted(names), nil
}

// at opens an entry, without following a link and without waiting for a pipe's other end.
func (d *unixFolder) at(name string, flags int) (*os.File, error) {
	path := filepath.Join(d.path, name)
	fd, err := unix.Openat(int(d.f.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK|flags, 0)
	if err != nil {
		return nil, openError(path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	if err := d.trusted(f, path); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// trusted judges what was opened: its owner, and who else may write.
func (d *unixFolder) trusted(f *os.File, path string) error {
	if d.owner < 0 {
		return nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return unreadableError(path, err)
	}
	if int(st.Uid) != d.owner || st.Mode&0o022 != 0 {
		return &distrust{notAdmins, path}
	}
	return nil
}

func (d *unixFolder) open(name string) (folder, error) {
	f, err := d.at(name, unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	return &unixFolder{f, filepath.Join(d.path, name), d.owner}, nil
}

func (d *unixFolder) read(name string, most int64) ([]byte, error) {
	f, err := d.at(name, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readPlain(f, most)
}
