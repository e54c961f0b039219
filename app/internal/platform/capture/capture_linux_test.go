package capture

import (
	"bytes"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func noDesktop(t *testing.T) {
	t.Helper()
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "DBUS_SESSION_BUS_ADDRESS"} {
		t.Setenv(name, "")
	}
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
}

func TestNoDisplayIsACode(t *testing.T) {
	for name, set := range map[string]func(t *testing.T){
		"nothing":                 func(*testing.T) {},
		"a display that is gone":  func(t *testing.T) { t.Setenv("DISPLAY", ":65000") },
		"not a display":           func(t *testing.T) { t.Setenv("DISPLAY", "nonsense") },
		"Wayland without its bus": func(t *testing.T) { t.Setenv("WAYLAND_DISPLAY", "wayland-0") },
	} {
		t.Run(name, func(t *testing.T) {
			noDesktop(t)
			set(t)
			var out bytes.Buffer
			err := RunChild(t.Context(), strings.NewReader(`{"interactive":true}`), &out)
			var f *Failure
			if !errors.As(err, &f) || f.Code != CodeNone || out.Len() != 0 {
				t.Error(err, out.Len())
			}
			var line bytes.Buffer
			WriteFailure(&line, err)
			if !strings.HasPrefix(line.String(), `{"code":"display.none"`) || strings.Count(line.String(), "\n") != 1 {
				t.Error(line.String())
			}
		})
	}
}

func TestPortalFileIsReadAndDeleted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Screen shot.png")
	content := []byte("\x89PNG\r\n\x1a\nrest")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := handOver("file://"+strings.ReplaceAll(file, " ", "%20"), &out); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), content) {
		t.Error("other bytes")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the picture was left")
	}
	for _, uri := range []string{"http://x/y.png", "file://", "::", "file:///nosuch.png"} {
		if handOver(uri, &out) == nil {
			t.Error(uri)
		}
	}
}

// TestRealDisplay reads the display of the test session, all of it, within the time that a person does not
// notice.
func TestRealDisplay(t *testing.T) {
	if os.Getenv("BALISE_TEST_DESKTOP") != "1" {
		t.Skip("needs a desktop: packaging/desktop/session.sh go test ./app/internal/platform/capture, " +
			"with BALISE_TEST_DESKTOP=1")
	}
	if why := Why(); why != "" {
		t.Fatal(why)
	}
	var out bytes.Buffer
	began := time.Now()
	if err := RunChild(t.Context(), strings.NewReader("{}"), &out); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	img, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v in %v", img.Bounds(), took)
	if img.Bounds().Dx() < 640 || took > 3*time.Second {
		t.Error(img.Bounds(), took)
	}
}
