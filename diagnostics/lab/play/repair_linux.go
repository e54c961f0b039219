package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

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
	if err := p.attempt(ctx, r.ID, out); err != nil {
		return fmt.Errorf("repair %s: %w", r.ID, err)
	}
	out.After = &score.Document{}
	return p.ask(ctx, p.line("--json"), out.After)
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

// dialogue runs `balise repair run` with a terminal of its own and types the answers.
func (p *player) dialogue(ctx context.Context, r scenario.Repair) (screen string, exit int, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.Latest())
	defer cancel()
	near, far, err := terminal()
	if err != nil {
		return "", 0, err
	}
	defer near.Close()
	cmd := ordinary(p.st.Client(ctx, "repair", "run", r.ID))
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = far, far, far, time.Second
	if err := cmd.Start(); err != nil {
		far.Close()
		return "", 0, err
	}
	far.Close()
	var seen strings.Builder
	var reading sync.WaitGroup
	reading.Go(func() { read(near, &seen, r.Answers) })
	others := p.others(ctx, r.Meanwhile)
	err = cmd.Wait()
	meanwhile := others()
	near.Close() // a terminal that nobody holds any more ends the reading
	reading.Wait()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) && ctx.Err() == nil {
		return seen.String(), 0, err
	}
	return seen.String(), cmd.ProcessState.ExitCode(), meanwhile
}

// read follows the screen and types the next answer after each question, which ends without a new line.
func read(term *os.File, seen *strings.Builder, answers []string) {
	buf := make([]byte, 4096)
	for {
		n, err := term.Read(buf)
		seen.Write(buf[:n])
		if err != nil {
			return
		}
		if !asks(seen.String()) {
			continue
		}
		answer := "y"
		if len(answers) > 0 {
			answer, answers = answers[0], answers[1:]
		}
		if _, err := term.WriteString(answer + "\n"); err != nil {
			return
		}
	}
}

// asks tells whether the last line is a question that waits: the client ends none of its other lines so.
func asks(screen string) bool {
	last := screen[strings.LastIndexByte(screen, '\n')+1:]
	return strings.HasSuffix(last, "] ") || strings.HasSuffix(last, ") ") || strings.HasSuffix(last, "> ") ||
		strings.HasSuffix(last, "? ") || strings.HasSuffix(last, ": ")
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

// terminal makes a pair: what is typed into near is read from far.
func terminal() (near, far *os.File, err error) {
	near, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open a terminal: %w", err)
	}
	number := 0
	raw, err := near.SyscallConn()
	if err == nil {
		var inner error
		err = raw.Control(func(fd uintptr) {
			if inner = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); inner == nil {
				number, inner = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
			}
		})
		err = errors.Join(err, inner)
	}
	if err == nil {
		far, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		near.Close()
		return nil, nil, fmt.Errorf("open a terminal: %w", err)
	}
	return near, far, nil
}
