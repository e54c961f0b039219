package score

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"balise/diagnostics/lab/scenario"
)

// Schema names the document that --json prints.
const Schema = "balise.lab/1"

// Case is a scenario with what it gave.
type Case struct {
	Scenario scenario.Scenario
	Outcome  Outcome
	// Loaded says that busy processes ran beside it.
	Loaded bool
}

// Report is everything that the lab says.
type Report struct {
	Schema    string `json:"schema"`
	Scenarios int    `json:"scenarios"`
	Cases     int    `json:"cases"`
	Void      int    `json:"void"`
	Broken    int    `json:"broken"`
	// Again is how many cases were wrong at first and right when they were played again; 0 where they were not.
	Again     int       `json:"right_when_played_again,omitempty"`
	Targets   []Target  `json:"targets"`
	Client    Figures   `json:"balise"`
	HeldOut   Figures   `json:"balise_held_out"`
	First     Figures   `json:"first_failure"`
	All       Figures   `json:"all_failures"`
	Loaded    Figures   `json:"balise_under_load"`
	Times     Times     `json:"times"`
	Roots     []Root    `json:"roots"`
	Confusion []Cell    `json:"confusion"`
	Misses    []Verdict `json:"misses"`
	// Verdicts are all cases.
	Verdicts []Verdict `json:"verdicts"`
}

// Figures are one client's marks.
type Figures struct {
	Singles   int     `json:"singles"`
	Top1      float64 `json:"top1"`
	Top2      float64 `json:"top2"`
	Doubles   int     `json:"doubles"`
	Both      float64 `json:"both"`
	EitherTop float64 `json:"double_top1"`
	Guards    int     `json:"guards"`
	Kept      float64 `json:"guards_kept"`
	Healthy   int     `json:"healthy"`
	Alarms    int     `json:"false_alarms"`
	Forbidden int     `json:"forbidden"`
	// Issues are the issues shown a single fault.
	IssuesMean float64 `json:"issues_mean"`
	IssuesP95  int     `json:"issues_p95"`
	// Precision and Recall are over all causes named in single and double cases (micro), and averaged over
	// roots (macro).
	Precision      float64 `json:"precision"`
	Recall         float64 `json:"recall"`
	MacroPrecision float64 `json:"macro_precision"`
	MacroRecall    float64 `json:"macro_recall"`
	Complaints     int     `json:"complaints"`
	// Repairable are the cases whose fault a repair of the client's can mend; Repaired is the share that ended so,
	// FalseProofs how often the client said so wrongly.
	Repairable  int     `json:"repairable"`
	Repaired    float64 `json:"repaired"`
	FalseProofs int     `json:"false_proofs"`
	// Hopeless are the repairs that cannot succeed; Told is the share of which the client says so, with the fault
	// left as it was.
	Hopeless int     `json:"hopeless"`
	Told     float64 `json:"told"`
	Unstable int     `json:"unstable"`
}

// Times are in milliseconds.
type Times struct {
	FirstP50 int64 `json:"first_p50_ms"`
	FirstP95 int64 `json:"first_p95_ms"`
	// HealthyCases is how many verdicts the next two are made of: those on a machine that was not busy.
	HealthyCases int     `json:"healthy_cases"`
	HealthyP50   int64   `json:"healthy_p50_ms"`
	HealthyP95   int64   `json:"healthy_p95_ms"`
	AnyP50       int64   `json:"any_p50_ms"`
	AnyP95       int64   `json:"any_p95_ms"`
	HungP95      int64   `json:"hung_share_p95_ms"`
	Late         int     `json:"late"`
	PeakMB       float64 `json:"peak_mb"`
	PeakP50MB    float64 `json:"peak_p50_mb"`
}

