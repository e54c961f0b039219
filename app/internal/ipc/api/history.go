package api

// RepairHistory is what was tried on this computer in the last days.
type RepairHistory struct {
	Attempts []HistoryAttempt `json:"attempts"`
	Counts   RepairCounts     `json:"counts"`
}

// HistoryAttempt is one attempt, and what became of the complaint.
type HistoryAttempt struct {
	RepairAttempt
	Incident string `json:"incident,omitempty"`
	// Outcome is "solved", "not_solved", "undone", "abandoned", "needs_admin" or "open".
	Outcome string `json:"outcome"`
	// Escalated says that a report was sent to the desk although this was tried.
	Escalated bool `json:"escalated,omitempty"`
}

// RepairCounts are numbers of attempts by how they ended; Escalated counts some of them once more.
type RepairCounts struct {
	Tried      int `json:"tried"`
	Solved     int `json:"solved"`      // on the spot: the self-test or the user says so, and the user does not deny it
	NotSolved  int `json:"not_solved"`  // it did not help, or it failed
	Undone     int `json:"undone"`      // put back afterwards, on the user's request
	Abandoned  int `json:"abandoned"`   // declined, stopped, or left in the middle
	NeedsAdmin int `json:"needs_admin"` // the user's rights do not suffice
	Open       int `json:"open"`        // waits for the user, or for a restart
	Escalated  int `json:"escalated"`   // a report was sent from the same complaint
}
