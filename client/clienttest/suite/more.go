package suite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"balise/client"
)

// statuses sets each status from the desk's side and reads it from the requester's.
func (s *suite) statuses(t T) {
	ref := s.made(t, Draft("Statuses", "x"))
	for _, want := range []client.Status{
		client.StatusOpen, client.StatusPending, client.StatusResolved, client.StatusClosed,
	} {
		err := s.Technician.SetStatus(stepCtx(t), ref.ID, want)
		if errors.Is(err, client.ErrUnsupported) {
			continue
		}
		must(t, err)
		tk, err := s.Alice.Get(stepCtx(t), ref.ID, client.Validator{})
		if err != nil || tk.Status != want || tk.RawStatus == "" {
			t.Errorf("status %q (%q), %v; want %q", tk.Status, tk.RawStatus, err, want)
		}
	}
}

// finish ends a ticket from the desk's side: as resolved, or closed where the desk has no such state.
func (s *suite) finish(t T, id string) {
	t.Helper()
	err := s.Technician.SetStatus(stepCtx(t), id, client.StatusResolved)
	if errors.Is(err, client.ErrUnsupported) {
		err = s.Technician.SetStatus(stepCtx(t), id, client.StatusClosed)
	}
	must(t, err)
}

// reopen answers on a finished ticket.
func (s *suite) reopen(t T) {
	if !s.caps.CanReopen && !s.caps.ReopenByReply {
		t.Outcome(Cannot, "a finished ticket stays finished; its requester cannot change that")
		return
	}
	ref := s.made(t, Draft("Reopen", "x"))
	s.finish(t, ref.ID)
	tk, err := s.Alice.Get(stepCtx(t), ref.ID, client.Validator{})
	if err != nil || tk.Actions.Reopen == client.No {
		t.Errorf("resolved: may reopen %q, %v", tk.Actions.Reopen, err)
	}
	rec, err := s.Alice.Reply(stepCtx(t), ref.ID, client.Outgoing{
		ClientRef: client.NewClientRef(), Text: "it is back", Reopen: true,
	})
	must(t, err)
	tk, err = s.Alice.Get(stepCtx(t), ref.ID, client.Validator{})
	if err != nil || tk.Status == client.StatusResolved || tk.Status == client.StatusClosed {
		t.Errorf("after reopening: %q, %v, receipt %+v", tk.Status, err, rec)
	}
	v, err := s.Technician.Look(stepCtx(t), ref.ID)
	if err != nil || v.Status != tk.RawStatus {
		t.Errorf("the desk's side says %q, ours %q, %v", v.Status, tk.RawStatus, err)
	}
}

// closing ends a ticket by the requester's own hand, where the desk lets him.
func (s *suite) closing(t T) {
	closer, ok := s.Alice.(client.Closer)
	if !s.caps.CanClose || !ok {
		t.Outcome(Cannot, "a requester does not close his tickets through this driver")
		return
	}
	ref := s.made(t, Draft("Close", "x"))
	// A desk without a resolved state closes what is open.
	if err := s.Technician.SetStatus(stepCtx(t), ref.ID, client.StatusResolved); !errors.Is(err, client.ErrUnsupported) {
		must(t, err)
	}
	tk, err := s.Alice.Get(stepCtx(t), ref.ID, client.Validator{})
	if err != nil || tk.Actions.Close == client.No {
		t.Fatalf("resolved: may close %q, %v", tk.Actions.Close, err)
	}
	must(t, closer.CloseTicket(stepCtx(t), ref.ID))
	tk, err = s.Alice.Get(stepCtx(t), ref.ID, client.Validator{})
	if err != nil || tk.Status != client.StatusClosed {
		t.Errorf("after closing: %q (%q), %v", tk.Status, tk.RawStatus, err)
	}
}

