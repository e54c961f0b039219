package probe

import (
	"net/netip"
	"strings"
)

// What Windows's spooler says, in the words of the printing protocol, so that one judge serves all systems. The
// numbers are those of winspool.h.

// winPrinterBits are the states of PRINTER_INFO_2 that a person can do something about.
var winPrinterBits = []struct {
	bit    uint32
	reason string
}{
	{0x8, "media-jam"},
	{0x10, "media-empty"},
	{0x40, "media-needed"},
	{0x80, "offline"},
	{0x800, "output-area-full"},
	{0x1000, "offline"},
	{0x20000, "toner-low"},
	{0x40000, "toner-empty"},
	{0x400000, "door-open"},
}

const (
	winPaused     = 0x1
	winError      = 0x2
	winPrinting   = 0x400
	winProcessing = 0x4000
	// winWorkOffline is an attribute: the user, or Windows, set the printer aside.
	winWorkOffline = 0x400
)

// WinQueue makes a queue of what GetPrinter says.
func WinQueue(name, port string, status, attributes uint32) Queue {
	q := Queue{Name: name, State: "idle", Accepting: true, Device: winDevice(port)}
	for _, b := range winPrinterBits {
		if status&b.bit != 0 {
			q.Reasons = append(q.Reasons, b.reason)
		}
	}
	switch {
	case status&winPaused != 0:
		q.State, q.Reasons = "stopped", append(q.Reasons, "paused")
	case attributes&winWorkOffline != 0:
		q.State, q.Reasons = "stopped", append(q.Reasons, "offline")
	case status&(winPrinting|winProcessing) != 0:
		q.State = "processing"
	}
	if status&winError != 0 && len(q.Reasons) == 0 {
		q.Reasons = append(q.Reasons, "other-error")
	}
	return q
}

// winDevice guesses from a port's name where the printer is. Windows names the ports of network printers after
// their address; other names say nothing.
func winDevice(port string) string {
	if strings.HasPrefix(port, "USB") || strings.HasPrefix(port, "DOT4") {
		return "usb://port/"
	}
	name := strings.TrimPrefix(port, "IP_")
	if at := strings.IndexByte(name, '_'); at > 0 {
		name = name[:at]
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return "socket://" + netip.AddrPortFrom(a, 9100).String()
	}
	return ""
}

// WinJobState is a job's state; "" for one that is done or being removed.
func WinJobState(status uint32) string {
	const paused, deleting, printing, printed, deleted, complete = 0x1, 0x4, 0x10, 0x80, 0x100, 0x1000
	switch {
	case status&(deleting|printed|deleted|complete) != 0:
		return ""
	case status&paused != 0:
		return "held"
	case status&printing != 0:
		return "processing"
	}
	return "pending"
}
