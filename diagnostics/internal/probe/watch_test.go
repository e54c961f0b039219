package probe

import (
	"strings"
	"testing"
)

func TestWatchParsers(t *testing.T) {
	var c Counters
	parseSNMP(strings.NewReader("Ip: Forwarding DefaultTTL\nIp: 1 64\n"+
		"Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens InSegs OutSegs RetransSegs InErrs\n"+
		"Tcp: 1 200 120000 -1 10 900 1000 25 0\n"), &c)
	parseKilled(strings.NewReader("pgmajfault 4\noom_kill 2\n"), &c)
	if c != (Counters{Segments: 1000, Again: 25, Killed: 2, TCP: true, Memory: true}) {
		t.Errorf("%+v", c)
	}
	var none Counters
	parseSNMP(strings.NewReader("Tcp: OutSegs RetransSegs\nTcp: 4"), &none) // half written
	parseKilled(strings.NewReader("oom_kill x\n"), &none)
	if none.TCP || none.Memory {
		t.Errorf("%+v", none)
	}
	const table = `Inter-| sta-|   Quality        |   Discarded packets
 face | tus | link level noise |  nwid  crypt   frag  retry   misc
wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0
wlan1: 0000   20.  -81.  -256        0      0      0      0      0        0
odd0: 0000   20.  201.  0`
	if v, ok := weakestSignal(table); !ok || v != -81 {
		t.Errorf("%v %v", v, ok)
	}
	if _, ok := weakestSignal("Inter-| sta-|\n face |"); ok {
		t.Error("a signal without Wi-Fi")
	}
}
