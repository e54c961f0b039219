package repair

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
)

// diskCleanUser makes room in the user's own folders: the trash, and caches that their programs make again
// by themselves. Its first step only moves; its second, after a yes of its own, deletes.
const diskCleanUser = "disk.clean_user"

// bucket is a set of folders whose contents may go. The list is closed: nothing outside is ever touched,
// and Downloads or Documents never are.
type bucket struct {
	label string
	data  bool     // under the data folder, else under the cache folder
	dirs  []string // relative; one "*" stands for one folder
	apps  []string // while one of these runs, its cache is left alone
}

var buckets = []bucket{
	{label: "trash", data: true, dirs: []string{trashFiles, trashInfo}},
	{label: "thumbnails", dirs: []string{"thumbnails"}},
	{
		label: "cache.firefox", dirs: []string{"mozilla/firefox/*/cache2"},
		apps: []string{"firefox", "firefox-esr", "firefox-bin"},
	},
	{
		label: "cache.thunderbird", dirs: []string{"thunderbird/*/cache2"},
		apps: []string{"thunderbird", "thunderbird-bin"},
	},
	{
		label: "cache.chrome", dirs: []string{"google-chrome/*/Cache", "google-chrome/*/Code Cache"},
		apps: []string{"chrome", "google-chrome"},
	},
	{
		label: "cache.chromium", dirs: []string{"chromium/*/Cache", "chromium/*/Code Cache"},
		apps: []string{"chromium", "chromium-browse"}, // the kernel cuts names at fifteen letters
	},
	{
		label: "cache.edge", dirs: []string{"microsoft-edge/*/Cache", "microsoft-edge/*/Code Cache"},
		apps: []string{"msedge", "microsoft-edge"},
	},
	{label: "cache.shaders", dirs: []string{"mesa_shader_cache", "mesa_shader_cache_db"}},
	{label: "cache.pip", dirs: []string{"pip"}, apps: []string{"pip", "pip3"}},
	{label: "cache.go", dirs: []string{"go-build"}, apps: []string{"go"}},
	{label: "cache.yarn", dirs: []string{"yarn"}, apps: []string{"yarn"}},
}

// holdFolder lies beside the buckets, on their file system, so that moving into it is a matter of names.
const holdFolder = "balise-hold"

type clean struct {
	dataHome, cacheHome string
	disk                probe.Disk
	running             func(ctx context.Context) ([]probe.Process, error)
	makeRoom            func() bool
	// moved is called after each move and each deletion; a test ends the process there.
	moved func(what string)
}

func newClean(p Params, makeRoom func() bool) *clean {
	home := p.Home
	if home == "" {
		home, _ = os.UserHomeDir()
	}
	c := &clean{
		dataHome:  folder(p.DataHome, "XDG_DATA_HOME", home, ".local/share"),
		cacheHome: folder(p.CacheHome, "XDG_CACHE_HOME", home, ".cache"),
		disk:      probe.NewDisk(), running: probe.NewPerf().Processes, makeRoom: makeRoom,
		moved: func(string) {},
	}
	return c
}

func folder(given, env, home, rel string) string {
	if given == "" {
		given = os.Getenv(env)
	}
	if given == "" || !filepath.IsAbs(given) {
		given = filepath.Join(home, rel)
	}
	// The user may keep the folder itself elsewhere; what it holds is never followed out of it.
	if real, err := filepath.EvalSymlinks(given); err == nil {
		given = real
	}
	return filepath.Clean(given)
}

func (c *clean) rules() rules {
	return rules{every: time.Second, within: 2 * time.Second, cooldown: 10 * time.Minute, undoAtStart: true}
}

// source is one folder of a bucket as it stands on this machine.
type source struct {
	Label string `json:"label"`
	Base  string `json:"base"` // absolute
	Dir   string `json:"dir"`  // relative to base
	Hold  string `json:"hold"` // relative to base
	// MTime is the folder's own time, which moving its contents changes.
	MTime time.Time `json:"mtime"`
}

// cleaned is what undo needs.
type cleaned struct {
	Ref     string   `json:"ref"`
	Sources []source `json:"sources"`
	// Deleting says that the second step has begun.
	Deleting bool `json:"deleting,omitempty"`
}

func (c *clean) describe(ctx context.Context, results []diagnostics.Result) Info {
	info := Info{
		ID: diskCleanUser, Verifies: shortOf(results), Risk: NoUndo, CostS: 60,
		Steps: []Step{
			{ID: "hold", Kind: Auto, Risk: WithUndo},
			{ID: "delete", Kind: Confirm, Risk: NoUndo},
		},
	}
	if runtime.GOOS != "linux" {
		info.Why = "platform"
		return info
	}
	if seen := pick(results, []string{"disk.space", "disk.inodes"}); len(seen) > 0 && !anyBad(seen) {
		info.Why = "not_needed" // and no look through all those files
		return info
	}
	sources, why := c.sources(ctx, results)
	if why != "" {
		info.Why = why
		return info
	}
	items := c.measure(ctx, sources, func(s source) string { return s.Dir })
	if len(items) == 0 {
		info.Why = "nothing_to_do"
		return info
	}
	info.Available, info.Steps[0].Items = true, items
	return info
}

func (c *clean) prepare(ctx context.Context, ref, step string, saved json.RawMessage) (json.RawMessage, error) {
	var s cleaned
	switch step {
	case "hold":
		s.Ref = ref
		sources, why := c.sources(ctx, nil)
		if why != "" || len(sources) == 0 {
			return nil, &stepError{reason: "nothing_to_do"}
		}
		for i, src := range sources {
			src.Hold = filepath.Join(holdFolder, ref, fmt.Sprint(i))
			if info, err := os.Lstat(filepath.Join(src.Base, src.Dir)); err == nil {
				src.MTime = info.ModTime()
			}
			s.Sources = append(s.Sources, src)
		}
	case "delete":
		if err := s.read(saved); err != nil {
			return nil, err
		}
		s.Deleting = true
	default:
		return nil, &stepError{reason: "unknown_step"}
	}
	return json.Marshal(s)
}

func (s *cleaned) read(saved json.RawMessage) error {
	if len(saved) == 0 {
		return errNothingSaved
	}
	if err := json.Unmarshal(saved, s); err != nil {
		return fmt.Errorf("read what was saved: %w", err)
	}
	for _, src := range s.Sources {
		// The journal is ours, and still: what it names must be one of our own holding folders.
		if !filepath.IsAbs(src.Base) || !filepath.IsLocal(src.Dir) || !filepath.IsLocal(src.Hold) ||
			filepath.Dir(filepath.Dir(src.Hold)) != holdFolder {
			return &stepError{reason: "journal"}
		}
	}
	return nil
}

func (c *clean) pending(ctx context.Context, step Step, saved json.RawMessage) Step {
	var s cleaned
	if s.read(saved) == nil {
		step.Items = c.measure(ctx, s.Sources, func(src source) string { return src.Hold })
	}
	return step
}

func (c *clean) run(ctx context.Context, step string, saved json.RawMessage) ([]diagnostics.Fact, error) {
	var s cleaned
	if err := s.read(saved); err != nil {
		return nil, err
	}
	switch step {
	case "hold":
		return c.hold(ctx, s)
	case "delete":
		return c.remove(ctx, s)
	}
	return nil, &stepError{reason: "unknown_step"}
}
