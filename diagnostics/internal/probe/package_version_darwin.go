package probe

import (
	"context"
	"strings"
)

// packageVersion asks for an installer's receipt, "com.example.app" (pkgutil(1)).
func packageVersion(ctx context.Context, name string) (string, error) {
	a, err := tool{name: "pkgutil", args: []string{"--pkg-info", name}}.run(ctx)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(a.out)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "version: "); ok && a.code == 0 {
			return cleanText(v, 64), nil
		}
	}
	return "", ErrNoPackage
}
