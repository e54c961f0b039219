package system

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func words(o diagnostics.Outcome) string {
	s := fmt.Sprintf("%s %s", o.Status, o.Cause)
	if o.Severity != "" {
		s += " " + string(o.Severity)
	}
	return s
}

func TestServices(t *testing.T) {
	cups := probe.Unit{Name: "cups.service", Full: "cups.service", Result: "exit-code"}
	vpn := probe.Unit{Name: "vpn@.service", Full: "vpn@acme.service"}
	for _, c := range []struct {
		name   string
		failed []probe.Unit
		wanted []string
		err    error
		want   string
	}{
		{"no manager", nil, nil, fmt.Errorf("x: %w", probe.ErrNoBus), "na "},
		{"another system", nil, nil, errors.ErrUnsupported, "na "},
		{"no answer", nil, nil, context.DeadlineExceeded, "unknown "},
		{"none", nil, []string{"cups"}, nil, "pass "},
		{"some", []probe.Unit{cups, vpn}, nil, nil, "warn sys.services/other_failed notice"},
		{"one that matters", []probe.Unit{cups, vpn}, []string{"vpn@acme.service"}, nil, "fail sys.services/failed degrades"},
		{"without its kind", []probe.Unit{cups}, []string{"CUPS"}, nil, "fail sys.services/failed degrades"},
	} {
		u := probe.Units{Failed: func(context.Context) ([]probe.Unit, error) { return c.failed, c.err }}
		o := checkServices(t.Context(), Params{Units: c.wanted}, u, catalogue.Catalogue{}.Get("sys.services"))
		if got := words(o); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		for _, f := range o.Facts {
			if f.Value == "vpn@acme.service" {
				t.Errorf("%s: the whole name of a unit is a fact", c.name)
			}
		}
	}
}

func TestPackages(t *testing.T) {
	for _, c := range []struct {
		name string
		p    probe.Packages
		err  error
		want string
	}{
		{"none", probe.Packages{}, errors.ErrUnsupported, "na "},
		{"at work", probe.Packages{Unfinished: 3}, probe.ErrBusy, "unknown "},
		{"denied", probe.Packages{}, errors.New("EACCES"), "unknown "},
		{"whole", probe.Packages{Total: 2000}, nil, "pass "},
		{"half", probe.Packages{Total: 2000, Unfinished: 1, Names: []string{"cups"}}, nil, "fail sys.packages/interrupted degrades"},
		{"dpkg itself", probe.Packages{Total: 2000, Journal: true}, nil, "fail sys.packages/interrupted degrades"},
	} {
		in := probe.Installation{Packages: func(context.Context) (probe.Packages, error) { return c.p, c.err }}
		if got := words(checkPackages(t.Context(), in, catalogue.Catalogue{}.Get("sys.packages"))); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestUpdates(t *testing.T) {
	ago := func(days int) time.Time { return noon.Add(-time.Duration(days) * day) }
	for _, c := range []struct {
		name string
		u    probe.Updates
		up   time.Duration
		err  error
		want string
	}{
		{"nobody looks", probe.Updates{}, 9 * day, errors.ErrUnsupported, "na "},
		{"no bus", probe.Updates{}, 9 * day, probe.ErrNoBus, "na "},
		{"fresh", probe.Updates{Checked: ago(2)}, 9 * day, nil, "pass "},
		{"two weeks", probe.Updates{Checked: ago(14)}, 9 * day, nil, "warn sys.updates/old notice"},
		{"two months", probe.Updates{Checked: ago(60)}, 9 * day, nil, "fail sys.updates/old degrades"},
		{"two months, switched on just now", probe.Updates{Checked: ago(60)}, time.Hour, nil, "pass "},
		{"security", probe.Updates{Checked: ago(1), Counted: true, Security: 4}, 9 * day, nil, "warn sys.updates/security notice"},
		{"from the future", probe.Updates{Checked: ago(-3)}, 9 * day, nil, "pass "},
		{"never", probe.Updates{}, 9 * day, nil, "unknown "},
	} {
		in := probe.Installation{Updates: func(context.Context) (probe.Updates, error) { return c.u, c.err }}
		s := probe.System{
			Uptime: func(context.Context) (time.Duration, error) { return c.up, nil }, Now: func() time.Time { return noon },
		}
		if got := words(checkUpdates(t.Context(), in, s, catalogue.Catalogue{}.Get("sys.updates"))); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCrashes(t *testing.T) {
	of := func(program string, days ...int) (list []probe.Crash) {
		for _, d := range days {
			list = append(list, probe.Crash{Program: program, At: noon.Add(-time.Duration(d)*day - time.Hour)})
		}
		return list
	}
	for _, c := range []struct {
		name string
		c    probe.Crashes
		err  error
		want string
	}{
		{"nowhere", probe.Crashes{}, errors.ErrUnsupported, "na "},
		{"denied", probe.Crashes{}, errors.New("EACCES"), "unknown "},
		{"none", probe.Crashes{Readable: true}, nil, "pass "},
		{"long ago", probe.Crashes{Programs: of("mail", 8, 9, 20), Kernel: []time.Time{noon.Add(-9 * day)}}, nil, "pass "},
		{"one", probe.Crashes{Programs: of("mail", 1)}, nil, "warn sys.crashes/program notice"},
		{"three, of two programs", probe.Crashes{Programs: append(of("mail", 1, 2), of("office", 1)...)}, nil, "warn sys.crashes/program notice"},
		{"three of one", probe.Crashes{Programs: of("mail", 0, 1, 2)}, nil, "fail sys.crashes/program degrades"},
		{"the system", probe.Crashes{Kernel: []time.Time{noon.Add(-day)}}, nil, "fail sys.crashes/kernel degrades"},
		{"from the future", probe.Crashes{Programs: of("mail", -9, -9, -9)}, nil, "pass "},
	} {
		in := probe.Installation{Crashes: func(context.Context) (probe.Crashes, error) { return c.c, c.err }}
		s := probe.System{Now: func() time.Time { return noon }}
		if got := words(checkCrashes(t.Context(), in, s, catalogue.Catalogue{}.Get("sys.crashes"))); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
