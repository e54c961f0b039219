package storage

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// home makes a user's folders with something in each bucket, and things that must never be touched.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	fill(t, dir, map[string]string{
		".local/share/Trash/files/old report.odt":          "odt",
		".local/share/Trash/files/Été/photo.jpg":           "jpg",
		".local/share/Trash/files/link":                    "-> /etc/passwd",
		".local/share/Trash/info/old report.odt.trashinfo": "[Trash Info]\nPath=/home/x/Documents/old report.odt\n",
		".local/share/Trash/info/Été.trashinfo":            "[Trash Info]\nPath=/home/x/%C3%89t%C3%A9\n",
		".local/share/Trash/info/link.trashinfo":           "[Trash Info]\nPath=/home/x/link\n",
		".local/share/important/database":                  "keep",
		".cache/thumbnails/normal/abc.png":                 "png",
		".cache/thumbnails/large/abc.png":                  strings.Repeat("x", 9000),
		".cache/mozilla/firefox/p1.default/cache2/entry":   "cached",
		".cache/mozilla/firefox/p1.default/startupCache/x": "keep",
		".cache/pip/http/1/2":                              "wheel",
		".cache/go-build/00/deadbeef-d":                    "obj",
		".cache/unknown-app/state.db":                      "keep",
		"Downloads/setup.iso":                              "keep",
		"Documents/thesis.odt":                             "keep",
	})
	must(t, os.Chmod(filepath.Join(dir, ".cache/pip/http"), 0o750))
	return dir
}

func fill(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	past := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	for name, body := range files {
		full := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(full), 0o755))
		if target, ok := strings.CutPrefix(body, "-> "); ok {
			must(t, os.Symlink(target, full))
			continue
		}
		must(t, os.WriteFile(full, []byte(body), 0o640))
		must(t, os.Chtimes(full, past, past))
	}
	// Folders last: making a file changes its folder's time.
	must(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chtimes(p, past, past)
		}
		return err
	}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// picture describes a tree: names, modes, times, contents. Folders that the repair may make or whose time
// it may change (its own holding folder's parents) are left out.
func picture(t *testing.T, dir string) []string {
	t.Helper()
	var lines []string
	must(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		switch rel {
		case ".local/share", ".cache":
			return nil
		case "state":
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %s", rel, info.Mode())
		switch {
		case info.Mode().IsRegular():
			raw, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %x %s", sha256.Sum256(raw), info.ModTime().UTC())
		case d.IsDir():
			line += " " + info.ModTime().UTC().String()
		default:
			target, _ := os.Readlink(p)
			line += " -> " + target
		}
		lines = append(lines, line)
		return nil
	}))
	return lines
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	for _, l := range want {
		if !slices.Contains(got, l) {
			t.Errorf("%s: missing %q", what, l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			t.Errorf("%s: unexpected %q", what, l)
		}
	}
}

// bench is an Engine over a made-up home, with a self-test that the test decides.
type bench struct {
	*repair.Engine
	dir    string
	status diagnostics.Status
	clean  *clean
	tests  int
	noted  func() // after each line of the journal
}

func newBench(t *testing.T, dir string) *bench {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("moving without replacing is written for Linux")
	}
	b := &bench{dir: dir, status: diagnostics.Fail}
	state := filepath.Join(dir, "state")
	must(t, os.MkdirAll(state, 0o700))
	b.clean = newClean(Params{
		Home: dir, DataHome: filepath.Join(dir, ".local/share"), CacheHome: filepath.Join(dir, ".cache"),
	})
	b.clean.running = func(context.Context) ([]probe.Process, error) { return nil, nil }
	b.Engine = repair.New(repair.Params{
		Journal: filepath.Join(state, "repairs.jsonl"), Fixers: []repair.Fixer{b.clean},
		Verify: func(_ context.Context, ids []string) ([]diagnostics.Result, error) {
			b.tests++
			var rs []diagnostics.Result
			for _, id := range ids {
				rs = append(rs, diagnostics.Result{ID: id, Status: b.status})
			}
			return rs, nil
		},
		Noted: func() {
			if b.noted != nil {
				b.noted()
			}
		},
		PollEvery: time.Millisecond, PollFor: 5 * time.Millisecond,
	})
	return b
}

var bad = []diagnostics.Result{
	{ID: "disk.space", Status: diagnostics.Fail, Cause: "disk.space/full"}, {ID: "disk.inodes", Status: diagnostics.Pass},
}

