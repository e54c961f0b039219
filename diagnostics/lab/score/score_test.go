package score

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/lab/scenario"
)

// outcome is a client that named these causes, the first first, after the given failures.
func outcome(seed uint64, bad []string, named ...string) Outcome {
	d := &cause.Diagnosis{Cause: cause.Healthy}
	o := Outcome{Seed: seed, Took: 400 * time.Millisecond, First: 50 * time.Millisecond, Language: "fr", PeakKB: 20480}
	if len(named) > 0 {
		d.Cause, o.Exit = diagnostics.Cause(named[0]), 1
		for _, n := range named[1:] {
			d.Also = append(d.Also, cause.Also{Cause: diagnostics.Cause(n)})
		}
	}
	o.Document = &Document{Diagnosis: d}
	for _, b := range bad {
		id, _, _ := strings.Cut(b, "/")
		o.Document.Results = append(o.Document.Results,
			diagnostics.Result{ID: id, Status: diagnostics.Fail, Cause: diagnostics.Cause(b)})
	}
	return o
}

func fault(causes ...string) scenario.Scenario {
	return scenario.Scenario{
		Name: "fault", Stage: []scenario.Step{{Do: "break"}}, Expect: scenario.Expect{Cause: causes},
	}
}

func TestJudgeSingle(t *testing.T) {
	s := fault("a/x", "a/y")
	for _, c := range []struct {
		name             string
		named            []string
		top1, top2, last bool
	}{
		{"right", []string{"a/y"}, true, true, true},
		{"second", []string{"b/x", "a/x"}, false, true, true},
		{"third", []string{"b/x", "c/x", "a/x"}, false, false, true},
		{"wrong", []string{"b/x"}, false, false, false},
		{"nothing", nil, false, false, false},
	} {
		v := Judge(s, outcome(1, nil, c.named...), nil)
		if v.Kind != Single || v.Top1 != c.top1 || v.Top2 != c.top2 || v.All != c.last || v.Issues != len(c.named) {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}

func TestJudgeDouble(t *testing.T) {
	s := fault("a/x")
	s.Expect.Also = []string{"b/x | b/y"}
	for _, c := range []struct {
		named     []string
		top1, all bool
	}{
		{[]string{"a/x", "b/y"}, true, true},
		{[]string{"b/x", "a/x"}, true, true},
		{[]string{"b/x"}, true, false},
		{[]string{"c/x", "a/x", "b/x"}, false, true},
		{nil, false, false},
	} {
		v := Judge(s, outcome(1, nil, c.named...), nil)
		if v.Kind != Double || v.Top1 != c.top1 || v.All != c.all {
			t.Errorf("%v: %+v", c.named, v)
		}
	}
}

func TestJudgeHealthy(t *testing.T) {
	s := scenario.Scenario{Name: "healthy", Expect: scenario.Expect{Healthy: true, May: []string{"a/*"}}}
	if v := Judge(s, outcome(1, nil), nil); v.Kind != Healthy || !v.Right() {
		t.Errorf("%+v", v)
	}
	if v := Judge(s, outcome(1, nil, "a/x"), nil); !v.Right() {
		t.Errorf("%+v", v)
	}
	if v := Judge(s, outcome(1, nil, "b/x"), nil); v.Right() || !slices.Equal(v.Alarms, []string{"b/x"}) {
		t.Errorf("%+v", v)
	}
	// Silence without an answer is no healthy verdict.
	if v := Judge(s, Outcome{Exit: 3}, nil); v.Right() {
		t.Errorf("%+v", v)
	}
	s.Stage = []scenario.Step{{Do: "x"}}
	if v := Judge(s, outcome(1, nil), nil); v.Kind != Guard {
		t.Errorf("%+v", v)
	}
}

func TestBusyIsTrueOnlyWhereTheKernelAgrees(t *testing.T) {
	s := scenario.Scenario{Expect: scenario.Expect{Healthy: true}}
	o := outcome(1, nil, "perf.cpu/busy")
	if v := Judge(s, o, nil); v.Right() || len(v.HostTruth) > 0 {
		t.Errorf("%+v", v)
	}
	o.BusyPercent = 99
	if v := Judge(s, o, nil); !v.Right() || v.Issues != 0 || len(v.HostTruth) != 1 {
		t.Errorf("%+v", v)
	}
	jitter := outcome(1, nil, "net.quality/jitter")
	jitter.Observed = []Observation{{Action: "net.latency", OK: true, Harmless: true}}
	if v := Judge(s, jitter, nil); v.Right() {
		t.Errorf("%+v", v)
	}
	jitter.Observed[0].Strained = true
	if v := Judge(s, jitter, nil); !v.Right() {
		t.Errorf("%+v", v)
	}
	// Where a scenario speaks of the processor itself, it is judged as written.
	if v := Judge(fault("perf.cpu/busy"), o, nil); !v.Right() || v.Issues != 1 {
		t.Errorf("%+v", v)
	}
}

func TestVoidIsNotAMiss(t *testing.T) {
	s := fault("a/x")
	o := outcome(1, nil)
	o.Observed = []Observation{{Action: "break", How: "the counter stands at 0"}, {Action: "vary", Harmless: true}}
	v := Judge(s, o, nil)
	if v.Counts() || v.Void != "break: the counter stands at 0" {
		t.Errorf("%+v", v)
	}
	o.Observed[0].OK = true
	if v := Judge(s, o, nil); !v.Counts() {
		t.Errorf("a harmless difference voids the case: %+v", v)
	}
	s.Observed = []string{"other"}
	if v := Judge(s, o, nil); v.Void != "other: not observed" {
		t.Errorf("%+v", v)
	}
	if v := Judge(s, Outcome{Error: "no namespace"}, nil); v.Broken == "" || v.Void != "" || v.Counts() {
		t.Errorf("%+v", v)
	}
}

func TestJudgeTheRest(t *testing.T) {
	s := fault("a/x")
	zero := 0
	s.Expect.Category, s.Expect.Level, s.Expect.Actor = "network", 2, "it"
	s.Expect.Confidence, s.Expect.Exit = "confirmed", &zero
	s.Expect.Folded, s.Expect.Unknown = []string{"b", "c"}, []string{"d"}
	s.Expect.Not = []string{"b/*"}
	s.Expect.Within = scenario.Duration(100 * time.Millisecond)
	s.Expect.NotWords = map[string][]string{"fr": {"box", "l’adresse IP"}, "en": {"router"}}
	o := outcome(3, []string{"a/x", "b/x", "c/x", "d/x"}, "a/x", "b/x")
	o.Document.Diagnosis.Folded = []string{"c"}
	o.Document.Sentence = "Votre Box ne répond plus."
	v := Judge(s, o, func(string, string) []string { return []string{"Redémarrez les boxes ; l’adresse IP manque."} })
	all := strings.Join(slices.Concat(v.Complaints, v.Forbidden), "\n")
	for _, want := range []string{
		`category is ""`, `level is 0`, `actor is ""`, `confidence is ""`, "b stands alone as b/x", "d claims fail",
		"exit code 1, expected 0", "verdict after 400ms", "names b/x", "says box", "says l’adresse IP",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in:\n%s", want, all)
		}
	}
	if len(v.Complaints)+len(v.Forbidden) != 11 || !v.Late || !v.HeldOut || v.Right() {
		t.Errorf("%+v", v)
	}
}

func TestWordsAreWholeWords(t *testing.T) {
	for _, c := range []struct {
		text, word string
		want       bool
	}{
		{"The DNS server is silent.", "dns", true},
		{"Les serveurs de noms", "nom", false},
		{"décodez", "code", false},
		{"un code, deux codes", "code", true},
		{"", "x", false},
	} {
		if says(c.text, c.word) != c.want {
			t.Errorf("%q in %q: not %v", c.word, c.text, c.want)
		}
	}
}

func TestBaselines(t *testing.T) {
	d := outcome(1, []string{"b/x", "a/x"}, "a/x").Document
	d.Results = append([]diagnostics.Result{
		{ID: "w", Status: diagnostics.Warn, Cause: "w/x"}, {ID: "u", Status: diagnostics.Unknown, Cause: "u/x"},
	}, d.Results...)
	if got := FirstFailure(d); !slices.Equal(got, []string{"b/x"}) {
		t.Error(got)
	}
	if got := AllFailures(d); !slices.Equal(got, []string{"w/x", "b/x", "a/x"}) {
		t.Error(got)
	}
	d.Results = d.Results[:1]
	if got := FirstFailure(d); !slices.Equal(got, []string{"w/x"}) {
		t.Error(got)
	}
	if FirstFailure(nil) != nil || AllFailures(&Document{}) != nil {
		t.Error("something out of nothing")
	}
}

// TestSum has answers that were worked out by hand.
func TestSum(t *testing.T) {
	double := fault("a/x")
	double.Expect.Also = []string{"b/x"}
	healthy := scenario.Scenario{Name: "healthy", Expect: scenario.Expect{Healthy: true}}
	hung := fault("c/x")
	hung.Tags = []string{"hung"}
	slow := outcome(4, []string{"c/x"}, "c/x")
	slow.Took = 4 * time.Second
	void := outcome(1, nil)
	void.Observed = []Observation{{Action: "break"}}
	cases := []Case{
		{Scenario: fault("a/x"), Outcome: outcome(1, []string{"b/x", "a/x"}, "a/x")},        // right; first failure wrong
		{Scenario: fault("a/x"), Outcome: outcome(2, []string{"a/x", "b/x"}, "b/x", "a/x")}, // second
		{Scenario: fault("a/x"), Outcome: outcome(3, []string{"a/x"}, "a/x")},               // right, held out
		{Scenario: hung, Outcome: slow},
		{Scenario: double, Outcome: outcome(1, []string{"a/x", "b/x"}, "a/x", "b/x")},
		{Scenario: double, Outcome: outcome(2, []string{"a/x", "b/x"}, "b/x")},
		{Scenario: healthy, Outcome: outcome(1, nil)},
		{Scenario: healthy, Outcome: outcome(2, nil, "z/x")},
		{Scenario: healthy, Outcome: outcome(3, nil, "z/x"), Loaded: true},
		{Scenario: fault("a/x"), Outcome: void},
		{Scenario: fault("a/x"), Outcome: Outcome{Error: "no"}},
	}
	r := Sum(cases, nil)
	near := func(what string, have, want float64) {
		t.Helper()
		if math.Abs(have-want) > 1e-9 {
			t.Errorf("%s: %v, expected %v", what, have, want)
		}
	}
	near("top1", r.Client.Top1, 3.0/4)
	near("top2", r.Client.Top2, 1)
	near("both", r.Client.Both, 0.5)
	near("issues", r.Client.IssuesMean, 5.0/4)
	near("held out", r.HeldOut.Top1, 1)
	near("first failure", r.First.Top1, 3.0/4)
	near("first failure, both", r.First.Both, 0)
	near("all failures, both", r.All.Both, 1)
	near("all failures, issues", r.All.IssuesMean, 6.0/4)
	// Named: a a(2nd) a c | a b, b | z; wrong: b of the second single, z. Truths: 4 single, 4 of doubles, 1 missed.
	near("precision", r.Client.Precision, 7.0/9)
	near("recall", r.Client.Recall, 7.0/8)
	if r.Void != 1 || r.Broken != 1 || r.Client.Alarms != 1 || r.Loaded.Alarms != 1 || r.HeldOut.Singles != 1 {
		t.Errorf("%+v", r)
	}
	if r.Times.AnyP95 != 4000 || r.Times.HealthyP95 != 400 || r.Times.HungP95 != 4000 || r.Times.FirstP50 != 50 {
		t.Errorf("%+v", r.Times)
	}
	if r.Times.PeakMB != 20 {
		t.Errorf("%+v", r.Times)
	}
	for _, root := range r.Roots {
		switch root.Cause {
		case "a/x":
			near("a precision", root.Precision, 1)
			near("a recall", root.Recall, 4.0/5)
		case "b/x":
			near("b precision", root.Precision, 2.0/3)
			near("b recall", root.Recall, 1)
		}
	}
	if !slices.Contains(r.Confusion, Cell{"a/x", "b/x", 1}) || !slices.Contains(r.Confusion, Cell{"healthy", "z/x", 1}) {
		t.Error(r.Confusion)
	}
	if !r.Missed(false) {
		t.Error("no target is missed")
	}
	var text bytes.Buffer
	if err := r.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MISSED", "fault  seed 2", "void: break", "the lab: no"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, text.String())
		}
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func TestMissedWithoutEvidence(t *testing.T) {
	if (Report{}).Missed(false) {
		t.Error("nothing was played, and something is missed")
	}
	if r := Sum([]Case{{Scenario: fault("a/x"), Outcome: Outcome{Error: "no"}}}, nil); !r.Missed(false) {
		t.Error("a lab that cannot play anything says that all is well")
	}
	r := Sum([]Case{{Scenario: fault("a/x"), Outcome: outcome(1, []string{"a/x"}, "a/x")}}, nil)
	if r.Missed(false) {
		t.Errorf("%+v", r.Targets)
	}
}

func TestPercentile(t *testing.T) {
	values := []int{5, 1, 4, 2, 3, 6, 7, 8, 9, 10}
	for p, want := range map[int]int{50: 5, 95: 10, 90: 9, 100: 10, 1: 1} {
		if got := Percentile(values, p); got != want {
			t.Errorf("p%d: %d, expected %d", p, got, want)
		}
	}
	if Percentile([]int(nil), 95) != 0 || values[0] != 5 {
		t.Error("none, or sorted in place")
	}
}
