package probe

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestReadReboot(t *testing.T) {
	root := t.TempDir()
	r, err := readReboot(root, "6.1.0-18-amd64")
	if err != nil || r.Requested || r.Newest != "" {
		t.Errorf("an empty machine: %v %+v", err, r)
	}
	old := time.Now().Add(-72 * time.Hour).Truncate(time.Second)
	for name, body := range map[string]string{
		"boot/vmlinuz-6.1.0-18-amd64": "", "boot/vmlinuz-6.1.0-21-amd64": "",
		"run/reboot-required": "*** System restart required ***\n", "run/reboot-required.pkgs": "libc6\n",
	} {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(root, "boot/vmlinuz-6.1.0-21-amd64"), old, old); err != nil {
		t.Fatal(err)
	}
	r, err = readReboot(root, "6.1.0-18-amd64")
	if err != nil || !r.Requested || len(r.Packages) != 1 || r.Newest != "6.1.0-21-amd64" || !r.Since.Equal(old) {
		t.Errorf("%v %+v", err, r)
	}
	if r, err = readReboot(root, "6.1.0-21-amd64"); err != nil || r.Newest != r.Running {
		t.Errorf("%v %+v", err, r)
	}
}
