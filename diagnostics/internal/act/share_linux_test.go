package act

import (
	"errors"
	"slices"
	"testing"
)

// The examples are systemd-escape(1)'s: systemd-escape -p --suffix=mount.
func TestMountUnit(t *testing.T) {
	for point, want := range map[string]string{
		"/mnt/projets":           "mnt-projets.mount",
		"/home/ann/My Files":     `home-ann-My\x20Files.mount`,
		"/mnt/a-b":               `mnt-a\x2db.mount`,
		"/.hidden/x.y":           `\x2ehidden-x.y.mount`,
		"/media/été":             `media-\xc3\xa9t\xc3\xa9.mount`,
		"/mnt/[x]*?":             `mnt-\x5bx\x5d\x2a\x3f.mount`,
		"/mnt/new\nline":         `mnt-new\x0aline.mount`,
		"/mnt/with:colon_and.do": "mnt-with:colon_and.do.mount",
	} {
		got := mountUnit(point)
		if got != want {
			t.Errorf("%q: %s, want %s", point, got, want)
		}
		if !unitName(got) {
			t.Errorf("%s is refused as a unit's name", got)
		}
	}
}

func TestOnlyMountPointsAreDetached(t *testing.T) {
	for _, point := range []string{"", "/", "mnt/x", "-o", "/mnt/../etc", "/mnt//x", "/mnt/x/"} {
		if err := DetachFuse(t.Context(), point, "0:1"); err == nil || errors.Is(err, ErrDenied) {
			t.Errorf("%q: %v", point, err)
		}
		if _, err := FindShareUnit(t.Context(), point); err == nil || errors.Is(err, ErrAbsent) {
			t.Errorf("find %q: %v", point, err)
		}
	}
	if got := detachArgs("/mnt/x"); !slices.Equal(got, []string{"-u", "-z", "--", "/mnt/x"}) {
		t.Errorf("%q", got)
	}
}
