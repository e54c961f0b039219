//go:build linux

package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"balise/client/desk"
)

// deskToken is the token with which a client speaks to a running practice desk.
func deskToken(t testing.TB, state string) string {
	t.Helper()
	info, err := desk.Lookup(state)
	if err != nil || info.ClientToken == "" {
		t.Fatalf("look the desk up: %v", err)
	}
	return info.ClientToken
}

// lockKeyring locks the session's keyring until the test ends; nobody answers the prompt that unlocks it.
func lockKeyring(t testing.TB) {
	t.Helper()
	out, err := exec.Command("gdbus", "call", "--session", "-d", "org.freedesktop.secrets",
		"-o", "/org/freedesktop/secrets", "-m", "org.freedesktop.Secret.Service.Lock",
		"['/org/freedesktop/secrets/collection/login']").CombinedOutput()
	if err != nil {
		t.Fatalf("lock the keyring: %v %s", err, out)
	}
	t.Cleanup(func() {
		again := exec.Command("gnome-keyring-daemon", "--unlock", "--replace", "--components=secrets")
		again.Stdin = strings.NewReader("test\n")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("unlock the keyring: %v %s", err, out)
		}
	})
}
