package repair

import (
	"path/filepath"
	"testing"
)

type named struct {
	Fixer
	id string
}

func (n named) ID() string { return n.id }

func TestStockLeavesTheCoreAlone(t *testing.T) {
	e := New(Params{
		Journal: filepath.Join(t.TempDir(), "j"), Fixers: []Fixer{named{id: "core"}},
		Specs: map[string]Spec{"core": {ID: "core", CostS: 1}},
	})
	has := func(id string) bool { _, ok := e.fixer(id); return ok }
	e.Stock([]Fixer{named{id: "core"}, named{id: "acme.a"}, named{id: "acme.unspecified"}},
		map[string]Spec{"core": {CostS: 99}, "acme.a": {CostS: 2}})
	if len(e.stock()) != 2 || e.spec("core").CostS != 1 || e.spec("acme.a").CostS != 2 || has("acme.unspecified") {
		t.Fatalf("%d repairs, %+v", len(e.stock()), e.spec("core"))
	}
	e.Stock(nil, nil)
	if len(e.stock()) != 1 || has("acme.a") || e.spec("acme.a").CostS != 0 {
		t.Fatal("a pack that is gone left its repair behind")
	}
}
