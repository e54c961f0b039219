package repairtest

import (
	"encoding/json"
	"os"
	"runtime"
	"sync"
	"testing"
)

// TableEnv names the file to which outcomes are written, one line of JSON each.
const TableEnv = "BALISE_REPAIR_TABLE"

// Outcome is what came of one property of one repair.
type Outcome struct {
	Repair   string   `json:"repair"`
	Property Property `json:"property"`
	Outcome  string   `json:"outcome"` // "pass", "fail" or "n/a"
	Why      string   `json:"why,omitempty"`
	Real     string   `json:"real,omitempty"`
	OS       string   `json:"os"`
}

// writing keeps lines of parallel tests whole; between processes O_APPEND does.
var writing sync.Mutex

func record(t *testing.T, c Case, p Property, outcome, why string) {
	t.Helper()
	file := os.Getenv(TableEnv)
	if file == "" {
		return
	}
	line, err := json.Marshal(Outcome{
		Repair: c.ID, Property: p, Outcome: outcome, Why: why, Real: c.Real, OS: runtime.GOOS,
	})
	if err != nil {
		t.Fatal(err)
	}
	writing.Lock()
	defer writing.Unlock()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}
