package play

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"balise/diagnostics/lab/scenario"
	"balise/diagnostics/lab/score"
	"balise/diagnostics/lab/stage"
)

// Work is the worker: one request in, one result out. It must run in a process that Launch started.
func Work(ctx context.Context, in io.Reader, out io.Writer) error {
	var req Request
	if err := json.NewDecoder(in).Decode(&req); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	req.Scenario.Plain()
	if err := json.NewEncoder(out).Encode(play(ctx, req)); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// play plays one case. What goes wrong with the lab itself is in the result.
func play(ctx context.Context, req Request) Result {
	p := &player{req: req, res: Result{Scenario: req.Scenario.Name, Seed: req.Seed}, log: quiet()}
	var lines bytes.Buffer
	if req.Verbose {
		p.log = slog.New(slog.NewTextHandler(&lines, nil))
	}
	if err := p.play(ctx); err != nil {
		p.res.Error = err.Error()
	}
	p.res.Log = lines.String()
	return p.res
}

type player struct {
	req Request
	res Result
	log *slog.Logger
	st  *stage.Stage
	// harmless are the actions of the seed.
	harmless []string
}

func (p *player) play(ctx context.Context) (err error) {
	if err := stage.Prepare(); err != nil {
		return err
	}
	p.st, err = stage.Open(ctx, stage.Params{Seed: p.req.Seed, Dir: p.req.Dir, Client: p.req.Client, Log: p.log})
	if err != nil {
		return fmt.Errorf("open stage: %w", err)
	}
	defer func() {
		// The end of this process takes down whatever Close could not: no reason to lose the case.
		if err := p.st.Close(); err != nil {
			p.log.Warn("close stage", "error", err)
		}
	}()
	if err := p.prepare(ctx); err != nil {
		return err
	}
	ended, err := p.run(ctx)
	if err != nil {
		return err
	}
	seen, err := p.st.Observed(ctx)
	if err != nil {
		return fmt.Errorf("observe: %w", err)
	}
	for _, o := range seen {
		p.res.Observed = append(p.res.Observed, score.Observation{
			Action: o.Action, OK: o.OK, How: o.How, Harmless: p.isHarmless(o.Action), Strained: o.Strained,
		})
	}
	p.res.Observed = append(p.res.Observed, ended...)
	if p.req.Twice && len(p.req.Scenario.Strikes) == 0 {
		if err := p.again(ctx); err != nil {
			return err
		}
	}
	if p.req.Repair && p.req.Scenario.Repair != nil {
		return p.repair(ctx, *p.req.Scenario.Repair)
	}
	return nil
}

func (p *player) isHarmless(action string) bool {
	return slices.Contains(p.harmless, action) &&
		!slices.ContainsFunc(p.req.Scenario.Stage, func(s scenario.Step) bool { return s.Do == action })
}

// prepare varies what is harmless, lays the settings over the stage's and breaks what is to be broken.
func (p *player) prepare(ctx context.Context) error {
	s := p.req.Scenario
	rng := p.req.source()
	settings := p.st.Settings()
	p.res.Language = languages[rng.IntN(len(languages))]
	settings["language"] = p.res.Language
	for _, v := range vary(rng, s) {
		if err := p.st.Do(ctx, v.Do, v.With); err != nil {
			return fmt.Errorf("vary %s: %w", v.Do, err)
		}
		p.harmless = append(p.harmless, v.Do)
		p.res.Varied = append(p.res.Varied, fmt.Sprint(v.Do, v.With))
	}
	for k, v := range scenario.Merge(settings, s.Settings) {
		settings[k] = v
	}
	if lang, ok := settings["language"].(string); ok {
		p.res.Language = lang
	}
	for _, step := range s.Stage {
		if err := p.st.Do(ctx, step.Do, step.With); err != nil {
			return fmt.Errorf("%s: %w", step.Do, err)
		}
	}
	settle()
	return nil
}

// run runs the client once, with the strikes beside it.
func (p *player) run(ctx context.Context) ([]score.Observation, error) {
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(ctx, p.req.Scenario.Expect.Latest()+grace)
	defer cancel()
	cmd := ordinary(p.st.Client(ctx, p.line("--json")...))
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, time.Second
	w := watch(p.req.Client)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		w.end()
		return nil, fmt.Errorf("start client: %w", err)
	}
	strikes := p.strike(ctx, start)
	err := cmd.Wait()
	p.res.Took = time.Since(start)
	w.end()
	ended, strikeErr := strikes()
	p.res.BusyPercent, p.res.PeakKB, p.res.ClientKB = w.busiest(), w.probeKB, w.clientKB
	p.res.Killed = ctx.Err() != nil
	p.res.Exit = cmd.ProcessState.ExitCode()
	p.res.Stderr = tail(stderr.String())
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !p.res.Killed && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, fmt.Errorf("client: %w", err)
	}
	d := &score.Document{}
	if err := json.Unmarshal(stdout.Bytes(), d); err == nil {
		p.res.Document = d
	} else {
		p.res.Stderr = tail(p.res.Stderr + "\nstdout: " + err.Error())
	}
	return ended, strikeErr
}

// line is what a person would type.
func (p *player) line(form string) []string {
	line := []string{"check", form}
	if only := p.req.Scenario.Only; len(only) > 0 {
		line = append(line, "--only", strings.Join(only, ","))
	}
	return line
}

// strike does the scenario's strikes at their times. The function that it returns stops it and tells which
// strikes came too late.
func (p *player) strike(ctx context.Context, start time.Time) func() ([]score.Observation, error) {
	strikes := slices.Clone(p.req.Scenario.Strikes)
	if p.req.Scenario.Vary.Allows("strikes") {
		rng := p.req.source()
		factor := 0.75 + rng.Float64()/2
		for i := range strikes {
			strikes[i].After = scenario.Duration(float64(strikes[i].After) * factor)
		}
	}
	slices.SortStableFunc(strikes, func(a, b scenario.Strike) int { return int(a.After - b.After) })
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	var late []score.Observation
	var errs []error
	done.Go(func() {
		for _, s := range strikes {
			timer := time.NewTimer(time.Until(start.Add(time.Duration(s.After))))
			select {
			case <-ctx.Done():
				timer.Stop()
				late = append(late, score.Observation{Action: s.Do, How: "the client had ended before"})
				continue
			case <-timer.C:
			}
			if err := p.st.Do(context.WithoutCancel(ctx), s.Do, s.With); err != nil {
				errs = append(errs, fmt.Errorf("strike %s: %w", s.Do, err))
			}
		}
	})
	return func() ([]score.Observation, error) {
		cancel()
		done.Wait()
		return late, errors.Join(errs...)
	}
}

// again runs the client a second time on the same stage, for the time to its first result and to see whether it
// says the same.
func (p *player) again(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.req.Scenario.Expect.Latest()+grace)
	defer cancel()
	cmd := ordinary(p.st.Client(ctx, p.line("--events")...))
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start client: %w", err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var e struct {
			Event    string          `json:"event"`
			Document *score.Document `json:"document"`
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		if e.Event == "check_finished" && p.res.First == 0 {
			p.res.First = time.Since(start)
		}
		if e.Document != nil && e.Document.Diagnosis != nil {
			p.res.Again = e.Document
		}
	}
	_ = cmd.Wait() // its exit code says only that a problem is named
	return nil
}

// tail keeps the end of what a client wrote to stderr.
func tail(s string) string {
	const most = 2000
	if len(s) > most {
		return "..." + s[len(s)-most:]
	}
	return s
}
