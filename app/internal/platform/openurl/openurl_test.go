//go:build linux

package openurl

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOnlyWebPages(t *testing.T) {
	for _, link := range []string{
		"", "file:///etc/passwd", "javascript:alert(1)", "balise:describe", "//host/x", "http:", "http:opaque",
		"https://user:pw@host/", "ftp://host/", "-version", "http://host/\x1b[31m", "http://" + strings.Repeat("a", 5000),
		" http://host/",
	} {
		if err := Open(link); !errors.Is(err, ErrScheme) {
			t.Errorf("%q: %v", link, err)
		}
	}
	if got, err := check("HTTPS://desk.example/t/1?a=b c"); err != nil || !strings.HasPrefix(got, "https://desk.example/t/1") {
		t.Error(got, err)
	}
}

// opener puts a stand-in for xdg-open on the PATH.
func opener(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	return dir
}

func TestOpenPassesOneArgument(t *testing.T) {
	dir := opener(t, `printf '%s|' "$#" "$@" > "$(dirname "$0")/got"`)
	if err := Open("http://127.0.0.1:1/t/1?a=$(id)&b=;ls"); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(filepath.Join(dir, "got"))
	if string(got) != "1|http://127.0.0.1:1/t/1?a=$(id)&b=;ls|" {
		t.Errorf("%s", got)
	}
}

func TestOpenSaysWhenItFails(t *testing.T) {
	opener(t, "exit 3")
	if Open("http://127.0.0.1:1/") == nil {
		t.Error("a failed opener passes for success")
	}
	t.Setenv("PATH", t.TempDir())
	if Open("http://127.0.0.1:1/") == nil {
		t.Error("no opener passes for success")
	}
}

func TestOpenDoesNotWaitForTheBrowser(t *testing.T) {
	opener(t, "exec sleep 2")
	began := time.Now()
	if err := open("http://127.0.0.1:1/", 200*time.Millisecond); err != nil || time.Since(began) > time.Second {
		t.Error(err, time.Since(began))
	}
}

func TestSettingsStartTheDesktopsProgram(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\n" + `printf '%s|' "$#" "$@" > "$(dirname "$0")/got"`
	if err := os.WriteFile(filepath.Join(dir, "gnome-control-center"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	t.Setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
	t.Setenv("DISPLAY", ":99")
	if !HasSettings("printers") {
		t.Error("the page is said to be missing")
	}
	if err := Settings("printers"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "got")); string(got) != "1|printers|" {
		t.Errorf("%s", got)
	}
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if err := Settings("printers"); !errors.Is(err, ErrNoPage) || HasSettings("printers") {
		t.Errorf("without a screen: %v", err)
	}
}
