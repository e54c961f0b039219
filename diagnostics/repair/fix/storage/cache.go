package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// appResetCache sets a program's temporary store aside, so that the program makes itself a new one. The old one
// lies in the holding folder for a week and can be had back as it was.
const appResetCache = "app.reset_cache"

type cache struct {
	cacheHome, configHome string
	caches                func() []Cache
	disk                  probe.Disk
	processes             act.Processes
	// polite is how long a program gets to end by itself.
	polite time.Duration
	// moved is called after each change of the disk; a test ends the process there.
	moved func(what string)
}

func newCache(p Params) *cache {
	home := p.Home
	if home == "" {
		home, _ = os.UserHomeDir()
	}
	return &cache{
		cacheHome:  folder(p.CacheHome, "XDG_CACHE_HOME", home, ".cache"),
		configHome: folder(p.ConfigHome, "XDG_CONFIG_HOME", home, ".config"),
		caches:     p.Caches, disk: probe.NewDisk(), processes: act.OwnProcesses(), polite: 10 * time.Second,
		moved: func(string) {},
	}
}

// ID is the repair's.
func (c *cache) ID() string { return appResetCache }

func (c *cache) base(k Cache) string {
	if k.config {
		return c.configHome
	}
	return c.cacheHome
}

// folders are those of a program's caches that are there, hold something and are what they seem.
func (c *cache) folders(k Cache, mounts []probe.Mount) []string {
	base := c.base(k)
	root, err := os.OpenRoot(base)
	if err != nil {
		return nil
	}
	defer root.Close()
	var list []string
	for _, dir := range k.Dirs {
		for _, real := range expand(root, filepath.Clean(dir)) {
			if usable(root, base, real, mounts) && !foreign(mounts, filepath.Join(base, real)) && !empty(root, real) {
				list = append(list, real)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func empty(root *os.Root, dir string) bool {
	f, err := root.Open(dir)
	if err != nil {
		return true
	}
	defer f.Close()
	names, _ := f.Readdirnames(1)
	return len(names) == 0
}

// Look offers the programs that have a temporary store; where a self-test named one that crashes, only that one.
func (c *cache) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	look := repair.Look{Skip: []string{openPage}}
	mounts, err := c.disk.Mounts(ctx)
	if err != nil {
		look.Why = "no_mounts"
		return look
	}
	running, _ := c.processes.List(ctx)
	crashed := crashedProgram(results)
	var choices []repair.Choice
	for _, k := range c.known() {
		if crashed != "" && !slices.Contains(k.Programs, crashed) {
			continue
		}
		dirs := c.folders(k, mounts)
		if len(dirs) == 0 {
			continue
		}
		choice := repair.Choice{ID: slug(k.Name), Label: k.Name, Bytes: c.weigh(ctx, k, dirs), Chosen: crashed != ""}
		if len(openOf(k, running)) > 0 {
			choice.Detail = "unsaved"
		}
		if !slices.ContainsFunc(choices, func(o repair.Choice) bool { return o.ID == choice.ID }) {
			choices = append(choices, choice)
		}
	}
	if len(choices) == 0 {
		look.Why = "no_cache"
		return look
	}
	look.Steps = map[string]repair.StepLook{"close": {Choices: choices}}
	return look
}

func (c *cache) weigh(ctx context.Context, k Cache, dirs []string) (bytes int64) {
	root, err := os.OpenRoot(c.base(k))
	if err != nil {
		return 0
	}
	defer root.Close()
	for _, d := range dirs {
		_, b := weigh(ctx, root, d)
		bytes += b
	}
	return bytes
}

func crashedProgram(results []diagnostics.Result) string {
	for _, r := range results {
		if r.ID == "sys.crashes" && r.Status.Bad() {
			if f, ok := r.Fact("program"); ok {
				name, _ := f.Value.(string)
				return name
			}
		}
	}
	return ""
}

func openOf(k Cache, running []act.Running) (open []act.Running) {
	for _, r := range running {
		if slices.Contains(k.Programs, r.Name) {
			open = append(open, r)
		}
	}
	return open
}

func slug(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
}

// aside is one folder that is set aside.
type aside struct {
	Base string `json:"base"`
	Dir  string `json:"dir"`
	Hold string `json:"hold"`
	// Above is the time of the folder that holds it, which the renaming changes.
	Above time.Time `json:"above"`
}

// reset is what undo needs.
type reset struct {
	Name     string        `json:"name"`
	Programs []string      `json:"programs"`
	Open     []act.Running `json:"open,omitempty"` // to be closed
	Folders  []aside       `json:"folders,omitempty"`
}

// Prepare fixes which program is meant, and then which folders.
func (c *cache) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	switch job.Step {
	case "close":
		return c.prepareClose(ctx, job)
	case "aside":
		s, err := c.read(job.Saved)
		if err != nil {
			return nil, err
		}
		return c.prepareAside(ctx, job, s)
	case "ask":
		return job.Saved, nil
	}
	return nil, repair.Because("unknown_step", nil)
}

func (c *cache) prepareClose(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	list := c.known()
	i := slices.IndexFunc(list, func(k Cache) bool { return len(job.Choice) == 1 && slug(k.Name) == job.Choice[0] })
	if i < 0 {
		return nil, repair.Because("nothing_chosen", nil)
	}
	running, err := c.processes.List(ctx)
	if err != nil && !errors.Is(err, act.ErrNotOurs) && !errors.Is(err, act.ErrAbsent) {
		return nil, repair.Because("not_seen", err)
	}
	return json.Marshal(reset{Name: list[i].Name, Programs: list[i].Programs, Open: openOf(list[i], running)})
}

func (c *cache) prepareAside(ctx context.Context, job repair.Job, s reset) (json.RawMessage, error) {
	mounts, err := c.disk.Mounts(ctx)
	if err != nil {
		return nil, repair.Because("no_mounts", err)
	}
	s.Folders = nil
	for _, k := range c.known() {
		if k.Name != s.Name {
			continue
		}
		for _, dir := range c.folders(k, mounts) {
			a := aside{Base: c.base(k), Dir: dir, Hold: filepath.Join(holdFolder, job.Ref, fmt.Sprint(len(s.Folders)))}
			info, err := os.Lstat(filepath.Join(a.Base, filepath.Dir(dir)))
			if err != nil {
				return nil, repair.Because("folder", err)
			}
			a.Above = info.ModTime()
			s.Folders = append(s.Folders, a)
		}
	}
	if len(s.Folders) == 0 {
		return nil, repair.Because("nothing_to_do", nil)
	}
	return json.Marshal(s)
}

func (c *cache) read(saved json.RawMessage) (reset, error) {
	var s reset
	if len(saved) == 0 {
		return s, repair.ErrNothingSaved
	}
	if err := json.Unmarshal(saved, &s); err != nil {
		return s, fmt.Errorf("read what was saved: %w", err)
	}
	for _, a := range s.Folders {
		// The journal is ours, and still: what it names must be below our own folders.
		if a.Base != c.cacheHome && a.Base != c.configHome || !filepath.IsLocal(a.Dir) || !filepath.IsLocal(a.Hold) ||
			filepath.Dir(filepath.Dir(a.Hold)) != holdFolder {
			return s, repair.Because("journal", nil)
		}
	}
	return s, nil
}

// Run closes the program, and sets its folders aside.
func (c *cache) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	s, err := c.read(job.Saved)
	if err != nil {
		return nil, err
	}
	switch job.Step {
	case "close":
		return c.close(ctx, s)
	case "aside":
		return c.setAside(ctx, job, s)
	case "ask":
		return nil, nil
	}
	return nil, repair.Because("unknown_step", nil)
}

// close asks the program to end. One that stays, or asks its user something, is left to him.
func (c *cache) close(ctx context.Context, s reset) ([]diagnostics.Fact, error) {
	for _, r := range s.Open {
		if err := c.processes.Close(r); err != nil && !errors.Is(err, act.ErrEnded) {
			return nil, &repair.StepError{Reason: "not_closed", Untouched: true, Err: err}
		}
	}
	if open := c.processes.Await(ctx, s.Open, c.polite); len(open) > 0 {
		return nil, &repair.StepError{Reason: "still_open", Untouched: true, Err: ctx.Err()}
	}
	return []diagnostics.Fact{
		diagnostics.Identifier("program", s.Name, diagnostics.Personal, diagnostics.KindOther),
		diagnostics.Int("closed", int64(len(s.Open)), ""),
	}, nil
}

// setAside renames the folders, all of them or none.
func (c *cache) setAside(ctx context.Context, job repair.Job, s reset) ([]diagnostics.Fact, error) {
	if c.isOpen(ctx, s) {
		return nil, &repair.StepError{Reason: "still_open", Untouched: true}
	}
	for _, a := range s.Folders {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := c.asideOne(job, a); err != nil {
			return nil, err
		}
	}
	return []diagnostics.Fact{diagnostics.Int("folders", int64(len(s.Folders)), "")}, nil
}

func (c *cache) isOpen(ctx context.Context, s reset) bool {
	running, err := c.processes.List(ctx)
	return err == nil && len(openOf(Cache{Programs: s.Programs}, running)) > 0
}

func (c *cache) asideOne(job repair.Job, a aside) error {
	root, err := os.OpenRoot(a.Base)
	if err != nil {
		return repair.Because("folder", err)
	}
	defer root.Close()
	if exists(root, filepath.Join(a.Hold, heldName)) {
		return nil // done before, by a run that was cut short
	}
	above, err := openReal(root, filepath.Dir(a.Dir))
	if err != nil {
		return repair.Because("folder", err)
	}
	defer above.Close()
	to, err := makeHold(root, a.Hold, job.MakeRoom)
	if err != nil {
		return err
	}
	defer to.Close()
	c.moved("hold")
	err = renameNew(above, filepath.Base(a.Dir), to, heldName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return repair.Because("move", err)
	}
	c.moved("hold")
	return errors.Join(syncRoot(to), syncRoot(above))
}
