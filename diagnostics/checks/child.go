package checks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"balise/diagnostics"
)

// Request is what the probe child reads from its standard input: one JSON document.
type Request struct {
	Config Config `json:"config"`
	// Only selects self-tests by id; empty is all of them. What a selected one needs runs too, or it
	// could not say why it cannot.
	Only []string `json:"only,omitempty"`
	// First are run before all others: what the user complains of. One that otherwise runs on demand only runs too.
	First []string `json:"first,omitempty"`
}

// requestLimit bounds the request: settings and packs are small, and the child trusts nobody.
const requestLimit = 8 << 20

// RunChild is the whole of `balise internal probe`: one Request in, one diagnostics.Event a line out. It
// returns within the Runner's five seconds; the caller then ends the process, and with it whatever probe is
// still stuck in the kernel.
func RunChild(ctx context.Context, in io.Reader, out io.Writer) error {
	var req Request
	dec := json.NewDecoder(io.LimitReader(in, requestLimit))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil {
		return fmt.Errorf("read self-test request: %w", err)
	}
	all := All(req.Config)
	list, err := Select(all, req.Only)
	if err != nil {
		return err
	}
	if len(req.Only) == 0 {
		list = ahead(all, list, req.First)
	}
	runner, err := diagnostics.NewRunner(list)
	if err != nil {
		return err
	}
	// The caller went away when a line cannot be written: nobody reads the rest, so stop probing.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	enc := json.NewEncoder(out)
	var broken error
	runner.Run(ctx, func(e diagnostics.Event) {
		if broken != nil {
			return
		}
		if err := enc.Encode(e); err != nil {
			broken = fmt.Errorf("write self-test events: %w", err)
			cancel()
		}
	})
	return broken
}

// ahead puts self-tests before the others of a run, with what they need; ids that there are not are passed over.
func ahead(all, list []diagnostics.Check, first []string) []diagnostics.Check {
	first = slices.DeleteFunc(slices.Clone(first), func(id string) bool {
		return !slices.ContainsFunc(all, func(c diagnostics.Check) bool { return c.ID == id })
	})
	if len(first) == 0 {
		return list
	}
	front, err := Select(all, first)
	if err != nil {
		return list
	}
	return append(front, slices.DeleteFunc(list, func(c diagnostics.Check) bool {
		return slices.ContainsFunc(front, func(f diagnostics.Check) bool { return f.ID == c.ID })
	})...)
}

// ErrUnknownCheck is wrapped by Select's error for an id that is not in the list.
var ErrUnknownCheck = errors.New("no such self-test")

// Select keeps the checks of these ids and what they need, in the order of the list. No ids selects all but
// those that run on demand only.
func Select(list []diagnostics.Check, only []string) ([]diagnostics.Check, error) {
	if len(only) == 0 {
		return slices.DeleteFunc(slices.Clone(list), func(c diagnostics.Check) bool { return c.OnDemand }), nil
	}
	byID := make(map[string]diagnostics.Check, len(list))
	for _, c := range list {
		byID[c.ID] = c
	}
	want := map[string]bool{}
	var add func(id string) error
	add = func(id string) error {
		c, ok := byID[id]
		if !ok {
			return fmt.Errorf("select self-tests: %q: %w", id, ErrUnknownCheck)
		}
		if want[id] {
			return nil
		}
		want[id] = true
		for _, need := range c.Needs {
			if err := add(need); err != nil {
				return err
			}
		}
		return nil
	}
	for _, id := range only {
		if err := add(id); err != nil {
			return nil, err
		}
	}
	var kept []diagnostics.Check
	for _, c := range list {
		if want[c.ID] {
			kept = append(kept, c)
		}
	}
	return kept, nil
}
