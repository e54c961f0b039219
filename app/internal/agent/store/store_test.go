package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"balise/app/internal/ipc/api"
	"balise/client"
)

func fresh(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Params{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestOpenTwiceAndModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "état #1?")
	s := fresh(t, dir)
	if err := s.Put(t.Context(), "k", map[string]int{"a": 1}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = fresh(t, dir)
	var v map[string]int
	if ok, err := s.Get(t.Context(), "k", &v); !ok || err != nil || v["a"] != 1 {
		t.Fatalf("have %v %v %v", ok, v, err)
	}
	if ok, err := s.Get(t.Context(), "none", &v); ok || err != nil {
		t.Fatalf("have %v %v", ok, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range append(files, dir) {
		st, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %s", f, st.Mode())
		}
	}
}

func TestPragmas(t *testing.T) {
	s := fresh(t, t.TempDir())
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1", "busy_timeout": "5000",
	} {
		var got string
		if err := s.DB.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s: have %q, want %q (%v)", pragma, got, want, err)
		}
	}
}

func TestCorruptIsMovedAside(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string){
		"not a database": func(t *testing.T, path string) {
			if err := os.WriteFile(path, bytes.Repeat([]byte("junk"), 4096), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a page overwritten": func(t *testing.T, path string) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := 4096; i < len(raw); i++ {
				raw[i] = 0xAA
			}
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := fresh(t, dir)
			if err := s.Put(t.Context(), "k", bytes.Repeat([]byte("x"), 20000)); err != nil {
				t.Fatal(err)
			}
			s.Close()
			damage(t, filepath.Join(dir, fileName))
			s = fresh(t, dir)
			if s.MovedAside == "" {
				t.Fatal("nothing was moved aside")
			}
			if _, err := os.Stat(s.MovedAside); err != nil {
				t.Error(err)
			}
			if ok, err := s.Get(t.Context(), "k", new(any)); ok || err != nil {
				t.Errorf("the new file is not new: %v %v", ok, err)
			}
		})
	}
}

// Two files that break within one second are both kept.
func TestNothingMovedAsideIsReplaced(t *testing.T) {
	dir := t.TempDir()
	kept := map[string]bool{}
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(dir, fileName), bytes.Repeat([]byte{'a' + byte(i)}, 4096), 0o600); err != nil {
			t.Fatal(err)
		}
		s := fresh(t, dir)
		kept[s.MovedAside] = true
		s.Close()
		// The agent puts the attachments beside it.
		if err := os.Mkdir(s.MovedAside+FilesSuffix, 0o700); err != nil {
			t.Error(err)
		}
	}
	for name := range kept {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
	if len(kept) != 3 {
		t.Errorf("three damaged files became %v", kept)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		// Root writes everywhere; the classification itself is tested below.
		if p := ProblemOf(&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}); p != ReadOnly {
			t.Errorf("have %q", p)
		}
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Params{Dir: dir})
	if ProblemOf(err) != ReadOnly {
		t.Errorf("have %v", err)
	}
}

func TestFull(t *testing.T) {
	s := fresh(t, t.TempDir())
	// SQLite's own limit gives the same error as a full disk.
	s.DB.SetMaxOpenConns(1)
	if _, err := s.DB.Exec(`PRAGMA max_page_count = 20`); err != nil {
		t.Fatal(err)
	}
	err := s.Put(t.Context(), "k", bytes.Repeat([]byte("x"), 1<<20))
	if ProblemOf(err) != Full {
		t.Errorf("have %q: %v", ProblemOf(err), err)
	}
	if p := ProblemOf(errors.New("other")); p != "" {
		t.Errorf("have %q", p)
	}
}

func TestTicketsOfTwoUsersDoNotMix(t *testing.T) {
	s := fresh(t, t.TempDir())
	a, b := s.Desk("rt|u1"), s.Desk("rt|u2")
	tick := client.Ticket{Ref: client.Ref{ID: "7", Number: "7"}, Subject: "S", Updated: time.Now()}
	if err := a.Put(t.Context(), tick, "BAREF"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Find(t.Context(), "7"); !errors.Is(err, ErrNone) {
		t.Errorf("the other user sees it: %v", err)
	}
	tick.Subject = "S2"
	if err := a.Put(t.Context(), tick, ""); err != nil {
		t.Fatal(err)
	}
	c, err := a.Find(t.Context(), "BAREF")
	if err != nil || c.Subject != "S2" || c.Ref != "BAREF" {
		t.Errorf("have %+v %v", c, err)
	}
}

func TestThreadTellsWhatIsFresh(t *testing.T) {
	s := fresh(t, t.TempDir())
	d := s.Desk("d")
	tick := client.Ticket{Ref: client.Ref{ID: "7", Number: "7"}, Updated: time.Now()}
	if err := d.Put(t.Context(), tick, ""); err != nil {
		t.Fatal(err)
	}
	msgs := []client.Message{{ID: "2", Text: "b"}, {ID: "1", Text: "a"}}
	for i, want := range []int{2, 0} {
		got, err := d.PutThread(t.Context(), tick, msgs, time.Now())
		if err != nil || len(got) != want {
			t.Fatalf("%d: have %v %v", i, got, err)
		}
	}
	msgs = append(msgs, client.Message{ID: "3", Text: "c"})
	got, err := d.PutThread(t.Context(), tick, msgs, time.Now())
	if err != nil || len(got) != 1 || got[0].ID != "3" {
		t.Fatalf("have %v %v", got, err)
	}
	all, err := d.Thread(t.Context(), "7")
	if err != nil || len(all) != 3 || all[0].ID != "2" {
		t.Fatalf("have %v %v", all, err)
	}
	for i, want := range []bool{true, false} {
		ok, err := d.Tell(t.Context(), "m3", time.Now())
		if err != nil || ok != want {
			t.Errorf("%d: have %v %v", i, ok, err)
		}
	}
}

func TestRecords(t *testing.T) {
	s := fresh(t, t.TempDir())
	m := api.Manifest{Ref: "R", At: time.Now().UTC(), Subject: "S", Withheld: []string{"screenshot"}}
	if err := s.Record(t.Context(), "d", m); err != nil {
		t.Fatal(err)
	}
	got, err := s.Records(t.Context(), 10)
	if err != nil || len(got) != 1 || got[0].Withheld[0] != "screenshot" {
		t.Fatalf("have %v %v", got, err)
	}
	if err := s.Unrecord(t.Context(), "R"); err != nil {
		t.Fatal(err)
	}
	if got, _ = s.Records(t.Context(), 10); len(got) != 0 {
		t.Errorf("have %v", got)
	}
}

func TestReserveIsKeptOnce(t *testing.T) {
	dir := t.TempDir()
	fresh(t, dir).Close()
	st, err := os.Stat(filepath.Join(dir, reserveName))
	if err != nil || st.Size() != reserveSize {
		t.Fatal(st, err)
	}
	fresh(t, dir).Close()
	again, err := os.Stat(filepath.Join(dir, reserveName))
	if err != nil || !again.ModTime().Equal(st.ModTime()) {
		t.Errorf("written again: %v, %v", again, err)
	}
}
