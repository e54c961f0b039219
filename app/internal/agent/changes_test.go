package agent

import (
	"os"
	"testing"
	"time"

	"balise/app/internal/ipc/api"
	"balise/diagnostics"
	"balise/diagnostics/snapshot"
)

// realState is an agent that looks at this very computer and whose self-tests say what probe says.
func realState(t *testing.T, probe string) *bench {
	t.Helper()
	p, b := params(t, "")
	p.ChildEnv = []string{realChildren + "=snapshot", "BALISE_TEST_PROBE=" + probe}
	return start(t, p, b)
}

func (b *bench) check(t *testing.T, id string) api.Incident {
	t.Helper()
	inc, err := b.Check(t.Context(), id, api.CheckRequest{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return inc
}

// remember makes an agent believe that all was well an hour ago, on a computer that was a little different.
func (b *bench) remember(t *testing.T, change func(*snapshot.State)) snapshot.State {
	t.Helper()
	state, err := b.takeState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	state.Taken = state.Taken.Add(-time.Hour)
	change(&state)
	b.keepGood(t.Context(), nil, state)
	return state
}

func elsewhere(s *snapshot.State) { s.Zone = "Antarctica/Troll" }

func zoneChanged(list []api.Change) bool {
	for _, c := range list {
		if f, _ := c.Fact("before"); c.Code == diagnostics.ChangeTimeZone && f.Value == "Antarctica/Troll" {
			return true
		}
	}
	return false
}

func TestAProblemKnowsWhatChanged(t *testing.T) {
	b := realState(t, "")
	then := b.remember(t, elsewhere)
	inc := b.check(t, b.open(t, false).ID)
	if !zoneChanged(inc.Changes) || !inc.AllWell.Equal(then.Taken) {
		t.Errorf("since %v: %+v", inc.AllWell, inc.Changes)
	}
	if good := b.lastGood(t.Context()); good.State.Zone != then.Zone {
		t.Error("a broken computer is what is remembered as well")
	}
	only, err := b.Check(t.Context(), inc.ID, api.CheckRequest{Only: []string{"disk.space"}}, nil)
	if err != nil || !zoneChanged(only.Changes) {
		t.Errorf("after one test alone: %+v, %v", only.Changes, err)
	}
	// What was answered is evidence, and can be taken back.
	answered, err := b.Answer(t.Context(), inc.ID, "kind", "slow")
	if err != nil || answered.Answers["kind"] != "slow" || answered.Diagnosis == nil {
		t.Errorf("%+v, %v", answered.Answers, err)
	}
	if back, err := b.Answer(t.Context(), inc.ID, "kind", ""); err != nil || len(back.Answers) != 0 {
		t.Errorf("%+v, %v", back.Answers, err)
	}
	for _, wrong := range [][2]string{{"kind", "purple"}, {"colour", "purple"}, {"", ""}} {
		if _, err := b.Answer(t.Context(), inc.ID, wrong[0], wrong[1]); api.CodeOf(err) != api.CodeUsage {
			t.Errorf("%v: have %v", wrong, err)
		}
	}
	if _, err := b.Answer(t.Context(), "none", "kind", "slow"); api.CodeOf(err) != api.CodeNotFound {
		t.Errorf("have %v", err)
	}
}

func TestAWellComputerIsRemembered(t *testing.T) {
	b := realState(t, "well")
	first := b.check(t, b.open(t, false).ID)
	if first.Changes != nil || !first.AllWell.IsZero() {
		t.Errorf("changes from nothing: %+v", first.Changes)
	}
	good := b.lastGood(t.Context())
	if good == nil || good.State.Kernel == "" && good.State.System == "" {
		t.Fatalf("not remembered: %+v", good)
	}
	then := b.remember(t, elsewhere)
	inc := b.open(t, false)
	for range 2 { // within an incident the time when all was well does not move
		if now := b.check(t, inc.ID); !zoneChanged(now.Changes) || !now.AllWell.Equal(then.Taken) {
			t.Errorf("since %v: %+v", now.AllWell, now.Changes)
		}
	}
	if next := b.check(t, b.open(t, false).ID); len(next.Changes) != 0 {
		t.Errorf("the next incident: %+v", next.Changes)
	}
	if _, err := b.Check(t.Context(), inc.ID, api.CheckRequest{Only: []string{"net.link"}}, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"balise.db", "balise.db-wal"} {
		if st, err := os.Stat(b.p.StateDir + "/" + name); err == nil && st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", name, st.Mode())
		}
	}
}

// TestWithoutAState: a computer that cannot be looked at is tested all the same.
func TestWithoutAState(t *testing.T) {
	p, b := params(t, "")
	start(t, p, b)
	b.keepGood(t.Context(), nil, snapshot.State{Version: snapshot.StateVersion, Taken: time.Now(), Zone: "X"})
	inc := b.check(t, b.open(t, false).ID) // the stand-in knows no state
	if inc.Diagnosis == nil || inc.Changes != nil {
		t.Errorf("%+v", inc.Changes)
	}
	if err := b.store.Put(t.Context(), keyGood, "nonsense"); err != nil {
		t.Fatal(err)
	}
	if inc := b.check(t, b.open(t, false).ID); inc.Diagnosis == nil {
		t.Error("what is not readable kept it from being tested")
	}
}
