// Command readme writes the table of self-tests in README.md from the catalogue:
//
//	go run ./diagnostics/checks/catalogue/readme [-check] [README.md]
//
// The table stands between two markers; a test says when it is out of date. With -check nothing is written and
// what the catalogue still lacks is listed.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	check := flag.Bool("check", false, "list what the catalogue lacks, write nothing")
	flag.Parse()
	name := "README.md"
	if flag.NArg() > 0 {
		name = flag.Arg(0)
	}
	if err := run(name, *check); err != nil {
		fmt.Fprintln(os.Stderr, "readme:", err)
		os.Exit(1)
	}
}

func run(name string, check bool) error {
	tests, err := read()
	if err != nil {
		return err
	}
	if check {
		for _, gap := range gaps(tests) {
			fmt.Println(gap)
		}
		return nil
	}
	old, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read the text round the table: %w", err)
	}
	text, err := insert(string(old), table(tests))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if text == string(old) {
		return nil
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}
