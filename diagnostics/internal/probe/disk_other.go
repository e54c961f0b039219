//go:build !linux

package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v3/disk"
)

const dataDir = ""

func systemDir() string {
	if runtime.GOOS == "windows" {
		return filepath.VolumeName(os.Getenv("SystemRoot")) + "/"
	}
	return "/"
}

// mounts asks gopsutil, whose list leaves out network drives on macOS; on Windows only the letters of fixed
// drives are kept, because gopsutil also lists mapped ones there.
func mounts(ctx context.Context) ([]Mount, error) {
	parts, err := disk.PartitionsWithContext(ctx, false)
	if err != nil {
		return nil, fmt.Errorf("read mounts: %w", err)
	}
	var list []Mount
	for _, p := range parts {
		if !fixedDrive(p.Mountpoint) {
			continue
		}
		list = append(list, Mount{
			Device: p.Device, Root: "/", Point: slashed(p.Mountpoint), Type: strings.ToLower(p.Fstype),
			Source: p.Device, ReadOnly: slices.Contains(p.Opts, "ro"),
			SuperReadOnly: slices.Contains(p.Opts, "ro"),
		})
	}
	return list, nil
}

func slashed(point string) string {
	if runtime.GOOS == "windows" {
		return strings.TrimSuffix(filepath.ToSlash(point), "/") + "/"
	}
	return point
}

func fstab() ([]FstabEntry, error) { return nil, nil }

func kernelCommand() string { return "" }

func tryWrite(string) error { return errors.ErrUnsupported }
