package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/client/outbox"
)

// look is how often deliver looks whether the first try has failed.
const look = 150 * time.Millisecond

// deliver waits for an item that was just added: for its number, for a clear no, or for the reason why it
// has to wait. Without a resident agent it also does the sending.
func (a *Agent) deliver(ctx context.Context, ref client.ClientRef) (api.Sent, error) {
	patience, cancel := context.WithTimeout(ctx, a.p.SendWait)
	defer cancel()
	if !a.p.Resident {
		// The process may end after this call: a request under way is given time to end well, because to
		// cut it off means to verify it later.
		var done func()
		patience, done = a.sendHere(ctx)
		defer done()
	}
	for {
		it, err := a.outbox.Item(patience, ref)
		if patience.Err() != nil || (err == nil && settled(it, a.p.Now())) {
			break
		}
		if err != nil {
			return api.Sent{}, err
		}
		slice, stop := context.WithTimeout(patience, look)
		_, _ = a.outbox.Wait(slice, ref) // where it then stands is read above, without a hurry
		stop()
	}
	it, err := a.outbox.Item(context.WithoutCancel(ctx), ref)
	if err != nil {
		return api.Sent{}, err
	}
	return sentOf(it), nil
}

// settled tells whether waiting longer is pointless: delivered, refused, or postponed with a reason. What is due
// now is not postponed: a look-up that found nothing is followed by the next try at once.
func settled(it outbox.Item, now time.Time) bool {
	switch it.State {
	case outbox.Sent, outbox.Refused:
		return true
	case outbox.Waiting:
		stored := it.Kind == outbox.Ticket && it.Ticket.ID != "" // only attachments are missing
		return it.Tries > 0 && it.Reason != nil && !stored && it.Next.After(now)
	}
	return false
}

// sendHere runs the sender inside the call.
func (a *Agent) sendHere(ctx context.Context) (patience context.Context, done func()) {
	patience, cancel := context.WithTimeout(ctx, api.WorkDeadline-10*time.Second)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := a.outbox.Run(patience); err != nil {
			a.p.Log.Error("send", "error", err)
		}
	}()
	return patience, func() {
		cancel()
		<-ended
	}
}

func sentOf(it outbox.Item) api.Sent {
	s := api.Sent{Ref: string(it.Ref), Code: it.Ref.Code(), State: "queued", Reason: reasonOf(it)}
	switch it.State {
	case outbox.Sent:
		s.State, s.Number, s.URL = "sent", it.Ticket.Number, it.Ticket.WebURL
	case outbox.Refused:
		s.State = "refused"
	}
	if it.Kind == outbox.Reply {
		s.Number, s.URL = it.Ticket.Number, it.Ticket.WebURL
	}
	return s
}

func reasonOf(it outbox.Item) *api.Error {
	if it.Reason == nil {
		return nil
	}
	return &api.Error{Code: it.Reason.Code, Args: it.Reason.Args, Detail: it.Reason.Detail}
}

func itemOf(it outbox.Item) api.OutboxItem {
	out := api.OutboxItem{
		Ref: string(it.Ref), Code: it.Ref.Code(), Kind: string(it.Kind), Subject: it.Subject,
		State: string(it.State), Created: it.Created, Next: it.Next, Tries: it.Tries, Bytes: it.Bytes,
		Reason: reasonOf(it),
	}
	if it.Kind == outbox.Reply {
		out.Ticket = it.Ticket.Number
	} else {
		out.Number = it.Ticket.Number
	}
	return out
}

func itemsOf(items []outbox.Item) []api.OutboxItem {
	out := make([]api.OutboxItem, len(items))
	for i, it := range items {
		out[i] = itemOf(it)
	}
	return out
}

// Outbox lists what is not delivered.
func (a *Agent) Outbox(ctx context.Context) ([]api.OutboxItem, error) {
	items, err := a.outbox.Items(ctx, false)
	if err != nil {
		return nil, a.explain(err)
	}
	return itemsOf(items), nil
}

