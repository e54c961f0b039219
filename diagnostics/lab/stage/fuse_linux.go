package stage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel's words to a file system in a program (linux/fuse.h); what is not here is answered with ENOSYS.
const (
	fuseLookup, fuseForget, fuseGetattr            = 1, 2, 3
	fuseOpen, fuseStatfs, fuseRelease              = 14, 17, 18
	fuseFlush, fuseInit, fuseOpendir, fuseReaddir  = 25, 26, 27, 28
	fuseReleasedir, fuseAccess, fuseInterrupt      = 29, 34, 36
	fuseDestroy, fuseBatchForget, fuseHeader, fuse = 38, 42, 40, "fuse"
)

// share is a mounted folder of another computer: an empty one that answers, answers late, answers with an
// error, or takes every question and never answers, which is what a mount does whose server is gone.
type share struct {
	dev   *os.File
	at    string
	mu    sync.Mutex
	mode  string // "ok", "hang", or an error's name
	late  time.Duration
	asked atomic.Int64
	ended chan struct{}
}

var shareErrors = map[string]unix.Errno{
	"eio": unix.EIO, "gone": unix.ENOTCONN, "stale": unix.ESTALE,
	"denied": unix.EACCES, "key": unix.EKEYEXPIRED,
}

// mountShare mounts a folder at a place of the client's machine.
func (m *machine) mountShare(at, source, subtype string) (*share, error) {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open fuse: %w", err)
	}
	err = m.do(func() error {
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		data := fmt.Sprintf("fd=%d,rootmode=40755,user_id=%d,group_id=%d,allow_other", fd, userID, userID)
		return unix.Mount(source, at, fuse+"."+subtype, unix.MS_NOSUID|unix.MS_NODEV, data)
	})
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("mount share: %w", err)
	}
	// Not before: the poller takes the file for broken until it belongs to a mount.
	sh := &share{dev: os.NewFile(uintptr(fd), fuse), at: at, mode: "ok", ended: make(chan struct{})}
	go sh.serve()
	return sh, nil
}

// close wakes whoever still waits, because the kernel aborts a file system whose program is gone.
func (sh *share) close() error {
	err := sh.dev.Close()
	<-sh.ended
	return err
}

func (sh *share) set(mode string, late time.Duration) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.mode, sh.late = mode, late
}

func (sh *share) serve() {
	defer close(sh.ended)
	buf := make([]byte, 1<<17)
	for {
		n, err := sh.dev.Read(buf)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			return
		}
		if n < fuseHeader {
			continue
		}
		op, unique := binary.LittleEndian.Uint32(buf[4:]), binary.LittleEndian.Uint64(buf[8:])
		if op == fuseForget || op == fuseBatchForget || op == fuseInterrupt {
			continue
		}
		sh.mu.Lock()
		mode, late := sh.mode, sh.late
		sh.mu.Unlock()
		if op == fuseInit {
			sh.reply(unique, 0, initAnswer(binary.LittleEndian.Uint32(buf[fuseHeader+4:])))
			continue
		}
		sh.asked.Add(1)
		if mode == "hang" {
			continue
		}
		errno, body := shareAnswer(op)
		if bad := shareErrors[mode]; bad != 0 {
			errno, body = bad, nil
		}
		time.AfterFunc(late, func() { sh.reply(unique, errno, body) })
	}
}

func (sh *share) reply(unique uint64, errno unix.Errno, body []byte) {
	out := binary.LittleEndian.AppendUint32(nil, uint32(16+len(body)))
	out = binary.LittleEndian.AppendUint32(out, uint32(-int32(errno)))
	out = binary.LittleEndian.AppendUint64(out, unique)
	_, _ = sh.dev.Write(append(out, body...))
}

// initAnswer agrees on a version of the protocol, at most the one written for.
func initAnswer(minor uint32) []byte {
	const major, ours = 7, 31
	out := make([]byte, 64)
	binary.LittleEndian.PutUint32(out, major)
	binary.LittleEndian.PutUint32(out[4:], min(minor, ours))
	binary.LittleEndian.PutUint32(out[8:], 1<<16)  // read ahead
	binary.LittleEndian.PutUint32(out[20:], 1<<16) // largest write
	binary.LittleEndian.PutUint32(out[24:], 1)     // nanoseconds
	return out
}

func shareAnswer(op uint32) (unix.Errno, []byte) {
	switch op {
	case fuseGetattr:
		out := make([]byte, 104)
		binary.LittleEndian.PutUint64(out[16:], 1)                     // inode
		binary.LittleEndian.PutUint32(out[16+60:], unix.S_IFDIR|0o777) // mode
		binary.LittleEndian.PutUint32(out[16+64:], 2)
		return 0, out
	case fuseStatfs:
		out := make([]byte, 80)
		for i, n := range []uint64{1 << 28, 1 << 27, 1 << 27, 1 << 20, 1 << 19} {
			binary.LittleEndian.PutUint64(out[8*i:], n)
		}
		binary.LittleEndian.PutUint32(out[40:], 4096)
		binary.LittleEndian.PutUint32(out[44:], 255)
		binary.LittleEndian.PutUint32(out[48:], 4096)
		return 0, out
	case fuseOpen, fuseOpendir:
		return 0, make([]byte, 16)
	case fuseReaddir, fuseRelease, fuseReleasedir, fuseFlush, fuseAccess, fuseDestroy:
		return 0, nil
	case fuseLookup:
		return unix.ENOENT, nil
	}
	return unix.ENOSYS, nil
}

