package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/lab/play"
	"balise/diagnostics/lab/scenario"
	"balise/diagnostics/lab/score"
)

// buildTime bounds the compiler.
const buildTime = 5 * time.Minute

// grade plays the plan and prints the report. It tells whether a target was missed.
func (p plan) grade(ctx context.Context, o options, stdout, stderr io.Writer) (bool, error) {
	dir, err := os.MkdirTemp("", "balise-lab-")
	if err != nil {
		return false, fmt.Errorf("make a folder: %w", err)
	}
	if o.keepLog {
		fmt.Fprintln(stderr, "logs:", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the client runs as a plain user
		return false, fmt.Errorf("make a folder: %w", err)
	}
	client, err := theClient(ctx, o.client, dir, stderr)
	if err != nil {
		return false, err
	}
	texts, err := readTexts()
	if err != nil {
		return false, err
	}
	g := grader{o: o, dir: dir, client: client, texts: texts, stderr: stderr}
	// The healthy ones first and one at a time: what they are timed by is the client, not its neighbours.
	alone, together := p.cases(o)
	cases := g.play(ctx, alone, 1, false)
	cases = append(cases, g.play(ctx, together, o.jobs, false)...)
	if o.load > 0 && ctx.Err() == nil {
		stop, err := play.Busy(o.load)
		if err != nil {
			return false, err
		}
		cases = append(cases, g.play(ctx, alone, 1, true)...)
		stop()
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "interrupted; the report is of what was played")
	}
	again := 0
	if o.again && ctx.Err() == nil {
		again = g.playAgain(ctx, cases)
	}
	report := score.Sum(cases, texts)
	report.Again = again
	if o.json {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		err = report.Text(stdout)
	}
	return report.Missed(o.gate == gateAnswers) || ctx.Err() != nil, err
}

// playAgain plays the wrong cases once more, one at a time, puts the new outcomes in the old ones' places, and tells
// how many are right now.
func (g grader) playAgain(ctx context.Context, cases []score.Case) int {
	right := 0
	for i, c := range cases {
		if c.Loaded || score.Judge(c.Scenario, c.Outcome, g.texts).Right() || ctx.Err() != nil {
			continue
		}
		fresh := g.play(ctx, []todo{{c.Scenario, c.Outcome.Seed}}, 1, false)
		if len(fresh) != 1 {
			continue
		}
		cases[i] = fresh[0]
		if score.Judge(c.Scenario, fresh[0].Outcome, g.texts).Right() {
			right++
		}
	}
	return right
}

// theClient is the given program, or the real one, built as it is shipped.
func theClient(ctx context.Context, given, dir string, stderr io.Writer) (string, error) {
	if given != "" {
		abs, err := filepath.Abs(given)
		if err != nil {
			return "", fmt.Errorf("find the client: %w", err)
		}
		if _, err := os.Stat(abs); err != nil {
			return "", fmt.Errorf("find the client: %w", err)
		}
		return abs, nil
	}
	root, err := module()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, buildTime)
	defer cancel()
	out := filepath.Join(dir, "balise")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", out, "./app")
	cmd.Dir, cmd.Stderr = root, stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build the client: %w", err)
	}
	return out, nil
}

// readTexts gives what people read of a cause, from the client's own table.
func readTexts() (score.Texts, error) {
	kb, err := cause.Core()
	if err != nil {
		return nil, fmt.Errorf("read the causes' texts: %w", err)
	}
	return func(language, code string) []string {
		e, ok := kb.Entry(diagnostics.Cause(code))
		if !ok {
			return nil
		}
		t := e.Text[language]
		return []string{t.Short, t.Sentence, t.Breaks, t.Now}
	}, nil
}

// todo is one case before it is played.
type todo struct {
	scenario scenario.Scenario
	seed     uint64
}

// cases are the seeds of the healthy computer, and all other cases in random but fixed order, so that a slow minute
// of the machine does not meet one scenario alone.
func (p plan) cases(o options) (alone, together []todo) {
	seeds := []uint64{o.seed}
	if o.seed == 0 {
		seeds = nil
		for n := range o.seeds {
			seeds = append(seeds, uint64(n+1))
		}
	}
	for _, s := range p.scenarios {
		for i, seed := range seeds {
			if s.Double() && i > 0 {
				break // another pair says more than another seed
			}
			if s.Name == healthyName {
				alone = append(alone, todo{s, seed})
			} else {
				together = append(together, todo{s, seed})
			}
		}
	}
	for n := range o.healthy {
		alone = append(alone, todo{healthy(), uint64(n + 1)})
	}
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(together), func(i, j int) { together[i], together[j] = together[j], together[i] })
	return alone, together
}

type grader struct {
	o           options
	dir, client string
	texts       score.Texts
	stderr      io.Writer
}

// everyOther of the seeds is played twice, for the time to the first result.
const everyOther = 4

func (g grader) play(ctx context.Context, todos []todo, jobs int, loaded bool) []score.Case {
	var reqs []play.Request
	for _, t := range todos {
		r := play.Request{
			Scenario: t.scenario, Seed: t.seed, Client: g.client,
			Twice: t.seed%everyOther == 1, Repair: g.o.repairs, Verbose: g.o.keepLog,
		}
		if g.o.keepLog {
			r.Dir = filepath.Join(g.dir, fmt.Sprintf("%s-%d", t.scenario.Name, t.seed))
			if err := os.MkdirAll(r.Dir, 0o777); err != nil {
				fmt.Fprintln(g.stderr, "lab:", err)
			}
		}
		reqs = append(reqs, r)
	}
	var cases []score.Case
	play.Pool(ctx, jobs, reqs, func(i int, out score.Outcome) {
		if ctx.Err() != nil {
			return // it was torn down, which says nothing about the client
		}
		c := score.Case{Scenario: reqs[i].Scenario, Outcome: out, Loaded: loaded}
		cases = append(cases, c)
		g.tell(len(cases), len(reqs), c, reqs[i].Dir)
	})
	return cases
}

// tell prints one line for a case and keeps its outcome.
func (g grader) tell(n, of int, c score.Case, dir string) {
	v := score.Judge(c.Scenario, c.Outcome, g.texts)
	if dir != "" {
		raw, err := json.MarshalIndent(struct {
			Scenario scenario.Scenario `json:"scenario"`
			Verdict  score.Verdict     `json:"verdict"`
			Outcome  score.Outcome     `json:"outcome"`
		}{c.Scenario, v, c.Outcome}, "", "  ")
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "case.json"), raw, 0o644)
		}
		if err != nil {
			fmt.Fprintln(g.stderr, "lab:", err)
		}
	}
	if g.o.quiet {
		return
	}
	mark, why := "ok", ""
	switch {
	case v.Broken != "":
		mark, why = "LAB", v.Broken
	case v.Void != "":
		mark, why = "void", v.Void
	case !v.Right():
		mark, why = "MISS", score.Why(v)
	}
	fmt.Fprintf(g.stderr, "%4d/%d %-4s %s seed %d, %d ms %s\n", n, of, mark, v.Scenario, v.Seed,
		c.Outcome.Took.Milliseconds(), why)
}
