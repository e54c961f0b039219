package scenario

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func single(name, area string) Scenario {
	return Scenario{
		Name: name, Title: name, Areas: []string{area}, Stage: []Step{{Do: name}},
		Expect: Expect{Cause: []string{name + "/x", name + "/y"}, Not: []string{"net.*", "disk/*"}},
	}
}

func TestPairsAreUnrelatedAndAlwaysTheSame(t *testing.T) {
	var all []Scenario
	for i := range 12 {
		all = append(all, single(fmt.Sprintf("s%d", i), fmt.Sprintf("area%d/part", i/2)))
	}
	guard := single("guard", "own")
	guard.Expect = Expect{Healthy: true}
	struck := single("struck", "other")
	struck.Strikes = []Strike{{}}
	all = append(all, guard, struck, Scenario{Name: "bare", Expect: Expect{Cause: []string{"a/b"}}})

	pairs := Pairs(all, 30, 1)
	if len(pairs) != 30 || !reflect.DeepEqual(pairs, Pairs(all, 30, 1)) {
		t.Fatal(len(pairs))
	}
	if reflect.DeepEqual(pairs, Pairs(all, 30, 2)) {
		t.Error("another seed gives the same pairs")
	}
	used := map[string]int{}
	for _, p := range pairs {
		a, b, _ := strings.Cut(p.Name, "+")
		used[a]++
		used[b]++
		if p.Areas[0] == p.Areas[1] || !p.Double() || slices.Contains([]string{a, b}, "guard") ||
			slices.Contains([]string{a, b}, "struck") || slices.Contains([]string{a, b}, "bare") {
			t.Error(p.Name)
		}
		again, err := Find(all, p.Name)
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("%s cannot be replayed: %v", p.Name, err)
		}
	}
	for name, n := range used {
		if n > 6 {
			t.Errorf("%s is in %d of 30 pairs of 12", name, n)
		}
	}
	if got := Pairs(all, 1000, 1); len(got) != 60 { // 66 pairs of 12, less 6 that share an area
		t.Error(len(got))
	}
}

func TestAreasTouch(t *testing.T) {
	a, b := single("a", "net"), single("b", "net/dns")
	if !touch(a, b) || !touch(b, a) {
		t.Error("a part of an area does not touch it")
	}
	b.Areas = []string{"network"}
	if touch(a, b) {
		t.Error("a name that begins alike touches")
	}
	a.Settings = map[string]any{"probes": map[string]any{"udp": "x"}}
	b.Settings = map[string]any{"probes": map[string]any{"load": "y"}}
	if touch(a, b) {
		t.Error("different settings of one group touch")
	}
	b.Settings["probes"].(map[string]any)["udp"] = "z"
	if !touch(a, b) {
		t.Error("the same setting does not touch")
	}
}

func TestCombine(t *testing.T) {
	a, b := single("disk", "disk"), single("a", "x")
	d := Combine(a, b)
	if !slices.Equal(d.Expect.Not, []string{"net.*", "disk/*", "net.*"}) {
		t.Error("what the other one expects stays forbidden:", d.Expect.Not)
	}
	if d.Expect.Also[0] != "a/x | a/y" || d.Expect.Cause[1] != "disk/y" || len(d.Stage) != 2 {
		t.Errorf("%+v", d)
	}
	if _, err := Find([]Scenario{a}, "disk+none"); err == nil {
		t.Error("a pair of nothing is found")
	}
	if _, err := Find([]Scenario{a}, "none"); err == nil {
		t.Error("nothing is found")
	}
}

func TestMergeLeavesItsSourcesAlone(t *testing.T) {
	under := map[string]any{"probes": map[string]any{"udp": "a", "load": "b"}, "language": "fr"}
	got := Merge(under, map[string]any{"probes": map[string]any{"udp": "c"}})
	want := map[string]any{"probes": map[string]any{"udp": "c", "load": "b"}, "language": "fr"}
	if !reflect.DeepEqual(got, want) || under["probes"].(map[string]any)["udp"] != "a" {
		t.Error(got, under)
	}
}
