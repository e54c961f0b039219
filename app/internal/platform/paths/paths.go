// Package paths says where Balise keeps its things on each platform.
//
// Everything is per user but the policy. BALISE_STATE_DIR moves the state, and with it the socket, so that
// two states never share an agent.
package paths

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// StateEnv moves the state folder; ConfigEnv names a settings file.
const (
	StateEnv  = "BALISE_STATE_DIR"
	ConfigEnv = "BALISE_CONFIG"
)

// State is the folder of the database, the outbox and the journal. It is not made here.
func State() (string, error) {
	if dir := os.Getenv(StateEnv); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("find the state folder of %s: %w", StateEnv, err)
		}
		return abs, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the state folder: %w", err)
	}
	switch runtime.GOOS {
	case "windows":
		// Local, not roaming: an outbox must not travel to another computer with the profile.
		if dir := os.Getenv("LocalAppData"); dir != "" {
			return filepath.Join(dir, "Balise"), nil
		}
		return filepath.Join(home, "AppData", "Local", "Balise"), nil
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "Balise"), nil
	}
	// The XDG specification ignores relative paths in its variables.
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "balise"), nil
	}
	return filepath.Join(home, ".local", "state", "balise"), nil
}

// Config is the user's settings file.
func Config() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the settings folder: %w", err)
	}
	name := "balise"
	if runtime.GOOS != "linux" {
		name = "Balise"
	}
	return filepath.Join(dir, name, "config.yaml"), nil
}

// Policy is the administrator's settings file. Its keys are locked.
func Policy() string {
	switch runtime.GOOS {
	case "windows":
		dir := os.Getenv("ProgramData")
		if dir == "" {
			dir = `C:\ProgramData`
		}
		return filepath.Join(dir, "Balise", "policy.yaml")
	case "darwin":
		return "/Library/Application Support/Balise/policy.yaml"
	}
	return "/etc/balise/policy.yaml"
}

// Socket is where the agent of a state folder listens. The name is a short hash of the folder: a socket's
// path must not be longer than 107 bytes on Linux and 103 on macOS, and state folders can be deep.
func Socket(state string) string {
	sum := sha256.Sum256([]byte(state))
	name := "balise-" + hex.EncodeToString(sum[:6]) + ".sock"
	// A moved state takes its socket along, so that a command finds it whatever session it runs in.
	moved := os.Getenv(StateEnv) != "" || runtime.GOOS == "windows"
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && !moved {
		return filepath.Join(dir, "balise", name)
	}
	if path := filepath.Join(state, "run", name); len(path) <= maxSocketPath {
		return path
	}
	// A deep state folder and no runtime folder: a private one of this user below the temporary folder; the
	// server refuses it unless it is ours and 0700.
	return filepath.Join(os.TempDir(), fmt.Sprintf("balise-%d", os.Getuid()), name)
}

// maxSocketPath is the shortest limit of our platforms, macOS's 104 bytes with the closing zero.
const maxSocketPath = 103

// Packs are the folders in which an administrator, or another package, puts support packs.
func Packs() []string {
	switch runtime.GOOS {
	case "windows":
		return []string{filepath.Join(filepath.Dir(Policy()), "packs")}
	case "darwin":
		return []string{"/Library/Application Support/Balise/packs"}
	}
	return []string{"/usr/share/balise/packs", "/etc/balise/packs.d"}
}
