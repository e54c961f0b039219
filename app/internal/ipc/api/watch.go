package api

import "time"

// Background is what the tests without being asked see.
type Background struct {
	// Checked is when they last ran; zero is not yet.
	Checked time.Time `json:"checked,omitzero"`
	// Paused is a code of why they rest: "metered", "battery", "saver"; empty while they do not.
	Paused string `json:"paused,omitempty"`
	// Problem is a diagnosis that has held, and Since when it was first seen; nil while all is well.
	Problem *Diagnosis `json:"problem,omitempty"`
	Since   time.Time  `json:"since,omitzero"`
}

// RecordState is the light record of the last day.
type RecordState struct {
	On bool `json:"on"`
	// Locked says that the policy decides, and Why names its file.
	Locked bool   `json:"locked"`
	Why    string `json:"why,omitempty"`
	// Since is the oldest minute kept, Minutes how many there are, Bytes the file's size on the disk.
	Since   time.Time `json:"since,omitzero"`
	Minutes int       `json:"minutes"`
	Bytes   int64     `json:"bytes"`
	// Marks are the moments that the user marked, the newest first.
	Marks []time.Time `json:"marks,omitempty"`
	// Paused is a code of why nothing is added now: "metered", "battery", "saver", "no_agent"; empty while
	// something is.
	Paused string `json:"paused,omitempty"`
}
