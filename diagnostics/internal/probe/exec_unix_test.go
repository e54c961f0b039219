//go:build !windows

package probe

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ownProgram copies a real program into a folder of the test's, so that its file and folders are ours.
func ownProgram(t *testing.T, program string) string {
	t.Helper()
	full, err := findTool(program)
	if err != nil {
		t.Skipf("no %s on this computer", program)
	}
	raw, err := os.ReadFile(full)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for d := dir; d != filepath.Dir(d); d = filepath.Dir(d) {
		if st, err := os.Stat(d); err == nil && st.Mode().Perm()&0o022 != 0 && st.Mode()&os.ModeSticky == 0 {
			t.Skipf("%s can be written by everybody", d)
		}
	}
	copied := filepath.Join(dir, "own-"+program)
	if err := os.WriteFile(copied, raw, 0o755); err != nil {
		t.Fatal(err)
	}
	return copied
}

func asMe() uint32 {
	if id := os.Geteuid(); id != 0 {
		return uint32(id)
	}
	return 1 // sticky folders such as /tmp are then accepted; root's files are anyway
}

func TestOwnProgram(t *testing.T) {
	echo := ownProgram(t, "echo")
	a, err := Own{Path: echo, Args: []string{`{"a": 1}`, "$HOME"}}.ask(t.Context(), asMe())
	if err != nil || a.Code != 0 || string(a.Out) != "{\"a\": 1} $HOME\n" {
		t.Fatalf("%q %d %v", a.Out, a.Code, err)
	}
	if a, err := (Own{Path: ownProgram(t, "false")}).ask(t.Context(), asMe()); err != nil || a.Code != 1 {
		t.Fatalf("%d %v", a.Code, err)
	}
	pwd, err := Own{Path: ownProgram(t, "pwd")}.ask(t.Context(), asMe())
	if err != nil || string(pwd.Out) != "/\n" {
		t.Fatalf("%q %v", pwd.Out, err)
	}
	vars, err := Own{Path: ownProgram(t, "printenv")}.ask(t.Context(), asMe())
	if err != nil || strings.Count(string(vars.Out), "\n") != 2 {
		t.Fatalf("it has an environment: %q %v", vars.Out, err)
	}
	in, err := Own{Path: ownProgram(t, "cat")}.ask(t.Context(), asMe())
	if err != nil || len(in.Out) != 0 {
		t.Fatalf("it has an input: %q %v", in.Out, err)
	}
}

func TestOwnProgramIsStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := (Own{Path: ownProgram(t, "sleep"), Args: []string{"3600"}}).ask(ctx, asMe()); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if _, err := (Own{Path: ownProgram(t, "head"), Args: []string{"-c", "5000", "/dev/zero"}}).ask(t.Context(), asMe()); !errors.Is(err, ErrOwnTooMuch) {
		t.Fatal(err)
	}
}

func TestOwnProgramRefused(t *testing.T) {
	good := ownProgram(t, "echo")
	dir := filepath.Dir(good)
	link := filepath.Join(dir, "link")
	script := filepath.Join(dir, "script")
	loose := filepath.Join(dir, "loose")
	open := filepath.Join(dir, "open")
	setuid := filepath.Join(dir, "setuid")
	within := filepath.Join(open, "own")
	for _, err := range []error{
		os.Symlink(good, link), os.WriteFile(script, []byte("#!/bin/true\n"), 0o755),
		os.WriteFile(loose, []byte("\x7fELF"), 0o755), os.Chmod(loose, 0o777),
		os.WriteFile(setuid, []byte("\x7fELF"), 0o755), os.Chmod(setuid, 0o755|os.ModeSetuid),
		os.Mkdir(open, 0o755), os.WriteFile(within, []byte("\x7fELF"), 0o755), os.Chmod(open, 0o777),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]error{
		"echo": ErrOwnPath, dir + "/./own-echo": ErrOwnPath, dir: ErrOwnPath, link: ErrOwnPath, loose: ErrOwnPath,
		within: ErrOwnPath, setuid: ErrOwnPath, script: ErrOwnScript, "/bin/sh": ErrOwnScript,
		"/usr/bin/python3.11": ErrOwnScript, dir + "/absent": ErrOwnPath,
	} {
		if _, err := (Own{Path: path}).ask(t.Context(), asMe()); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	if os.Geteuid() != 0 {
		if _, err := (Own{Path: good}).Ask(t.Context()); !errors.Is(err, ErrOwnPath) {
			t.Errorf("the user's own program was asked: %v", err)
		}
	}
}

func TestDpkgVersion(t *testing.T) {
	const list = "Package: acme\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: acme-erp\n" +
		"Status: install ok installed\nDescription: x\nVersion: 2:3.4-1\n\n"
	if v, err := dpkgVersion(t.Context(), strings.NewReader(list), "acme-erp"); err != nil || v != "2:3.4-1" {
		t.Fatal(v, err)
	}
	for _, name := range []string{"acme", "other"} {
		if v, err := dpkgVersion(t.Context(), strings.NewReader(list), name); !errors.Is(err, ErrNoPackage) {
			t.Fatal(name, v, err)
		}
	}
}
