package storage

import (
	"path/filepath"
	"slices"
	"strings"
)

// Cache is a program whose temporary store may be set aside when the program misbehaves.
type Cache struct {
	Name     string   `yaml:"name" json:"name"`         // as people call it
	Programs []string `yaml:"programs" json:"programs"` // process names
	Dirs     []string `yaml:"dirs" json:"dirs"`         // below the cache folder; one "*" stands for one folder
	// config says that they lie below the settings folder instead, where programs made with Electron keep theirs
	// (electronjs.org/docs/latest/api/app: userData). Only the core may say so: what else lies there is no cache.
	config bool
}

// knownCaches are the core's own: browsers, mail, office chat.
var knownCaches = []Cache{
	{
		Name: "Firefox", Programs: []string{"firefox", "firefox-esr", "firefox-bin"},
		Dirs: []string{"mozilla/firefox/*/cache2", "mozilla/firefox/*/startupCache"},
	},
	{
		Name: "Thunderbird", Programs: []string{"thunderbird", "thunderbird-bin"},
		Dirs: []string{"thunderbird/*/cache2", "thunderbird/*/startupCache"},
	},
	{
		Name: "Google Chrome", Programs: []string{"chrome", "google-chrome"},
		Dirs: []string{"google-chrome/*/Cache", "google-chrome/*/Code Cache"},
	},
	{
		Name: "Chromium", Programs: []string{"chromium", "chromium-browse"},
		Dirs: []string{"chromium/*/Cache", "chromium/*/Code Cache"},
	},
	{
		Name: "Microsoft Edge", Programs: []string{"msedge", "microsoft-edge"},
		Dirs: []string{"microsoft-edge/*/Cache", "microsoft-edge/*/Code Cache"},
	},
	{Name: "Evolution", Programs: []string{"evolution"}, Dirs: []string{"evolution/mail"}},
	{
		Name: "Microsoft Teams", Programs: []string{"teams", "teams-for-linux"}, config: true,
		Dirs: []string{
			"teams-for-linux/Partitions/*/Cache", "teams-for-linux/Cache", "teams-for-linux/Code Cache",
			"Microsoft/Microsoft Teams/Cache",
		},
	},
	{
		Name: "Slack", Programs: []string{"slack"}, config: true,
		Dirs: []string{"Slack/Cache", "Slack/Code Cache", "Slack/GPUCache"},
	},
	{
		Name: "Element", Programs: []string{"element-desktop"}, config: true,
		Dirs: []string{"Element/Cache", "Element/Code Cache", "Element/GPUCache"},
	},
}

// known are the core's caches and then those of the organisation's settings.
func (c *cache) known() []Cache {
	list := slices.Clone(knownCaches)
	if c.caches == nil {
		return list
	}
	for _, more := range c.caches() {
		more.config = false
		more.Dirs = slices.DeleteFunc(slices.Clone(more.Dirs), func(d string) bool { return !fitDir(d) })
		if more.Name != "" && len(more.Dirs) > 0 && len(more.Programs) > 0 {
			list = append(list, more)
		}
	}
	return list
}

// fitDir keeps what a settings file may name below the cache folder and never all of it.
func fitDir(dir string) bool {
	parts := splitPath(filepath.Clean(dir))
	return filepath.IsLocal(dir) && len(parts) > 0 && parts[0] != "*" && parts[0] != holdFolder &&
		strings.Count(dir, "*") <= 1 && (strings.Count(dir, "*") == 0 || slices.Contains(parts, "*"))
}

// CacheDir tells whether a folder can be named as a cache, by a settings file or a pack.
func CacheDir(dir string) bool { return fitDir(dir) }

// CacheID is how a cache is chosen, by its name.
func CacheID(name string) string { return slug(name) }
