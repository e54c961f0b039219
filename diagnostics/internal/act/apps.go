package act

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// AppName tells whether a text can name a program that the desktop knows: "org.acme.Erp", "libreoffice-writer".
func AppName(id string) bool {
	return id != "" && len(id) <= 128 && !strings.HasPrefix(id, "-") && !strings.HasPrefix(id, ".") &&
		strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// startTime is what a desktop may take to say that it starts a program.
const startTime = 10 * time.Second

// StartApp asks the desktop to start a program that it knows by its id, as a click in its menu does: over the bus
// where the program can be activated so (Desktop Entry Specification, D-Bus activation), else by the desktop's own
// launcher. No argument and no file goes along.
func StartApp(ctx context.Context, id string) error {
	if !AppName(id) {
		return fmt.Errorf("start %q: not a program's id", id)
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if runtime.GOOS == "linux" {
		if err := activate(ctx, id); err == nil || !errors.Is(err, ErrAbsent) {
			return err
		}
	}
	return launch(ctx, launchers(runtime.GOOS, id))
}

// activate starts a program over the session's bus. Only an id with dots can be a name there.
func activate(ctx context.Context, id string) error {
	if !strings.Contains(id, ".") {
		return ErrAbsent
	}
	b, err := UserBus(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	path := dbus.ObjectPath("/" + strings.NewReplacer(".", "/", "-", "_").Replace(id))
	if !path.IsValid() {
		return ErrAbsent
	}
	return b.Do(ctx, id, path, "org.freedesktop.Application.Activate", []any{map[string]dbus.Variant{}})
}

// launchers are the programs that start others by their id, the first that is there is asked. Windows's and
// macOS's are untried.
func launchers(goos, id string) [][]string {
	switch goos {
	case "linux":
		return [][]string{{"/usr/bin/gtk-launch", id}, {"/usr/bin/gtk4-launch", id}, {"/usr/bin/kstart", "--application", id}}
	case "darwin":
		return [][]string{{"/usr/bin/open", "-b", id}} // by bundle identifier: open(1)
	}
	return nil
}

func launch(ctx context.Context, list [][]string) error {
	for _, argv := range list {
		if _, err := os.Stat(argv[0]); err != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Dir = "/"
		cmd.WaitDelay = time.Second
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("start by %s: %w", argv[0], err)
		}
		return nil
	}
	return fmt.Errorf("start a program: %w", ErrAbsent)
}
