//go:build !windows

package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// trusted refuses a policy that somebody other than the administrator could have written: the file and every
// folder above it must belong to root, or to the user of a Balise that was installed for them alone, and be
// writable by nobody else.
func trusted(file string) error {
	if _, err := os.Lstat(file); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return fmt.Errorf("read policy: %w", err)
	}
	for path := real; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("read policy: %w", err)
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		sticky := info.Mode()&os.ModeSticky != 0 && info.IsDir()
		if !ok || (st.Uid != 0 && int(st.Uid) != os.Geteuid()) || (info.Mode().Perm()&0o022 != 0 && !sticky) {
			return &Error{
				File: file, Problem: path + " can be written by others than the administrator",
				Want: "owner root and mode 0755 (folders) or 0644 (file)",
			}
		}
		if path == filepath.Dir(path) {
			return nil
		}
	}
}

// systemPolicy is empty: on Linux and macOS the policy is a file.
func systemPolicy() (layer, error) { return layer{source: "policy"}, nil }
