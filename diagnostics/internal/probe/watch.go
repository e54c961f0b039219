package probe

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// Conditions are what a program that works unasked should spare.
type Conditions struct {
	Metered    bool // the connection in use is paid by what goes over it
	Saver      bool // the user asked the computer to save energy
	LowBattery bool // it runs on a battery that is nearly empty
}

// Counters are what the system counts since its start.
type Counters struct {
	// Segments are TCP segments sent, Again those of them that were sent again.
	Segments, Again uint64
	// Killed are programs that the kernel ended for want of memory.
	Killed uint64
	// TCP and Memory say which of them are known.
	TCP, Memory bool
}

// lowBattery is the charge in percent under which nothing unasked is done.
const lowBattery = 20

// parseSNMP reads the Tcp lines of /proc/net/snmp: names, then numbers.
func parseSNMP(r io.Reader, c *Counters) {
	var names []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), "Tcp: ")
		if !ok {
			continue
		}
		if names == nil {
			names = strings.Fields(rest)
			continue
		}
		found := 0
		for i, v := range strings.Fields(rest) {
			n, err := strconv.ParseUint(v, 10, 64)
			if err != nil || i >= len(names) {
				continue // MaxConn may be -1
			}
			switch names[i] {
			case "OutSegs":
				c.Segments, found = n, found+1
			case "RetransSegs":
				c.Again, found = n, found+1
			}
		}
		c.TCP = found == 2
		return
	}
}

// parseKilled reads oom_kill of /proc/vmstat.
func parseKilled(r io.Reader, c *Counters) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "oom_kill "); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 64)
			c.Killed, c.Memory = n, err == nil
			return
		}
	}
}

// weakestSignal is the lowest level in /proc/net/wireless, in dBm.
func weakestSignal(text string) (float64, bool) {
	weakest, found := 0.0, false
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(line, ":")
		f := strings.Fields(rest)
		if !ok || strings.Contains(name, "|") || len(f) < 3 {
			continue
		}
		level, err := strconv.ParseFloat(strings.TrimSuffix(f[2], "."), 64)
		if err != nil || level >= 0 || level < -120 {
			continue // some drivers give a share of something
		}
		if !found || level < weakest {
			weakest, found = level, true
		}
	}
	return weakest, found
}
