package storage

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

// points ends a repair at its n-th change of the disk, where a world is told to.
type points struct {
	mu    sync.Mutex
	left  int
	die   func()
	broke bool
}

func (p *points) Break(n int, die func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.die = n, die
}

func (p *points) Broke() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.broke
}

// reached is called after each change of the disk; a dead process does nothing more.
func (p *points) reached(string) {
	p.mu.Lock()
	p.left--
	dies := p.left == 0 && p.die != nil
	p.broke = p.broke || dies
	die := p.die
	p.mu.Unlock()
	if dies {
		die()
		runtime.Goexit()
	}
}

func (p *points) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.die, p.broke = 0, nil, false
}

// filesWorld is a user's real folders.
type filesWorld struct {
	points
	t   *testing.T
	dir string
	// make makes the repair, fails says whether the fault is still there.
	make  func(w *filesWorld) repair.Fixer
	fails func(w *filesWorld, id string) bool
	worse bool
}

func (w *filesWorld) Fixer() repair.Fixer { return w.make(w) }

func (w *filesWorld) Test(_ context.Context, ids []string) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	for _, id := range ids {
		r := diagnostics.Result{ID: id, Status: diagnostics.Pass}
		if w.worse || w.fails(w, id) {
			r.Status = diagnostics.Fail
			r.Facts = []diagnostics.Fact{diagnostics.Text("program", "firefox-esr")}
		}
		list = append(list, r)
	}
	return list, nil
}

// State leaves out the times of folders, which a crash in the middle of a move takes with it; that an undo without
// a crash restores them too is TestHoldThenUndoIsExact's.
func (w *filesWorld) State() string {
	return strings.Join(withoutFolderTimes(picture(w.t, w.dir)), "\n")
}

func (w *filesWorld) Worsen() { w.worse = true }

func (w *filesWorld) Refuse() {}

func (w *filesWorld) Reopen() repairtest.World {
	w.reset()
	return w
}

const (
	filesOnly = "only the user's own files are touched: no service takes part"
	ownFiles  = "only the user's own files are touched: no further right is needed"
)

// room is what lies below a folder, in bytes.
func room(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	}))
	return bytes
}

func TestCleanUserKeepsItsPromises(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: diskCleanUser, Choice: map[string][]string{"hold": {"all"}},
		Real: "real files in a made-up home",
		New: func(t *testing.T) repairtest.World {
			return &filesWorld{
				t: t, dir: home(t),
				make: func(w *filesWorld) repair.Fixer {
					c := newClean(Params{
						Home: w.dir, DataHome: filepath.Join(w.dir, ".local/share"), CacheHome: filepath.Join(w.dir, ".cache"),
					})
					c.running = func(context.Context) ([]probe.Process, error) { return nil, nil }
					c.moved = w.reached
					return c
				},
				// The thumbnails alone are nine thousand bytes; moving frees nothing.
				fails: func(w *filesWorld, _ string) bool { return room(w.t, w.dir) > 5000 },
			}
		},
		Without: map[repairtest.Property]string{
			repairtest.Worse:   "what the second yes deletes is gone; before it, a no puts everything back (declined)",
			repairtest.Refused: ownFiles, repairtest.Gone: filesOnly, repairtest.Hung: filesOnly,
			repairtest.TakeBack: "what the second yes deletes is gone, and the user is told so before",
		},
	})
}

// noPrograms is a user who runs nothing.
var noPrograms = act.Processes{UID: 54321}

func TestResetCacheKeepsItsPromises(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: appResetCache, Choice: map[string][]string{"close": {"chosen"}},
		Real: "real files in a made-up home; the program's working again is played",
		New: func(t *testing.T) repairtest.World {
			dir := home(t)
			return &filesWorld{
				t: t, dir: dir,
				make: func(w *filesWorld) repair.Fixer {
					c := newCache(Params{
						Home: w.dir, CacheHome: filepath.Join(w.dir, ".cache"), ConfigHome: filepath.Join(w.dir, ".config"),
					})
					c.processes, c.moved = noPrograms, w.reached
					return c
				},
				// What crashed stays in the system's list for days: the self-test does not turn, the user's word counts.
				fails: func(*filesWorld, string) bool { return true },
			}
		},
		Without: map[repairtest.Property]string{
			repairtest.Refused: ownFiles, repairtest.Gone: filesOnly, repairtest.Hung: filesOnly,
		},
	})
}

// resetBench sets one program's store aside by hand.
func resetBench(t *testing.T) (c *cache, dir string, saved []byte) {
	t.Helper()
	dir = home(t)
	c = newCache(Params{Home: dir, CacheHome: filepath.Join(dir, ".cache"), ConfigHome: filepath.Join(dir, ".config")})
	c.processes = noPrograms
	job := repair.Job{Ref: "R1", Step: "close", Choice: []string{"firefox"}, MakeRoom: func() bool { return false }}
	var err error
	for _, job.Step = range []string{"close", "aside"} {
		job.Saved, err = c.Prepare(t.Context(), job)
		must(t, err)
		for range 2 { // a second time changes nothing more
			_, err = c.Run(t.Context(), job)
			must(t, err)
		}
	}
	return c, dir, job.Saved
}

