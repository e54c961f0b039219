package pack

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSignThenVerify(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acme")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	key, err := Keygen()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, PackFile)
	text := strings.Replace(string(acme(t)), `accent: "#0055aa"`, "logo: logo.png", 1)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	rules := Rules{Vocabulary: words(), Now: now}
	if _, problems, err := SignDir(dir, key, rules); err != nil || len(problems) != 1 || problems[0].Code != "no_logo" {
		t.Fatalf("a pack without its picture was signed: %v, %v", problems, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "logo.png"), []byte("\x89PNG\r\n\x1a\nrest"), 0o644); err != nil {
		t.Fatal(err)
	}
	m, problems, err := SignDir(dir, key, rules)
	if err != nil || len(problems) > 0 || len(m.Files) != 2 || m.ID != "acme" {
		t.Fatalf("%+v %v %v", m, problems, err)
	}
	p := Params{
		Vocabulary: words(), Now: func() time.Time { return now },
		Publishers: map[string]ed25519.PublicKey{"acme": key.Public().(ed25519.PublicKey)},
	}
	pack, refused := VerifyDir(dir, p, nil)
	if refused != nil || pack.Pack.Version != "2026.11.1" || len(pack.Logo) == 0 {
		t.Fatalf("%+v", refused)
	}
	if _, refused := VerifyDir(dir, Params{Vocabulary: words()}, key.Public().(ed25519.PublicKey)); refused != nil {
		t.Errorf("by its key alone: %+v", refused)
	}
	if _, refused := VerifyDir(dir, Params{Vocabulary: words()}, nil); refused == nil || refused.Reason != noPublisher {
		t.Errorf("with no key: %+v", refused)
	}
	if err := os.WriteFile(file, []byte(text+"#"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, refused = VerifyDir(dir, p, nil); refused == nil || refused.Reason != modified {
		t.Errorf("%+v", refused)
	}
	if _, refused = VerifyDir(filepath.Join(dir, "none"), p, nil); refused == nil {
		t.Error("nothing was found good")
	}
	if _, _, err := ReadFile(filepath.Join(dir, "none"), rules); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
