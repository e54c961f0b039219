package snapshot

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"balise/diagnostics"
	"balise/diagnostics/redact"
)

// maxRequest bounds what the child reads; a request is some hundred bytes.
const maxRequest = 1 << 20

// Request is what RunChild reads.
type Request struct {
	// AssetTag is the organisation's, from the settings; empty falls back on the firmware's.
	AssetTag string `json:"asset_tag,omitempty"`
	// Redact asks for Groups as they would leave; without it they are absent and Snapshot is given.
	Redact bool `json:"redact,omitempty"`
	// Key is the ticket's pseudonym key, with Redact; empty is a key for this once.
	Key []byte `json:"key,omitempty"`
	// WithholdMachine makes aliases of the machine's name and asset tag too, with Redact.
	WithholdMachine bool `json:"withhold_machine,omitempty"`
	// Secrets are texts that must never leave, such as the desk's token, with Redact.
	Secrets []string `json:"secrets,omitempty"`
	// State asks for a State instead of a Snapshot.
	State *StateRequest `json:"state,omitempty"`
}

// Answer is what RunChild writes.
type Answer struct {
	Snapshot *Snapshot           `json:"snapshot,omitempty"`
	State    *State              `json:"state,omitempty"`
	Groups   []diagnostics.Group `json:"groups,omitempty"`
	Masked   map[string]int      `json:"masked,omitempty"`
}

// RunChild is the child process `balise internal snapshot`: one Request in, one Answer out.
func RunChild(ctx context.Context, in io.Reader, out io.Writer) error {
	var req Request
	if err := json.NewDecoder(io.LimitReader(in, maxRequest)).Decode(&req); err != nil {
		return fmt.Errorf("read snapshot request: %w", err)
	}
	var answer Answer
	if req.State != nil {
		state := TakeState(ctx, *req.State)
		answer.State = &state
	} else {
		snap := Take(ctx, req.AssetTag)
		if answer.Snapshot = &snap; req.Redact {
			answer = Redacted(ctx, snap, req)
		}
	}
	if err := json.NewEncoder(out).Encode(answer); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

// Redacted is the snapshot as it would leave.
func Redacted(ctx context.Context, snap Snapshot, req Request) Answer {
	groups := snap.Groups()
	known := redact.Gather(ctx, req.Secrets...)
	for _, g := range groups {
		known.Learn(g.Facts)
	}
	r := redact.New(redact.Params{Key: req.Key, Known: known, WithholdMachine: req.WithholdMachine})
	var a Answer
	for _, g := range groups {
		if facts := r.Facts(g.Facts); len(facts) > 0 {
			a.Groups = append(a.Groups, diagnostics.Group{ID: g.ID, Facts: facts})
		}
	}
	a.Masked = r.Masked()
	return a
}
