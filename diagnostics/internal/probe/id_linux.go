package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	case errors.Is(err, ErrNoTool):
		return PasswordAge{}, fmt.Errorf("read the password's age: %w", errors.ErrUnsupported)
	case err != nil:
		return PasswordAge{}, err
	case bytes.Contains(a.err, []byte("does not exist")):
		return PasswordAge{}, fmt.Errorf("%w: %w", errPasswordElsewhere, errors.ErrUnsupported)
	case a.code != 0:
		return PasswordAge{}, fmt.Errorf("chage ends with %d", a.code)
	}
	return ParseChage(a.out)
}
