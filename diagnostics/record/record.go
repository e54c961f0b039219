// Package record keeps the light record: one line of figures a minute, for the last day, on this computer only.
//
// It answers the complaint that no self-test can, "it was slow an hour ago". The figures are read from counters
// that the system keeps anyway; the one question that goes out asks the computer's own name server for the
// root of all names. The ring is one file of a fixed size, in which every minute has its own place and its own
// checksum: a crash in the middle of a write costs that minute and no other.
//
// Nothing of it leaves but the minutes around a moment that the user marked, and those only with a report
// that the user sends.
package record

import (
	"math"
	"time"
)

// The ring and the part of it that goes along with a report.
const (
	// Minutes is how many the ring keeps: a day.
	Minutes = 24 * 60
	// Before and After bound the minutes around a marked moment that enter a report.
	Before = 10 * time.Minute
	After  = 2 * time.Minute
	// MaxMarks is how many marked moments are kept; the oldest gives way.
	MaxMarks = 16
)

// Minute is what one minute was like. A figure that could not be read is nil: not knowing is not zero.
type Minute struct {
	At time.Time `json:"at"`
	// Online says that some interface had a way out.
	Online *bool `json:"online,omitempty"`
	// SignalDBm is the Wi-Fi signal, the weakest seen; nil on a cable.
	SignalDBm *float64 `json:"signal_dbm,omitempty"`
	// LossPercent is the share of TCP segments that had to be sent again during the minute.
	LossPercent *float64 `json:"loss_percent,omitempty"`
	// DNSMS is how long the name server took, and DNSFailed that it did not answer.
	DNSMS     *float64 `json:"dns_ms,omitempty"`
	DNSFailed *bool    `json:"dns_failed,omitempty"`
	// Load is the run queue for each processor thread.
	Load *float64 `json:"load,omitempty"`
	// CPU, Memory and IO are the shares of the minute in which something waited for the processor, for
	// memory and for a disk.
	CPUPercent    *float64 `json:"cpu_percent,omitempty"`
	MemoryPercent *float64 `json:"memory_percent,omitempty"`
	IOPercent     *float64 `json:"io_percent,omitempty"`
	// FreeMemoryPercent is what programs can still get.
	FreeMemoryPercent *float64 `json:"free_memory_percent,omitempty"`
	// Crashes are programs that crashed or were killed for want of memory during the minute.
	Crashes *int `json:"crashes,omitempty"`
}

// Moment is a marked moment with the minutes around it: all of the record that ever goes along with a report.
type Moment struct {
	Mark    time.Time `json:"mark"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Minutes []Minute  `json:"minutes,omitempty"`
}

// tenth rounds to what the figures are worth.
func tenth(v float64) float64 { return math.Round(v*10) / 10 }
