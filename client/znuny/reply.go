package znuny

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"balise/client"
	"balise/client/transport"
)

// update changes a ticket, once. What the desk answers 200 to is done: it makes all its checks first.
func (d *Driver) update(ctx context.Context, id string, in map[string]any) error {
	var got answer
	if err := d.write(ctx, http.MethodPatch, "/Ticket/"+id, in, &got); err != nil {
		return err
	}
	if len(got.TicketID) != 1 || string(got.TicketID[0]) != id {
		return fmt.Errorf("another ticket in the answer: %w", client.ErrUnknownOutcome)
	}
	return nil
}

// Reply answers on a ticket. An answer alone does not reopen it here, as it would on the desk's page: the state
// has to go with it. Where the desk does not take that state, the answer goes without, and Receipt.Changed
// has "status": "not reopened".
func (d *Driver) Reply(ctx context.Context, id string, m client.Outgoing) (client.Receipt, error) {
	if err := checkID(id); err != nil {
		return client.Receipt{}, err
	}
	if !m.ClientRef.Valid() {
		return client.Receipt{}, &client.InvalidError{Message: "no reference"}
	}
	files, changed := prepare(m.Attachments)
	attached, err := encode(files)
	if err != nil {
		return client.Receipt{}, fmt.Errorf("reply on %s: %w", id, err)
	}
	tk, err := d.Get(ctx, id, client.Validator{})
	if err != nil {
		return client.Receipt{}, fmt.Errorf("reply on %s: %w", id, beforeWrite(err))
	}
	in := map[string]any{"Article": d.article("Re: "+transport.Line(tk.Subject, maxTitle),
		textWith(m.Text, m.ClientRef), from(d.me(ctx)))}
	if len(attached) > 0 {
		in["Attachment"] = attached
	}
	if m.Reopen && (tk.Status == client.StatusResolved || tk.Status == client.StatusClosed) {
		in["Ticket"] = map[string]any{"State": d.p.OpenState}
	}
	err = d.update(ctx, id, in)
	if in["Ticket"] != nil && stateRefused(err) {
		delete(in, "Ticket")
		changed["status"] = "not reopened"
		err = d.update(ctx, id, in)
	}
	if err != nil {
		return client.Receipt{}, fmt.Errorf("reply on %s: %w", id, err)
	}
	return client.Receipt{Ref: tk.Ref, Changed: changed}, nil
}

// stateRefused: the refusal is about the state, and came before anything was stored.
func stateRefused(err error) bool {
	var invalid *client.InvalidError
	switch {
	case errors.As(err, &invalid):
		return strings.Contains(invalid.Message, "State")
	case errors.Is(err, client.ErrForbidden):
		return strings.Contains(strings.ToLower(err.Error()), "state")
	}
	return false
}

// CloseTicket gives the ticket the closed state, and looks whether it has it.
func (d *Driver) CloseTicket(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	err := d.update(ctx, id, map[string]any{"Ticket": map[string]any{"State": d.p.ClosedState}})
	if stateRefused(err) {
		return fmt.Errorf("close %s: %w: %s", id, client.ErrForbidden, err.Error())
	}
	if err != nil {
		return fmt.Errorf("close %s: %w", id, err)
	}
	tk, err := d.Get(ctx, id, client.Validator{})
	if err != nil {
		return fmt.Errorf("close %s: %w", id, err)
	}
	if tk.RawStatus != transport.Line(d.p.ClosedState, 60) {
		return fmt.Errorf("close %s: it is %q: %w", id, tk.RawStatus, client.ErrForbidden)
	}
	return nil
}

// FindReply looks for a reply with this reference, the newest first.
func (d *Driver) FindReply(ctx context.Context, id string, ref client.ClientRef) (client.Receipt, error) {
	if err := checkID(id); err != nil {
		return client.Receipt{}, err
	}
	t, _, err := d.thread(ctx, id)
	if err != nil {
		return client.Receipt{}, fmt.Errorf("find reply %s: %w", ref, err)
	}
	for i, a := range slices.Backward(t.Article) {
		if i > 0 && a.SenderType == "customer" && endsWith(strings.TrimRight(string(a.Body), " \t\r\n"), ref) {
			return client.Receipt{Ref: d.ref(id, transport.Line(string(t.TicketNumber), 60))}, nil
		}
	}
	return client.Receipt{}, fmt.Errorf("find reply %s: %w", ref, client.ErrNotFound)
}
