package cause

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"balise/diagnostics"
)

// chaos draws results without any sense: every status, every cause, strangers, and ids that stand twice.
func chaos(kb Knowledge, rnd *rand.Rand) []diagnostics.Result {
	x := kb.indexed()
	codes := sortedKeys(kb.Causes)
	statuses := []diagnostics.Status{"pass", "warn", "fail", "skip", "na", "unknown", "", "weird"}
	severities := []diagnostics.Severity{diagnostics.Blocks, diagnostics.Degrades, diagnostics.Notice, ""}
	var results []diagnostics.Result
	for range rnd.IntN(90) {
		id := x.names[rnd.IntN(len(x.names))]
		switch rnd.IntN(6) {
		case 0:
			id += ".one"
		case 1:
			id += ".two"
		case 2:
			if rnd.IntN(10) == 0 {
				id = "stranger"
			}
		}
		r := diagnostics.Result{
			ID: id, Status: statuses[rnd.IntN(len(statuses))], Severity: severities[rnd.IntN(len(severities))],
		}
		if tails := sortedKeys(x.byTail[rnd.IntN(len(x.byTail))]); len(tails) > 0 {
			r.Cause = diagnostics.Cause(id + "/" + tails[rnd.IntN(len(tails))])
		}
		if rnd.IntN(4) == 0 {
			r.Cause = diagnostics.Cause(codes[rnd.IntN(len(codes))])
		}
		if rnd.IntN(5) == 0 {
			r.Detail = diagnostics.DetailUnconfirmed
		}
		if rnd.IntN(5) == 0 {
			r.Facts = []diagnostics.Fact{diagnostics.Bool("local", rnd.IntN(2) == 0), diagnostics.Bool("inside", false)}
		}
		results = append(results, r)
	}
	return results
}

// whim draws a context.
func whim(kb Knowledge, rnd *rand.Rand) Context {
	ctx := Context{Answers: map[string]string{}, Priors: map[string]float64{}, Salt: "desk.example"}
	for _, q := range kb.Questions {
		if rnd.IntN(3) == 0 {
			ctx.Answers[q.ID] = q.Options[rnd.IntN(len(q.Options))].ID
		}
	}
	for _, code := range diagnostics.ChangeCodes() {
		if rnd.IntN(4) == 0 {
			ctx.Changes = append(ctx.Changes, diagnostics.Change{Code: code, At: time.Unix(rnd.Int64N(1e6), 0)})
		}
	}
	if rnd.IntN(2) == 0 {
		ctx.Priors["net.*"], ctx.Priors["print.queue/paused"], ctx.Priors["disk.*"] = rnd.Float64()*9, 3, -1
	}
	return ctx
}

func FuzzDiagnose(f *testing.F) {
	kb := core(f)
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		results, ctx := chaos(kb, rnd), whim(kb, rnd)
		d, explained := Diagnose(results, kb, ctx)
		want, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		named := map[string]bool{d.Root: d.Root != ""}
		for _, a := range d.Also {
			if named[a.Root] {
				t.Errorf("%s is named twice", a.Root)
			}
			named[a.Root] = true
		}
		for _, id := range d.Folded {
			if id == d.Root {
				t.Errorf("%s is folded under itself", id)
			}
		}
		if len(explained) != len(results) || len(d.Also) > mostAlso || len(d.Evidence) > mostEvidence {
			t.Errorf("%+v", d)
		}
		if unknown := d.Cause == Healthy || d.Cause == Undetermined; unknown && d.Question == nil && len(ctx.Answers) == 0 {
			t.Error("nothing is named and nothing asked")
		}
		for range 3 {
			rnd.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
			d, _ := Diagnose(results, kb, ctx)
			if got, _ := json.Marshal(d); string(got) != string(want) {
				t.Fatalf("the order of results matters:\n%s\n%s", want, got)
			}
		}
	})
}