func TestAnOldStoreComesBackOverANewOne(t *testing.T) {
	want := picture(t, home(t))
	c, dir, saved := resetBench(t)
	store := filepath.Join(dir, ".cache/mozilla/firefox/p1.default/cache2")
	if _, err := os.Lstat(store); err == nil {
		t.Fatal("the store is still in its place")
	}
	must(t, os.MkdirAll(filepath.Join(store, "fresh"), 0o700))
	must(t, os.WriteFile(filepath.Join(store, "fresh/index"), []byte("new"), 0o600))
	_, left, err := c.Undo(t.Context(), saved)
	if err != nil || left != 0 {
		t.Fatalf("undo: %v, %d left", err, left)
	}
	same(t, "after undo, times included", want, picture(t, dir))
	if _, left, err = c.Undo(t.Context(), saved); err != nil || left != 0 {
		t.Errorf("a second undo: %v, %d left", err, left)
	}
	same(t, "after a second undo", want, picture(t, dir))
}

func TestAnOldStoreIsKeptAWeek(t *testing.T) {
	c, dir, saved := resetBench(t)
	held := filepath.Join(dir, ".cache", holdFolder)
	if c.Purge(t.Context(), saved, heldFor-time.Hour) {
		t.Error("purged before the week is over")
	}
	if _, err := os.Lstat(held); err != nil {
		t.Fatal("the old store is gone before the week is over")
	}
	if !c.Purge(t.Context(), saved, heldFor) {
		t.Error("not purged")
	}
	if _, err := os.Lstat(held); err == nil {
		t.Error("the old store is still there after the week")
	}
}

// The engine lets go of it at a start, and offers no undo after that.
func TestAStartPurgesOldStores(t *testing.T) {
	dir := home(t)
	c := newCache(Params{Home: dir, CacheHome: filepath.Join(dir, ".cache"), ConfigHome: filepath.Join(dir, ".config")})
	c.processes = noPrograms
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	p := repair.Params{
		Journal: filepath.Join(t.TempDir(), "repairs.jsonl"), Fixers: []repair.Fixer{c}, PollFor: time.Millisecond,
		Now: func() time.Time { return now },
		Verify: func(_ context.Context, ids []string) ([]diagnostics.Result, error) {
			return []diagnostics.Result{{ID: ids[0], Status: diagnostics.Fail}}, nil
		},
	}
	e := repair.New(p)
	a, err := e.Run(t.Context(), repair.Request{ID: appResetCache, Consent: true, Choice: []string{"firefox"}}, nil)
	must(t, err)
	a, err = e.UserSays(a.Ref, "yes")
	must(t, err)
	if a.State != repair.Solved || !a.CanUndo {
		t.Fatalf("after the user's yes: %+v", a)
	}
	for days, kept := range map[int]bool{0: true, 6: true} {
		next := p
		next.Now = func() time.Time { return now.AddDate(0, 0, days) }
		e := repair.New(next)
		_, err := e.Recover(t.Context())
		must(t, err)
		if got, _ := e.Attempt(a.Ref); got.CanUndo != kept {
			t.Errorf("after %d days: can be put back %v", days, got.CanUndo)
		}
	}
	now = now.AddDate(0, 0, 8)
	e = repair.New(p)
	_, err = e.Recover(t.Context())
	must(t, err)
	if got, _ := e.Attempt(a.Ref); got.CanUndo {
		t.Error("after eight days it is still offered to be put back")
	}
	if _, err := os.Lstat(filepath.Join(dir, ".cache", holdFolder)); err == nil {
		t.Error("after eight days the old store is still there")
	}
}

func TestTheOrganisationNamesFoldersBelowTheCacheOnly(t *testing.T) {
	for dir, want := range map[string]bool{
		"acme/erp": true, "acme/*/store": true, "*": false, "*/Cache": false, ".": false, "..": false, "../Documents": false,
		"/etc": false, "acme/../..": false, "acme/*x": false, "a/*/b/*": false, holdFolder + "/R1": false, "": false,
	} {
		if got := fitDir(dir); got != want {
			t.Errorf("%q: %v, want %v", dir, got, want)
		}
	}
	dir := home(t)
	fill(t, dir, map[string]string{".cache/acme/erp/db": "cached"})
	c := newCache(Params{
		Home: dir, CacheHome: filepath.Join(dir, ".cache"), ConfigHome: filepath.Join(dir, ".config"),
		Caches: func() []Cache {
			return []Cache{
				{Name: "ERP", Programs: []string{"erp"}, Dirs: []string{"acme/erp", "../Documents"}},
				{Name: "Evil", Programs: []string{"evil"}, Dirs: []string{"../Documents"}},
				{Name: "Nobody", Dirs: []string{"unknown-app"}},
			}
		},
	})
	c.processes = noPrograms
	var names []string
	for _, choice := range c.Look(t.Context(), nil).Steps["close"].Choices {
		names = append(names, choice.Label)
	}
	if got := strings.Join(names, ","); got != "Firefox,ERP" {
		t.Errorf("offered: %s", got)
	}
	crashed := []diagnostics.Result{{
		ID: "sys.crashes", Status: diagnostics.Fail, Facts: []diagnostics.Fact{diagnostics.Text("program", "erp")},
	}}
	list := c.Look(t.Context(), crashed).Steps["close"].Choices
	if len(list) != 1 || list[0].Label != "ERP" || !list[0].Chosen {
		t.Errorf("for the program that crashes: %+v", list)
	}
}
