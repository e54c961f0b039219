package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
)

func TestTakeThisComputer(t *testing.T) {
	begun := time.Now()
	s := Take(t.Context(), "A-1234")
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
	if s.System == nil || s.Memory == nil || s.Memory.Total == 0 || s.AssetTag != "A-1234" {
		t.Errorf("incomplete: %+v", s)
	}
	host, err := os.Hostname()
	if err != nil || s.Hostname != host {
		t.Errorf("hostname %q, want %q (%v)", s.Hostname, host, err)
	}
	groups := s.Groups()
	for _, g := range groups {
		for _, f := range g.Facts {
			if f.Class == "" {
				t.Errorf("%s.%s is not classed", g.ID, f.Key)
			}
		}
	}
	if testing.Verbose() {
		raw, _ := json.MarshalIndent(Redacted(t.Context(), s, Request{}), "", " ")
		t.Logf("%d ms\n%s", s.TookMS, raw)
	}
}

func TestASourceThatHangsIsMissing(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	begun := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	s := take(ctx, "", []source{
		{"stuck", func(context.Context) (func(*Snapshot), error) { <-release; return nil, nil }},
		{"broken", func(context.Context) (func(*Snapshot), error) { panic("broken") }},
		{"refused", func(context.Context) (func(*Snapshot), error) { return nil, os.ErrPermission }},
		{"absent", func(context.Context) (func(*Snapshot), error) { return nil, errors.ErrUnsupported }},
		{"fine", func(context.Context) (func(*Snapshot), error) {
			return func(s *Snapshot) { s.Hostname = "pc" }, nil
		}},
	})
	if took := time.Since(begun); took > time.Second {
		t.Errorf("waited %s for a stuck source", took)
	}
	want := map[string]string{"stuck": "deadline", "broken": "failed", "refused": "denied", "absent": "unsupported"}
	for name, why := range want {
		if s.Missing[name] != why {
			t.Errorf("%s: %q, want %q", name, s.Missing[name], why)
		}
	}
	if s.Hostname != "pc" || len(s.Missing) != len(want) {
		t.Errorf("%+v", s)
	}
}

func TestChildRedacts(t *testing.T) {
	var out strings.Builder
	if err := RunChild(t.Context(), strings.NewReader(`{"redact":true,"withhold_machine":true,"asset_tag":"A-77"}`), &out); err != nil {
		t.Fatal(err)
	}
	var a Answer
	if err := json.Unmarshal([]byte(out.String()), &a); err != nil {
		t.Fatal(err)
	}
	if a.Snapshot != nil || len(a.Groups) == 0 {
		t.Errorf("want groups only: %s", out.String())
	}
	if strings.Contains(out.String(), "A-77") {
		t.Error("the withheld asset tag is there")
	}
	for _, g := range a.Groups {
		for _, f := range g.Facts {
			if f.Class == diagnostics.Machine && f.Key == "machine_name" && !strings.HasPrefix(f.Value.(string), "host-") {
				t.Errorf("the machine's name is %v", f.Value)
			}
		}
	}
}
