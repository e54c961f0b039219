package repair

import (
	"maps"
	"slices"
	"sync"
)

// shelf holds the repairs that the Engine has. Support packs come and go while it runs.
type shelf struct {
	mu     sync.RWMutex
	fixers []Fixer
	specs  map[string]Spec
	own    int // how many of fixers are the Engine's from the start
}

// Stock replaces what support packs offer: their repairs, and what the catalogue says of each. A repair of the
// core's id is left out: no pack replaces what is proven.
func (e *Engine) Stock(fixers []Fixer, specs map[string]Spec) {
	e.shelf.mu.Lock()
	defer e.shelf.mu.Unlock()
	all := slices.Clone(e.shelf.fixers[:e.shelf.own])
	known := map[string]Spec{}
	for _, f := range all {
		known[f.ID()] = e.shelf.specs[f.ID()]
	}
	merged := maps.Clone(known)
	for _, f := range fixers {
		if _, core := merged[f.ID()]; core {
			continue
		}
		if s, ok := specs[f.ID()]; ok {
			all, merged[f.ID()] = append(all, f), s
		}
	}
	e.shelf.fixers, e.shelf.specs = all, merged
}

// stock is every repair there is now.
func (e *Engine) stock() []Fixer {
	e.shelf.mu.RLock()
	defer e.shelf.mu.RUnlock()
	return e.shelf.fixers
}

func (e *Engine) spec(id string) Spec {
	e.shelf.mu.RLock()
	defer e.shelf.mu.RUnlock()
	return e.shelf.specs[id]
}

// Orphans are the repairs of attempts that a crash cut short and that nobody here offers any more: their pack is
// gone.
func (e *Engine) Orphans() []string {
	if e.load() != nil {
		return nil
	}
	e.mu.Lock()
	var open []string
	for _, t := range e.tracks {
		if !t.ended && !slices.Contains(open, t.attempt.ID) {
			open = append(open, t.attempt.ID)
		}
	}
	e.mu.Unlock()
	return slices.DeleteFunc(open, func(id string) bool { _, ok := e.fixer(id); return ok })
}
