package scenario

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Pairs draws n pairs of single faults that have nothing to do with each other, always the same ones for a
// seed. Fewer come back when the folder does not give as many.
func Pairs(all []Scenario, n int, seed uint64) []Scenario {
	var can []Scenario
	for _, s := range all {
		if Pairable(s) {
			can = append(can, s)
		}
	}
	var pairs [][2]int
	for i := range can {
		for j := i + 1; j < len(can); j++ {
			if !touch(can[i], can[j]) {
				pairs = append(pairs, [2]int{i, j})
			}
		}
	}
	rng := rand.New(rand.NewPCG(seed, 0x70616972))
	rng.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	used := map[int]int{}
	var out []Scenario
	// First such pairs whose members are still rare: thirty pairs should not be one fault thirty times.
	for limit := 1; len(out) < n && len(pairs) > 0; limit++ {
		rest := pairs[:0:0]
		for _, p := range pairs {
			if len(out) < n && used[p[0]] < limit && used[p[1]] < limit {
				used[p[0]]++
				used[p[1]]++
				out = append(out, Combine(can[p[0]], can[p[1]]))
			} else {
				rest = append(rest, p)
			}
		}
		pairs = rest
	}
	return out
}

// Pairable tells whether a scenario can be one of two: a single fault that stands when the client starts, in
// areas that it declares.
func Pairable(s Scenario) bool {
	return len(s.Areas) > 0 && len(s.Expect.Cause) > 0 && !s.Double() && len(s.Strikes)+len(s.Only) == 0
}

// touch tells whether two scenarios share an area, or set the same setting.
func touch(a, b Scenario) bool {
	for _, x := range a.Areas {
		for _, y := range b.Areas {
			if x == y || strings.HasPrefix(x, y+"/") || strings.HasPrefix(y, x+"/") {
				return true
			}
		}
	}
	return clash(a.Settings, b.Settings)
}

func clash(a, b map[string]any) bool {
	for k, x := range a {
		y, both := b[k]
		if !both {
			continue
		}
		xm, ok1 := x.(map[string]any)
		ym, ok2 := y.(map[string]any)
		if !ok1 || !ok2 || clash(xm, ym) {
			return true
		}
	}
	return false
}

// Combine plays two faults at once: both must be named, and what either forbids stays forbidden unless it is
// the other's truth.
func Combine(a, b Scenario) Scenario {
	e, f := a.Expect, b.Expect
	d := Scenario{
		Name: a.Name + "+" + b.Name, Title: a.Title + "; " + b.Title, Tags: []string{"double"},
		Areas: slices.Concat(a.Areas, b.Areas), Settings: Merge(a.Settings, b.Settings),
		Stage: slices.Concat(a.Stage, b.Stage), Observed: slices.Concat(a.Observed, b.Observed),
		Vary: Vary{Not: slices.Concat(a.Vary.Not, b.Vary.Not)}, File: a.File,
		Expect: Expect{
			Cause: e.Cause, Also: []string{strings.Join(f.Cause, " | ")}, May: slices.Concat(e.May, f.May),
			Folded: slices.Concat(e.Folded, f.Folded), Within: max(e.Within, f.Within),
		},
	}
	d.Expect.Not = append(notOf(e, f), notOf(f, e)...)
	d.Expect.Unknown = slices.Concat(e.Unknown, f.Unknown)
	return d
}

// notOf is what a forbids and b does not expect. Words are left out: the other fault may rightly need them.
func notOf(a, b Expect) []string {
	var out []string
	for _, p := range a.Not {
		expected := slices.ContainsFunc(slices.Concat(b.Cause, b.May), func(c string) bool {
			return Match(p, c) || Match(c, p)
		})
		if !expected {
			out = append(out, p)
		}
	}
	return out
}

// Merge lays settings over others, group by group.
func Merge(under, over map[string]any) map[string]any {
	if len(under) == 0 && len(over) == 0 {
		return nil
	}
	out := maps.Clone(under)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range over {
		below, ok1 := out[k].(map[string]any)
		group, ok2 := v.(map[string]any)
		if ok1 && ok2 {
			out[k] = Merge(below, group)
		} else {
			out[k] = v
		}
	}
	return out
}

// Find returns a scenario by the name that a report printed, also the name of a pair.
func Find(all []Scenario, name string) (Scenario, error) {
	first, second, pair := strings.Cut(name, "+")
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == first })
	if i < 0 {
		return Scenario{}, fmt.Errorf("there is no scenario %q", first)
	}
	if !pair {
		return all[i], nil
	}
	j := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == second })
	if j < 0 {
		return Scenario{}, fmt.Errorf("there is no scenario %q", second)
	}
	return Combine(all[i], all[j]), nil
}
