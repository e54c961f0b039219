package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"balise/diagnostics/lab/stage"
)

// The hidden first arguments with which the lab starts itself.
const (
	WorkerArg = "internal-worker"
	BusyArg   = "internal-busy"
)

// Launch plays one case in an isolated process and waits for it.
func Launch(ctx context.Context, req Request) Result {
	res, err := launch(ctx, req)
	if err != nil {
		return Result{Scenario: req.Scenario.Name, Seed: req.Seed, Error: err.Error()}
	}
	return res
}

func launch(ctx context.Context, req Request) (Result, error) {
	// The worker dies with the thread that started it, so that thread must stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeout(ctx, req.Deadline())
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return Result{}, fmt.Errorf("find this program: %w", err)
	}
	in, err := json.Marshal(req)
	if err != nil {
		return Result{}, fmt.Errorf("write request: %w", err)
	}
	// The worker is the rest of the world: other computers do not slow down because this one is busy.
	cmd := exec.CommandContext(ctx, "nice", "-n", strconv.Itoa(-ahead), self, WorkerArg)
	stage.Isolate(cmd)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	cmd.WaitDelay = 2 * time.Second
	err = cmd.Run()
	var res Result
	if jsonErr := json.Unmarshal(stdout.Bytes(), &res); jsonErr == nil {
		return res, nil
	}
	if ctx.Err() != nil {
		err = errors.Join(fmt.Errorf("the worker did not end: %w", ctx.Err()), err)
	}
	return Result{}, fmt.Errorf("worker: %w: %s", err, strings.TrimSpace(tail(stderr.String())))
}

// Pool plays requests, jobs at a time, and calls done for each as it ends, never two at once.
func Pool(ctx context.Context, jobs int, reqs []Request, done func(int, Result)) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := make(chan int)
	for range max(jobs, 1) {
		wg.Go(func() {
			for i := range next {
				res := Launch(ctx, reqs[i])
				mu.Lock()
				done(i, res)
				mu.Unlock()
			}
		})
	}
feed:
	for i := range reqs {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
}

// Busy starts n processes that do nothing but compute; stop, called by the same goroutine, ends them. They end
// with this program, however it ends.
func Busy(n int) (stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	runtime.LockOSThread() // they die with the thread that started them
	var cmds []*exec.Cmd
	stop = func() {
		defer runtime.UnlockOSThread()
		for _, c := range cmds {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	for range n {
		cmd := exec.Command(self, BusyArg)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			stop()
			return nil, fmt.Errorf("start a busy process: %w", err)
		}
		cmds = append(cmds, cmd)
	}
	return stop, nil
}

// Spin is the busy process.
func Spin() {
	for n := uint64(1); n != 0; n += 2 {
		_ = n
	}
}
