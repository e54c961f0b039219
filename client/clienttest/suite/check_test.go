package suite

import (
	"context"
	"strings"
	"testing"

	"balise/client"
)

// broken is a driver that signs in and panics at everything else, by being nil there.
type broken struct{ client.Driver }

func (broken) Probe(context.Context) (client.Caps, client.Person, error) {
	return client.Caps{Product: "Broken", AuthKinds: []string{"token"}, CreateIdem: client.IdemNone, MinPoll: 1},
		client.Person{Name: "Alice"}, nil
}

// A driver that panics fails its part, and the others are played all the same.
func TestAPanicIsAFailure(t *testing.T) {
	r := Check(t.Context(), Sides{Alice: broken{}}, nil)
	if r.Passed() || r.Product != "Broken" || len(r.Parts) != 14 {
		t.Fatalf("%+v", r)
	}
	for _, p := range r.Parts {
		switch p.Name {
		case "sign-in":
			if p.Outcome != Passed {
				t.Errorf("%+v", p)
			}
		case "create", "list":
			if p.Outcome != Failed || len(p.Wrong) != 1 || !strings.Contains(p.Wrong[0], "panicked") {
				t.Errorf("%+v", p)
			}
		case "privacy", "statuses", "faults":
			if p.Outcome != Untested || p.Why == "" {
				t.Errorf("%+v", p)
			}
		}
	}
}

// What is said wrong in a sub-part stands in the part, under its name, and Fatal ends the sub-part only.
func TestFailuresKeepTheirNames(t *testing.T) {
	root := &recorder{ctx: t.Context()}
	root.finish(func() {
		root.Sub("part", func(p T) {
			p.Cleanup(func() { p.Error("cleanup") })
			p.Sub("one", func(s T) { s.Fatalf("first %d", 1); s.Error("never") })
			p.Sub("two", func(s T) { s.Errorf("second") })
			p.Error("third")
		})
		root.Sub("fine", func(T) {})
	})
	want := "one: first 1|two: second|third|cleanup"
	if got := strings.Join(root.parts[0].Wrong, "|"); got != want || root.parts[0].Outcome != Failed {
		t.Errorf("%q, want %q", got, want)
	}
	if root.parts[1].Outcome != Passed || !root.Failed() {
		t.Errorf("%+v", root.parts)
	}
}
