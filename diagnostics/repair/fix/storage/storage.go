// Package storage repairs disks, shared folders and the stores of programs. What it takes away lies in a holding
// folder on the same disk until the user says yes to deleting it.
package storage

import "balise/diagnostics/repair"

// Params is what these repairs work with.
type Params struct {
	// Home, DataHome and CacheHome are the user's folders; by default those of the environment.
	Home, DataHome, CacheHome string
	// Caches are the programs' stores that may be set aside.
	Caches func() []Cache
}

// Cache is a program whose temporary store may be set aside when the program misbehaves.
type Cache struct {
	Name     string   `yaml:"name" json:"name"`         // as people call it
	Programs []string `yaml:"programs" json:"programs"` // process names
	Dirs     []string `yaml:"dirs" json:"dirs"`         // below the cache folder; one "*" stands for one folder
}

// Fixers are the repairs of this area.
func Fixers(p Params) []repair.Fixer { return []repair.Fixer{newClean(p)} }
