package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/windows/registry"
)

func packages(context.Context) (Packages, error) { return Packages{}, errors.ErrUnsupported }

// updates reads when Windows last looked for updates. Newer releases keep it where only an administrator
// reads; then nobody says.
func updates(context.Context) (Updates, error) {
	const path = `SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\Results\Detect`
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return Updates{}, fmt.Errorf("read the last search for updates: %w", errors.ErrUnsupported)
	}
	defer k.Close()
	text, _, err := k.GetStringValue("LastSuccessTime")
	if err != nil {
		return Updates{}, fmt.Errorf("read the last search for updates: %w", errors.ErrUnsupported)
	}
	at, err := time.Parse(time.DateTime, text) // in UTC
	if err != nil {
		return Updates{}, fmt.Errorf("read the last search for updates: %w", err)
	}
	return Updates{Checked: at}, nil
}

// crashes lists the names of the folders in which Windows keeps the reports of this user's crashes. Those of
// the system itself are only for administrators.
func crashes(ctx context.Context) (Crashes, error) {
	base := os.Getenv("LOCALAPPDATA")
	if base == "" {
		return Crashes{}, errors.ErrUnsupported
	}
	var c Crashes
	for _, dir := range []string{"ReportArchive", "ReportQueue"} {
		entries, err := os.ReadDir(filepath.Join(base, "Microsoft", "Windows", "WER", dir))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return c, fmt.Errorf("list crashes: %w", err)
		}
		c.Readable = true
		for _, e := range entries {
			info, err := e.Info()
			if program, ok := ParseWER(e.Name()); ok && err == nil {
				c.add(strings.TrimSuffix(program, ".exe"), info.ModTime())
			}
		}
	}
	if !c.Readable {
		return c, fmt.Errorf("nothing here keeps crashes: %w", errors.ErrUnsupported)
	}
	return c, ctx.Err()
}
