package ui

import (
	"context"
	"time"
)

// The deadlines of what the window asks of the agent. Each is longer than the agent's own, so that the
// agent's sentence arrives rather than ours.
const (
	quick   = 8 * time.Second  // what the agent answers from memory
	probing = 30 * time.Second // self-tests end within 5 s; the rest is a slow start of their child
	asking  = 45 * time.Second // what goes to the desk and back
	making  = 90 * time.Second // a report with a picture
	sending = 3 * time.Minute  // a report with large files, first try included
	fixing  = 15 * time.Minute // a repair that waits for the user
)

// scope is the life of a page, or of the window: what was asked in it is dropped when it ends.
type scope struct {
	ctx  context.Context
	stop context.CancelFunc
	post func(func())
}

func newScope(parent context.Context, post func(func())) *scope {
	ctx, stop := context.WithCancel(parent)
	return &scope{ctx: ctx, stop: stop, post: post}
}

func (s *scope) end() { s.stop() }

// over tells whether the page is gone.
func (s *scope) over() bool { return s.ctx.Err() != nil }

// child is a scope that ends at the latest with this one.
func (s *scope) child() *scope { return newScope(s.ctx, s.post) }

// ask calls the agent on another goroutine, with a deadline, and hands the answer to done on Fyne's
// goroutine, unless the scope has ended meanwhile.
func ask[T any](s *scope, limit time.Duration, call func(context.Context) (T, error), done func(T, error)) {
	go func() {
		ctx, cancel := context.WithTimeout(s.ctx, limit)
		defer cancel()
		v, err := call(ctx)
		s.post(func() {
			if !s.over() {
				done(v, err)
			}
		})
	}()
}

// do is ask without an answer.
func do(s *scope, limit time.Duration, call func(context.Context) error, done func(error)) {
	ask(s, limit, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) },
		func(_ struct{}, err error) { done(err) })
}

// after runs f on Fyne's goroutine after a while, unless the scope has ended.
func (s *scope) after(d time.Duration, f func()) {
	time.AfterFunc(d, func() {
		s.post(func() {
			if !s.over() {
				f()
			}
		})
	})
}
