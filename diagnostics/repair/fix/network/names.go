package network

import (
	"context"
	"encoding/json"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// names forgets old answers of name servers. There is nothing to put back: they are asked again.
type names struct{}

// ID is the repair's.
func (names) ID() string { return "dns.flush" }

type namesSaved struct {
	Cache act.NameCache `json:"cache"`
}

// Look says whether somebody keeps names here.
func (names) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	cache, err := act.FindNameCache(ctx)
	if err != nil {
		return repair.Look{Why: why(err, "no_name_cache")}
	}
	return repair.Look{Steps: map[string]repair.StepLook{"flush": {Elevated: cache == act.Dnsmasq}}}
}

// Prepare notes who is asked.
func (names) Prepare(ctx context.Context, _ repair.Job) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	cache, err := act.FindNameCache(ctx)
	if err != nil {
		return nil, failed(err, false)
	}
	return save(namesSaved{cache})
}

// Run empties the store.
func (names) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	var s namesSaved
	if err := load(job.Saved, &s); err != nil {
		return nil, err
	}
	if err := act.FlushNames(ctx, s.Cache); err != nil {
		return nil, failed(err, false)
	}
	return nil, nil
}

// Undo has nothing to put back.
func (names) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