// Flush tries to send everything that waits, now.
func (a *Agent) Flush(ctx context.Context) ([]api.OutboxItem, error) {
	a.link.insist()
	items, err := a.outbox.Flush(ctx)
	if err != nil {
		return nil, a.explain(err)
	}
	return itemsOf(items), nil
}

// Export writes one report as a ZIP file.
func (a *Agent) Export(ctx context.Context, ref string, w io.Writer) error {
	r, err := a.findRef(ctx, ref)
	if err != nil {
		return err
	}
	return a.explain(a.outbox.Export(ctx, r, w))
}

// Retry makes one item due now.
func (a *Agent) Retry(ctx context.Context, ref string) (api.OutboxItem, error) {
	r, err := a.findRef(ctx, ref)
	if err != nil {
		return api.OutboxItem{}, err
	}
	a.link.insist()
	it, err := a.outbox.Retry(ctx, r)
	if err != nil {
		return api.OutboxItem{}, a.explain(err)
	}
	if !a.p.Resident {
		if _, err := a.deliver(ctx, r); err != nil {
			return api.OutboxItem{}, a.explain(err)
		}
		if it, err = a.outbox.Item(ctx, r); err != nil {
			return api.OutboxItem{}, a.explain(err)
		}
	}
	return itemOf(it), nil
}

// Discard drops an item that was not delivered, and the record of it: it never left.
func (a *Agent) Discard(ctx context.Context, ref string) error {
	r, err := a.findRef(ctx, ref)
	if err != nil {
		return err
	}
	it, err := a.outbox.Item(ctx, r)
	if err != nil {
		return a.explain(err)
	}
	if err := a.outbox.Discard(ctx, r); err != nil {
		return a.explain(err)
	}
	if it.Tries == 0 {
		if err := a.store.Unrecord(ctx, string(r)); err != nil {
			return a.explain(err)
		}
	}
	return a.explain(a.recount(ctx))
}

// findRef accepts our reference, or the short code that was read out on the phone.
func (a *Agent) findRef(ctx context.Context, s string) (client.ClientRef, error) {
	if ref := client.ClientRef(s); ref.Valid() {
		return ref, nil
	}
	code, err := client.ParseCode(s)
	if err != nil {
		return "", &api.Error{Code: api.CodeNotFound, Detail: err.Error()}
	}
	items, err := a.outbox.Items(ctx, true)
	if err != nil {
		return "", a.explain(err)
	}
	for i := len(items) - 1; i >= 0; i-- {
		if items[i].Ref.Code() == code {
			return items[i].Ref, nil
		}
	}
	return "", &api.Error{Code: api.CodeNotFound, Detail: "no report with that code"}
}

// outboxChanged follows each change of an item.
func (a *Agent) outboxChanged(it outbox.Item) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.life), api.QuickDeadline)
	defer cancel()
	if it.State == outbox.Sent {
		if err := a.adopt(ctx, it); err != nil {
			a.p.Log.Error("remember what was sent", "ref", it.Ref, "error", err)
		}
		a.follow.soon()
	}
	if err := a.recount(ctx); err != nil && !errors.Is(err, context.Canceled) {
		a.p.Log.Error("count the outbox", "error", err)
	}
	a.bus.publish(api.Event{Kind: "outbox", Ref: string(it.Ref), Ticket: it.Ticket.Number})
}

// adopt puts a ticket that we just made into the cache, so that it shows before the desk is asked again.
func (a *Agent) adopt(ctx context.Context, it outbox.Item) error {
	if it.Kind != outbox.Ticket || it.Ticket.ID == "" {
		return nil
	}
	d := a.tickets()
	if _, err := d.ByID(ctx, it.Ticket.ID); err == nil {
		return nil // the poll was faster
	}
	err := d.Put(ctx, client.Ticket{
		Ref: it.Ticket, Subject: it.Subject, Status: client.StatusNew, Created: it.SentAt, ClientRef: it.Ref,
	}, string(it.Ref))
	if err != nil {
		return fmt.Errorf("keep ticket %s: %w", it.Ticket.Number, err)
	}
	return nil
}
