package probe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/shirou/gopsutil/v3/disk"
)

// Disk reads the state of the local disks. Each field is one question to the system and can be replaced in
// tests.
type Disk struct {
	// Mounts is the table of mounted file systems.
	Mounts func(ctx context.Context) ([]Mount, error)
	// Fstab is what the administrator wants mounted; empty where the system has no such file.
	Fstab func() ([]FstabEntry, error)
	// Usage asks the file system at a mount point. Only for mounts that are Local: the call cannot be
	// interrupted.
	Usage func(ctx context.Context, point string) (Usage, error)
	// TryWrite writes a byte into a file without a name in dir; nothing remains.
	TryWrite func(dir string) error
	// TryRead lists a folder and reads of its files, and gives up in time whatever the disk does; it answers
	// with one of ReadOK, ReadEIO, ReadSilent and ReadUnknown.
	TryRead func(ctx context.Context, dir string) string
	// Health is what the drives say of themselves; ErrNoHealth where none does.
	Health func(ctx context.Context) ([]DriveHealth, error)
	// Readlink reads a symbolic link.
	Readlink func(name string) (string, error)
	// KernelCommand is the kernel's command line.
	KernelCommand func() string
	// SealedSystem says that the system's own volume is read-only by design, as on a Mac.
	SealedSystem bool
	// Home, Temp and System are the folders whose volumes matter to the user; Data is /var, where services
	// and mail write.
	Home, Temp, Data, System string
}

// Usage is how full a file system is, in bytes and in files, as an ordinary user may use it.
type Usage struct {
	Total, Free, Used  uint64
	Inodes, InodesFree uint64 // zero where the file system does not count them
	InodesUsed         uint64
	FreePercent        float64 // of what an ordinary user may fill
	InodesUsedPercent  float64
	CountsInodes       bool
}

// NewDisk reads this computer.
func NewDisk() Disk {
	home, _ := os.UserHomeDir()
	return Disk{
		Mounts: mounts, Fstab: fstab, Usage: usage, TryWrite: tryWrite, Readlink: os.Readlink,
		KernelCommand: kernelCommand, TryRead: tryRead, Health: driveHealth,
		SealedSystem: runtime.GOOS == "darwin",
		Home:         home, Temp: os.TempDir(), Data: dataDir, System: systemDir(),
	}
}

func usage(ctx context.Context, point string) (Usage, error) {
	u, err := disk.UsageWithContext(ctx, point)
	if err != nil {
		return Usage{}, fmt.Errorf("ask the file system: %w", err)
	}
	out := Usage{
		Total: u.Total, Free: u.Free, Used: u.Used,
		Inodes: u.InodesTotal, InodesFree: u.InodesFree, InodesUsed: u.InodesUsed,
	}
	// Used and free leave out what is reserved for root: the percentage that the user runs into.
	if sum := u.Used + u.Free; sum > 0 {
		out.FreePercent = 100 * float64(u.Free) / float64(sum)
	}
	if u.InodesTotal > 0 {
		out.CountsInodes = true
		out.InodesUsedPercent = 100 * float64(u.InodesUsed) / float64(u.InodesTotal)
	}
	return out, nil
}

// Volume finds the local mount that holds a folder, through symbolic links, without touching any mount that
// is not local.
func (d Disk) Volume(mounts []Mount, dir string) (Mount, bool) {
	if dir == "" {
		return Mount{}, false
	}
	if runtime.GOOS == "windows" {
		m, ok := MountOf(mounts, filepath.ToSlash(dir))
		return m, ok && m.Local()
	}
	at, ok := ResolveLocal(mounts, dir, d.Readlink)
	if !ok {
		return Mount{}, false
	}
	return MountOf(mounts, at)
}
