package agent

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

func TestOnlyConstantMappings(t *testing.T) {
	const exe = "/opt/ba lise/balise"
	for line, want := range map[string]bool{
		"00400000-00d68000 r-xp 00000000 fe:00 123 " + exe: true,
		"00d68000-01300000 r--p 00968000 fe:00 123 " + exe: true,
		"01300000-013a0000 rw-p 00f00000 fe:00 123 " + exe: false,
		"01300000-013a0000 r--s 00f00000 fe:00 123 " + exe: false,
		"7f0000000000-7f0000001000 r-xp 0 fe:00 9 /lib/x":  false,
		"7f0000000000-7f0000001000 r--p 00000000 00:00 0":  false,
		"nonsense": false,
	} {
		if _, _, ok := constant(line, exe); ok != want {
			t.Errorf("%q: have %v", line, ok)
		}
	}
}

// TestProgramPagesGoAndComeBack proves that the pages are dropped and that the program goes on.
func TestProgramPagesGoAndComeBack(t *testing.T) {
	before := rssFile(t)
	if err := unmapProgram(); err != nil {
		t.Fatal(err)
	}
	if after := rssFile(t); after >= before {
		t.Errorf("%d KiB of files before, %d after", before, after)
	}
}

func rssFile(t *testing.T) int {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(raw)
	if m == nil {
		t.Fatal("no RssFile")
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
