package verb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/pack"
	"balise/diagnostics/repair"
)

// cacheRepair leaves the closing of programs out as root, who has none of his own.
func cacheRepair() pack.Repair {
	r := wholeRepair()
	if os.Getuid() == 0 {
		r.Steps = r.Steps[1:]
	}
	return r
}

func wholeRepair() pack.Repair {
	return pack.Repair{
		ID: "acme.erp_cache", Kind: "fix", Scope: "user", Risk: "undo", CostS: 20, Verify: []string{"acme.erp"},
		Steps: []pack.Step{
			{ID: "stop", Kind: "auto", Do: "app.stop", With: map[string]any{"programs": []any{"acme-erp-none"}}},
			{ID: "aside", Kind: "auto", Do: "cache.set_aside", With: map[string]any{
				"programs": []any{"acme-erp-none"}, "dirs": []any{"acme-erp/cache"},
			}},
			{
				ID: "again", Kind: "manual", Do: "page.open", With: map[string]any{"url": "https://erp.acme.example"},
				WaitFor: pack.WaitFor{Check: "acme.erp", Max: 2 * time.Minute},
			},
		},
	}
}

// state is everything below a folder, with the times of folders, for comparison byte by byte.
func state(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		b.WriteString(rel + " " + info.Mode().String())
		if !d.IsDir() {
			raw, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			b.Write(raw)
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// engine runs a pack's repair with a self-test that passes when turned says so.
func engine(t *testing.T, p Params, turned func() bool) *repair.Engine {
	t.Helper()
	r := cacheRepair()
	return repair.New(repair.Params{
		Journal: filepath.Join(t.TempDir(), "journal"), Fixers: []repair.Fixer{Fixer(r, p)},
		Specs:     map[string]repair.Spec{r.ID: Spec(r)},
		PollEvery: time.Millisecond, PollFor: 20 * time.Millisecond,
		Verify: func(context.Context, []string) ([]diagnostics.Result, error) {
			status := diagnostics.Fail
			if turned() {
				status = diagnostics.Pass
			}
			return []diagnostics.Result{{ID: "acme.erp", Status: status}}, nil
		},
	})
}

func home(t *testing.T) (cache, file string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("caches are set aside on Linux only")
	}
	cache, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(cache, "acme-erp", "cache", "index")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	return cache, file
}

func TestAPacksRepairSolves(t *testing.T) {
	cache, file := home(t)
	gone := func() bool { _, err := os.Stat(file); return errors.Is(err, os.ErrNotExist) }
	var opened string
	e := engine(t, Params{CacheHome: cache, OpenURL: func(u string) error { opened = u; return nil }}, gone)
	a, err := e.Run(t.Context(), repair.Request{ID: "acme.erp_cache", Consent: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.State != repair.Solved || opened != "https://erp.acme.example" || !a.CanUndo {
		t.Fatalf("%+v, opened %q", a, opened)
	}
}

// A repair that did not help waits for the user's own step; declined, it is put back to the byte.
func TestAPacksRepairIsPutBack(t *testing.T) {
	cache, _ := home(t)
	before := state(t, cache)
	e := engine(t, Params{CacheHome: cache}, func() bool { return false })
	a, err := e.Run(t.Context(), repair.Request{ID: "acme.erp_cache", Consent: true}, nil)
	if err != nil || a.State != repair.NeedsUser || a.Pending == nil || a.Pending.ID != "again" {
		t.Fatalf("%+v %v", a, err)
	}
	if state(t, cache) == before {
		t.Fatal("nothing was set aside")
	}
	if a, err = e.Cancel(t.Context(), a.Ref); err != nil || a.State != repair.NotSolved || a.Reason != "declined" {
		t.Fatalf("%+v %v", a, err)
	}
	if after := state(t, cache); after != before {
		t.Fatalf("not put back:\n%s\nwas:\n%s", after, before)
	}
}

// What was set aside is found again although the pack changed its steps since.
func TestUndoAfterThePackChanged(t *testing.T) {
	cache, _ := home(t)
	before := state(t, cache)
	t.Setenv("XDG_CACHE_HOME", cache)
	r := cacheRepair()
	f := Fixer(r, Params{})
	job := repair.Job{Ref: "r1", Step: "aside", MakeRoom: func() bool { return false }, Progress: func(int, string) {}}
	saved, err := f.Prepare(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	job.Saved = saved
	for range 2 { // the second time is a no-op
		if _, err := f.Run(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	if state(t, cache) == before {
		t.Fatal("nothing was set aside")
	}
	r.Steps = r.Steps[:1]
	for range 2 {
		if _, left, err := Fixer(r, Params{}).Undo(t.Context(), saved); err != nil || left != 0 {
			t.Fatal(left, err)
		}
	}
	if after := state(t, cache); after != before {
		t.Fatalf("not put back:\n%s\nwas:\n%s", after, before)
	}
}

// A crash in the middle, and the pack is gone at the next start: what it set aside is put back all the same.
func TestPutBackWithoutItsPack(t *testing.T) {
	cache, _ := home(t)
	before := state(t, cache)
	t.Setenv("XDG_CACHE_HOME", cache)
	journal := filepath.Join(t.TempDir(), "journal")
	r := cacheRepair()
	type cut struct{}
	params := repair.Params{
		Journal: journal, Fixers: []repair.Fixer{Fixer(r, Params{})}, Specs: map[string]repair.Spec{r.ID: Spec(r)},
		Verify: func(context.Context, []string) ([]diagnostics.Result, error) {
			if state(t, cache) != before {
				panic(cut{})
			}
			return []diagnostics.Result{{ID: "acme.erp", Status: diagnostics.Fail}}, nil
		},
	}
	func() {
		defer func() {
			if _, ok := recover().(cut); !ok {
				t.Fatal("the repair was not cut short")
			}
		}()
		_, _ = repair.New(params).Run(t.Context(), repair.Request{ID: r.ID, Consent: true}, nil)
	}()
	params.Fixers, params.Specs = nil, map[string]repair.Spec{}
	e := repair.New(params)
	orphans := e.Orphans()
	if len(orphans) != 1 || orphans[0] != r.ID {
		t.Fatal(orphans)
	}
	e.Stock([]repair.Fixer{Fixer(pack.Repair{ID: r.ID}, Params{})},
		map[string]repair.Spec{r.ID: {ID: r.ID, Undo: repair.UndoSpec{AtStart: true}}})
	left, err := e.Recover(t.Context())
	if err != nil || len(left) != 1 || left[0].CanUndo {
		t.Fatalf("%+v %v", left, err)
	}
	if after := state(t, cache); after != before {
		t.Fatalf("not put back:\n%s\nwas:\n%s", after, before)
	}
}

func TestNothingToSetAside(t *testing.T) {
	cache, file := home(t)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	e := engine(t, Params{CacheHome: cache}, func() bool { return false })
	_, err := e.Run(t.Context(), repair.Request{ID: "acme.erp_cache", Consent: true}, nil)
	if refused, ok := errors.AsType[*repair.PreconditionError](err); !ok || refused.Reason != "nothing_to_do" {
		t.Fatal(err)
	}
}

func TestSpecOfAPack(t *testing.T) {
	s := Spec(wholeRepair())
	if s.Settle.Within != 2*time.Minute || !s.Undo.AtStart || !s.Undo.Unsolved || s.Cooldown < leastPause {
		t.Fatalf("%+v", s)
	}
	for _, st := range s.Steps {
		want := repair.NoRisk
		if st.ID == "aside" {
			want = repair.WithUndo
		}
		if st.Risk != want || st.Timeout <= 0 {
			t.Errorf("%+v", st)
		}
	}
}

// Every verb is one that newDeed knows, and none takes a path, a command or an address that could do more.
func TestTheClosedSetOfVerbs(t *testing.T) {
	for _, v := range Vocabulary() {
		if _, unknown := newDeed("x", pack.Step{ID: "s", Do: v.Name}, Params{}).(absent); unknown && here(v.Name) {
			t.Errorf("%s does nothing", v.Name)
		}
		if v.Scope == "" || v.Risk == "" {
			t.Errorf("%s owns up to nothing", v.Name)
		}
	}
	if _, unknown := newDeed("x", pack.Step{Do: "run"}, Params{}).(absent); !unknown {
		t.Error("an unknown verb does something")
	}
	for _, bad := range []map[string]any{
		{"programs": []any{"a"}, "dirs": []any{"../x"}},
		{"programs": []any{"a"}, "dirs": []any{"/etc"}},
		{"programs": []any{"a"}, "dirs": []any{"*"}},
		{"programs": []any{"/bin/a"}, "dirs": []any{"a"}},
	} {
		for _, v := range Vocabulary() {
			if v.Name == "cache.set_aside" && v.Check(bad) == nil {
				t.Errorf("%v was accepted", bad)
			}
		}
	}
}
