package capture

import (
	"bytes"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// fakePortal is a desktop portal with moods, on the real bus of the test session.
type fakePortal struct {
	conn   *dbus.Conn
	file   string
	answer func(interactive bool) (code uint32, withFile bool)

	mu    sync.Mutex
	asked []bool // interactive?
}

// Screenshot is the portal's method. It answers before it returns, as fast portals do.
func (p *fakePortal) Screenshot(
	sender dbus.Sender, _ string, options map[string]dbus.Variant,
) (dbus.ObjectPath, *dbus.Error) {
	token, _ := options["handle_token"].Value().(string)
	interactive, _ := options["interactive"].Value().(bool)
	p.mu.Lock()
	p.asked = append(p.asked, interactive)
	p.mu.Unlock()
	who := strings.ReplaceAll(strings.TrimPrefix(string(sender), ":"), ".", "_")
	handle := dbus.ObjectPath(portalPath + "/request/" + who + "/" + token)
	code, withFile := p.answer(interactive)
	if code == silent {
		return handle, nil
	}
	results := map[string]dbus.Variant{}
	if withFile {
		results["uri"] = dbus.MakeVariant((&url.URL{Scheme: "file", Path: p.file}).String())
	}
	// Somebody else's answer comes first and must not be taken for ours.
	other := dbus.ObjectPath(portalPath + "/request/" + who + "/other")
	_ = p.conn.Emit(other, requestIface+".Response", uint32(1), map[string]dbus.Variant{})
	if err := p.conn.Emit(handle, requestIface+".Response", code, results); err != nil {
		return handle, dbus.MakeFailedError(err)
	}
	return handle, nil
}

// silent is the mood of a portal that never answers.
const silent = 99

func startPortal(t *testing.T, answer func(bool) (uint32, bool)) *fakePortal {
	t.Helper()
	if os.Getenv("BALISE_TEST_DESKTOP") != "1" {
		t.Skip("needs a session bus: packaging/desktop/session.sh go test ./app/internal/platform/capture, " +
			"with BALISE_TEST_DESKTOP=1")
	}
	conn, err := dbus.Connect(os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := &fakePortal{conn: conn, file: filepath.Join(t.TempDir(), "Capture d'écran.png"), answer: answer}
	if err := os.WriteFile(p.file, []byte("\x89PNG\r\n\x1a\npicture"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := conn.Export(p, portalPath, "org.freedesktop.portal.Screenshot"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RequestName(portalName, dbus.NameFlagReplaceExisting|dbus.NameFlagAllowReplacement); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	return p
}

func TestPortal(t *testing.T) {
	for name, c := range map[string]struct {
		request string
		answer  func(interactive bool) (uint32, bool)
		code    string // "" is a picture
		asked   int
	}{
		"gives at once": {"{}", func(bool) (uint32, bool) { return answerDone, true }, "", 1},
		"wants to ask, may": {
			`{"interactive":true}`, func(i bool) (uint32, bool) {
				if i {
					return answerDone, true
				}
				return 2, false
			}, "", 2,
		},
		"wants to ask, may not": {"{}", func(bool) (uint32, bool) { return 2, false }, CodeFailed, 1},
		"the person says no": {
			`{"interactive":true}`, func(bool) (uint32, bool) { return answerCancelled, false }, CodeDenied, 1,
		},
		"says done without a file": {"{}", func(bool) (uint32, bool) { return answerDone, false }, CodeFailed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPortal(t, c.answer)
			var out bytes.Buffer
			err := RunChild(t.Context(), strings.NewReader(c.request), &out)
			var f *Failure
			if c.code == "" && (err != nil || !strings.HasSuffix(out.String(), "picture")) {
				t.Fatal(err, out.Len())
			}
			if c.code != "" && (!errors.As(err, &f) || f.Code != c.code || out.Len() != 0) {
				t.Fatal(err, out.Len())
			}
			if _, err := os.Stat(p.file); (err != nil) != (c.code == "") {
				t.Error("the picture's file:", err)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if len(p.asked) != c.asked {
				t.Error("asked", p.asked)
			}
		})
	}
}

func TestSilentPortalHasADeadline(t *testing.T) {
	p := startPortal(t, func(bool) (uint32, bool) { return silent, false })
	var out bytes.Buffer
	began := time.Now()
	err := portalPicture(t.Context(), p.conn, false, 300*time.Millisecond, &out)
	var f *Failure
	if !errors.As(err, &f) || f.Code != CodeFailed || time.Since(began) > 5*time.Second {
		t.Error(err, time.Since(began))
	}
}

func TestNoPortalIsAFailure(t *testing.T) {
	p := startPortal(t, nil)
	if _, err := p.conn.ReleaseName(portalName); err != nil {
		t.Fatal(err)
	}
	var f *Failure
	if err := RunChild(t.Context(), strings.NewReader("{}"), &bytes.Buffer{}); !errors.As(err, &f) || f.Code != CodeFailed {
		t.Error(err)
	}
}
