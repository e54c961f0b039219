package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

func packageVersion(ctx context.Context, name string) (string, error) {
	f, err := os.Open("/var/lib/dpkg/status")
	if err == nil {
		defer f.Close()
		return dpkgVersion(ctx, f, name)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the list of packages: %w", err)
	}
	a, err := tool{name: "rpm", args: []string{"-q", "--qf", "%{VERSION}-%{RELEASE}\n", "--", name}}.run(ctx)
	if errors.Is(err, ErrNoTool) {
		return "", fmt.Errorf("no list of packages: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return "", err
	}
	version, _, _ := strings.Cut(string(a.out), "\n")
	if a.code != 0 || version == "" {
		return "", ErrNoPackage
	}
	return cleanText(version, 64), nil
}
