package probe

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestKernelDisplays(t *testing.T) {
	drm := t.TempDir()
	put := func(name, status, modes string) {
		dir := filepath.Join(drm, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{"status": status, "modes": modes} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := kernelDisplays(drm); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no driver: %v", err)
	}
	put("card0-DP-1", "connected\n", "2560x1440\n1920x1080\n")
	put("card0-HDMI-A-1", "disconnected\n", "")
	put("card1-eDP-1", "connected\n", "1920x1080i\n")
	got, err := kernelDisplays(drm)
	want := []DisplayInfo{{"DP-1", 2560, 1440}, {"eDP-1", 1920, 1080}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestResolverFile(t *testing.T) {
	var r ResolverInfo
	r.read([]string{"# a comment", "nameserver 10.0.0.1", "search corp.example lan", "options edns0", "nameserver", ""})
	if !slices.Equal(r.Servers, []string{"10.0.0.1"}) || !slices.Equal(r.Search, []string{"corp.example", "lan"}) {
		t.Errorf("%+v", r)
	}
}
