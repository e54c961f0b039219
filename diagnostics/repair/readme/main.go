// Command readme writes the table of repairs in README.md from the catalogue and from what tests have shown:
//
//	BALISE_TEST_ROOT=1 BALISE_TEST_CUPS=1 BALISE_TEST_DESKTOP=1 BALISE_REPAIR_TABLE=/tmp/proven.jsonl \
//	  go test -count=1 -p 1 ./diagnostics/repair/fix/...
//	go run ./diagnostics/repair/readme -proof /tmp/proven.jsonl
//
// The tests write one line for each repair and property; -proof keeps them, sorted, in
// diagnostics/repair/testdata/proven.jsonl, and replaces all that is known of the repairs that are in it. Without
// -proof only the table is written. A test says when the table or the proofs are out of date.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	proof := flag.String("proof", "", "take what the tests have shown from this `FILE`")
	check := flag.String("check", "", "only compare what the tests have shown in this `FILE` with what is kept")
	flag.Parse()
	do := func() error { return run(*proof) }
	if *check != "" {
		do = func() error { return compare(*check) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "readme:", err)
		os.Exit(1)
	}
}

const (
	readmeFile = "README.md"
	provenFile = "diagnostics/repair/testdata/proven.jsonl"
)

// compare holds what is kept to what the tests have just shown.
func compare(fresh string) error {
	kept, err := readOutcomes(provenFile)
	if err != nil {
		return err
	}
	shown, err := readOutcomes(fresh)
	if err != nil {
		return err
	}
	if list := differing(kept, merge(nil, shown)); len(list) > 0 {
		return fmt.Errorf("the table says more or less than the tests show (go run ./diagnostics/repair/readme -proof %s): %v",
			fresh, list)
	}
	return nil
}

func run(fresh string) error {
	proven, err := readOutcomes(provenFile)
	if err != nil {
		return err
	}
	if fresh != "" {
		more, err := readOutcomes(fresh)
		if err != nil {
			return err
		}
		if proven = merge(proven, more); len(failed(proven)) > 0 {
			return fmt.Errorf("these are not proven, so nothing is written: %v", failed(proven))
		}
		if err := writeOutcomes(provenFile, proven); err != nil {
			return err
		}
	}
	rows, err := table(proven)
	if err != nil {
		return err
	}
	old, err := os.ReadFile(readmeFile)
	if err != nil {
		return fmt.Errorf("read the text round the table: %w", err)
	}
	text, err := insert(string(old), rows)
	if err != nil || text == string(old) {
		return err
	}
	if err := os.WriteFile(readmeFile, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}
