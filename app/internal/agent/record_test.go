package agent

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"balise/app/internal/config"
	"balise/app/internal/ipc/api"
	"balise/diagnostics/record"
)

func (b *bench) record(t *testing.T, action string) api.RecordState {
	t.Helper()
	st, err := b.Record(t.Context(), action)
	if err != nil {
		t.Fatalf("record %s: %v", action, err)
	}
	return st
}

func TestRecordIsOffAndLeavesNothing(t *testing.T) {
	p, b := params(t, "")
	resident(t, p, b)
	if st := b.record(t, api.RecordStatus); st.On || st.Minutes != 0 || st.Locked {
		t.Errorf("have %+v", st)
	}
	if _, err := b.Record(t.Context(), api.RecordNow); api.CodeOf(err) != api.CodeRecordOff {
		t.Errorf("marked in nothing: %v", err)
	}
	if _, err := b.Record(t.Context(), "rewind"); api.CodeOf(err) != api.CodeUsage {
		t.Errorf("have %v", err)
	}
	if _, err := os.Stat(b.recorder.file()); !os.IsNotExist(err) {
		t.Errorf("there is a file: %v", err)
	}
	if inc := b.open(t, false); inc.Moment != nil {
		t.Error("a moment of nothing")
	}
}

func TestRecordFromOnToOff(t *testing.T) {
	p, b := params(t, "")
	start(t, p, b)
	r := b.recorder
	r.every, r.rest = 5*time.Millisecond, func(context.Context) string { return "" }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	b.record(t, api.RecordOn)
	within(t, 10*time.Second, "a minute", func() bool { return b.record(t, api.RecordStatus).Minutes > 0 })
	st := b.record(t, api.RecordNow)
	if len(st.Marks) != 1 || st.Bytes != record.FileSize || st.Since.IsZero() {
		t.Errorf("have %+v", st)
	}
	inc := b.open(t, false)
	if inc.Moment == nil || len(inc.Moment.Minutes) == 0 || !inc.Moment.Mark.Equal(st.Marks[0]) {
		t.Fatalf("the moment is %+v", inc.Moment)
	}
	if st := b.record(t, api.RecordForget); len(st.Marks) != 0 {
		t.Errorf("not forgotten: %v", st.Marks)
	}
	later := b.open(t, false)
	if later.Moment != nil {
		t.Error("a moment without a mark")
	}
	b.record(t, api.RecordNow)
	if later, err := b.Incident(t.Context(), later.ID); err != nil || later.Moment == nil {
		t.Errorf("an incident that is open does not know of the mark: %v", err)
	}
	if _, err := b.Send(t.Context(), inc.ID, api.Input{Subject: "s", Description: "d"}); err != nil {
		t.Fatal(err)
	}
	if st := b.record(t, api.RecordStatus); len(st.Marks) != 0 {
		t.Error("a mark that went along goes along again")
	}
	st = b.record(t, api.RecordOff)
	if _, err := os.Stat(r.file()); st.On || !os.IsNotExist(err) {
		t.Errorf("off: %+v, %v", st, err)
	}
}

func TestRecordPauses(t *testing.T) {
	p, b := params(t, "watch: {record: \"on\"}\n")
	start(t, p, b)
	b.recorder.rest = func(context.Context) string { return record.PausedMetered }
	b.recorder.add(t.Context())
	if st := b.record(t, api.RecordStatus); st.Paused != record.PausedMetered || st.Minutes != 0 {
		t.Errorf("have %+v", st)
	}
	b.recorder.rest = func(context.Context) string { return "" }
	b.recorder.add(t.Context())
	if st := b.record(t, api.RecordStatus); st.Paused != pausedNoAgent || st.Minutes != 1 {
		t.Errorf("have %+v", st)
	}
	// A damaged ring begins again.
	b.recorder.close()
	if err := os.WriteFile(b.recorder.file(), []byte("not a ring"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.recorder.add(t.Context())
	if st := b.record(t, api.RecordStatus); st.Minutes != 1 {
		t.Errorf("after damage: %+v", st)
	}
}

func TestPolicyDecidesAboutTheRecord(t *testing.T) {
	p, b := params(t, "watch: {record: \"on\"}\n")
	policy := filepath.Join(b.dir, "policy.yaml")
	if err := os.WriteFile(policy, []byte("watch: {record: \"off\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Settings = FileSettings(config.Params{UserFile: filepath.Join(b.dir, "config", "config.yaml"), PolicyFile: policy})
	left := filepath.Join(p.StateDir, recordFile)
	if err := os.MkdirAll(p.StateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("of before"), 0o600); err != nil {
		t.Fatal(err)
	}
	resident(t, p, b)
	if st := b.record(t, api.RecordStatus); st.On || !st.Locked || st.Why != policy {
		t.Errorf("have %+v", st)
	}
	if _, err := b.Record(t.Context(), api.RecordOn); api.CodeOf(err) != api.CodePolicy {
		t.Errorf("switched on against the policy: %v", err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Error("what was recorded before the policy is still there")
	}
}
