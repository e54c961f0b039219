package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// outcome is a line of repairtest's table; its type is not imported, because it brings package testing along.
type outcome struct {
	Repair   string `json:"repair"`
	Property string `json:"property"`
	Outcome  string `json:"outcome"`
	Why      string `json:"why,omitempty"`
	Real     string `json:"real,omitempty"`
	OS       string `json:"os"`
}

func readOutcomes(name string) ([]outcome, error) {
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read proofs: %w", err)
	}
	var all []outcome
	in := bufio.NewScanner(bytes.NewReader(raw))
	for in.Scan() {
		var o outcome
		if err := json.Unmarshal(in.Bytes(), &o); err != nil {
			return nil, fmt.Errorf("read proofs %s: %w", name, err)
		}
		all = append(all, o)
	}
	return all, in.Err()
}

func writeOutcomes(name string, all []outcome) error {
	var b bytes.Buffer
	for _, o := range all {
		line, err := json.Marshal(o)
		if err != nil {
			return fmt.Errorf("write proofs: %w", err)
		}
		b.Write(append(line, '\n'))
	}
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write proofs: %w", err)
	}
	return nil
}

// merge replaces what was known of the repairs that fresh speaks of. One repair can be played in several worlds: a
// property is proven when each world that it applies to shows it.
func merge(old, fresh []outcome) []outcome {
	kept := slices.DeleteFunc(slices.Clone(old), func(o outcome) bool {
		return slices.ContainsFunc(fresh, func(f outcome) bool { return f.Repair == o.Repair && f.OS == o.OS })
	})
	type key struct{ repair, property, os string }
	worst := map[key]outcome{}
	weight := []string{"n/a", "pass", "fail"}
	for _, o := range fresh {
		k := key{o.Repair, o.Property, o.OS}
		was, seen := worst[k]
		if !seen || slices.Index(weight, o.Outcome) > slices.Index(weight, was.Outcome) {
			worst[k] = o
		}
	}
	for _, o := range worst {
		kept = append(kept, o)
	}
	slices.SortFunc(kept, func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.Repair, b.Repair), cmp.Compare(a.OS, b.OS), cmp.Compare(place(a), place(b)))
	})
	return kept
}

func failed(all []outcome) (list []string) {
	for _, o := range all {
		if o.Outcome != "pass" && o.Outcome != "n/a" {
			list = append(list, o.Repair+" "+o.Property)
		}
	}
	return list
}

// differing are the repairs' properties whose outcome is not the same in both, as "repair property".
func differing(kept, shown []outcome) (list []string) {
	have := map[string]string{}
	for _, o := range shown {
		have[o.Repair+" "+o.Property] = o.Outcome
	}
	for _, o := range kept {
		key := o.Repair + " " + o.Property
		if have[key] != o.Outcome {
			list = append(list, key)
		}
		delete(have, key)
	}
	for key := range have {
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}
