package act

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestArgumentsOfOtherSystems(t *testing.T) {
	of := func(p Program, ok bool) string {
		if !ok {
			return "-"
		}
		if p.bad != nil {
			return "bad"
		}
		return strings.Join(p.Argv(), "|")
	}
	for _, c := range []struct{ have, want string }{
		{of(FlushNamesProgram("windows")), "ipconfig.exe|/flushdns"},
		{of(FlushNamesProgram("darwin")), "dscacheutil|-flushcache"},
		{of(FlushNamesProgram("linux")), "-"},
		{of(RenewProgram("windows")), "ipconfig.exe|/renew"},
		{of(RenewProgram("darwin")), "-"},
		{of(ResyncProgram("windows")), "w32tm.exe|/resync"},
		{of(ResyncProgram("darwin")), "-"},
		{of(LowerProgram("windows", "Office VPN")), "rasdial.exe|Office VPN|/disconnect"},
		{of(RaiseProgram("windows", "Office VPN")), "rasdial.exe|Office VPN"},
		{of(LowerProgram("darwin", "Office VPN")), "scutil|--nc|stop|Office VPN"},
		{of(RaiseProgram("darwin", "Office VPN")), "scutil|--nc|start|Office VPN"},
		{of(RaiseProgram("linux", "Office VPN")), "-"},
		// What a program would take for an option, or that ends an argument, is no name.
		{of(RaiseProgram("windows", "/phonebook:c:\\x")), "bad"},
		{of(RaiseProgram("darwin", "--help")), "bad"},
		{of(RaiseProgram("windows", "a\" \"b")), "bad"},
		{of(RaiseProgram("windows", "")), "bad"},
		{of(RaiseProgram("windows", "a\nb")), "bad"},
	} {
		if c.have != c.want {
			t.Errorf("%s, want %s", c.have, c.want)
		}
	}
}

func TestWhatIsNotOnTheListIsNotRun(t *testing.T) {
	if _, err := (Program{}).Run(t.Context()); err == nil {
		t.Error("an empty program was run")
	}
	bad, _ := RaiseProgram("darwin", "-x")
	if _, err := bad.Run(t.Context()); err == nil || errors.Is(err, ErrAbsent) {
		t.Errorf("a program with a bad name was looked for: %v", err)
	}
	// The search path is the user's: what stands there is not the system's.
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "balise-none"), []byte("#!/bin/true\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if _, err := (Program{name: "balise-none"}).Run(t.Context()); !errors.Is(err, ErrAbsent) {
		t.Errorf("found by the user's own path: %v", err)
	}
}

func TestProgramsAreBounded(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("uses Linux's own programs")
	}
	var exit *ExitError
	if _, err := (Program{name: "false"}).Run(t.Context()); !errors.As(err, &exit) || exit.Code != 1 {
		t.Errorf("%v", err)
	}
	t.Setenv("BALISE_SECRET", "x")
	out, err := (Program{name: "env"}).Run(t.Context())
	if err != nil || strings.Contains(out, "BALISE_SECRET") || !strings.Contains(out, "LC_ALL=C") {
		t.Errorf("%v %s", err, out)
	}
	out, err = (Program{name: "head", args: []string{"-c", "1000000", "/dev/zero"}}).Run(t.Context())
	if err != nil || len(out) != programLimit {
		t.Errorf("%v, %d bytes kept", err, len(out))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Program{name: "sleep", args: []string{"600"}}).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// tool plays GNOME's settings tool: what it was asked, and what it says.
type tool struct {
	asked []string
	says  map[string]string
	fails map[string]string
}

func (f *tool) proxy() UserProxy {
	return UserProxy{run: func(_ context.Context, args ...string) (string, error) {
		f.asked = append(f.asked, strings.Join(args, " "))
		if said := f.fails[args[0]]; said != "" {
			return "", fmt.Errorf("run: %w", &ExitError{Name: "gsettings", Code: 1, Said: said})
		}
		return f.says[args[0]], nil
	}}
}