func (b *bench) start(t *testing.T) repair.Attempt {
	t.Helper()
	a, err := b.Run(t.Context(), repair.Request{ID: diskCleanUser, Incident: "I1", Consent: true, Before: bad}, nil)
	must(t, err)
	return a
}

func TestListShowsSizesAndTouchesNothing(t *testing.T) {
	b := newBench(t, home(t))
	before := picture(t, b.dir)
	for _, i := range b.List(t.Context(), bad) {
		if i.ID != diskCleanUser {
			continue
		}
		if !i.Available {
			t.Fatalf("not available: %s", i.Why)
		}
		got := map[string]int{}
		for _, it := range i.Steps[0].Items {
			got[it.Label] = it.Files
			if it.Bytes <= 0 && it.Label != "trash" {
				t.Errorf("%s: %d bytes", it.Label, it.Bytes)
			}
		}
		want := map[string]int{"trash": 3, "thumbnails": 2, "cache.firefox": 1, "cache.pip": 1, "cache.go": 1}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("items %v, want %v", got, want)
		}
	}
	same(t, "after List", before, picture(t, b.dir))
}

func TestHoldThenUndoIsExact(t *testing.T) {
	b := newBench(t, home(t))
	before := picture(t, b.dir)
	a := b.start(t)
	if a.State != repair.NeedsUser || a.Pending == nil || a.Pending.ID != "delete" || !a.CanUndo {
		t.Fatalf("after hold: %+v", a)
	}
	if len(a.Pending.Items) != 5 {
		t.Errorf("ready to delete: %+v", a.Pending.Items)
	}
	for _, i := range b.List(t.Context(), bad) {
		if i.ID == diskCleanUser && (!i.Available || len(i.Steps[0].Items) != 5) {
			t.Errorf("while it waits: %+v", i)
		}
	}
	if b.tests != 0 {
		t.Errorf("moving frees nothing: the test ran %d times", b.tests)
	}
	if names, _ := os.ReadDir(filepath.Join(b.dir, ".local/share/Trash/files")); len(names) != 0 {
		t.Errorf("the trash still holds %v", names)
	}
	a, err := b.Undo(t.Context(), a.Ref, true, nil)
	must(t, err)
	if a.State != repair.Undone || a.CanUndo {
		t.Errorf("after undo: %+v", a)
	}
	same(t, "after undo", before, picture(t, b.dir))
}

func TestDeleteIsForGoodAndOnlyThenTheTestTurns(t *testing.T) {
	b := newBench(t, home(t))
	a := b.start(t)
	b.status = diagnostics.Pass
	if _, err := b.Continue(t.Context(), a.Ref, false, nil); err == nil {
		t.Fatal("deleted without a yes")
	}
	var states []repair.State
	a, err := b.Continue(t.Context(), a.Ref, true, func(p repair.Progress) { states = append(states, p.State) })
	must(t, err)
	if a.State != repair.Solved || a.CanUndo || len(a.After) != 1 || a.After[0].Status != diagnostics.Pass {
		t.Fatalf("after delete: %+v", a)
	}
	want := []repair.State{repair.Running, repair.Verifying, repair.Verifying, repair.Solved}
	if !slices.Equal(states, want) {
		t.Errorf("progress %v, want %v", states, want)
	}
	for _, gone := range []string{".local/share/balise-hold", ".cache/balise-hold", ".cache/thumbnails/normal"} {
		if _, err := os.Lstat(filepath.Join(b.dir, gone)); err == nil {
			t.Errorf("%s is still there", gone)
		}
	}
	for _, kept := range []string{
		"Downloads/setup.iso", "Documents/thesis.odt", ".cache/unknown-app/state.db", ".local/share/important/database",
		".cache/mozilla/firefox/p1.default/startupCache/x", ".cache/thumbnails", ".local/share/Trash/files",
	} {
		if _, err := os.Lstat(filepath.Join(b.dir, kept)); err != nil {
			t.Errorf("%s is gone", kept)
		}
	}
	if _, err := b.Undo(t.Context(), a.Ref, true, nil); err == nil {
		t.Error("an undo was promised after a deletion")
	}
	raw, err := json.Marshal(a)
	must(t, err)
	var back repair.Attempt
	must(t, json.Unmarshal(raw, &back))
	if again, _ := json.Marshal(back); string(again) != string(raw) {
		t.Errorf("the record changes on its way through JSON:\n%s\n%s", raw, again)
	}
}

