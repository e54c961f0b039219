package suite

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"balise/client"
)

// Report is what Check found.
type Report struct {
	Product string        `json:"product"`
	Version string        `json:"version,omitempty"`
	Person  client.Person `json:"person"`
	Caps    client.Caps   `json:"caps"`
	Parts   []PartResult  `json:"parts"`
	Tickets []string      `json:"tickets,omitempty"` // the numbers of those that were made
}

// PartResult is how one part went.
type PartResult struct {
	Name    string   `json:"name"`
	Outcome Outcome  `json:"outcome"`
	Why     string   `json:"why,omitempty"`   // of an outcome that is neither passed nor failed
	Wrong   []string `json:"wrong,omitempty"` // what failed, with the sub-part before it
	MS      int64    `json:"ms"`
}

// Passed tells whether nothing failed.
func (r Report) Passed() bool {
	for _, p := range r.Parts {
		if p.Outcome == Failed {
			return false
		}
	}
	return len(r.Parts) > 0
}

// Check runs the suite without package testing's runner. began is told each part before it starts; nil is nobody.
func Check(ctx context.Context, sides Sides, began func(part string)) Report {
	s := &suite{Sides: sides}
	root := &recorder{ctx: ctx, began: began}
	root.finish(func() { run(root, s) })
	return Report{
		Product: s.caps.Product, Version: s.caps.Version, Person: s.person, Caps: s.caps,
		Parts: root.parts, Tickets: s.tickets,
	}
}

// recorder is a T that writes down what happens. Depth 0 is the suite, depth 1 a part of it.
type recorder struct {
	ctx   context.Context
	began func(string)
	up    *recorder
	name  string
	depth int

	mu      sync.Mutex
	cleanup []func()
	failed  bool
	outcome Outcome
	why     string
	wrong   []string
	parts   []PartResult
}

func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Helper()                  {}

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanup = append(r.cleanup, f)
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *recorder) Error(args ...any) { r.fail(fmt.Sprint(args...)) }

func (r *recorder) Errorf(format string, args ...any) {
	r.fail(fmt.Errorf(format, args...).Error())
}

func (r *recorder) Fatal(args ...any) {
	r.fail(fmt.Sprint(args...))
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// fail notes what is wrong at the part, under the names on the way down to here.
func (r *recorder) fail(what string) {
	r.mu.Lock()
	r.failed = true
	if r.depth <= 1 {
		r.wrong = append(r.wrong, what)
	}
	r.mu.Unlock()
	switch {
	case r.depth > 1:
		r.up.fail(r.name + ": " + what)
	case r.depth == 1:
		r.up.mu.Lock()
		r.up.failed = true
		r.up.mu.Unlock()
	}
}

func (r *recorder) Outcome(o Outcome, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome, r.why = o, why
}

func (r *recorder) Sub(name string, f func(T)) {
	sub := &recorder{ctx: r.ctx, up: r, name: name, depth: r.depth + 1, outcome: Passed}
	if r.depth == 0 && r.began != nil {
		r.began(name)
	}
	start := time.Now()
	sub.finish(func() { f(sub) })
	if r.depth > 0 {
		return
	}
	res := PartResult{
		Name: name, Outcome: sub.outcome, Why: sub.why, Wrong: sub.wrong, MS: time.Since(start).Milliseconds(),
	}
	if sub.failed {
		res.Outcome, res.Why = Failed, ""
	}
	r.parts = append(r.parts, res)
}

// finish calls f in a goroutine of its own, which Fatal may end, and then the cleanups, last first. A driver that
// panics has failed, and the other parts go on.
func (r *recorder) finish(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				buf := make([]byte, 4<<10)
				stack := string(buf[:runtime.Stack(buf, false)])
				r.fail(fmt.Sprintf("the driver panicked: %v\n%s", p, strings.TrimSpace(stack)))
			}
		}()
		f()
	}()
	<-done
	for i := len(r.cleanup) - 1; i >= 0; i-- {
		r.cleanup[i]()
	}
}
