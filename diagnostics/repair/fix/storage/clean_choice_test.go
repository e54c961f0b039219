package storage

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

func TestOnlyChosenBucketsAreTouched(t *testing.T) {
	b := newBench(t, home(t))
	before := picture(t, b.dir)
	for _, i := range b.List(t.Context(), bad) {
		step := i.Steps[0]
		if step.Choose != "many" || len(step.Choices) != 5 {
			t.Fatalf("the buckets are not offered: %+v", step)
		}
		for _, c := range step.Choices {
			if !c.Chosen || c.Bytes <= 0 {
				t.Errorf("%+v", c)
			}
		}
	}
	a, err := b.Run(t.Context(), repair.Request{
		ID: diskCleanUser, Consent: true, Before: bad, Choice: []string{"thumbnails", "cache.pip"},
	}, nil)
	must(t, err)
	if a.State != repair.NeedsUser || len(a.Pending.Items) != 2 {
		t.Fatalf("held: %+v", a.Pending)
	}
	for name, want := range map[string]bool{
		".local/share/Trash/files/link": true, ".cache/go-build/00": true,
		".cache/thumbnails/normal": false, ".cache/pip/http": false,
	} {
		if _, err := os.Lstat(filepath.Join(b.dir, name)); (err == nil) != want {
			t.Errorf("%s: %v, want there %v", name, err, want)
		}
	}
	b.status = diagnostics.Pass
	a, err = b.Continue(t.Context(), a.Ref, true, nil)
	must(t, err)
	if a.State != repair.Solved {
		t.Errorf("%+v", a)
	}
	after := picture(t, b.dir)
	for _, l := range before {
		kept := !strings.HasPrefix(l, ".cache/thumbnails") && !strings.HasPrefix(l, ".cache/pip")
		if kept && !slices.Contains(after, l) {
			t.Errorf("not chosen, and changed: %s", l)
		}
	}
}