// list pages through fresh tickets and asks for what changed. Others may use the desk meanwhile, so it
// says nothing about tickets that are not its own.
func (s *suite) list(t T) {
	old := s.made(t, Draft("List, before", "x"))
	time.Sleep(1100 * time.Millisecond) // desks count in seconds: let earlier changes be past
	start, err := s.Alice.List(stepCtx(t), client.ListQuery{IncludeClosed: true, Limit: 1})
	must(t, err)
	since := start.Now
	if since.IsZero() {
		t.Error("the list does not tell the desk's time")
		since = time.Now().Add(-time.Minute)
	}
	want := map[string]bool{}
	var closed string
	for i := range 5 {
		ref := s.made(t, Draft(fmt.Sprintf("List %d", i), "x"))
		want[ref.ID], closed = true, ref.ID
	}
	if s.Technician != nil {
		s.finish(t, closed)
	}

	got := s.all(t, client.ListQuery{IncludeClosed: true, Limit: 100})
	if got[old.ID] == 0 {
		t.Errorf("ticket %s is not in the list", old.ID)
	}
	delta := s.all(t, client.ListQuery{IncludeClosed: true, Since: since, Limit: 2})
	before, err := s.Alice.Get(stepCtx(t), old.ID, client.Validator{})
	must(t, err)
	if s.caps.Delta && delta[old.ID] != 0 && before.Updated.Before(since.Truncate(time.Second)) {
		t.Errorf("changed since %v: ticket %s, which did not", since, old.ID)
	}
	for id := range want {
		if got[id] == 0 || delta[id] == 0 {
			t.Errorf("ticket %s is %d times in the list, %d times among the changed", id, got[id], delta[id])
		}
	}
	if open := s.all(t, client.ListQuery{Limit: 100}); s.Technician != nil && open[closed] != 0 {
		t.Error("a list without closed tickets has a resolved one")
	}
	if none := s.all(t, client.ListQuery{IncludeClosed: true, Since: time.Now().Add(72 * time.Hour)}); len(none) != 0 {
		t.Errorf("changed in three days' time: %v", none)
	}
	if _, err := s.Alice.List(stepCtx(t), client.ListQuery{Cursor: "'; DROP"}); err == nil {
		t.Error("a senseless cursor was taken")
	}
}

func (s *suite) all(t T, q client.ListQuery) map[string]int {
	t.Helper()
	got := map[string]int{}
	for range 200 {
		page, err := s.Alice.List(stepCtx(t), q)
		must(t, err)
		for _, tk := range page.Tickets {
			got[tk.ID]++
			if tk.Subject == "" || tk.Status == "" || tk.Updated.IsZero() {
				t.Errorf("listed ticket %+v", tk)
			}
		}
		if page.Next == "" {
			return got
		}
		q.Cursor = page.Next
	}
	t.Error("the list does not end")
	return got
}

// resume calls Create again for a ticket that exists.
func (s *suite) resume(t T) {
	file := Bytes("later.png", "image/png", png())
	d := Draft("Resume", "x", file)
	ref := s.made(t, d)
	for range 2 {
		rec, err := s.Alice.Create(stepCtx(t), d, client.Receipt{Ref: ref})
		if err != nil || rec.Ref.ID != ref.ID || len(rec.Pending) > 0 {
			t.Fatalf("resume of a whole ticket: %+v, %v", rec, err)
		}
	}
	if n := s.filesOf(t, ref.ID); n != 1 {
		t.Errorf("after two resumes the desk holds %d files, want 1", n)
	}

	if s.caps.CreateIdem == client.IdemKey {
		return // such a desk stores a ticket whole or not at all: there is no half to go on with
	}
	half := Draft("Resume half", "x")
	ref = s.made(t, half)
	half.Attachments = []client.Upload{file, Bytes("b.json", "application/json", []byte(`{"b":2}`))}
	rec, err := s.Alice.Create(stepCtx(t), half, client.Receipt{Ref: ref, Pending: []string{"later.png", "b.json"}})
	if err != nil || rec.Ref.ID != ref.ID || len(rec.Pending) > 0 {
		t.Fatalf("resume of half a ticket: %+v, %v", rec, err)
	}
	if n := s.filesOf(t, ref.ID); n != 2 {
		t.Errorf("after the resume the desk holds %d files, want 2", n)
	}
	if found, err := s.Alice.FindByClientRef(stepCtx(t), half.ClientRef); err != nil || found.ID != ref.ID {
		t.Errorf("find: %+v, %v; want %s", found, err, ref.ID)
	}
}

// filesOf counts a ticket's files, as the desk's people see them where we can ask as one of them.
func (s *suite) filesOf(t T, id string) int {
	t.Helper()
	if s.Technician != nil {
		v, err := s.Technician.Look(stepCtx(t), id)
		must(t, err)
		return len(v.Files)
	}
	msgs, err := s.Alice.Thread(stepCtx(t), id)
	must(t, err)
	n := 0
	for _, m := range msgs {
		n += len(m.Attachments)
	}
	return n
}

