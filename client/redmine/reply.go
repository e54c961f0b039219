package redmine

import (
	"context"
	"fmt"
	"net/http"

	"balise/client"
)

// change is the body of an update.
type change struct {
	Notes   string      `json:"notes,omitempty"`
	Status  id          `json:"status_id,omitempty"`
	Uploads []uploadRef `json:"uploads,omitempty"`
}

// update changes an issue. The answer is 204 whether Redmine took all of it, some, or nothing.
func (d *Driver) update(ctx context.Context, key string, c change) error {
	r := d.request(http.MethodPut, "/issues/"+key+".json", nil)
	r.JSON = map[string]any{"issue": c}
	_, err := d.p.Transport.Do(ctx, r)
	return err
}

// Reply answers on an issue, and reads it back. A reply alone reopens nothing in Redmine: Reopen sends the step of the
// workflow along; where that is not granted, Receipt.Changed has "status": "not reopened". Files that the desk refuses
// are in Receipt.Changed as with Create.
func (d *Driver) Reply(ctx context.Context, key string, m client.Outgoing) (client.Receipt, error) {
	if err := checkID(key); err != nil {
		return client.Receipt{}, err
	}
	if !m.ClientRef.Valid() {
		return client.Receipt{}, &client.InvalidError{Message: "no reference"}
	}
	i, _, err := d.issue(ctx, key, "allowed_statuses", nil)
	if err != nil {
		return client.Receipt{}, fmt.Errorf("reply on %s: %w", key, beforeWrite(err))
	}
	files, changed := prepare(m.Attachments)
	sent, _, err := d.upload(ctx, files, nil, changed)
	if err != nil {
		return client.Receipt{}, fmt.Errorf("reply on %s: %w", key, beforeWrite(err))
	}
	c := change{Notes: textWith(m.Text, m.ClientRef), Uploads: refsTo(sent)}
	wanted := m.Reopen && finished(d.unified(i.Status))
	if wanted {
		step, _ := d.toReopen(d.allowed(i))
		c.Status = step.ID
	}
	err = d.update(ctx, key, c)
	if refused(err) && c.Status.valid() {
		// The workflow wants more than a step, a field that is required there. What is said matters more.
		c.Status = 0
		err = d.update(ctx, key, c)
	}
	if err != nil {
		return client.Receipt{}, fmt.Errorf("reply on %s: %w", key, err)
	}
	return d.verifyReply(ctx, key, m.ClientRef, wanted, changed)
}

// verifyReply looks whether the reply is there.
func (d *Driver) verifyReply(
	ctx context.Context, key string, ref client.ClientRef, reopen bool, changed map[string]string,
) (client.Receipt, error) {
	i, _, err := d.issue(ctx, key, "journals", nil)
	if err != nil {
		// It was taken, and may have been dropped all the same: look for it before anything else.
		return client.Receipt{}, fmt.Errorf("verify reply on %s: %w: %w", key, client.ErrUnknownOutcome, err)
	}
	if !d.said(i, ref) {
		return client.Receipt{}, fmt.Errorf("reply on %s: the desk said yes and kept nothing: %w", key, client.ErrForbidden)
	}
	if reopen && finished(d.unified(i.Status)) {
		changed["status"] = "not reopened"
	}
	return client.Receipt{Ref: d.ref(key), Changed: changed}, nil
}

// FindReply looks in the journal for a reply with this reference.
func (d *Driver) FindReply(ctx context.Context, key string, ref client.ClientRef) (client.Receipt, error) {
	if err := checkID(key); err != nil {
		return client.Receipt{}, err
	}
	i, _, err := d.issue(ctx, key, "journals", nil)
	if err != nil {
		return client.Receipt{}, fmt.Errorf("find reply %s: %w", ref, err)
	}
	if !d.said(i, ref) {
		return client.Receipt{}, fmt.Errorf("find reply %s: %w", ref, client.ErrNotFound)
	}
	return client.Receipt{Ref: d.ref(key)}, nil
}

// CloseTicket moves an issue to a closed state of the workflow, and looks whether it went.
func (d *Driver) CloseTicket(ctx context.Context, key string) error {
	if err := checkID(key); err != nil {
		return err
	}
	i, _, err := d.issue(ctx, key, "allowed_statuses", nil)
	if err != nil {
		return fmt.Errorf("close %s: %w", key, err)
	}
	if d.unified(i.Status) == client.StatusClosed {
		return nil
	}
	step, ok := d.step(d.allowed(i), client.StatusClosed)
	if !ok {
		return fmt.Errorf("close %s: the workflow has no way to it: %w", key, client.ErrForbidden)
	}
	if err := d.update(ctx, key, change{Status: step.ID}); err != nil {
		return fmt.Errorf("close %s: %w", key, err)
	}
	i, _, err = d.issue(ctx, key, "allowed_statuses", nil)
	if err != nil {
		return fmt.Errorf("verify that %s is closed: %w", key, err)
	}
	if d.unified(i.Status) != client.StatusClosed {
		return fmt.Errorf("close %s: the desk said yes and changed nothing: %w", key, client.ErrForbidden)
	}
	return nil
}
