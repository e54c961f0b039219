package pack_test

import (
	"strings"
	"testing"

	"balise/diagnostics/pack"
	"balise/diagnostics/pack/join"
)

// Every pack that comes with Balise is judged like any other, and taken.
func TestEmbeddedPacks(t *testing.T) {
	v, err := join.Vocabulary("")
	if err != nil {
		t.Fatal(err)
	}
	files, err := join.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	set := pack.Load(pack.Params{Embedded: files, Vocabulary: v})
	for _, r := range set.Refused {
		t.Errorf("%s: %s %v\n%v", r.Path, r.Reason, r.Args, r.Problems)
	}
	if len(set.Symptoms) < 20 {
		t.Errorf("only %d symptoms", len(set.Symptoms))
	}
}

// A stranger's pack cannot speak for the core: what the core brings has names that no publisher may take.
func TestNoPublisherHasACoresName(t *testing.T) {
	v, err := join.Vocabulary("")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range append(append([]string{}, v.Checks...), v.Repairs...) {
		name, _, _ := strings.Cut(id, ".")
		f, err := pack.Parse("p.yaml", []byte("api: balise/v1\npack: {id: "+name+", version: 1, publisher: "+name+
			", title: {en: A}, languages: [en]}\n"))
		if err != nil {
			t.Fatal(err)
		}
		if all := pack.Lint(f, pack.Rules{Vocabulary: v, Trust: pack.Admin}); len(all) != 1 || all[0].Code != "reserved" {
			t.Errorf("%s may be a publisher: %v", name, all)
		}
	}
}
