package autostart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func entry(t *testing.T, words ...string) (*Entry, string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	return New(Params{ID: "org.balise.Balise", Name: "Balise", Exec: words}),
		filepath.Join(dir, "autostart", "org.balise.Balise.desktop")
}

func TestEnableStatusDisable(t *testing.T) {
	e, file := entry(t, "/opt/my apps/balise", "agent")
	if on, err := e.Status(); on || err != nil {
		t.Fatal(on, err)
	}
	if err := e.Disable(); err != nil {
		t.Fatal("nothing to disable is not an error:", err)
	}
	if err := e.Enable(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(raw), `Exec="/opt/my apps/balise" "agent"`+"\n") {
		t.Fatalf("%v %s", err, raw)
	}
	if on, err := e.Status(); !on || err != nil {
		t.Fatal(on, err)
	}
	if err := os.WriteFile(file, append(raw, "Hidden=true\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if on, _ := e.Status(); on {
		t.Error("an entry that a settings program hid counts as enabled")
	}
	if err := e.Disable(); err != nil {
		t.Fatal(err)
	}
	if on, _ := e.Status(); on {
		t.Error("still there")
	}
}

func TestExecIsQuoted(t *testing.T) {
	e, _ := entry(t, `/a"b\c$d`, "100%", "`x`")
	want := `Exec="/a\\"b\\\\c\\$d" "100%%" "\\` + "`x\\\\`" + `"` + "\n"
	if got := e.content(); !strings.Contains(got, want) {
		t.Errorf("%s\nwant %s", got, want)
	}
	bad, file := entry(t, "/a\nHidden=true")
	if bad.Enable() == nil {
		t.Error("a line break in the path was written")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was written")
	}
}
