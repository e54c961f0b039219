package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// fileActions change files of the client's machine: the simplest way to break what reads them.
func fileActions() []action {
	return []action{
		{
			Action{
				Name: "file.set", Doc: "A file of the machine, also one of the kernel's, has this content.",
				Args: []Arg{need("path", "string", "absolute"), need("text", "string", "its content")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				return s.fileSet(a.str("path"), a.str("text"))
			},
		},
		{
			Action{
				Name: "file.remove", Doc: "A file or folder of the machine is not there.",
				Args: []Arg{need("path", "string", "absolute")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				err := s.machine.do(func() error { return os.RemoveAll(a.str("path")) })
				return deed{seen: func(context.Context) (bool, string) {
					_, err := s.machine.read(a.str("path"))
					return errors.Is(err, os.ErrNotExist), a.str("path") + " is gone"
				}}, err
			},
		},
		{
			Action{
				Name: "file.age", Doc: "A file of the machine was last changed long ago.",
				Args: []Arg{need("path", "string", "absolute"), need("days", "float", "before now")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				at := time.Now().Add(-time.Duration(a.real("days") * float64(24*time.Hour)))
				return deed{seen: s.aged(a.str("path"),
					at)}, s.machine.do(func() error { return os.Chtimes(a.str("path"), at, at) })
			},
		},
		{
			Action{
				Name: "settings.set", Doc: "The client's settings say something else.",
				Args: []Arg{need("key", "string", "as in config show"), need("value", "string", "its value")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				undo := s.set(strings.Split(a.str("key"), "."), a.str("value"))
				return deed{undo: undo, seen: func(context.Context) (bool, string) {
					return true,
						"the settings file"
				}}, nil
			},
		},
		{
			Action{
				Name: "env.set", Doc: "The client's environment has a variable.",
				Args: []Arg{need("name", "string", "of the variable"), need("value", "string", "its value")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				before, had := s.env[a.str("name")]
				s.env[a.str("name")] = a.str("value")
				return deed{undo: func() error {
					if delete(s.env, a.str("name")); had {
						s.env[a.str("name")] = before
					}
					return nil
				}, seen: func(context.Context) (bool, string) { return true, "the client's environment" }}, nil
			},
		},
	}
}

// fileSet writes a file, or lays it over one that cannot be written.
func (s *Stage) fileSet(name, text string) (deed, error) {
	if !filepath.IsAbs(name) {
		return deed{}, fmt.Errorf("not absolute: %q", name)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	old, oldErr := s.machine.read(name)
	kernel := strings.HasPrefix(name, "/proc/") || strings.HasPrefix(name, "/sys/") && !strings.HasPrefix(name,
		"/sys/class/")
	write := s.machine.write
	if kernel {
		write = s.machine.cover
	}
	undo := func() error {
		if oldErr != nil {
			return s.machine.do(func() error { return os.Remove(name) })
		}
		return write(name, old)
	}
	return plain(func() error { return write(name, text) }, undo, func(context.Context) (bool, string) {
		now, err := s.machine.read(name)
		return err == nil && now == text, name + " as the client sees it"
	})
}

// filesSet sets several; the first that fails ends it.
func (s *Stage) filesSet(files map[string]string) (deed, error) {
	var undo []func() error
	var seen []func(context.Context) (bool, string)
	for name, text := range files {
		d, err := s.fileSet(name, text)
		if err != nil {
			return d, err
		}
		undo, seen = append(undo, d.undo), append(seen, d.seen)
	}
	return deed{undo: all(undo...), seen: func(ctx context.Context) (bool, string) {
		var how []string
		every := true
		for _, look := range seen {
			ok, what := look(ctx)
			every, how = every && ok, append(how, what)
		}
		return every, strings.Join(how, ", ")
	}}, nil
}

func (s *Stage) aged(name string, at time.Time) func(context.Context) (bool, string) {
	return func(context.Context) (bool, string) {
		var old bool
		err := s.machine.do(func() error {
			st, err := os.Stat(name)
			old = err == nil && st.ModTime().Sub(at).Abs() < time.Minute
			return err
		})
		return err == nil && old, fmt.Sprintf("%s is of %s", name, at.Format(time.DateOnly))
	}
}

// volumeActions change how full and how willing the machine's disks are.
func volumeActions() []action {
	volume := opt("volume", "string", "home", "home or system")
	return []action{
		{
			Action{
				Name: "disk.fill", Doc: "A volume is nearly full.",
				Args: []Arg{volume, opt("percent", "float", 97.0, "used")},
			},
			diskFill,
		},
		{Action{Name: "disk.inodes", Doc: "A volume has no more files to give.", Args: []Arg{volume}}, diskInodes},
		{
			Action{Name: "disk.readonly", Doc: "The volume of the home turned read-only, as after an error."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				mount := func(flags uintptr) func() error {
					return func() error {
						return s.machine.do(func() error {
							return unix.Mount("", "/home", "",
								unix.MS_REMOUNT|unix.MS_NOSUID|flags, "")
						})
					}
				}
				return plain(mount(unix.MS_RDONLY), mount(0), func(context.Context) (bool, string) {
					err := s.machine.write("/home/.probe", "")
					return errors.Is(err, unix.EROFS), fmt.Sprintf("writing: %v", err)
				})
			},
		},
	}
}

// resize changes the size of a volume, which is a file system in memory.
func (m *machine) resize(volume, option, value string) error {
	return m.do(func() error {
		switch volume {
		case "home":
			return unix.Mount("", "/home", "", unix.MS_REMOUNT|unix.MS_NOSUID, option+"="+value)
		case "system":
			fs, err := unix.Fspick(m.disk, "", unix.FSPICK_EMPTY_PATH|unix.FSPICK_CLOEXEC)
			if err != nil {
				return fmt.Errorf("resize: %w", err)
			}
			defer unix.Close(fs)
			return errors.Join(unix.FsconfigSetString(fs, option, value), unix.FsconfigReconfigure(fs))
		}
		return fmt.Errorf("%w volume %q", ErrUnknown, volume)
	})
}

func (m *machine) usage(volume string) (st unix.Statfs_t, err error) {
	at := map[string]string{"home": "/home", "system": "/"}[volume]
	err = m.do(func() error { return unix.Statfs(at, &st) })
	return st, err
}

func ballast(volume string) string {
	if volume == "home" {
		return "/home/.ballast"
	}
	return "/var/ballast"
}

func diskFill(_ context.Context, s *Stage, a args) (deed, error) {
	const load = 8 << 20
	volume, percent := a.str("volume"), a.real("percent")
	if percent <= 0 || percent > 100 {
		return deed{}, fmt.Errorf("percent: %v", percent)
	}
	m := s.machine
	err := m.do(func() error { return put(ballast(volume), strings.Repeat("x", load)) })
	if err != nil {
		return deed{}, err
	}
	st, err := m.usage(volume)
	if err != nil {
		return deed{}, err
	}
	used := (st.Blocks - st.Bfree) * uint64(st.Bsize)
	undo := all(func() error { return m.resize(volume, "size", "200g") },
		func() error { return m.do(func() error { return os.Remove(ballast(volume)) }) })
	return plain(func() error {
		return m.resize(volume, "size", strconv.FormatUint(uint64(float64(used)*100/percent), 10))
	},
		undo, func(context.Context) (bool, string) {
			st, err := m.usage(volume)
			now := 100 * float64(st.Blocks-st.Bfree) / float64(max(st.Blocks, 1))
			return err == nil && now > percent-1, fmt.Sprintf("%s is %.1f %% full", volume, now)
		})
}

func diskInodes(_ context.Context, s *Stage, a args) (deed, error) {
	volume, m := a.str("volume"), s.machine
	st, err := m.usage(volume)
	if err != nil {
		return deed{}, err
	}
	// The file system refuses to have fewer than it uses; a few are left, because a program makes some too.
	used := st.Files - st.Ffree
	if volume == "home" {
		for i := range 400 {
			if err := m.write(fmt.Sprintf("%s/.cache/many/%d", homeDir, i), ""); err != nil {
				return deed{}, err
			}
		}
		used += 401
	}
	left := max(used/200, 1)
	return plain(func() error { return m.resize(volume, "nr_inodes", strconv.FormatUint(used+left, 10)) },
		func() error { return m.resize(volume, "nr_inodes", "4m") }, func(context.Context) (bool, string) {
			st, err := m.usage(volume)
			now := 100 * float64(st.Files-st.Ffree) / float64(max(st.Files, 1))
			return err == nil && now > 97, fmt.Sprintf("%.1f %% of the files of %s are used", now, volume)
		})
}
