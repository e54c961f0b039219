// Package storage repairs disks, shared folders and the stores of programs. What it takes away lies in a holding
// folder on the same disk until the user says yes to deleting it.
package storage

import (
	"runtime"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

// Params is what these repairs work with.
type Params struct {
	// Home, DataHome, CacheHome and ConfigHome are the user's folders; by default those of the environment.
	Home, DataHome, CacheHome, ConfigHome string
	// OpenSettings shows a page of the system's own settings ("storage", "apps").
	OpenSettings func(page string) error
	// Caches are the programs' stores that may be set aside.
	Caches func() []Cache
}

// Fixers are the repairs of this area. What is not written for a system is a page of its settings there.
func Fixers(p Params) []repair.Fixer {
	if runtime.GOOS == "linux" {
		return onLinux(p)
	}
	return pages(p.OpenSettings)
}

func onLinux(p Params) []repair.Fixer {
	return []repair.Fixer{newClean(p), newCleanSystem(), newRemount(), newHog(), newCache(p)}
}

// pages are the same repairs on Windows and macOS; untried there.
func pages(settings func(page string) error) []repair.Fixer {
	// No page of the settings ends programs: Task Manager and Activity Monitor do, which the step's text names.
	page := func(id, page string, tests func([]diagnostics.Result) []string, skip ...string) repair.Fixer {
		return elsewhere{id: id, page: page, tests: tests, skip: skip, settings: settings}
	}
	return []repair.Fixer{
		page(diskCleanUser, "storage", shortOf, "hold", "delete"),
		page(diskCleanSystem, "storage", shortOf, "clean"),
		page(shareRemount, "network", nil, "remount"),
		page(perfHog, "", busy, "close", "kill"),
		page(appResetCache, "apps", nil, "close", "aside", "ask"),
	}
}
