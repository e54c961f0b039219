// Package window starts Balise's window, a program of its own: its crash, its leak or a missing OpenGL never
// takes the agent down.
package window

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// The reasons why there is no window.
var (
	ErrNoDisplay = errors.New("this session has no display")
	ErrMissing   = errors.New("the window program is not installed beside this one")
	ErrGraphics  = errors.New("the graphics of this computer cannot show a window")
)

const (
	// earlyEnd is how long Show waits for a new window to fail. Most failures (no display, no OpenGL) are
	// there by then; a later one goes to OnFail.
	earlyEnd = 1500 * time.Millisecond
	// noWindow is the exit code with which the window program says that it cannot show anything.
	noWindow = 3
)

// Params is what a Launcher needs.
type Params struct {
	Socket string // of the agent
	// Program is the window program; empty is balise-window beside this program.
	Program string
	// OnFail is told when a window ended with an error, whether or not Show still waited for it.
	OnFail func(error)
	Log    *slog.Logger
}

// Launcher keeps at most one window running.
type Launcher struct {
	p Params

	mu      sync.Mutex
	running *exec.Cmd
	ended   chan struct{} // closed when running ended
	lastErr error
}

// New makes a launcher; nothing is started yet.
func New(p Params) *Launcher { return &Launcher{p: p} }

// HasDisplay tells whether a window could appear at all.
func HasDisplay() bool {
	return runtime.GOOS != "linux" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

// Show makes sure that a window runs. One that runs already shows the page by itself: it follows the agent's
// events. The error says why there is none, as far as the first seconds tell.
func (l *Launcher) Show(ctx context.Context, page, incident string) error {
	if !HasDisplay() {
		return ErrNoDisplay
	}
	ended, err := l.start(page, incident)
	if err != nil || ended == nil {
		return err
	}
	select {
	case <-ended:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.lastErr
	case <-ctx.Done():
		return nil
	case <-time.After(earlyEnd):
		return nil
	}
}

// start starts the program unless it runs; the channel is nil when it ran already.
func (l *Launcher) start(page, incident string) (<-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running != nil {
		return nil, nil
	}
	program, err := l.program()
	if err != nil {
		return nil, err
	}
	args := []string{"--socket", l.p.Socket, "--page", page}
	if incident != "" {
		args = append(args, "--incident", incident)
	}
	cmd := exec.Command(program, args...)
	var complaint tail
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the window: %w", err)
	}
	l.p.Log.Info("window started", "pid", cmd.Process.Pid, "page", page)
	ended := make(chan struct{})
	l.running, l.ended, l.lastErr = cmd, ended, nil
	go func() {
		err := cmd.Wait()
		why := reason(err, complaint.bytes())
		l.mu.Lock()
		l.running, l.lastErr = nil, why
		l.mu.Unlock()
		close(ended)
		if why != nil {
			l.p.Log.Warn("window ended", "error", why, "said", string(complaint.bytes()))
			if l.p.OnFail != nil {
				l.p.OnFail(why)
			}
		}
	}()
	return ended, nil
}

func (l *Launcher) program() (string, error) {
	if l.p.Program != "" {
		return l.p.Program, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find our own program: %w", err)
	}
	name := "balise-window"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: %s", ErrMissing, path)
	}
	return path, nil
}

// Close ends the window: without its agent it could do nothing.
func (l *Launcher) Close() {
	l.mu.Lock()
	cmd, ended := l.running, l.ended
	l.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(os.Interrupt)
	select {
	case <-ended:
	case <-time.After(2 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
	}
}

// reason reads the window program's last words.
func reason(err error, said []byte) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	last := said[bytes.LastIndexByte(bytes.TrimRight(said, "\n"), '\n')+1:]
	var word struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	if exit.ExitCode() == noWindow && json.Unmarshal(last, &word) == nil {
		return fmt.Errorf("%w: %s", ErrGraphics, word.Detail)
	}
	return fmt.Errorf("the window ended: %w", err)
}

// tail keeps the last bytes of what a program says: Fyne can say the same line a thousand times.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const maxTail = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - maxTail; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.buf)
}