func TestProxyOfTheUserIsAskedOfTheTool(t *testing.T) {
	f := &tool{says: map[string]string{"get": "'manual'\n", "writable": "true\n"}}
	if mode, err := f.proxy().Mode(t.Context()); err != nil || mode != "manual" {
		t.Errorf("%q %v", mode, err)
	}
	if locked, err := f.proxy().Locked(t.Context()); err != nil || locked {
		t.Errorf("%v %v", locked, err)
	}
	if _, err := f.proxy().Clear(t.Context()); err != nil {
		t.Error(err)
	}
	// The tool says that all went well, and nothing was stored: its service did not answer.
	if err := f.proxy().Put(t.Context(), "auto"); err == nil {
		t.Error("a change that was not stored passes for one")
	}
	want := "get org.gnome.system.proxy mode, writable org.gnome.system.proxy mode, reset org.gnome.system.proxy mode, " +
		"get org.gnome.system.proxy mode, set org.gnome.system.proxy mode auto, get org.gnome.system.proxy mode"
	if got := strings.Join(f.asked, ", "); got != want {
		t.Errorf("asked %s", got)
	}
	if err := f.proxy().Put(t.Context(), "none --x"); err == nil {
		t.Error("a word that is none was set")
	}
	f.says["get"] = "'elsewhere'\n"
	if _, err := f.proxy().Mode(t.Context()); err == nil {
		t.Error("an unknown word was understood")
	}
}

func TestProxyThatIsLocked(t *testing.T) {
	f := &tool{
		says:  map[string]string{"writable": "false\n", "get": "'manual'"},
		fails: map[string]string{"reset": "The key is not writable", "set": "The key is not writable"},
	}
	if locked, err := f.proxy().Locked(t.Context()); err != nil || !locked {
		t.Errorf("%v %v", locked, err)
	}
	if _, err := f.proxy().Clear(t.Context()); !errors.Is(err, ErrDenied) {
		t.Error(err)
	}
	if err := f.proxy().Put(t.Context(), "none"); !errors.Is(err, ErrDenied) {
		t.Error(err)
	}
	none := &tool{fails: map[string]string{"get": "No such schema “org.gnome.system.proxy”"}}
	if _, err := none.proxy().Mode(t.Context()); !errors.Is(err, ErrAbsent) {
		t.Error(err)
	}
}

func TestKernelSwitches(t *testing.T) {
	dir := t.TempDir()
	s := Switches{Class: filepath.Join(dir, "none"), Device: filepath.Join(dir, "rfkill")}
	if list, err := s.Wifi(); err != nil || list != nil {
		t.Errorf("%v %v", list, err)
	}
	if err := s.Set(t.Context(), 3, true); !errors.Is(err, ErrAbsent) {
		t.Errorf("a device that is not there: %v", err)
	}
	if err := os.WriteFile(s.Device, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(t.Context(), 3, true); err != nil {
		t.Fatal(err)
	}
	// struct rfkill_event: idx, type (1: WLAN), op (2: change), soft, hard
	raw, err := os.ReadFile(s.Device)
	if err != nil || len(raw) != 8 || raw[4] != 1 || raw[5] != 2 || raw[6] != 1 || raw[7] != 0 {
		t.Errorf("%v %v", raw, err)
	}
	for name, text := range map[string]string{
		"a/type": "bluetooth\n", "a/index": "0\n", "a/soft": "1\n", "b/type": "wlan\n", "b/soft": "1\n",
		"c/type": "wlan\n", "c/index": "4\n", "c/soft": "0\n", "c/hard": "1\n",
	} {
		full := filepath.Join(s.Class, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := s.Wifi(); err != nil || len(list) != 1 || list[0] != (Switch{Index: 4, Hard: true}) {
		t.Errorf("%v %v", list, err)
	}
}
