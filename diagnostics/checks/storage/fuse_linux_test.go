package storage

import (
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// The few words of the kernel to a file system in a program (linux/fuse.h) that a broken disk needs.
const (
	fuseGetattr, fuseInit, fuseOpendir = 3, 26, 27
	fuseForget, fuseIn, fuseOut        = 2, 40, 16
)

// brokenDisk mounts a file system over dir that shows its folder and then fails every read with an input/output
// error, or never answers. It lasts as long as the mount namespace.
func brokenDisk(t *testing.T, dir string, silent bool) {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(t, err)
	data := fmt.Sprintf("fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other", fd)
	must(t, unix.Mount("vault", dir, "fuse.vault", unix.MS_NOSUID|unix.MS_NODEV, data))
	go func() {
		buf := make([]byte, 1<<17)
		for {
			n, err := unix.Read(fd, buf)
			if err == unix.EINTR || err == unix.EAGAIN {
				continue
			}
			if err != nil || n < fuseIn {
				return
			}
			op, unique := binary.NativeEndian.Uint32(buf[4:]), binary.NativeEndian.Uint64(buf[8:])
			body, failed := fuseAnswer(op)
			if op == fuseForget || failed && silent {
				continue
			}
			out := make([]byte, fuseOut, fuseOut+len(body))
			if failed {
				binary.NativeEndian.PutUint32(out[4:], ^uint32(unix.EIO)+1) // the kernel wants it negative
			}
			binary.NativeEndian.PutUint64(out[8:], unique)
			out = append(out, body...)
			binary.NativeEndian.PutUint32(out, uint32(len(out)))
			_, _ = unix.Write(fd, out)
		}
	}()
}

// fuseAnswer is what a disk can still say when only its table of folders is in memory.
func fuseAnswer(op uint32) (body []byte, failed bool) {
	switch op {
	case fuseInit:
		body = make([]byte, 64)
		binary.NativeEndian.PutUint32(body, 7)
		binary.NativeEndian.PutUint32(body[4:], 31)
		binary.NativeEndian.PutUint32(body[20:], 4096)
	case fuseGetattr:
		body = make([]byte, 104)
		binary.NativeEndian.PutUint64(body[16:], 1)
		binary.NativeEndian.PutUint32(body[76:], unix.S_IFDIR|0o755)
		binary.NativeEndian.PutUint32(body[80:], 2)
	case fuseOpendir:
		body = make([]byte, 16)
	default:
		return nil, true
	}
	return body, false
}
