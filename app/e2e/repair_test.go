//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"balise/app/e2e/desktop"
)

// fullHome is a home of its own on a small volume that the trash has filled.
func fullHome(t *testing.T) (home, trash string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs a volume of its own: run as root (packaging/test does)")
	}
	home = t.TempDir()
	if err := unix.Mount("balise-e2e", home, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatalf("mount a small home: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(home, unix.MNT_DETACH) })
	trash = filepath.Join(home, ".local/share/Trash")
	for _, dir := range []string{"files", "info"} {
		if err := os.MkdirAll(filepath.Join(trash, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	film := filepath.Join(trash, "files", "vieux film.mkv")
	if err := os.WriteFile(film, make([]byte, 62<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	note := "[Trash Info]\nPath=" + home + "/vieux film.mkv\nDeletionDate=2026-01-02T03:04:05\n"
	if err := os.WriteFile(filepath.Join(trash, "info", "vieux film.mkv.trashinfo"), []byte(note), 0o600); err != nil {
		t.Fatal(err)
	}
	return home, trash
}

// toRepair walks through the window to the first repair that is offered.
func toRepair(p *program, d *desktop.Desktop) (window string) {
	icon := d.FindIcon(20 * time.Second)
	d.Click(icon.X, icon.Y)
	window = d.Window("Balise", 30*time.Second)
	d.Still(15 * time.Second)
	d.Type("Je ne peux plus rien enregistrer.")
	press(d, window)
	d.Still(20 * time.Second)
	d.Picture("verdict with a repair")
	press(d, window)
	d.Button(window, desktop.Primary, 15*time.Second)
	d.Picture("repair offered")
	return window
}

// attempts are the newest entries of `balise repair history`.
func attempts(p *program) (list []attempt) {
	p.t.Helper()
	var history struct {
		Attempts []attempt `json:"attempts"`
	}
	p.json(&history, "repair", "history")
	return history.Attempts
}

type attempt struct {
	ID       string `json:"id"`
	State    string `json:"state"`
	Reason   string `json:"reason"`
	Outcome  string `json:"outcome"`
	UserSays string `json:"user_says"`
}

// heldBack tells that the trash is only set aside: this is where the second yes is asked for.
func heldBack(t *testing.T, home, trash string) {
	t.Helper()
	if left := names(t, filepath.Join(trash, "files")); len(left) != 0 {
		t.Errorf("still in the trash: %v", left)
	}
	if held := names(t, filepath.Join(home, ".local/share/balise-hold")); len(held) == 0 {
		t.Error("nothing is held back for undo")
	}
}

// roomMade tells that the trash is gone for good and that nothing of the repair is left.
func roomMade(t *testing.T, home string) {
	t.Helper()
	if held := names(t, filepath.Join(home, ".local/share")); len(held) != 1 || held[0] != "Trash" {
		t.Errorf("left behind: %v", held)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(home, &st); err != nil || st.Bavail*10 < st.Blocks*9 {
		t.Errorf("no room was made: %d of %d blocks are free, %v", st.Bavail, st.Blocks, err)
	}
}

// TestRepairByClicks repairs a full disk with the mouse alone: the problem is named, the repair asks before each
// step, the same self-test turns green, and the user's own word ends it.
func TestRepairByClicks(t *testing.T) {
	d := desktop.Open(t)
	home, trash := fullHome(t)
	p := install(t, "HOME="+home, "XDG_DATA_HOME=", "XDG_CACHE_HOME=")
	p.start("agent")
	window := toRepair(p, d)
	d.Press(window, desktop.Primary, 15*time.Second)
	forGood := d.Button(window, desktop.Danger, 30*time.Second)
	d.Picture("repair asks again")
	heldBack(t, home, trash)
	d.Click(forGood.X, forGood.Y)
	d.Until("the attempt to be solved", 40*time.Second, func() bool {
		list := attempts(p)
		return len(list) == 1 && list[0].ID == "disk.clean_user" && list[0].State == "solved"
	})
	d.Press(window, desktop.Secondary, 15*time.Second) // "did it help?" "yes"
	d.Until("the user's word to be kept", 15*time.Second, func() bool { return attempts(p)[0].UserSays == "yes" })
	d.Still(15 * time.Second)
	d.Picture("repair proved")
	press(d, window) // "it is solved"
	roomMade(t, home)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}
