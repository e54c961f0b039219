package agent

import (
	"testing"
	"time"
)

func TestNextLook(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		a    activity
		want time.Duration
	}{
		"never looked":                 {activity{}, 0},
		"nothing open":                 {activity{last: ago(0)}, time.Hour},
		"open, nobody looks":           {activity{last: ago(5 * time.Minute), open: 1}, 10 * time.Minute},
		"the user looks":               {activity{last: ago(0), open: 1, looked: ago(time.Minute)}, 2 * time.Minute},
		"the user looked long ago":     {activity{last: ago(0), open: 1, looked: ago(time.Hour)}, 15 * time.Minute},
		"our reply just left":          {activity{last: ago(time.Minute), open: 1, due: ago(0)}, time.Minute},
		"our reply left, desk is slow": {activity{last: ago(0), open: 1, due: ago(0), min: 5 * time.Minute}, 5 * time.Minute},
		"overdue":                      {activity{last: ago(time.Hour), open: 1}, -45 * time.Minute},
		"first failure":                {activity{last: ago(0), open: 1, failures: 1}, time.Minute},
		"third failure":                {activity{last: ago(0), open: 1, failures: 3}, 4 * time.Minute},
		"down all night":               {activity{last: ago(0), open: 1, failures: 99}, 15 * time.Minute},
		"no credential":                {activity{last: ago(0), open: 1, failures: 1, blocked: true}, time.Hour},
		"the desk asked for peace":     {activity{last: ago(0), open: 1, notUntil: now.Add(7 * time.Minute)}, 7 * time.Minute},
		"peace on another clock":       {activity{last: ago(0), notUntil: now.Add(48 * time.Hour)}, time.Hour},
		"the clock was set back":       {activity{last: now.Add(9 * time.Hour), open: 1}, 15 * time.Minute},
		"practice, open":               {activity{last: ago(0), open: 1, practice: true, min: time.Minute}, 5 * time.Second},
		"practice, nothing open":       {activity{last: ago(0), practice: true}, time.Minute},
		"practice, down":               {activity{last: ago(0), practice: true, failures: 9}, time.Minute},
	} {
		c.a.now = now
		if got := next(c.a); got != c.want {
			t.Errorf("%s: have %s, want %s", name, got, c.want)
		}
	}
}

func TestJitterOnlyDelays(t *testing.T) {
	for range 1000 {
		if got := jittered(time.Minute); got < time.Minute || got > 72*time.Second {
			t.Fatalf("have %s", got)
		}
	}
}
