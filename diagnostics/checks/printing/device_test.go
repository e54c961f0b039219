package printing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func TestDevice(t *testing.T) {
	const network, usb, file = "ipp://203.0.113.9/ipp/print", "usb://HP/Laser?serial=X1", "file:///dev/null"
	says := func(state string, reasons ...string) probe.DeviceAnswer {
		return probe.DeviceAnswer{Stage: "http", Asked: true, State: state, Reasons: reasons, Accepting: true}
	}
	fails := func(err error) probe.DeviceAnswer { return probe.DeviceAnswer{Stage: "tcp", Err: err} }
	noPaper := says("idle", "media-empty-report")
	noPaper.NoPaper = true
	for _, c := range []struct {
		name, uri string
		a         probe.DeviceAnswer
		jobs      int
		queue     []string // what the queue itself says
		want      string
	}{
		{"ready", network, says("idle"), 0, nil, "pass "},
		{"low", network, says("idle", "toner-low-report"), 0, nil, "warn print.device/supply_low notice"},
		{"one tray", network, says("idle", "media-empty-warning"), 0, nil, "warn print.device/media_empty notice"},
		{"one tray, and somebody waits", network, says("processing", "media-empty-warning"), 1, nil, "fail print.device/media_empty degrades"},
		{"every tray", network, noPaper, 0, nil, "fail print.device/media_empty degrades"},
		{"no paper", network, says("stopped", "media-empty-error"), 0, nil, "fail print.device/media_empty degrades"},
		{"stopped for a remark", network, says("stopped", "media-empty-report"), 0, nil, "fail print.device/media_empty degrades"},
		{"without a degree", network, says("idle", "media-needed"), 0, nil, "fail print.device/media_empty degrades"},
		{"jam before toner", network, says("stopped", "toner-empty-error", "media-jam-error"), 0, nil, "fail print.device/media_jam degrades"},
		{"door", network, says("idle", "door-open-report"), 0, nil, "fail print.device/door_open degrades"},
		{"cover", network, says("stopped", "cover-open"), 0, nil, "fail print.device/door_open degrades"},
		{"no ink, nobody prints", network, says("idle", "marker-supply-empty-report"), 0, nil, "warn print.device/supply_empty degrades"},
		{"full", network, says("stopped", "output-area-full-error"), 0, nil, "fail print.device/output_full degrades"},
		{"stopped", network, says("stopped"), 0, nil, "fail print.device/stopped degrades"},
		{"odd reasons", network, says("idle", "vendor-thing", "other-report"), 0, nil, "pass "},
		{"does not tell", "socket://203.0.113.9", probe.DeviceAnswer{Stage: "http"}, 0, nil, "pass "},
		{"does not tell, its queue does", "socket://203.0.113.9", probe.DeviceAnswer{Stage: "http"}, 0, []string{"door-open-error"}, "fail print.device/door_open degrades"},
		{"off", network, fails(context.DeadlineExceeded), 0, nil, "warn print.device/silent degrades"},
		{"off, and somebody waits", network, fails(context.DeadlineExceeded), 1, nil, "fail print.device/silent degrades"},
		{"refuses", network, fails(syscall.ECONNREFUSED), 2, nil, "fail print.device/refused degrades"},
		{"no way", network, fails(syscall.EHOSTUNREACH), 0, nil, "warn print.device/unreachable degrades"},
		{"unknown name", "ipp://printer.example/", fails(&net.DNSError{IsNotFound: true}), 0, nil, "warn print.device/no_such_name degrades"},
		{"we may not", network, fails(syscall.EACCES), 0, nil, "unknown "},
		{"USB away", usb, probe.DeviceAnswer{Absent: true}, 0, nil, "warn print.device/unplugged notice"},
		{"USB away, and somebody waits", usb, probe.DeviceAnswer{Absent: true}, 1, nil, "fail print.device/unplugged degrades"},
		{"USB there", usb, probe.DeviceAnswer{}, 0, nil, "pass "},
		{"USB, no bus", usb, probe.DeviceAnswer{Err: errors.ErrUnsupported}, 0, nil, "unknown "},
		{"no printer", file, probe.DeviceAnswer{Err: errors.ErrUnsupported}, 0, nil, "na "},
		{"found by announcement", "dnssd://HP._ipp._tcp.local/", probe.DeviceAnswer{Err: errors.ErrUnsupported}, 0, nil, "na "},
	} {
		q := probe.Queues{Default: "A", All: []probe.Queue{{Name: "A", Device: c.uri, Accepting: true, Reasons: c.queue}}}
		for range c.jobs {
			q.Jobs = append(q.Jobs, probe.Job{Queue: "A", State: "pending"})
		}
		ask := func(context.Context, probe.Device) probe.DeviceAnswer { return c.a }
		o := checkDevice(t.Context(), probe.PrintServer{Expected: true}, fake{q: q}, ask,
			catalogue.Catalogue{}.Get("print.device"))
		got := fmt.Sprintf("%s %s", o.Status, o.Cause)
		if o.Severity != "" {
			got += " " + string(o.Severity)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		for _, f := range o.Facts {
			if (f.Key == "printer" || f.Key == "host") != (f.Class == diagnostics.Infra) {
				t.Errorf("%s: the fact %s is %s", c.name, f.Key, f.Class)
			}
		}
	}
}

// The worst of several printers is told; one that could not be asked hides none that could.
func TestSeveralDevices(t *testing.T) {
	q := probe.Queues{Default: "A", All: []probe.Queue{
		{Name: "A", Device: "ipp://203.0.113.9/"}, {Name: "B", Device: "ipp://203.0.113.10/"}, {Name: "C", Device: "file:/dev/null"},
	}, Jobs: []probe.Job{{Queue: "B", State: "pending"}, {Queue: "C", State: "pending"}}}
	ask := func(_ context.Context, d probe.Device) probe.DeviceAnswer {
		if d.Host == "203.0.113.10" {
			return probe.DeviceAnswer{Asked: true, State: "stopped", Reasons: []string{"media-jam-error"}}
		}
		return probe.DeviceAnswer{Asked: true, State: "idle"}
	}
	o := checkDevice(t.Context(), probe.PrintServer{}, fake{q: q}, ask, catalogue.Catalogue{}.Get("print.device"))
	if f, _ := (diagnostics.Result{Facts: o.Facts}).Fact("printer"); o.Cause != DeviceJam || f.Value != "B" {
		t.Errorf("%s %v", o.Cause, o.Facts)
	}
	gone := fake{err: fmt.Errorf("%w", probe.ErrPrintDown)}
	if o := checkDevice(t.Context(), probe.PrintServer{}, gone, ask, catalogue.Catalogue{}.Get("print.device")); o.Status != diagnostics.NA {
		t.Errorf("no printing service: %s", o.Status)
	}
}
