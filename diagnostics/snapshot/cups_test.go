//go:build linux

package snapshot

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestPrintersOfARealCUPS lists the queues of a CUPS of its own; packaging/test sets the variable.
func TestPrintersOfARealCUPS(t *testing.T) {
	if os.Getenv("BALISE_TEST_CUPS") != "1" {
		t.Skip("needs a CUPS of its own: as root, BALISE_TEST_CUPS=1 go test ./diagnostics/snapshot")
	}
	dir, err := os.MkdirTemp("", "bsnap") // short: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Abs("../../packaging/desks/cups")
	if err != nil {
		t.Fatal(err)
	}
	// A file, not a pipe: the daemon keeps what it inherits, and a pipe would keep us waiting for it.
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	start := exec.CommandContext(ctx, filepath.Join(scripts, "start.sh"), dir)
	start.Stdout, start.Stderr = log, log
	err = start.Run()
	t.Cleanup(func() {
		if out, err := exec.Command(filepath.Join(scripts, "stop.sh"), dir).CombinedOutput(); err != nil {
			t.Errorf("stop CUPS: %v\n%s", err, out)
		}
	})
	if err != nil {
		raw, _ := os.ReadFile(log.Name())
		t.Fatalf("start CUPS: %v\n%s", err, raw)
	}
	t.Setenv("CUPS_SERVER", filepath.Join(dir, "cups.sock"))
	set, err := readPrinters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var s Snapshot
	set(&s)
	if len(s.Printers) == 0 {
		t.Fatal("no printer")
	}
	for _, p := range s.Printers {
		if p.Name == "" || p.State == "" {
			t.Errorf("%+v", p)
		}
	}
	t.Setenv("CUPS_SERVER", filepath.Join(dir, "none.sock"))
	if _, err := readPrinters(t.Context()); err == nil {
		t.Error("a dead socket has printers")
	}
}
