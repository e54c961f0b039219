package suite

import (
	"context"
	"errors"
	"time"

	"balise/client"
	"balise/client/clienttest/badmanners"
)

// faultTimeout ends what a silent desk would hold for ever.
const faultTimeout = 3 * time.Second

// faults creates and replies through a proxy with bad manners, and holds the driver to what its errors
// promise: only ErrUnknownOutcome may stand for something stored, and what was stored is found.
func (s *suite) faults(t T) {
	p, err := badmanners.New(s.URL)
	must(t, err)
	defer p.Close()
	bad := s.Through(t, p.URL)
	ref := s.made(t, Draft("Faults", "x"))
	writes := s.Writes
	if writes == nil {
		writes = badmanners.Posts
	}
	for _, m := range badmanners.All() {
		fault := badmanners.Fault{Manner: m, Match: writes}
		if m == badmanners.Delay || m == badmanners.Drip {
			fault.Wait = time.Millisecond
		}
		t.Sub("create "+string(m), func(t T) {
			d := Draft("Fault "+string(m), "x", Bytes("a.png", "image/png", png()))
			p.Set(fault)
			ctx, cancel := context.WithTimeout(t.Context(), faultTimeout)
			defer cancel()
			rec, err := bad.Create(ctx, d, client.Receipt{})
			p.Set()
			var found client.Ref
			lookErr := settle(m, func() (err error) {
				found, err = bad.FindByClientRef(stepCtx(t), d.ClientRef)
				return err
			})
			promise(t, m, rec, err, lookErr)
			if rec.Ref.ID != "" && lookErr == nil && found.ID != rec.Ref.ID {
				t.Errorf("created %s, found %s", rec.Ref.ID, found.ID)
			}
		})
		t.Sub("reply "+string(m), func(t T) {
			out := client.Outgoing{ClientRef: client.NewClientRef(), Text: "fault " + string(m)}
			p.Set(fault)
			ctx, cancel := context.WithTimeout(t.Context(), faultTimeout)
			defer cancel()
			rec, err := bad.Reply(ctx, ref.ID, out)
			p.Set()
			lookErr := settle(m, func() error {
				_, err := bad.FindReply(stepCtx(t), ref.ID, out.ClientRef)
				return err
			})
			promise(t, m, rec, err, lookErr)
		})
	}
}

// settle looks again for a while where something must be there: a slow desk may still be at it.
func settle(m badmanners.Manner, look func() error) error {
	err := look()
	for range 10 {
		if !m.Stores() || !errors.Is(err, client.ErrNotFound) {
			break
		}
		time.Sleep(500 * time.Millisecond)
		err = look()
	}
	return err
}

// promise compares what the driver said with what the desk holds.
func promise(t T, m badmanners.Manner, rec client.Receipt, err, look error) {
	t.Helper()
	if look != nil && !errors.Is(look, client.ErrNotFound) {
		t.Fatalf("look-up: %v", look)
	}
	stored := look == nil
	// The two that act on connections, not on requests, also meet what a driver reads before it writes.
	if stored != m.Stores() {
		t.Errorf("the desk holds it: %v, want %v", stored, m.Stores())
	}
	switch {
	case err == nil && !stored:
		t.Error("the driver says it is there, the desk does not hold it")
	case err != nil && stored && rec.Ref.ID == "" && !errors.Is(err, client.ErrUnknownOutcome):
		t.Errorf("the desk holds it, the driver says %v", err)
	}
}
