package memory

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"
)

const smaps = `00400000-00d6b000 r-xp 00000000 fe:00 42                         /opt/ba lise/balise
Rss:                8868 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00d6b000-01500000 r--p 0096b000 fe:00 42                         /opt/ba lise/balise
Anonymous:             4 kB
01500000-01600000 rw-p 01100000 fe:00 42                         /opt/ba lise/balise
Anonymous:             0 kB
7f00-7f10 r-xp 00000000 fe:00 43                         /lib/other
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0
Anonymous:          4096 kB
`

func TestOnlyCleanReadOnlyPagesOfTheProgram(t *testing.T) {
	all := parse(strings.NewReader(smaps))
	if len(all) != 5 {
		t.Fatalf("%d mappings of 5: %+v", len(all), all)
	}
	got := droppable(all, "/opt/ba lise/balise")
	if len(got) != 1 || got[0].start != 0x400000 || got[0].end != 0xd6b000 {
		t.Errorf("would drop %+v", got)
	}
}

func rss(t *testing.T) (kb int) {
	t.Helper()
	f, err := os.Open("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	raw := make([]byte, 64)
	n, _ := f.Read(raw)
	for _, c := range strings.Fields(string(raw[:n]))[1] {
		kb = kb*10 + int(c-'0')
	}
	return kb * os.Getpagesize() / 1024
}

func TestGiveBackShrinksAndTheProgramGoesOn(t *testing.T) {
	before := grow(t)
	GiveBack()
	if after := rss(t); after > before-16<<10 {
		t.Errorf("%d kB before, %d kB after", before, after)
	}
}

// grow fills 32 MiB, lets them go, and says how large the process was with them.
//
//go:noinline
func grow(t *testing.T) int {
	ballast := bytes.Repeat([]byte{1}, 32<<20)
	before := rss(t)
	runtime.KeepAlive(ballast)
	return before
}
