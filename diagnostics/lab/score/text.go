package score

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Text prints the report for people.
func (r Report) Text(w io.Writer) error {
	p := &printer{tabwriter.NewWriter(w, 2, 0, 2, ' ', 0), nil}
	p.line("%d scenarios, %d cases; void: %d; mistakes of the lab itself: %d", r.Scenarios, r.Cases, r.Void, r.Broken)
	if r.Again > 0 {
		p.line("%d cases were wrong at first, and right when they were played again alone", r.Again)
	}
	p.line("")
	p.line("target\twant\thave\tcases\t")
	for _, t := range r.Targets {
		mark := "met"
		switch {
		case t.Cases == 0:
			mark = "not measured"
		case !t.Met:
			mark = "MISSED"
		}
		p.line("%s\t%s\t%s\t%d\t%s", t.What, t.Want, t.Have, t.Cases, mark)
	}
	p.flush()
	p.line("")
	r.marks(p)
	p.flush()
	t := r.Times
	p.line("")
	p.line("time to\tp50\tp95\t")
	p.line("first result\t%d ms\t%d ms\t", t.FirstP50, t.FirstP95)
	p.line("healthy verdict\t%d ms\t%d ms\t", t.HealthyP50, t.HealthyP95)
	p.line("any verdict\t%d ms\t%d ms\t", t.AnyP50, t.AnyP95)
	p.line("hung share\t\t%d ms\t", t.HungP95)
	p.flush()
	p.line("memory of the child that tests: %.1f MB (p50), %.1f MB (most)", t.PeakP50MB, t.PeakMB)
	p.line("")
	r.wrong(p)
	p.flush()
	return p.err
}

func (r Report) marks(p *printer) {
	p.line("\tbalise\theld-out third\tfirst failure\tall failures\t")
	rows := []struct {
		what string
		of   func(Figures) string
	}{
		{"single: named first", func(f Figures) string { return percent(f.Top1, f.Singles) }},
		{"single: among the first two", func(f Figures) string { return percent(f.Top2, f.Singles) }},
		{"double: both named", func(f Figures) string { return percent(f.Both, f.Doubles) }},
		{"double: one of them first", func(f Figures) string { return percent(f.EitherTop, f.Doubles) }},
		{"issues a single fault, mean (p95)", func(f Figures) string { return fmt.Sprintf("%.2f (%d)", f.IssuesMean, f.IssuesP95) }},
		{"precision", func(f Figures) string { return percent(f.Precision, f.Singles) }},
		{"recall", func(f Figures) string { return percent(f.Recall, f.Singles) }},
		{"guards kept", func(f Figures) string { return percent(f.Kept, f.Guards) }},
		{"false alarms, healthy", func(f Figures) string { return fmt.Sprintf("%d of %d", f.Alarms, f.Healthy) }},
		{"forbidden statements", func(f Figures) string { return fmt.Sprint(f.Forbidden) }},
	}
	for _, row := range rows {
		p.line("%s\t%s\t%s\t%s\t%s\t", row.what, row.of(r.Client), row.of(r.HeldOut), row.of(r.First), row.of(r.All))
	}
	p.line("other complaints (triage, folding, exit, late)\t%d\t%d\t\t\t", r.Client.Complaints, r.HeldOut.Complaints)
	p.line("another answer when asked twice\t%d\t%d\t\t\t", r.Client.Unstable, r.HeldOut.Unstable)
}

// wrong lists the confusions and every case that is not right, with what replays it.
func (r Report) wrong(p *printer) {
	confused := false
	for _, c := range r.Confusion {
		if c.Truth != c.Named {
			if !confused {
				p.line("truth\tnamed first\tcases\t")
			}
			confused = true
			p.line("%s\t%s\t%d\t", c.Truth, c.Named, c.Cases)
		}
	}
	p.flush()
	if len(r.Misses) == 0 {
		p.line("Every case is right.")
		return
	}
	if confused {
		p.line("")
	}
	p.line("Not right (replay one: --only NAME --seed N --keep-log):")
	for _, v := range r.Misses {
		p.line("  %s  seed %d  %v", v.Scenario, v.Seed, v.Took.Round(time.Millisecond))
		p.line("      %s", Why(v))
	}
}

// Why says in one line why a verdict is not right.
func Why(v Verdict) string {
	var parts []string
	add := func(label string, list []string) {
		if len(list) > 0 {
			parts = append(parts, label+strings.Join(list, ", "))
		}
	}
	switch {
	case v.Broken != "":
		return "the lab: " + v.Broken
	case v.Void != "":
		return "void: " + v.Void
	}
	good := v.Top1
	if v.Kind == Double {
		good = v.All
	}
	if !good {
		named := strings.Join(v.Named, ", ")
		if named == "" {
			named = "nothing"
		}
		parts = append(parts, fmt.Sprintf("expected %s, named %s", strings.Join(v.Truth, " and "), named))
	}
	add("forbidden: ", v.Forbidden)
	if v.Unstable {
		parts = append(parts, "another answer when asked twice")
	}
	add("", v.Complaints)
	return strings.Join(parts, "; ")
}

func percent(x float64, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*x)
}

// printer keeps the first error.
type printer struct {
	w   *tabwriter.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if _, err := fmt.Fprintf(p.w, format+"\n", args...); err != nil && p.err == nil {
		p.err = err
	}
}

func (p *printer) flush() {
	if err := p.w.Flush(); err != nil && p.err == nil {
		p.err = err
	}
}
