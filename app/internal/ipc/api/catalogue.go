package api

// CheckInfo is one line of the catalogue of self-tests. Its name and what it measures are texts:
// check.<id>.name and check.<id>.measures.
type CheckInfo struct {
	ID          string   `json:"id"`
	Needs       []string `json:"needs,omitempty"`
	ExplainedBy []string `json:"explained_by,omitempty"`
	MootBy      []string `json:"moot_by,omitempty"`
	TimeoutMS   int64    `json:"timeout_ms"`
	// Reason says why the deadline is what it is.
	Reason   string `json:"reason,omitempty"`
	Severity string `json:"severity,omitempty"` // what a failure means: "blocks", "degrades", "notice"
	// Limits are the thresholds in force, the unit in the name.
	Limits map[string]float64 `json:"limits,omitempty"`
	// Facts are what it can tell, by key: "class kind unit".
	Facts  map[string]string `json:"facts,omitempty"`
	Causes []CauseInfo       `json:"causes,omitempty"`
	// Platforms are GOOS values; empty is all. Applies says that this is one of them.
	Platforms []string `json:"platforms,omitempty"`
	Applies   bool     `json:"applies"`
	// OnDemand says that it runs only when it is asked for by name.
	OnDemand bool `json:"on_demand,omitempty"`
}

// CauseInfo is one cause that a self-test can name, and where a ticket with it belongs.
type CauseInfo struct {
	Cause    string   `json:"cause"` // "net.gateway/silent"
	Category string   `json:"category,omitempty"`
	Level    int      `json:"level,omitempty"`
	Actor    string   `json:"actor,omitempty"`
	Impact   string   `json:"impact,omitempty"`
	Urgency  string   `json:"urgency,omitempty"` // empty: by the severity of what was found
	Repairs  []string `json:"repairs,omitempty"`
}
