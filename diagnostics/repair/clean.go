package repair

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
)

// diskCleanUser makes room in the user's own folders: the trash, and caches that their programs make again by
// themselves. Its first step only moves; its second, after a yes of its own, deletes.
const diskCleanUser = "disk.clean_user"

// bucket is a set of folders whose contents may go. The list is closed: nothing outside is ever touched, and
// Downloads or Documents never are.
type bucket struct {
	label string
	data  bool     // under the data folder, else under the cache folder
	dirs  []string // relative; one "*" stands for one folder
	apps  []string // while one of these runs, its cache is left alone
}

var buckets = []bucket{
	{label: "trash", data: true, dirs: []string{trashFiles, trashInfo}},
	{label: "thumbnails", dirs: []string{"thumbnails"}},
	{label: "cache.firefox", dirs: []string{"mozilla/firefox/*/cache2"}, apps: []string{"firefox", "firefox-esr", "firefox-bin"}},
	{label: "cache.thunderbird", dirs: []string{"thunderbird/*/cache2"}, apps: []string{"thunderbird", "thunderbird-bin"}},
	{
		label: "cache.chrome", dirs: []string{"google-chrome/*/Cache", "google-chrome/*/Code Cache"},
		apps: []string{"chrome", "google-chrome"},
	},
	{label: "cache.chromium", dirs: []string{"chromium/*/Cache", "chromium/*/Code Cache"}, apps: []string{"chromium", "chromium-browse"}},
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

// shortOf names the self-tests that this repair must turn: room on the disk is what it is about, unless only the
// number of files is at its end, which emptying helps as well.
func shortOf(results []diagnostics.Result) []string {
	var short []string
	for _, r := range results {
		if (r.ID == "disk.space" || r.ID == "disk.inodes") && r.Status.Bad() {
			short = append(short, r.ID)
		}
	}
	if len(short) == 0 {
		return []string{"disk.space"}
	}
	slices.Sort(short)
	return slices.Compact(short)
}

// sources lists the folders that may be emptied now: real folders, on the base's own file system, of programs that
// do not run, on the volume that is short of room.
func (c *clean) sources(ctx context.Context, results []diagnostics.Result) ([]source, string) {
	mounts, err := c.disk.Mounts(ctx)
	if err != nil {
		return nil, "no_mounts"
	}
	busy := map[string]bool{}
	if list, err := c.running(ctx); err == nil {
		for _, p := range list {
			busy[p.Name] = true
		}
	}
	var list []source
	helps := false
	for _, base := range []string{c.dataHome, c.cacheHome} {
		if !c.helps(mounts, base, results) {
			continue
		}
		helps = true
		root, err := os.OpenRoot(base)
		if err != nil {
			continue
		}
		for _, b := range buckets {
			if b.data != (base == c.dataHome) && c.dataHome != c.cacheHome ||
				slices.ContainsFunc(b.apps, func(a string) bool { return busy[a] }) {
				continue
			}
			for _, dir := range b.dirs {
				for _, real := range expand(root, dir) {
					if usable(root, base, real, mounts) {
						list = append(list, source{Label: b.label, Base: base, Dir: real})
					}
				}
			}
		}
		root.Close()
	}
	if !helps {
		return nil, "other_volume"
	}
	return list, ""
}

// helps tells whether room in this folder is room on the volume that is short of it.
func (c *clean) helps(mounts []probe.Mount, base string, results []diagnostics.Result) bool {
	own, ok := c.disk.Volume(mounts, base)
	if !ok {
		return false // on another computer, or nowhere
	}
	for _, r := range results {
		role, found := r.Fact("volume")
		if r.ID != "disk.space" && r.ID != "disk.inodes" || !found || !r.Status.Bad() {
			continue
		}
		dir := map[any]string{
			"system": c.disk.System, "home": c.disk.Home, "data": c.disk.Data, "temp": c.disk.Temp,
		}[role.Value]
		short, ok := c.disk.Volume(mounts, dir)
		return ok && short.Volume() == own.Volume()
	}
	return true
}

// expand resolves the one "*" of a bucket's folder.
func expand(root *os.Root, pattern string) []string {
	before, after, star := cutStar(pattern)
	if !star {
		return []string{pattern}
	}
	f, err := root.Open(before)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(1000)
	slices.Sort(names)
	var list []string
	for _, n := range names {
		list = append(list, filepath.Join(before, n, after))
	}
	return list
}

func cutStar(pattern string) (before, after string, found bool) {
	for dir, rest := filepath.Dir(pattern), filepath.Base(pattern); dir != "."; dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest) {
		if filepath.Base(dir) == "*" {
			return filepath.Dir(dir), rest, true
		}
	}
	return "", "", false
}

// usable tells whether a bucket's folder is what it seems: each part a real folder, no symbolic link, and no other
// file system mounted on it.
func usable(root *os.Root, base, dir string, mounts []probe.Mount) bool {
	top, err := root.Lstat(".")
	if err != nil {
		return false
	}
	want, _ := device(top)
	at := ""
	for _, part := range splitPath(dir) {
		at = filepath.Join(at, part)
		info, err := root.Lstat(at)
		if err != nil || info.Mode().Type() != fs.ModeDir {
			return false
		}
		if dev, _ := device(info); dev != want {
			return false
		}
		if mountedAt(mounts, filepath.Join(base, at)) {
			return false
		}
	}
	return true
}

func mountedAt(mounts []probe.Mount, name string) bool {
	return slices.ContainsFunc(mounts, func(m probe.Mount) bool { return m.Point == name })
}

func splitPath(dir string) []string {
	var parts []string
	for dir != "." && dir != "" && dir != "/" {
		parts = append(parts, filepath.Base(dir))
		dir = filepath.Dir(dir)
	}
	slices.Reverse(parts)
	return parts
}

// measure adds up what lies in the sources, a line for each label, biggest first.
func (c *clean) measure(ctx context.Context, sources []source, dir func(source) string) []Item {
	sum := map[string]*Item{}
	for _, s := range sources {
		root, err := os.OpenRoot(s.Base)
		if err != nil {
			continue
		}
		files, bytes := weigh(ctx, root, dir(s))
		root.Close()
		if sum[s.Label] == nil {
			sum[s.Label] = &Item{Label: s.Label}
		}
		if s.Dir != trashInfo { // the notes beside trashed things are no things of their own
			sum[s.Label].Files += files
		}
		sum[s.Label].Bytes += bytes
	}
	var items []Item
	for _, it := range sum {
		if it.Files > 0 {
			items = append(items, *it)
		}
	}
	slices.SortFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Label, b.Label))
	})
	return items
}

// weigh counts the files below a folder and the room they take. It follows no link and stays on one file system.
func weigh(ctx context.Context, root *os.Root, dir string) (files int, bytes int64) {
	top, err := root.Lstat(dir)
	if err != nil {
		return 0, 0
	}
	if !top.IsDir() {
		return 1, onDisk(top)
	}
	want, _ := device(top)
	_ = fs.WalkDir(root.FS(), filepath.ToSlash(dir), func(name string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return skip(d, ctx)
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		if dev, _ := device(info); dev != want {
			return skip(d, ctx)
		}
		if !d.IsDir() {
			files++
			bytes += onDisk(info)
		}
		return nil
	})
	return files, bytes
}

func skip(d fs.DirEntry, ctx context.Context) error {
	if ctx.Err() != nil {
		return fs.SkipAll
	}
	if d != nil && d.IsDir() {
		return fs.SkipDir
	}
	return nil
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