// conditional asks with a validator before and after a change.
func (s *suite) conditional(t T) {
	if !s.caps.Conditional {
		t.Outcome(Cannot, "the product cannot say that a ticket has not changed")
		return
	}
	ref := s.made(t, Draft("Conditional", "x"))
	tk, err := s.Alice.Get(stepCtx(t), ref.ID, client.Validator{})
	if err != nil || tk.Validator.ETag == "" {
		t.Fatalf("get: %+v, %v", tk.Validator, err)
	}
	if _, err := s.Alice.Get(stepCtx(t), ref.ID, tk.Validator); !errors.Is(err, client.ErrNotModified) {
		t.Errorf("unchanged: %v, want ErrNotModified", err)
	}
	if s.Technician != nil {
		must(t, s.Technician.Reply(stepCtx(t), ref.ID, "changed"))
	} else {
		_, err := s.Alice.Reply(stepCtx(t), ref.ID, client.Outgoing{ClientRef: client.NewClientRef(), Text: "changed"})
		must(t, err)
	}
	if _, err := s.Alice.Get(stepCtx(t), ref.ID, tk.Validator); err != nil {
		t.Errorf("changed: %v", err)
	}
}

// wrong asks for what is not there and hands in what is not right.
func (s *suite) wrong(t T) {
	if _, err := s.Alice.FindByClientRef(stepCtx(t), client.NewClientRef()); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("find an unknown reference: %v, want ErrNotFound", err)
	}
	for _, id := range []string{"", "999999999", "../user/1", "1 OR 1=1", "-1", "1/../2"} {
		_, err := s.Alice.Get(stepCtx(t), id, client.Validator{})
		if !errors.Is(err, client.ErrNotFound) && !errors.Is(err, client.ErrForbidden) {
			t.Errorf("get %q: %v, want ErrNotFound or ErrForbidden", id, err)
		}
		if _, err := s.Alice.Thread(stepCtx(t), id); err == nil {
			t.Errorf("thread %q: no error", id)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := Draft("Never", "sent")
	if _, err := s.Alice.Create(ctx, d, client.Receipt{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled create: %v", err)
	}
	if _, err := s.Alice.FindByClientRef(stepCtx(t), d.ClientRef); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("the cancelled ticket: %v, want ErrNotFound", err)
	}
	d = Draft("Line\r\nX-Injected: 1 \x00\x1b[31m\u202e", strings.Repeat("é", 1<<20))
	ref := s.made(t, d)
	tk, err := s.Alice.Get(stepCtx(t), ref.ID, client.Validator{})
	if err != nil || strings.ContainsAny(tk.Subject, "\r\n\x00\x1b\u202e") {
		t.Errorf("control characters: %q, %v", tk.Subject, err)
	}
	if msgs, err := s.Alice.Thread(stepCtx(t), ref.ID); err != nil || len(msgs) == 0 || len(msgs[0].Text) < 100<<10 {
		t.Errorf("a text of 2 MB: %d messages, %v", len(msgs), err)
	}
}

func (s *suite) rating(t T) {
	rater, ok := s.Alice.(client.Rater)
	if !s.caps.CanRate {
		t.Outcome(Cannot, "the product takes no ratings")
		return
	}
	if !ok {
		t.Fatal("Caps.CanRate, but the driver is no Rater")
	}
	ref := s.made(t, Draft("Rating", "x"))
	must(t, s.Technician.SetStatus(stepCtx(t), ref.ID, client.StatusResolved))
	give := client.Rating{Value: s.caps.RateMax, Max: s.caps.RateMax, Comment: "merci 😀"}
	must(t, rater.Rate(stepCtx(t), ref.ID, give))
	tk, err := s.Alice.Get(stepCtx(t), ref.ID, client.Validator{})
	if err != nil || tk.Rating == nil || tk.Rating.Value != give.Value {
		t.Errorf("rating %+v, %v", tk.Rating, err)
	}
}

func (s *suite) notices(t T) {
	a, ok := s.Alice.(client.Announcer)
	if !s.caps.HasNotices {
		t.Outcome(Cannot, "the product publishes no notices, or not to this user")
		return
	}
	if !ok {
		t.Fatal("Caps.HasNotices, but the driver is no Announcer")
	}
	if _, err := a.Notices(stepCtx(t)); err != nil {
		t.Errorf("notices: %v", err)
	}
}
