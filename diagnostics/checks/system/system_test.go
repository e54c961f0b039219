package system

import (
	"context"
	"errors"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func TestSystem(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		id     string
		up     time.Duration
		reboot probe.Reboot
		err    error
		status diagnostics.Status
		facts  map[string]any
	}{
		{"fresh", "sys.uptime", time.Hour, probe.Reboot{}, nil, diagnostics.Pass, map[string]any{"days": int64(0)}},
		{"long", "sys.uptime", 40 * day, probe.Reboot{}, nil, diagnostics.Warn, map[string]any{"days": int64(40)}},
		{"none", "sys.reboot_pending", 0, probe.Reboot{Running: "6.1", Newest: "6.1"}, nil, diagnostics.Pass, nil},
		{
			"packages", "sys.reboot_pending", 0,
			probe.Reboot{Requested: true, Packages: []string{"libc6"}, Since: now.Add(-50 * time.Hour)},
			nil, diagnostics.Warn,
			map[string]any{"reason": "packages", "days": int64(2), "packages": int64(1)},
		},
		{
			"kernel", "sys.reboot_pending", 0,
			probe.Reboot{Running: "6.1", Newest: "6.2"},
			nil, diagnostics.Warn,
			map[string]any{"reason": "kernel"},
		},
		{"denied", "sys.reboot_pending", 0, probe.Reboot{}, errors.New("denied"), diagnostics.Unknown, nil},
		{"denied", "sys.uptime", 0, probe.Reboot{}, errors.New("denied"), diagnostics.Unknown, nil},
	} {
		s := probe.System{
			Uptime: func(context.Context) (time.Duration, error) { return c.up, c.err },
			Reboot: func() (probe.Reboot, error) { return c.reboot, c.err },
			Now:    func() time.Time { return now },
		}
		for _, check := range checks(catalogue.Catalogue{}, Params{}, s, probe.Units{}, probe.Installation{}) {
			if check.ID != c.id {
				continue
			}
			o := check.Run(t.Context(), 0)
			if o.Status != c.status || o.Status == diagnostics.Warn && o.Severity != diagnostics.Notice {
				t.Errorf("%s %s: %+v", c.id, c.name, o)
			}
			for k, want := range c.facts {
				if f, _ := (diagnostics.Result{Facts: o.Facts}).Fact(k); f.Value != want {
					t.Errorf("%s %s: %s is %v, want %v", c.id, c.name, k, f.Value, want)
				}
			}
		}
	}
}
