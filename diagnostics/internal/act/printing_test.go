//go:build linux

package act

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestWithDefault(t *testing.T) {
	for _, c := range []struct{ name, was, want string }{
		{"nothing", "", "Default B\n"},
		{"another without options", "Default A\n", "Default B\n"},
		{"another with options", "Default A sides=two-sided-long-edge\n", "Dest A sides=two-sided-long-edge\nDefault B\n"},
		{"an instance", "Default A/draft\n", "Dest A/draft\nDefault B\n"},
		{"options of its own", "Dest B media=A4\nDefault C\n", "Default B media=A4\n"},
		{"an instance of its own", "Dest B/draft media=A4\n", "Default B\nDest B/draft media=A4\n"},
		{"sorted", "Dest a x=1\nDest c x=1\n", "Dest a x=1\nDefault B\nDest c x=1\n"},
		{"already", "Default B x=1\n", "Default B x=1\n"},
		{"what is not ours", "# mine\nDest a x=\"two words\"\n", "# mine\nDest a x=\"two words\"\nDefault B\n"},
		{"without a line's end", "Default A x=1", "Dest A x=1\nDefault B\n"},
		{"twice", "Default b\nDefault B x=1\n", "Default b\nDest B x=1\n"},
	} {
		if got := withDefault(c.was, "B"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzWithDefault(f *testing.F) {
	f.Add("Default A x=1\nDest b\n", "B")
	f.Fuzz(func(t *testing.T, was, queue string) {
		if !queueName(queue) {
			return
		}
		once := withDefault(was, queue)
		if twice := withDefault(once, queue); twice != once {
			t.Errorf("%q\n%q", once, twice)
		}
	})
}

func TestQueueNames(t *testing.T) {
	for _, bad := range []string{"", "a b", "a/b", "a\nDefault c", "-x", "a#b", "a\x00", `a"b`} {
		if queueName(bad) {
			t.Errorf("%q passes for a queue", bad)
		}
		if _, err := PlanPrintDefault(t.Context(), bad); err == nil {
			t.Errorf("%q is planned", bad)
		}
	}
	if !queueName("Étage_2-est.3") {
		t.Error("a good name is refused")
	}
}

// The settings of a user in each state that they can have: put back byte for byte, with folder and permissions.
func TestPrintDefaultThereAndBack(t *testing.T) {
	for name, setUp := range map[string]func(t *testing.T, home string){
		"nothing": func(*testing.T, string) {},
		"folder":  func(t *testing.T, home string) { mkdir(t, filepath.Join(home, ".cups")) },
		"file": func(t *testing.T, home string) {
			mkdir(t, filepath.Join(home, ".cups"))
			put(t, filepath.Join(home, ".cups/lpoptions"), "Default A", 0o600)
		},
		"link": func(t *testing.T, home string) {
			mkdir(t, filepath.Join(home, ".cups"))
			mkdir(t, filepath.Join(home, "dot"))
			put(t, filepath.Join(home, "dot/lp"), "Default A x=1\n", 0o644)
			if err := os.Symlink("../dot/lp", filepath.Join(home, ".cups/lpoptions")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			t.Setenv("HOME", home)
			setUp(t, home)
			before := tree(t, home)
			d, err := PlanPrintDefault(t.Context(), "B")
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := d.Do(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			raw, _ := os.ReadFile(filepath.Join(home, ".cups/lpoptions"))
			if !bytes.Contains(raw, []byte("Default B\n")) {
				t.Errorf("%q", raw)
			}
			for range 2 {
				if left, err := d.Undo(t.Context()); left || err != nil {
					t.Fatal(left, err)
				}
			}
			if after := tree(t, home); after != before {
				t.Errorf("before %s\nafter  %s", before, after)
			}
		})
	}
}

func TestSettingsChangedSinceStay(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	d, err := PlanPrintDefault(t.Context(), "B")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, d.File, "Default C\n", 0o644)
	left, err := d.Undo(t.Context())
	if raw, _ := os.ReadFile(d.File); !left || err != nil || string(raw) != "Default C\n" {
		t.Errorf("%v %v %q", left, err, raw)
	}
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// tree is every name below a folder, with its mode and its content.
func tree(t *testing.T, dir string) (all string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := os.Lstat(name)
		if err != nil {
			return err
		}
		all += name[len(dir):] + " " + st.Mode().String()
		if st.Mode().IsRegular() {
			raw, _ := os.ReadFile(name)
			all += " " + string(raw)
		}
		all += "\n"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
