package clock

import (
	"strings"
	"testing"
	"time"

	"balise/diagnostics/internal/probe"
)

func TestJudge(t *testing.T) {
	read := func(offsets ...time.Duration) []probe.ClockReading {
		var list []probe.ClockReading
		for _, o := range offsets {
			list = append(list, probe.ClockReading{Offset: o, Error: 520 * time.Millisecond})
		}
		return list
	}
	const day = 24 * time.Hour
	for _, c := range []struct {
		name     string
		readings []probe.ClockReading
		want     string
		detail   string
	}{
		{"right", read(300*time.Millisecond, -200*time.Millisecond), "pass ", ""},
		{"nobody to ask", nil, "unknown ", "clock.no_reference"},
		{
			"within the error bar",
			[]probe.ClockReading{{Offset: 11 * time.Second, Error: 2 * time.Second}},
			"pass ", "",
		},
		{"40 s ahead", read(40 * time.Second), "warn time.skew/ahead", ""},
		{"90 s behind", read(-90*time.Second, -91*time.Second), "fail time.skew/behind", ""},
		{"41 days ahead", read(41*day, 41*day), "fail time.skew/ahead", ""},
		{"one reference of three is wrong", read(0, time.Second, 41*day), "pass ", ""},
		{"two of three say that we are wrong", read(0, 41*day, 41*day), "fail time.skew/ahead", ""},
		{"two that contradict each other", read(0, 41*day), "unknown ", "clock.references_disagree"},
		{"centuries", read(-250*365*day, 250*365*day), "unknown ", "clock.references_disagree"},
	} {
		o := judge(c.readings, 10*time.Second, 60*time.Second)
		if got := string(o.Status) + " " + string(o.Cause); got != c.want || o.Detail != c.detail {
			t.Errorf("%s: %s %q, want %s %q", c.name, got, o.Detail, c.want, c.detail)
		}
		for _, f := range o.Facts {
			if f.Class == "" {
				t.Errorf("%s: %s has no class", c.name, f.Key)
			}
		}
	}
}

// This computer is no reference for its own clock: the practice desk on it would prove nothing.
func TestReferences(t *testing.T) {
	p := Params{
		Time: []string{
			"ntp.example:123", "ntp.example", "192.0.2.1:123", "[2001:db8::1]:123",
			"https://time.example/x", "[::1]:123",
		},
		URLs: []string{
			"http://127.0.0.1:8080", "http://localhost/", "https://time.example/again",
			"https://desk.example", "://",
		},
	}
	if got := strings.Join(p.references(), " "); got != "ntp.example:123 192.0.2.1:123 [2001:db8::1]:123 https://time.example/x https://desk.example" {
		t.Error(got)
	}
}

func TestSync(t *testing.T) {
	for _, c := range []struct {
		name string
		sync probe.Sync
		want string
	}{
		{"kept", probe.Sync{Service: true, Able: true, Synced: true}, "pass "},
		{"kept by somebody else", probe.Sync{Synced: true}, "pass "},
		{"a container", probe.Sync{Source: "kernel"}, "na "},
		{"switched off", probe.Sync{Able: true}, "warn time.sync/off"},
		{"not yet", probe.Sync{Able: true, Service: true}, "warn time.sync/waiting"},
	} {
		out := judgeSync(c.sync)
		if got := string(out.Status) + " " + string(out.Cause); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if out.Status.Bad() && out.Severity != "notice" {
			t.Errorf("%s: a remark, no more, but %s", c.name, out.Severity)
		}
	}
}
