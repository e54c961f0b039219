package probe

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

func reboot() (Reboot, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return Reboot{}, fmt.Errorf("read kernel version: %w", err)
	}
	running, _, _ := bytes.Cut(u.Release[:], []byte{0})
	return readReboot("/", string(running))
}

// readReboot looks under root, which is "/" but in tests.
func readReboot(root, running string) (Reboot, error) {
	var r Reboot
	for _, name := range []string{"run/reboot-required", "var/run/reboot-required"} {
		st, err := os.Stat(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return r, fmt.Errorf("look for a pending restart: %w", err)
		}
		r.Requested, r.Since = true, st.ModTime()
		if f, err := os.Open(filepath.Join(root, name+".pkgs")); err == nil {
			r.Packages = ParsePackages(f)
			f.Close()
		}
		break
	}
	return r, r.readKernels(root, running)
}

func (r *Reboot) readKernels(root, running string) error {
	entries, err := os.ReadDir(filepath.Join(root, "boot"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil // a container, or a system that hides its kernels: nothing can be told
	}
	if err != nil {
		return fmt.Errorf("list kernels: %w", err)
	}
	var installed []string
	for _, e := range entries {
		if v, ok := strings.CutPrefix(e.Name(), "vmlinuz-"); ok {
			installed = append(installed, v)
		}
	}
	newest := NewestKernel(running, installed)
	if newest == "" {
		return nil
	}
	r.Running, r.Newest = running, newest
	if newest == running {
		return nil
	}
	st, err := os.Stat(filepath.Join(root, "boot", "vmlinuz-"+newest))
	if err == nil && (r.Since.IsZero() || st.ModTime().Before(r.Since)) {
		r.Since = st.ModTime()
	}
	return nil
}
