package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

const up = "../../../"

func proofs(t *testing.T) []outcome {
	t.Helper()
	all, err := readOutcomes(up + provenFile)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheReadmeHasTheTableOfTheRepairs(t *testing.T) {
	old, err := os.ReadFile(up + readmeFile)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := table(proofs(t))
	if err != nil {
		t.Fatal(err)
	}
	want, err := insert(string(old), rows)
	if err != nil {
		t.Fatal(err)
	}
	if string(old) != want {
		t.Error("the table of repairs is out of date: run `go run ./diagnostics/repair/readme`")
	}
}

// What is proven must be of the catalogue of now, and every repair of Linux must be in it, whole.
func TestTheProofsAreOfTheseRepairs(t *testing.T) {
	specs, err := repair.Specs()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]int{}
	for _, o := range proofs(t) {
		if _, ok := specs[o.Repair]; !ok {
			t.Errorf("%s is proven and does not exist", o.Repair)
		}
		if o.Outcome != "pass" && (o.Outcome != "n/a" || o.Why == "") {
			t.Errorf("%s: %s is %q", o.Repair, o.Property, o.Outcome)
		}
		if place(o) == len(columns) {
			t.Errorf("%s: no property is called %q", o.Repair, o.Property)
		}
		if o.OS == "linux" {
			known[o.Repair]++
		}
	}
	const how = "run the commands at the head of diagnostics/repair/readme/main.go"
	for id, s := range specs {
		linux := len(s.Platforms) == 0 || slices.Contains(s.Platforms, "linux")
		if linux && known[id] != len(columns) {
			t.Errorf("%s: %d of %d properties are proven or given a reason: %s", id, known[id], len(columns), how)
		}
	}
}

func TestTheColumnsAreTheProperties(t *testing.T) {
	var heads []repairtest.Property
	for _, c := range columns {
		heads = append(heads, repairtest.Property(c.property))
	}
	if !slices.Equal(heads, repairtest.Properties()) {
		t.Errorf("%v, want %v", heads, repairtest.Properties())
	}
}

func TestMergeKeepsTheWorstOfAllWorlds(t *testing.T) {
	old := []outcome{
		{Repair: "a", Property: "solved", Outcome: "pass", OS: "linux"}, {Repair: "b", Property: "well", OS: "linux"},
	}
	got := merge(old, []outcome{
		{Repair: "a", Property: "solved", Outcome: "fail", OS: "linux"},
		{Repair: "a", Property: "solved", Outcome: "pass", OS: "linux"},
		{Repair: "a", Property: "gone", Outcome: "n/a", Why: "w", OS: "linux"},
		{Repair: "a", Property: "gone", Outcome: "pass", OS: "linux"},
	})
	if len(got) != 3 || got[0].Outcome != "fail" || got[1].Outcome != "pass" || got[2].Repair != "b" {
		t.Errorf("%+v", got)
	}
	if f := failed(got); !slices.Equal(f, []string{"a solved", "b well"}) {
		t.Errorf("failed %v", f)
	}
}

func TestTheTableIsPutBetweenTheMarkersOnly(t *testing.T) {
	got, err := insert("x\n"+begin+"\nold\n"+end+"\ny\n", "new\n")
	if err != nil || got != "x\n"+begin+"\nnew\n"+end+"\ny\n" {
		t.Errorf("%v %q", err, got)
	}
	if _, err := insert("no markers", ""); err == nil {
		t.Error("a text without markers was taken")
	}
	rows, err := table(nil)
	if err != nil || !strings.Contains(rows, "`disk.clean_user`") {
		t.Errorf("%v\n%s", err, rows)
	}
}

func TestWhatTheTestsNoLongerShowIsFound(t *testing.T) {
	kept := []outcome{
		{Repair: "a", Property: "solved", Outcome: "pass"},
		{Repair: "a", Property: "worse", Outcome: "pass"},
		{Repair: "b", Property: "solved", Outcome: "pass"},
	}
	shown := []outcome{
		{Repair: "a", Property: "solved", Outcome: "pass"},
		{Repair: "a", Property: "worse", Outcome: "fail"},
		{Repair: "c", Property: "solved", Outcome: "pass"},
	}
	want := []string{"a worse", "b solved", "c solved"}
	if got := differing(kept, shown); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}