func TestDecliningChangesNothing(t *testing.T) {
	b := newBench(t, home(t))
	before := picture(t, b.dir)
	a := b.start(t)
	a, err := b.Cancel(t.Context(), a.Ref)
	must(t, err)
	if a.State != repair.NotSolved || a.Reason != "declined" || a.CanUndo {
		t.Errorf("after a no: %+v", a)
	}
	same(t, "after a no", before, picture(t, b.dir))
	if a = b.start(t); a.State != repair.NeedsUser {
		t.Errorf("a no must not count as a try: %+v", a)
	}
}

func TestRestoreNeverReplaces(t *testing.T) {
	b := newBench(t, home(t))
	a := b.start(t)
	share := filepath.Join(b.dir, ".local/share/Trash")
	fill(t, b.dir, map[string]string{
		".local/share/Trash/files/old report.odt":          "newer",
		".local/share/Trash/info/old report.odt.trashinfo": "newer note",
		".local/share/Trash/files/Été/other.jpg":           "newer",
		".local/share/Trash/info/Été.trashinfo":            "newer note",
		".cache/thumbnails/normal/abc.png":                 "newer",
		".cache/thumbnails/normal/def.png":                 "newer",
	})
	a, err := b.Undo(t.Context(), a.Ref, true, nil)
	must(t, err)
	if a.State != repair.NotSolved || a.Reason != "left_behind" || !a.CanUndo {
		t.Errorf("one thumbnail has no place: %s %s", a.State, a.Reason)
	}
	for name, want := range map[string]string{
		share + "/files/old report.odt":                          "newer",
		share + "/files/old report.odt.2":                        "odt",
		share + "/info/old report.odt.trashinfo":                 "newer note",
		share + "/info/old report.odt.2.trashinfo":               "[Trash Info]\nPath=/home/x/Documents/old report.odt\n",
		share + "/files/Été/other.jpg":                           "newer",
		share + "/files/Été.2/photo.jpg":                         "jpg",
		filepath.Join(b.dir, ".cache/thumbnails/normal/abc.png"): "newer",
		filepath.Join(b.dir, ".cache/thumbnails/normal/def.png"): "newer",
	} {
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s: %q %v, want %q", name, got, err, want)
		}
	}
	// The user throws the newer one away; what is left goes back at the second try.
	must(t, os.Remove(filepath.Join(b.dir, ".cache/thumbnails/normal/abc.png")))
	if a, err = b.Undo(t.Context(), a.Ref, true, nil); err != nil || a.State != repair.Undone {
		t.Errorf("second undo: %v %+v", err, a)
	}
	if got, _ := os.ReadFile(filepath.Join(b.dir, ".cache/thumbnails/normal/abc.png")); string(got) != "png" {
		t.Errorf("the held thumbnail is %q", got)
	}
}

func TestLinksAreNeverFollowed(t *testing.T) {
	dir := home(t)
	outside := filepath.Join(dir, "Documents")
	for _, trap := range []string{".cache/thumbnails", ".cache/pip", ".cache/mozilla/firefox/p1.default/cache2"} {
		must(t, os.RemoveAll(filepath.Join(dir, trap)))
		must(t, os.Symlink(outside, filepath.Join(dir, trap)))
	}
	must(t, os.RemoveAll(filepath.Join(dir, ".local/share/Trash/files")))
	must(t, os.Symlink("../important", filepath.Join(dir, ".local/share/Trash/files"))) // stays inside the base
	must(t, os.Symlink(outside, filepath.Join(dir, ".cache/go-build/docs")))
	b := newBench(t, dir)
	b.status = diagnostics.Pass
	a := b.start(t)
	a, err := b.Continue(t.Context(), a.Ref, true, nil)
	must(t, err)
	if a.State != repair.Solved {
		t.Fatalf("%+v", a)
	}
	for _, kept := range []string{"Documents/thesis.odt", ".local/share/important/database", ".cache/pip"} {
		if _, err := os.Lstat(filepath.Join(dir, kept)); err != nil {
			t.Errorf("%s is gone", kept)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, ".cache/go-build/docs")); err == nil {
		t.Error("the link itself, in a bucket, was to go")
	}
}

func TestMountsAreNeverCrossed(t *testing.T) {
	b := newBench(t, home(t))
	real := b.clean.disk.Mounts
	b.clean.disk.Mounts = func(ctx context.Context) ([]probe.Mount, error) {
		list, err := real(ctx)
		for _, p := range []string{".cache/thumbnails", ".cache/go-build/00/usb", ".local/share/Trash/files/Été"} {
			list = append(list, probe.Mount{Device: "8:1", Point: filepath.Join(b.dir, p), Type: "ext4"})
		}
		return list, err
	}
	b.status = diagnostics.Pass
	a := b.start(t)
	_, err := b.Continue(t.Context(), a.Ref, true, nil)
	must(t, err)
	for _, kept := range []string{
		".cache/thumbnails/normal/abc.png", ".cache/go-build/00/deadbeef-d", ".local/share/Trash/files/Été/photo.jpg",
	} {
		if _, err := os.Lstat(filepath.Join(b.dir, kept)); err != nil {
			t.Errorf("%s is gone", kept)
		}
	}
	if _, err := os.Lstat(filepath.Join(b.dir, ".cache/pip/http")); err == nil {
		t.Error("what is on no other mount was to go")
	}
}

