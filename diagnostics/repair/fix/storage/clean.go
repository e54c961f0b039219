package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
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
	// moved is called after each move and each deletion; a test ends the process there.
	moved func(what string)
}

func newClean(p Params) *clean {
	home := p.Home
	if home == "" {
		home, _ = os.UserHomeDir()
	}
	c := &clean{
		dataHome:  folder(p.DataHome, "XDG_DATA_HOME", home, ".local/share"),
		cacheHome: folder(p.CacheHome, "XDG_CACHE_HOME", home, ".cache"),
		disk:      probe.NewDisk(), running: probe.NewPerf().Processes,
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

// ID is the repair's.
func (c *clean) ID() string { return diskCleanUser }

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

// Look measures what may go.
func (c *clean) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	look := repair.Look{Verify: shortOf(results), Skip: []string{openPage}}
	sources, why := c.sources(ctx, results)
	if why != "" {
		look.Why = why
		return look
	}
	items := c.measure(ctx, sources, func(s source) string { return s.Dir })
	if len(items) == 0 {
		look.Why = "nothing_to_do"
		return look
	}
	look.Steps = map[string]repair.StepLook{"hold": {Items: items, Choices: choicesOf(items)}}
	return look
}

// choicesOf offers every bucket; all are chosen until the user says otherwise.
func choicesOf(items []repair.Item) []repair.Choice {
	var list []repair.Choice
	for _, it := range items {
		list = append(list, repair.Choice{ID: it.Label, Label: it.Label, Bytes: it.Bytes, Chosen: true})
	}
	return list
}

// chosen keeps the sources of the buckets that the user picked. No word on it means all of them.
func chosen(sources []source, choice []string) []source {
	if len(choice) == 0 {
		return sources
	}
	return slices.DeleteFunc(sources, func(s source) bool { return !slices.Contains(choice, s.Label) })
}

// Prepare fixes which folders are emptied, and then that what they held is deleted.
func (c *clean) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	var s cleaned
	switch job.Step {
	case "hold":
		s.Ref = job.Ref
		sources, why := c.sources(ctx, nil)
		sources = chosen(sources, job.Choice)
		if why != "" || len(sources) == 0 {
			return nil, repair.Because("nothing_to_do", nil)
		}
		for i, src := range sources {
			src.Hold = filepath.Join(holdFolder, job.Ref, fmt.Sprint(i))
			if info, err := os.Lstat(filepath.Join(src.Base, src.Dir)); err == nil {
				src.MTime = info.ModTime()
			}
			s.Sources = append(s.Sources, src)
		}
	case "delete":
		if err := s.read(job.Saved); err != nil {
			return nil, err
		}
		s.Deleting = true
	default:
		return nil, repair.Because("unknown_step", nil)
	}
	return json.Marshal(s)
}

func (s *cleaned) read(saved json.RawMessage) error {
	if len(saved) == 0 {
		return repair.ErrNothingSaved
	}
	if err := json.Unmarshal(saved, s); err != nil {
		return fmt.Errorf("read what was saved: %w", err)
	}
	for _, src := range s.Sources {
		// The journal is ours, and still: what it names must be one of our own holding folders.
		if !filepath.IsAbs(src.Base) || !filepath.IsLocal(src.Dir) || !filepath.IsLocal(src.Hold) ||
			filepath.Dir(filepath.Dir(src.Hold)) != holdFolder {
			return repair.Because("journal", nil)
		}
	}
	return nil
}

// Show says what lies ready to be deleted.
func (c *clean) Show(ctx context.Context, step repair.Step, saved json.RawMessage) repair.Step {
	var s cleaned
	if s.read(saved) == nil {
		step.Items = c.measure(ctx, s.Sources, func(src source) string { return src.Hold })
	}
	return step
}

// Run sets aside, and then deletes.
func (c *clean) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	var s cleaned
	if err := s.read(job.Saved); err != nil {
		return nil, err
	}
	switch job.Step {
	case "hold":
		return c.hold(ctx, job, s)
	case "delete":
		return c.remove(ctx, s)
	}
	return nil, repair.Because("unknown_step", nil)
}
