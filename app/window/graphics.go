//go:build cgo || ci

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"balise/app/internal/ipc/api"
)

var (
	errDisplay  = errors.New("this session has no display")
	errGraphics = errors.New("the display has no usable OpenGL")
)

// probeWait is how long the trial may take: a driver that needs longer hangs.
const probeWait = 5 * time.Second

// canShow tries to open an OpenGL window in a child, because where there is none the toolkit panics, hangs,
// or lives on without a window.
func canShow() error {
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errDisplay
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own program: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "--probe-gl")
	cmd.WaitDelay = time.Second
	// Without a language of its own Fyne complains before main runs, and the complaint would be taken for
	// the reason.
	cmd.Env = append(os.Environ(), "LC_ALL=en_US.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("%w: %w: %.300s", errGraphics, err, out)
	}
	return nil
}

// noWindow says in one line of JSON why there is no window.
func noWindow(stderr io.Writer, why error) int {
	line, err := json.Marshal(api.NewError(api.CodeNoWindow, why))
	if err != nil {
		line = []byte(`{"code":"` + api.CodeNoWindow + `"}`)
	}
	fmt.Fprintf(stderr, "%s\n", line)
	return exitNoShow
}

// probe is the child: it opens an invisible window with a context of OpenGL, and says by its exit code
// whether that worked.
func probe(stderr io.Writer) (code int) {
	runtime.LockOSThread()
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintln(stderr, r)
			code = exitNoShow
		}
	}()
	if err := openGL(); err != nil {
		fmt.Fprintln(stderr, err)
		return exitNoShow
	}
	return exitOK
}