func TestARunningProgramKeepsItsCache(t *testing.T) {
	b := newBench(t, home(t))
	b.clean.running = func(context.Context) ([]probe.Process, error) {
		return []probe.Process{{Name: "firefox-esr"}}, nil
	}
	a := b.start(t)
	for _, it := range a.Pending.Items {
		if it.Label == "cache.firefox" {
			t.Error("the cache of a running program was moved")
		}
	}
}

func TestOnlyTheVolumeThatIsShort(t *testing.T) {
	b := newBench(t, home(t))
	b.clean.disk.Mounts = func(context.Context) ([]probe.Mount, error) {
		return []probe.Mount{
			{Device: "8:1", Point: "/", Type: "ext4"}, {Device: "8:2", Point: b.dir, Type: "ext4"},
		}, nil
	}
	short := []diagnostics.Result{{
		ID: "disk.space", Status: diagnostics.Fail,
		Facts: []diagnostics.Fact{diagnostics.Text("volume", "system")},
	}, {ID: "disk.inodes", Status: diagnostics.Pass}}
	_, err := b.Run(t.Context(), repair.Request{ID: diskCleanUser, Consent: true, Before: short}, nil)
	if e, ok := err.(*repair.PreconditionError); !ok || e.Reason != "other_volume" {
		t.Errorf("err %v, want other_volume", err)
	}
}

func TestFoldersThatMayNotBeWrittenGoToo(t *testing.T) {
	dir := home(t)
	locked := filepath.Join(dir, ".local/share/Trash/files/mod")
	must(t, os.MkdirAll(filepath.Join(locked, "sub"), 0o755))
	must(t, os.WriteFile(filepath.Join(locked, "sub/file"), []byte("x"), 0o444))
	must(t, os.Chmod(filepath.Join(locked, "sub"), 0o555))
	must(t, os.Chmod(locked, 0o555))
	t.Cleanup(func() { _ = os.Chmod(locked, 0o755); _ = os.Chmod(filepath.Join(locked, "sub"), 0o755) })
	b := newBench(t, dir)
	b.status = diagnostics.Pass
	a := b.start(t)
	a, err := b.Continue(t.Context(), a.Ref, true, nil)
	must(t, err)
	if _, err := os.Lstat(filepath.Join(dir, ".local/share/balise-hold")); err == nil {
		t.Errorf("something is left: %+v", a.Steps)
	}
}

func TestTooManyFilesIsItsBusinessToo(t *testing.T) {
	b := newBench(t, home(t))
	before := []diagnostics.Result{
		{ID: "disk.space", Status: diagnostics.Pass}, {ID: "disk.inodes", Status: diagnostics.Fail},
	}
	for _, i := range b.List(t.Context(), before) {
		if i.ID == diskCleanUser && (!i.Available || !slices.Equal(i.Verifies, []string{"disk.inodes"})) {
			t.Errorf("%+v", i)
		}
	}
	a, err := b.Run(t.Context(), repair.Request{ID: diskCleanUser, Consent: true, Before: before}, nil)
	must(t, err)
	b.status = diagnostics.Pass
	a, err = b.Continue(t.Context(), a.Ref, true, nil)
	must(t, err)
	if a.State != repair.Solved || len(a.After) != 1 || a.After[0].ID != "disk.inodes" {
		t.Errorf("%+v", a)
	}
}

func TestWeighCountsEverythingOnce(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 * chunk {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), []byte("x"), 0o600))
	}
	must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "sub/y"), make([]byte, 100_000), 0o600))
	must(t, os.Symlink("/usr", filepath.Join(dir, "usr")))
	must(t, os.Symlink("sub", filepath.Join(dir, "again")))
	root, err := os.OpenRoot(filepath.Dir(dir))
	must(t, err)
	defer root.Close()
	files, bytes := weigh(t.Context(), root, filepath.Base(dir))
	if files != 3*chunk+3 || bytes < 100_000 || bytes > 100_000+int64(files)*8192 {
		t.Errorf("%d files, %d bytes", files, bytes)
	}
}
