package storage

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

// On Windows and macOS each repair of this area is a page of the settings: untried there, played here.
func TestElsewhereAPageIsOpened(t *testing.T) {
	var opened []string
	problem := error(nil)
	settings := func(page string) error { opened = append(opened, page); return problem }
	specs, err := repair.Specs()
	must(t, err)
	for _, f := range pages(settings) {
		look := f.Look(t.Context(), nil)
		var steps []string
		for _, s := range specs[f.ID()].Steps {
			skipped := false
			for _, id := range look.Skip {
				skipped = skipped || id == s.ID
			}
			if !skipped {
				steps = append(steps, s.ID)
			}
		}
		page := look.Steps[openPage].Page
		if look.Why != "" || strings.Join(steps, " ") != openPage || (page == "") != (f.ID() == perfHog) {
			t.Errorf("%s: %q, steps %q, page %q", f.ID(), look.Why, steps, page)
		}
		opened = nil
		_, err := f.Run(t.Context(), repair.Job{Step: openPage})
		if err != nil || strings.Join(opened, " ") != page {
			t.Errorf("%s: %v, opened %q", f.ID(), err, opened)
		}
		if _, err := f.Prepare(t.Context(), repair.Job{Step: "delete"}); err == nil {
			t.Errorf("%s: a step that does not exist here was prepared", f.ID())
		}
	}
	problem = errors.New("no such page")
	var step *repair.StepError
	_, err = pages(settings)[0].Run(t.Context(), repair.Job{Step: openPage})
	if !errors.As(err, &step) || step.Reason != "no_settings" {
		t.Errorf("no page: %v", err)
	}
	if why := pages(nil)[0].Look(t.Context(), nil).Why; why != "platform" {
		t.Errorf("without a way to open pages: %q", why)
	}
}

// A repair that cannot be written down here must not be forgotten there: both lists hold the same repairs.
func TestBothListsHoldTheSameRepairs(t *testing.T) {
	here, there := map[string]bool{}, map[string]bool{}
	for _, f := range linux(t) {
		here[f.ID()] = true
	}
	for _, f := range pages(func(string) error { return nil }) {
		there[f.ID()] = true
	}
	if len(here) != 5 || len(there) != len(here) {
		t.Errorf("here %v, elsewhere %v", here, there)
	}
	for id := range here {
		if !there[id] {
			t.Errorf("%s is missing elsewhere", id)
		}
	}
}

func linux(t *testing.T) []repair.Fixer {
	t.Helper()
	dir := t.TempDir()
	return onLinux(Params{Home: dir, DataHome: filepath.Join(dir, "d"), CacheHome: filepath.Join(dir, "c")})
}

func TestTestsOfElsewhere(t *testing.T) {
	short := []diagnostics.Result{{ID: "disk.inodes", Status: diagnostics.Fail}}
	look := pages(func(string) error { return nil })[0].Look(t.Context(), short)
	if len(look.Verify) != 1 || look.Verify[0] != "disk.inodes" {
		t.Errorf("watched: %q", look.Verify)
	}
}
