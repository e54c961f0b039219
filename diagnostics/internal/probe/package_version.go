package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrNoPackage says that no package of that name is installed.
var ErrNoPackage = errors.New("the package is not installed")

// PackageVersion is the version of an installed package, by the system's own list. An error wraps ErrNoPackage,
// or errors.ErrUnsupported where there is no list that we can read.
func PackageVersion(ctx context.Context, name string) (string, error) {
	if name == "" || strings.HasPrefix(name, "-") {
		return "", fmt.Errorf("look up a package: %w", ErrNoPackage)
	}
	return packageVersion(ctx, name)
}

// dpkgVersion finds an installed package in dpkg's list (dpkg(1)).
func dpkgVersion(ctx context.Context, r io.Reader, name string) (string, error) {
	lines := bufio.NewReaderSize(r, maxPackageLine)
	here, installed := false, false
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return "", ctx.Err()
		}
		raw, long, err := lines.ReadLine()
		if errors.Is(err, io.EOF) {
			return "", ErrNoPackage
		}
		if err != nil {
			return "", fmt.Errorf("read the list of packages: %w", err)
		}
		line := string(raw)
		for rest := long; rest && err == nil; {
			_, rest, err = lines.ReadLine()
		}
		switch {
		case strings.HasPrefix(line, "Package: "):
			here, installed = strings.TrimPrefix(line, "Package: ") == name, false
		case here && strings.HasPrefix(line, "Status: "):
			installed = strings.HasSuffix(line, " installed")
		case here && installed && strings.HasPrefix(line, "Version: "):
			return cleanText(strings.TrimPrefix(line, "Version: "), 64), nil
		}
	}
}
