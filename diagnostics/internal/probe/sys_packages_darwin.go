package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

func packages(context.Context) (Packages, error) { return Packages{}, errors.ErrUnsupported }

// updates reads what macOS wrote down of its last search. Asking it to search takes half a minute.
func updates(ctx context.Context) (Updates, error) {
	const file = "/Library/Preferences/com.apple.SoftwareUpdate.plist"
	a, err := tool{name: "plutil", args: []string{"-convert", "xml1", "-o", "-", file}}.run(ctx)
	if err != nil {
		return Updates{}, err
	}
	if a.code != 0 {
		return Updates{}, fmt.Errorf("read the last search for updates: %w", errors.ErrUnsupported)
	}
	list, err := ParsePlist(bytes.NewReader(a.out))
	if err != nil {
		return Updates{}, err
	}
	return ParseSoftwareUpdate(list)
}

// crashes lists the names of the reports that macOS keeps, never their content.
func crashes(ctx context.Context) (Crashes, error) {
	var c Crashes
	dirs := []string{"/Library/Logs/DiagnosticReports"}
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, filepath.Join(home, "Library/Logs/DiagnosticReports"))
	}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return c, fmt.Errorf("list crashes: %w", err)
		}
		c.Readable = true
		for _, e := range entries {
			program, at, kernel, ok := ParseDiagnosticReport(e.Name(), time.Local)
			switch {
			case !ok:
			case kernel:
				c.Kernel = append(c.Kernel, at)
			default:
				c.add(program, at)
			}
		}
	}
	if !c.Readable {
		return c, fmt.Errorf("nothing here keeps crashes: %w", errors.ErrUnsupported)
	}
	return c, ctx.Err()
}