func shareActions() []action {
	return []action{
		{
			Action{Name: "share.mount", Doc: "The organisation's folder is mounted, and answers: nothing is wrong."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				forget, err := s.mounted()
				if err != nil {
					return deed{}, err
				}
				return deed{undo: forget, seen: func(context.Context) (bool, string) {
					n := s.share.asked.Load()
					return n > 0, fmt.Sprintf("the folder was asked %d times", n)
				}}, nil
			},
		},
		{
			Action{
				Name: "share.break", Doc: "The mounted folder hangs, fails, or is late.",
				Args: []Arg{
					opt("mode", "string", "hang", "hang, eio, gone (not connected), stale, denied, key (expired), or ok"),
					opt("late", "duration", "0s", "before each answer"),
					opt("unit", "string", "none", "what mounted it: a unit of the user's, of the system's, or none"),
				},
			},
			shareBreak,
		},
		{
			Action{
				Name: "share.many", Doc: "Many folders are mounted.",
				Args: []Arg{opt("count", "int", 500, "folders"), opt("hangs", "int", 1,
					"so many of them, of other computers, never answer")},
			},
			shareMany,
		},
		{
			Action{Name: "share.missing", Doc: "The settings name a folder that is not mounted; its server answers."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				forget := s.wantShare()
				return deed{undo: forget, seen: func(context.Context) (bool, string) {
					text, err := s.machine.read("/proc/self/mountinfo")
					return err == nil && s.share == nil, fmt.Sprintf("%d bytes of mounts, none of them the folder",
						len(text))
				}}, nil
			},
		},
	}
}

func (s *Stage) wantShare() (undo func() error) {
	return s.set([]string{"probes", "shares"}, []map[string]any{
		{"name": "Projets", "url": "smb://" + FilesHost + "/projets", "mount": sharePath},
	})
}

// mounted mounts the organisation's folder unless it is.
func (s *Stage) mounted() (undo func() error, err error) {
	if s.share != nil {
		return func() error { return nil }, nil
	}
	sh, err := s.machine.mountShare(sharePath, "//"+FilesHost+"/projets", "smb3")
	if err != nil {
		return nil, err
	}
	s.share = sh
	forget := s.wantShare()
	s.closers = append(s.closers, func() error {
		if s.share == nil {
			return nil
		}
		return s.share.close()
	})
	return func() error {
		err := errors.Join(forget(), s.machine.do(func() error {
			return unix.Unmount(sharePath,
				unix.MNT_DETACH)
		}), s.share.close())
		s.share = nil
		return err
	}, nil
}

func shareBreak(_ context.Context, s *Stage, a args) (deed, error) {
	mode := a.str("mode")
	if mode != "hang" && mode != "ok" && shareErrors[mode] == 0 {
		return deed{}, fmt.Errorf("%w mode %q", ErrUnknown, mode)
	}
	if _, err := s.mounted(); err != nil {
		return deed{}, err
	}
	if err := s.shareUnit(a.str("unit")); err != nil {
		return deed{}, err
	}
	sh := s.share
	before := sh.asked.Load()
	sh.set(mode, a.dur("late"))
	return deed{undo: func() error { sh.set("ok", 0); return nil }, seen: func(context.Context) (bool, string) {
		n := sh.asked.Load() - before
		return n > 0, fmt.Sprintf("the folder was asked %d times", n)
	}}, nil
}

// shareUnit has a service manager know how to mount the folder again.
func (s *Stage) shareUnit(whose string) error {
	kind, known := map[string]string{"user": sessionBus, "system": systemBus}[whose]
	switch {
	case whose == "none":
		return nil
	case !known:
		return fmt.Errorf("%w unit %q", ErrUnknown, whose)
	}
	b, err := s.service(kind, systemdName)
	if err != nil {
		return err
	}
	const name = "mnt-projets.mount"
	s.mending.starter(name, s.remount)
	return b.unit(name, "loaded", "active", "success")
}

// remount mounts the folder anew, in the place of what may still be there.
func (s *Stage) remount() error {
	old := s.share
	sh, err := s.machine.mountShare(sharePath, "//"+FilesHost+"/projets", "smb3")
	if err != nil {
		return err
	}
	s.share = sh
	return old.close()
}

func shareMany(_ context.Context, s *Stage, a args) (deed, error) {
	for i := range a.num("count") {
		at := fmt.Sprintf("/mnt/many/%d", i)
		err := s.machine.do(func() error {
			if err := os.MkdirAll(at, 0o755); err != nil {
				return err
			}
			return unix.Mount("tmpfs", at, "tmpfs", unix.MS_NOSUID, "size=64k")
		})
		if err != nil {
			return deed{}, err
		}
	}
	for i := range a.num("hangs") {
		sh, err := s.machine.mountShare(fmt.Sprintf("/mnt/many/hangs%d", i), "archive:/old", "sshfs")
		if err != nil {
			return deed{}, err
		}
		sh.set("hang", 0)
		s.closers = append(s.closers, sh.close)
	}
	return deed{seen: func(context.Context) (bool, string) {
		return true, fmt.Sprintf("%d folders mounted", a.num("count")+a.num("hangs"))
	}}, nil
}
