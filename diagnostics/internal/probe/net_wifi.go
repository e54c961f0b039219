package probe

import (
	"bufio"
	"strconv"
	"strings"
)

// Radios is what switches this computer's Wi-Fi on and off.
type Radios struct {
	Present int  // Wi-Fi radios
	Soft    bool // all switched off by software: a menu, flight mode
	Hard    bool // all switched off by a switch or the firmware
}

// Off tells whether no radio can send.
func (r Radios) Off() bool { return r.Present > 0 && (r.Soft || r.Hard) }

// Signal is the Wi-Fi connection in use, without a word on which network it is.
type Signal struct {
	Iface    string
	Strength int // per cent, -1 when unknown
	DBm      int // 0 when unknown
	MHz      int // 0 when unknown
}

// percent makes a strength of a signal's power, the usual way: -100 dBm is nothing, -50 dBm is all.
func percent(dBm int) int { return max(0, min(100, 2*(dBm+100))) }

// parseWireless reads /proc/net/wireless: two lines of head, then "wlan0: 0000   54.  -56.  -256 ...".
func parseWireless(text string) []Signal {
	var signals []Signal
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		name, rest, ok := strings.Cut(lines.Text(), ":")
		f := strings.Fields(rest)
		if !ok || strings.ContainsRune(name, '|') || len(f) < 3 {
			continue
		}
		dBm, err := strconv.Atoi(strings.TrimSuffix(f[2], "."))
		if err != nil {
			continue
		}
		const byteRange = 256
		if dBm > 63 { // some drivers give the byte without its sign
			dBm -= byteRange
		}
		s := Signal{Iface: strings.TrimSpace(name), Strength: -1}
		// 0 and -256 are what drivers give that do not know.
		if dBm < 0 && dBm > -byteRange {
			s.DBm, s.Strength = dBm, percent(dBm)
		}
		signals = append(signals, s)
	}
	return signals
}
