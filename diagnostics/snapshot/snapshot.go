// Package snapshot describes the computer at one moment: system, processor, memory, disks, network,
// printers, displays, the busiest programs by name, locale and time zone.
//
// It never reads command lines, environments, Wi-Fi names or any history. Each source has its own deadline,
// and one that fails is a missing group with a reason, not an error: a snapshot of half a computer is still
// worth more than none.
package snapshot

import (
	"time"

	"balise/diagnostics/internal/probe"
)

// Version is the version of the JSON document.
const Version = 1

// Snapshot is the computer at one moment, before redaction: it holds real names and addresses and stays on
// the computer. Groups gives the classed facts that a report is made of. A part that could not be read is nil
// and named in Missing.
type Snapshot struct {
	Version  int       `json:"version"`
	Taken    time.Time `json:"taken"`
	TookMS   int64     `json:"took_ms"`
	Hostname string    `json:"hostname"`
	AssetTag string    `json:"asset_tag,omitempty"`

	System    *probe.SystemInfo   `json:"system,omitempty"`
	Processor *Processor          `json:"processor,omitempty"`
	Memory    *Memory             `json:"memory,omitempty"`
	Disks     []Disk              `json:"disks,omitempty"`
	Network   []probe.NIC         `json:"network,omitempty"`
	Resolver  *probe.ResolverInfo `json:"resolver,omitempty"`
	Printers  []Printer           `json:"printers,omitempty"`
	Displays  []probe.DisplayInfo `json:"displays,omitempty"`
	Programs  *Programs           `json:"programs,omitempty"`
	Locale    *Locale             `json:"locale,omitempty"`

	// Missing gives the reason for each part that could not be read: "deadline", "unsupported", "denied",
	// "failed".
	Missing map[string]string `json:"missing,omitempty"`
}

// Processor is the processor and how busy it was while the snapshot was taken.
type Processor struct {
	probe.CPUInfo
	BusyPercent float64 `json:"busy_percent"`
}

// Memory is in bytes; available is what programs can still get without swapping.
type Memory struct {
	Total     uint64 `json:"total"`
	Available uint64 `json:"available"`
	SwapTotal uint64 `json:"swap_total,omitempty"`
	SwapUsed  uint64 `json:"swap_used,omitempty"`
}

// Disk is one local file system. Network mounts are never asked: a dead server would hang the question.
type Disk struct {
	Point       string  `json:"point"`
	Type        string  `json:"type"`
	Total       uint64  `json:"total"`
	Free        uint64  `json:"free"`
	FreePercent float64 `json:"free_percent"`
	ReadOnly    bool    `json:"read_only,omitempty"`
}

// Printer is one print queue.
type Printer struct {
	Name      string `json:"name"`
	State     string `json:"state"` // "idle", "printing", "stopped"
	Accepting bool   `json:"accepting"`
}

// Programs are the busiest programs, by name only.
type Programs struct {
	CPU    []string `json:"cpu,omitempty"`
	Memory []string `json:"memory,omitempty"`
	Count  int      `json:"count"`
}

// Locale is the user's language and the time zone.
type Locale struct {
	Language string `json:"language,omitempty"`
	Zone     string `json:"zone"`
	Offset   string `json:"offset"` // "+02:00"
}
