package main

import (
	"os"
	"strings"
	"testing"
)

func readAll(t *testing.T) []selfTest {
	t.Helper()
	tests, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

func TestTheReadmeHasTheTableOfTheCatalogue(t *testing.T) {
	old, err := os.ReadFile("../../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := insert(string(old), table(readAll(t)))
	if err != nil {
		t.Fatal(err)
	}
	if string(old) != want {
		t.Error("the table of self-tests is out of date: run `go run ./diagnostics/checks/catalogue/readme`")
	}
}

// leastTests is the size of the catalogue that was promised.
const leastTests = 45

func TestEverySelfTestSaysWhatItIsAndWhereItLeads(t *testing.T) {
	tests := readAll(t)
	if len(tests) < leastTests {
		t.Errorf("%d self-tests, %d are promised", len(tests), leastTests)
	}
	for _, gap := range gaps(tests) {
		t.Error(gap)
	}
}

func TestTheTableIsPutBetweenTheMarkersOnly(t *testing.T) {
	text := "before\n" + begin + "\nold\n" + end + "\nafter\n"
	got, err := insert(text, "new\n")
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n" + begin + "\nnew\n" + end + "\nafter\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if _, err := insert("no markers", "new"); err == nil {
		t.Error("a text without markers was taken")
	}
}

func TestARowHasEveryColumn(t *testing.T) {
	tests := readAll(t)
	rows := strings.Split(table(tests), "\n")
	columns := 0
	for _, row := range rows {
		if !strings.HasPrefix(row, "|") {
			continue
		}
		n := strings.Count(row, "|")
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("%d columns, want %d: %s", n, columns, row)
		}
	}
}
