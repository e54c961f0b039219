package play

import (
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/diagnostics/lab/scenario"
	"balise/diagnostics/lab/stage"
)

// Every variation is an action that the stage has, with arguments that it takes.
func TestVariationsExist(t *testing.T) {
	var actions []scenario.Action
	for _, a := range stage.Actions() {
		k := scenario.Action{Name: a.Name}
		for _, arg := range a.Args {
			k.Args = append(k.Args, arg.Name)
		}
		actions = append(actions, k)
	}
	rng := Request{Seed: 1}.source()
	for _, v := range variations() {
		s := scenario.Scenario{Stage: []scenario.Step{{Do: v.action, With: v.with(rng)}}}
		if err := s.Check(actions); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}

func TestSeedsVaryAndRepeat(t *testing.T) {
	s := scenario.Scenario{Name: "x"}
	draw := func(s scenario.Scenario, seed uint64) []scenario.Step {
		return vary(Request{Scenario: s, Seed: seed}.source(), s)
	}
	different := map[string]bool{}
	for seed := range uint64(60) {
		steps := draw(s, seed)
		if !reflect.DeepEqual(steps, draw(s, seed)) {
			t.Fatalf("seed %d is two cases", seed)
		}
		names := ""
		for _, st := range steps {
			names += st.Do + " "
		}
		different[names] = true
	}
	if len(different) < 20 {
		t.Errorf("60 seeds are %d cases", len(different))
	}
}

func TestVariationsLeaveTheFaultAlone(t *testing.T) {
	broken := scenario.Scenario{
		Name: "x", Areas: []string{"net/dns"}, Stage: []scenario.Step{{Do: "queue.pause"}},
		Strikes: []scenario.Strike{{Step: scenario.Step{Do: "resolv.set"}}},
		Vary:    scenario.Vary{Not: []string{"latency"}},
	}
	var drawn []string
	for seed := range uint64(200) {
		for _, st := range vary(Request{Scenario: broken, Seed: seed}.source(), broken) {
			drawn = append(drawn, st.Do)
		}
	}
	for _, never := range []string{"net.latency", "resolv.set", "ipv6.on", "print.start"} {
		if slices.Contains(drawn, never) {
			t.Errorf("%s is varied", never)
		}
	}
	if !slices.Contains(drawn, "router.deaf") || !slices.Contains(drawn, "sound.start") {
		t.Error("what has nothing to do with it is not varied")
	}
}

func TestBusiest(t *testing.T) {
	start := time.Now()
	w := &watcher{}
	if w.busiest() != 0 {
		t.Error("busy without a look")
	}
	// Four seconds idle, three seconds busy at 80 %, one idle; 100 ticks a second.
	for i, busy := range []uint64{0, 0, 0, 0, 0, 80, 160, 240, 240} {
		w.cpu = append(w.cpu, sample{start.Add(time.Duration(i) * time.Second), busy, uint64(i) * 100})
	}
	if got := w.busiest(); got != 80 {
		t.Errorf("%v %%, expected 80", got)
	}
	w.cpu = w.cpu[4:6] // a run of one second is judged as a whole
	if got := w.busiest(); got != 80 {
		t.Errorf("%v %%, expected 80", got)
	}
}

func TestOrdinaryKeepsTheCommand(t *testing.T) {
	cmd := ordinary(exec.Command("true", "a", "b"))
	if line := strings.Join(cmd.Args, " "); !strings.HasSuffix(line, "-n 15 /usr/bin/true a b") &&
		!strings.HasSuffix(line, "-n 15 /bin/true a b") {
		t.Error(line)
	}
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}

func TestDeadlineCoversEverything(t *testing.T) {
	r := Request{}
	if r.Deadline() <= scenario.DefaultWithin+grace {
		t.Error(r.Deadline())
	}
	twice := Request{Twice: true}
	if twice.Deadline()-r.Deadline() != scenario.DefaultWithin+grace {
		t.Error(twice.Deadline())
	}
}

func TestTail(t *testing.T) {
	if got := tail(strings.Repeat("x", 5000)); len(got) > 2100 || !strings.HasPrefix(got, "...") {
		t.Error(len(got))
	}
}
