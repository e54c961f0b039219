package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"strings"
)

func passwordAge(ctx context.Context) (PasswordAge, error) {
	u, err := user.Current()
	if err != nil || u.Username == "" || strings.HasPrefix(u.Username, "-") {
		return PasswordAge{}, fmt.Errorf("read the password's age: %w", errors.ErrUnsupported)
	}
	a, err := tool{name: "chage", args: []string{"-l", u.Username}}.run(ctx)
	switch {
	case errors.Is(err, ErrNoTool) && !localAccount(sysRoot(), u.Username):
		return PasswordAge{}, fmt.Errorf("%w: %w", errPasswordElsewhere, errors.ErrUnsupported)
	case err != nil:
		return PasswordAge{}, err
	case bytes.Contains(a.err, []byte("does not exist")):
		return PasswordAge{}, fmt.Errorf("%w: %w", errPasswordElsewhere, errors.ErrUnsupported)
	case a.code != 0:
		return PasswordAge{}, fmt.Errorf("chage ends with %d", a.code)
	}
	return ParseChage(a.out)
}

// localAccount tells whether this very computer knows the account: then it also knows how old the password is,
// even where nothing is there to tell.
func localAccount(tree fs.FS, name string) bool {
	raw, err := sysBytes(tree, "etc/passwd")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, name+":") {
			return true
		}
	}
	return false
}
