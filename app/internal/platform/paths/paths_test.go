package paths

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestSocketStaysShort(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	deep := "/" + strings.Repeat("very-deep/", 30)
	for _, state := range []string{"/home/zoé/.local/state/balise", deep} {
		if got := Socket(state); len(got) > maxSocketPath {
			t.Errorf("Socket(%q) has %d bytes: %s", state, len(got), got)
		}
	}
	if Socket("/a") == Socket("/b") {
		t.Error("two states share a socket")
	}
}

func TestStateFollowsTheEnvironment(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the XDG folders are tested where they exist; run on Linux")
	}
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv(StateEnv, "")
	t.Setenv("XDG_STATE_HOME", "relative")
	if got, _ := State(); got != filepath.Join(dir, ".local", "state", "balise") {
		t.Errorf("a relative XDG_STATE_HOME was followed: %s", got)
	}
	t.Setenv("XDG_STATE_HOME", dir)
	if got, _ := State(); got != filepath.Join(dir, "balise") {
		t.Error(got)
	}
	t.Setenv(StateEnv, filepath.Join(dir, "own"))
	if got, _ := State(); got != filepath.Join(dir, "own") {
		t.Error(got)
	}
}
