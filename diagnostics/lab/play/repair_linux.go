package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"balise/diagnostics/lab/scenario"
	"balise/diagnostics/lab/score"
)

// repair runs the scenario's repair in a terminal, as a person does who answers its questions, and then tests the
// computer once more.
func (p *player) repair(ctx context.Context, r scenario.Repair) error {
	out := &score.Repaired{}
	p.res.Repair = out
	begun := time.Now()
	screen, exit, err := p.dialogue(ctx, r)
	if err != nil {
		return fmt.Errorf("repair %s: %w", r.ID, err)
	}
	out.Took, out.Exit, out.Screen = time.Since(begun), exit, tail(screen)
	for _, s := range r.Then {
		if err := p.st.Do(ctx, s.Do, s.With); err != nil {
			return fmt.Errorf("then %s: %w", s.Do, err)
		}
	}
	// The look comes first: the client that looks is also the one that goes on with what waited for a restart.
	out.After = &score.Document{}
	w := watch(p.req.Client)
	err = p.ask(ctx, p.line("--json"), out.After)
	w.end()
	if err != nil {
		return fmt.Errorf("repair %s: %w", r.ID, err)
	}
	out.BusyPercent = w.busiest()
	if slices.ContainsFunc(out.After.Named(), func(c string) bool { return scenario.Match("perf.cpu/*", c) }) {
		if err := p.left(ctx, out); err != nil {
			return err
		}
	}
	if err := p.attempt(ctx, r.ID, out); err != nil {
		return fmt.Errorf("repair %s: %w", r.ID, err)
	}
	return nil
}

// left asks the stage what it still sees of its own actions.
func (p *player) left(ctx context.Context, out *score.Repaired) error {
	seen, err := p.st.Observed(ctx)
	if err != nil {
		return fmt.Errorf("observe after the repair: %w", err)
	}
	for _, o := range seen {
		out.Left = append(out.Left, score.Observation{Action: o.Action, OK: o.OK, How: o.How})
	}
	return nil
}

// attempt asks the client for its own record of the newest attempt.
func (p *player) attempt(ctx context.Context, id string, out *score.Repaired) error {
	var history struct {
		Attempts []struct {
			ID, State, Reason string
		} `json:"attempts"`
	}
	if err := p.ask(ctx, []string{"repair", "history", "--json"}, &history); err != nil {
		return err
	}
	for _, a := range history.Attempts { // newest first
		if a.ID == id {
			out.State, out.Reason = a.State, a.Reason
			return nil
		}
	}
	return nil // it never began, which the empty state says
}

// ask runs a command of the client that prints one document.
func (p *player) ask(ctx context.Context, line []string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, p.req.Scenario.Expect.Latest()+grace)
	defer cancel()
	var stdout bytes.Buffer
	cmd := ordinary(p.st.Client(ctx, line...))
	cmd.Stdout, cmd.WaitDelay = &stdout, time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("client %s: %w", line[0], err)
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		return fmt.Errorf("read what %s printed: %w", strings.Join(line, " "), err)
	}
	return nil
}

// others does what others do meanwhile.
func (p *player) others(ctx context.Context, strikes []scenario.Strike) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	var errs []error
	begun := time.Now()
	done.Go(func() {
		for _, s := range strikes {
			timer := time.NewTimer(time.Until(begun.Add(time.Duration(s.After))))
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			if err := p.st.Do(context.WithoutCancel(ctx), s.Do, s.With); err != nil {
				errs = append(errs, fmt.Errorf("meanwhile %s: %w", s.Do, err))
			}
		}
	})
	return func() error {
		cancel()
		done.Wait()
		return errors.Join(errs...)
	}
}