// Root is how well one cause is told from the others.
type Root struct {
	Cause     string  `json:"cause"`
	Cases     int     `json:"cases"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
}

// Cell is one cell of the confusion table: what was true and what was named first, in cases of one fault.
type Cell struct {
	Truth string `json:"truth"`
	Named string `json:"named"`
	Cases int    `json:"cases"`
}

// Target is one line of what must be reached.
type Target struct {
	What string `json:"what"`
	Want string `json:"want"`
	Have string `json:"have"`
	Met  bool   `json:"met"`
	// Cases is how many cases the figure is made of; without any, the target is neither met nor missed.
	Cases int `json:"cases"`
	// Time says that it is about how long something takes, which a busy machine decides too.
	Time bool `json:"time,omitempty"`
}

// Missed tells whether a target that was measured is missed.
func (t Target) Missed() bool { return t.Cases > 0 && !t.Met }

// Sum grades all cases.
func Sum(cases []Case, texts Texts) Report {
	r := Report{Schema: Schema, Cases: len(cases)}
	names := map[string]bool{}
	var calm, loaded, first, all, held []Verdict
	for _, c := range cases {
		names[c.Scenario.Name] = true
		v := Judge(c.Scenario, c.Outcome, texts)
		r.Verdicts = append(r.Verdicts, v)
		switch {
		case v.Broken != "":
			r.Broken++
		case v.Void != "":
			r.Void++
		case c.Loaded:
			loaded = append(loaded, v)
		default:
			calm = append(calm, v)
			first = append(first, Baseline(c.Scenario, c.Outcome, FirstFailure))
			all = append(all, Baseline(c.Scenario, c.Outcome, AllFailures))
			if v.HeldOut {
				held = append(held, v)
			}
		}
		if !v.Counts() || !v.Right() {
			r.Misses = append(r.Misses, v)
		}
	}
	r.Scenarios = len(names)
	r.Client, r.HeldOut, r.Loaded = figures(calm, cases), figures(held, cases), figures(loaded, cases)
	r.First, r.All = figures(first, cases), figures(all, cases)
	r.Roots = roots(calm, patterns(cases))
	r.Times = times(calm)
	r.Confusion = confusion(calm, patterns(cases))
	r.Targets = targets(r, calm)
	slices.SortFunc(r.Misses, func(a, b Verdict) int {
		return cmp.Or(cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.Seed, b.Seed))
	})
	return r
}

// patterns are the accepted codes by truth, so that a cause that was accepted counts as the truth's own.
func patterns(cases []Case) map[string][]string {
	out := map[string][]string{}
	for _, c := range cases {
		e := c.Scenario.Expect
		if len(e.Cause) > 0 {
			out[e.Cause[0]] = e.Cause
		}
		for _, a := range e.Also {
			first := truth(scenario.Scenario{Expect: scenario.Expect{Cause: []string{a}}})[0]
			if _, known := out[first]; !known {
				out[first] = []string{a}
			}
		}
	}
	return out
}

func figures(vs []Verdict, cases []Case) Figures {
	f := Figures{}
	var issues []int
	var top1, top2, both, either, kept, repaired, told int
	for _, v := range vs {
		f.Forbidden += len(v.Forbidden)
		f.Complaints += len(v.Complaints)
		f.Unstable += one(v.Unstable)
		f.Repairable += one(v.Repairable)
		f.FalseProofs += one(v.FalseProof)
		repaired += one(v.Repaired)
		f.Hopeless += one(v.Hopeless)
		told += one(v.Told)
		switch v.Kind {
		case Single:
			f.Singles++
			top1, top2 = top1+one(v.Top1), top2+one(v.Top2)
			issues = append(issues, v.Issues)
		case Double:
			f.Doubles++
			both, either = both+one(v.All), either+one(v.Top1)
		case Guard:
			f.Guards++
			kept += one(v.Top1)
		case Healthy:
			f.Healthy++
			f.Alarms += one(len(v.Alarms) > 0)
		}
	}
	f.Top1, f.Top2 = share(top1, f.Singles), share(top2, f.Singles)
	f.Both, f.EitherTop = share(both, f.Doubles), share(either, f.Doubles)
	f.Kept, f.Repaired = share(kept, f.Guards), share(repaired, f.Repairable)
	f.Told = share(told, f.Hopeless)
	f.IssuesMean, f.IssuesP95 = mean(issues), Percentile(issues, 95)
	rs := roots(vs, patterns(cases))
	f.Precision, f.Recall, f.MacroPrecision, f.MacroRecall = overall(vs, patterns(cases), rs)
	return f
}

// counts are the true and false statements about one root.
type counts struct{ hit, miss, wrong, cases int }

// tally counts statements by root: what was true and named, true and not named, named and not true.
func tally(vs []Verdict, accepted map[string][]string) map[string]*counts {
	by := map[string]*counts{}
	get := func(c string) *counts {
		if by[c] == nil {
			by[c] = &counts{}
		}
		return by[c]
	}
	for _, v := range vs {
		used := make([]bool, len(v.Named))
		for _, t := range v.Truth {
			if t == "healthy" {
				continue
			}
			get(t).cases++
			hit := false
			for i, n := range v.Named {
				if scenario.MatchAny(accepted[t], n) {
					hit, used[i] = true, true
				}
			}
			get(t).hit, get(t).miss = get(t).hit+one(hit), get(t).miss+one(!hit)
		}
		for i, n := range v.Named {
			if !used[i] && !slices.Contains(v.Allowed, n) {
				get(canonical(n, accepted)).wrong++
			}
		}
	}
	return by
}

// canonical is the truth under whose name a cause is counted: its own code, or the pattern that covers it.
func canonical(c string, accepted map[string][]string) string {
	if _, own := accepted[c]; own {
		return c
	}
	for _, t := range slices.Sorted(maps.Keys(accepted)) {
		if scenario.MatchAny([]string{t}, c) {
			return t
		}
	}
	return c
}

func roots(vs []Verdict, accepted map[string][]string) []Root {
	by := tally(vs, accepted)
	var out []Root
	for _, c := range slices.Sorted(maps.Keys(by)) {
		n := by[c]
		out = append(out, Root{
			Cause: c, Cases: n.cases, Precision: share(n.hit, n.hit+n.wrong), Recall: share(n.hit, n.hit+n.miss),
		})
	}
	return out
}

func overall(vs []Verdict, accepted map[string][]string, rs []Root) (p, r, mp, mr float64) {
	sum := counts{}
	for _, n := range tally(vs, accepted) {
		sum.hit, sum.miss, sum.wrong = sum.hit+n.hit, sum.miss+n.miss, sum.wrong+n.wrong
	}
	n := 0
	for _, root := range rs {
		if root.Cases > 0 {
			n++
			mp, mr = mp+root.Precision, mr+root.Recall
		}
	}
	if n > 0 {
		mp, mr = mp/float64(n), mr/float64(n)
	}
	return share(sum.hit, sum.hit+sum.wrong), share(sum.hit, sum.hit+sum.miss), mp, mr
}

// confusion counts what was named first, by truth, in cases of at most one fault.
func confusion(vs []Verdict, accepted map[string][]string) []Cell {
	by := map[[2]string]int{}
	for _, v := range vs {
		if v.Kind == Double {
			continue
		}
		named := "healthy"
		if len(v.Named) > 0 {
			named = canonical(v.Named[0], accepted)
		}
		if v.Top1 {
			named = v.Truth[0]
		}
		by[[2]string{v.Truth[0], named}]++
	}
	var out []Cell
	for k, n := range by {
		out = append(out, Cell{k[0], k[1], n})
	}
	slices.SortFunc(out, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(a.Truth, b.Truth), cmp.Compare(b.Cases, a.Cases), cmp.Compare(a.Named, b.Named))
	})
	return out
}

func times(vs []Verdict) Times {
	var first, healthy, any, hung, peaks []int64
	t := Times{}
	for _, v := range vs {
		ms := v.Took.Milliseconds()
		any = append(any, ms)
		if v.First > 0 {
			first = append(first, v.First.Milliseconds())
		}
		// That this machine is busy, where it is, is no healthy verdict: it takes the three seconds that it takes
		// to be sure.
		if v.Kind == Healthy && len(v.HostTruth) == 0 {
			healthy = append(healthy, ms)
		}
		if slices.Contains(v.Tags, "hung") {
			hung = append(hung, ms)
		}
		if v.PeakKB > 0 {
			peaks = append(peaks, v.PeakKB)
		}
		t.Late += one(v.Late)
	}
	t.HealthyCases = len(healthy)
	t.FirstP50, t.FirstP95 = Percentile(first, 50), Percentile(first, 95)
	t.HealthyP50, t.HealthyP95 = Percentile(healthy, 50), Percentile(healthy, 95)
	t.AnyP50, t.AnyP95 = Percentile(any, 50), Percentile(any, 95)
	t.HungP95 = Percentile(hung, 95)
	t.PeakMB = math.Round(float64(Percentile(peaks, 100))/102.4) / 10
	t.PeakP50MB = math.Round(float64(Percentile(peaks, 50))/102.4) / 10
	return t
}

// Percentile is the smallest value that p percent of the values do not exceed (nearest rank); 0 without any.
func Percentile[T cmp.Ordered](values []T, p int) T {
	var zero T
	if len(values) == 0 {
		return zero
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := (p*len(sorted) + 99) / 100
	return sorted[max(rank, 1)-1]
}

func mean(values []int) float64 {
	sum := 0
	for _, v := range values {
		sum += v
	}
	return share(sum, len(values))
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The targets: what the lab is for.
const (
	wantTop1      = 0.95
	wantTop2      = 0.99
	wantBoth      = 0.85
	wantIssues    = 1.1
	wantRepaired  = 0.95
	wantHealthy   = time.Second
	wantAny       = 5 * time.Second
	loadedPerCent = 0.005 // one false alarm in 200 under load
)

func targets(r Report, calm []Verdict) []Target {
	hung := 0
	for _, v := range calm {
		hung += one(slices.Contains(v.Tags, "hung"))
	}
	f, t := r.Client, r.Times
	allowed := max(1, int(loadedPerCent*float64(r.Loaded.Healthy)))
	n := len(calm)
	pc := func(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }
	ms := func(x int64) string { return fmt.Sprintf("%d ms", x) }
	return []Target{
		{"single faults named first", "95 %", pc(f.Top1), f.Top1 >= wantTop1, f.Singles, false},
		{"single faults among the first two", "99 %", pc(f.Top2), f.Top2 >= wantTop2, f.Singles, false},
		{"both of two faults named", "85 %", pc(f.Both), f.Both >= wantBoth, f.Doubles, false},
		{
			"issues shown a single fault, mean", "1.1", fmt.Sprintf("%.2f", f.IssuesMean),
			f.IssuesMean <= wantIssues, f.Singles, false,
		},
		{
			"repairable faults that end in a verified repair", "95 %", pc(f.Repaired), f.Repaired >= wantRepaired,
			f.Repairable, false,
		},
		{
			"repairs that cannot succeed and say so", "95 %", pc(f.Told), f.Told >= wantRepaired, f.Hopeless, false,
		},
		{
			"repairs called solved that were not", "0", fmt.Sprint(f.FalseProofs), f.FalseProofs == 0,
			f.Repairable + f.Hopeless, false,
		},
		{"forbidden statements", "0", fmt.Sprint(f.Forbidden), f.Forbidden == 0, n, false},
		{"false alarms on a healthy machine", "0", fmt.Sprint(f.Alarms), f.Alarms == 0, f.Healthy, false},
		{
			"false alarms under load", fmt.Sprint(allowed), fmt.Sprint(r.Loaded.Alarms),
			r.Loaded.Alarms <= allowed, r.Loaded.Healthy, false,
		},
		{
			"healthy verdict, p95", ms(wantHealthy.Milliseconds()), ms(t.HealthyP95),
			t.HealthyP95 <= wantHealthy.Milliseconds(), f.Healthy, true,
		},
		{"any verdict, p95", ms(wantAny.Milliseconds()), ms(t.AnyP95), t.AnyP95 <= wantAny.Milliseconds(), n, true},
		{
			"hung share, p95", ms(wantAny.Milliseconds()), ms(t.HungP95),
			t.HungP95 <= wantAny.Milliseconds(), hung, true,
		},
	}
}

// Missed tells whether any measured target is missed, or nothing at all could be graded. With answersOnly, how long
// things took does not decide.
func (r Report) Missed(answersOnly bool) bool {
	return r.Cases > 0 && r.Void+r.Broken == r.Cases || slices.ContainsFunc(r.Targets, func(t Target) bool {
		return t.Missed() && !(t.Time && answersOnly)
	})
}
