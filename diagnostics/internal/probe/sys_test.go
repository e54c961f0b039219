package probe

import (
	"slices"
	"strings"
	"testing"
)

func TestNewestKernel(t *testing.T) {
	for _, c := range []struct {
		running   string
		installed []string
		want      string
	}{
		{"6.1.0-18-amd64", []string{"6.1.0-9-amd64", "6.1.0-18-amd64", "6.1.0-21-amd64"}, "6.1.0-21-amd64"},
		{"6.1.0-18-amd64", []string{"6.1.0-18-amd64", "6.1.0-21-cloud-amd64"}, "6.1.0-18-amd64"},
		{"6.8.0-31-generic", []string{"6.8.0-31-generic", "6.11.0-9-lowlatency", "6.8.0-9-generic"}, "6.8.0-31-generic"},
		{"6.5.6-300.fc39.x86_64", []string{"6.5.6-300.fc39.x86_64", "6.5.10-300.fc39.x86_64", "0-rescue-3f1c"}, "6.5.10-300.fc39.x86_64"},
		{"6.12.0", []string{"6.12.0", "6.12.0-rc3"}, "6.12.0"},
		{"6.18.0", []string{"6.1.0-18-amd64"}, ""}, // a virtual machine's kernel comes from outside
		{"6.18.0", nil, ""},
	} {
		if got := NewestKernel(c.running, c.installed); got != c.want {
			t.Errorf("%s of %v: %q, want %q", c.running, c.installed, got, c.want)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	order := []string{"5.4.0", "6.1-rc1", "6.1", "6.1.0-9-amd64", "6.1.0-18-amd64", "6.9", "6.10", "6.10a"}
	shuffled := slices.Clone(order)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, CompareVersions)
	if !slices.Equal(order, shuffled) {
		t.Errorf("%v", shuffled)
	}
}

func FuzzCompareVersions(f *testing.F) {
	f.Add("6.1.0-18-amd64", "6.1.0-9-amd64")
	f.Add("00000000000000000000000000001", "1")
	f.Fuzz(func(t *testing.T, a, b string) {
		if CompareVersions(a, b) != -CompareVersions(b, a) || CompareVersions(a, a) != 0 {
			t.Errorf("%q %q: no order", a, b)
		}
	})
}

func TestParsePackages(t *testing.T) {
	got := ParsePackages(strings.NewReader("linux-image-amd64\nlibc6\n\nlinux-image-amd64\n\x1b[2Jevil\n"))
	if !slices.Equal(got, []string{"linux-image-amd64", "libc6", "[2Jevil"}) {
		t.Errorf("%q", got)
	}
}
