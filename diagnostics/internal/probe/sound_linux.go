package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

func soundCards() (SoundCards, error) { return kernelCards(sysRoot()) }

var cardLine = regexp.MustCompile(`(?m)^ *\d+ \[`)

// kernelCards reads ALSA's lists. No list is no sound driver, or a kernel built without these lists.
func kernelCards(tree fs.FS) (SoundCards, error) {
	raw, err := sysBytes(tree, "proc/asound/cards")
	if errors.Is(err, fs.ErrNotExist) {
		return classCards(tree), nil
	}
	if err != nil {
		return SoundCards{}, fmt.Errorf("list sound cards: %w", err)
	}
	s := SoundCards{Cards: len(cardLine.FindAll(raw, -1))}
	pcm, err := sysBytes(tree, "proc/asound/pcm")
	if err != nil {
		return s, nil
	}
	for line := range strings.Lines(string(pcm)) {
		s.Detailed = true
		if strings.Contains(line, ": playback") {
			s.Playback++
		}
		if strings.Contains(line, ": capture") {
			s.Capture++
		}
	}
	return s, nil
}

// classCards counts what the kernel has in its class of sound devices, where it gives no lists.
func classCards(tree fs.FS) SoundCards {
	count := func(pattern string) int {
		names, _ := fs.Glob(tree, "sys/class/sound/"+pattern) // the patterns are constant
		return len(names)
	}
	s := SoundCards{
		Cards: count("card[0-9]*"), Playback: count("pcmC[0-9]*p"), Capture: count("pcmC[0-9]*c"),
	}
	s.Detailed = s.Playback+s.Capture > 0
	return s
}

func soundServer(ctx context.Context) (SoundServer, error) {
	socket, err := soundSocket(os.Getenv)
	if err != nil {
		return SoundServer{}, err
	}
	s, err := dialNative(ctx, socket, soundCookie())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, ErrNoSoundServer
	case err == nil, errors.Is(err, ErrSoundDenied), errors.Is(err, fs.ErrPermission):
		return s, err
	}
	return s, fmt.Errorf("%w: %w", ErrSoundSilent, err)
}

// soundSocket is where a program of this user finds the sound server.
func soundSocket(env func(string) string) (string, error) {
	if server := env("PULSE_SERVER"); server != "" {
		server, _, _ = strings.Cut(server, " ") // a list; programs take the first that answers
		if strings.HasPrefix(server, "{") {     // "{machine}address"
			_, server, _ = strings.Cut(server, "}")
		}
		server = strings.TrimPrefix(server, "unix:")
		if !strings.HasPrefix(server, "/") {
			return "", ErrRemoteSound
		}
		return server, nil
	}
	if dir := env("PULSE_RUNTIME_PATH"); dir != "" {
		return filepath.Join(dir, "native"), nil
	}
	dir := env("XDG_RUNTIME_DIR")
	if dir == "" {
		dir = filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
	}
	return filepath.Join(dir, "pulse/native"), nil
}

// SoundDoor is where a program of this user finds the sound server, and its key, for whoever changes something there
// (package act). ErrRemoteSound where that is another computer, which is left alone.
func SoundDoor() (socket string, cookie []byte, err error) {
	socket, err = soundSocket(os.Getenv)
	return socket, soundCookie(), err
}

// soundCookie is the user's key to the server, if there is one.
func soundCookie() []byte {
	home, _ := os.UserHomeDir()
	config, _ := os.UserConfigDir()
	for _, name := range []string{
		os.Getenv("PULSE_COOKIE"), filepath.Join(config, "pulse/cookie"), filepath.Join(home, ".pulse-cookie"),
	} {
		if raw, err := sysBytes(sysRoot(), strings.TrimPrefix(name, "/")); name != "" && err == nil {
			return raw
		}
	}
	return nil
}

func soundExpected() bool {
	if os.Getenv("XDG_RUNTIME_DIR") == "" && os.Getenv("PULSE_SERVER") == "" {
		return false
	}
	for _, name := range []string{"pipewire-pulse", "pulseaudio"} {
		if _, err := exec.LookPath(name); err == nil {
			return true
		}
	}
	return false
}
