package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"balise/app/internal/incident"
	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/client/outbox"
)

// maxRecords is how many records a page can hold to be of use; ten a week for two years.
const maxRecords = 1000

// Sent lists the records of all that ever left, newest first. What waits is among them, because that it has
// not left is a matter of minutes, and its state says so.
func (a *Agent) Sent(ctx context.Context) ([]api.Record, error) {
	manifests, err := a.store.Records(ctx, maxRecords)
	if err != nil {
		return nil, a.explain(err)
	}
	items, err := a.outbox.Items(ctx, true)
	if err != nil {
		return nil, a.explain(err)
	}
	of := make(map[string]outbox.Item, len(items))
	for _, it := range items {
		of[string(it.Ref)] = it
	}
	out := make([]api.Record, len(manifests))
	for i, m := range manifests {
		it := of[m.Ref]
		out[i] = api.Record{Manifest: m, Number: it.Ticket.Number, State: string(it.State)}
	}
	return out, nil
}

// manifest is the record of a report.
func (a *Agent) manifest(res incident.RenderResult) api.Manifest {
	r := res.Review
	m := api.Manifest{
		Ref: r.Ref, Code: r.Code, At: a.p.Now().UTC(), Desk: r.Desk, Subject: r.Subject,
		Masked: r.Masked, Withheld: res.Withheld,
	}
	for _, s := range r.Sections {
		if s.Withheld {
			continue
		}
		m.Sections = append(m.Sections, section(s.ID, s.Text))
	}
	for _, f := range r.Files {
		m.Files = append(m.Files, api.ReviewFile{Name: f.Name, MIME: f.MIME, Size: f.Size, SHA256: f.SHA256})
	}
	return m
}

func section(id, text string) api.ManifestSection {
	sum := sha256.Sum256([]byte(text))
	return api.ManifestSection{ID: id, Bytes: len(text), SHA256: hex.EncodeToString(sum[:])}
}

// replyManifest is the record of a reply, with the files as they are now: the outbox copies them next.
func (a *Agent) replyManifest(m client.Outgoing, subject string) (api.Manifest, error) {
	rec := api.Manifest{
		Kind: string(outbox.Reply), Ref: string(m.ClientRef), Code: m.ClientRef.Code(), At: a.p.Now().UTC(),
		Desk: a.deskName(), Subject: subject, Sections: []api.ManifestSection{section("reply", m.Text)},
	}
	for _, u := range m.Attachments {
		sum, err := sumOf(u)
		if err != nil {
			return rec, &api.Error{
				Code: api.CodeAttachUnreadable, Args: map[string]string{"file": u.Name}, Detail: err.Error(),
			}
		}
		rec.Files = append(rec.Files, api.ReviewFile{Name: u.Name, MIME: u.MIME, Size: u.Size, SHA256: sum})
	}
	return rec, nil
}

func sumOf(u client.Upload) (string, error) {
	f, err := u.Open()
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// addReply records a reply and stores it to be sent.
func (a *Agent) addReply(
	ctx context.Context, ticket client.Ref, subject string, m client.Outgoing,
) (outbox.Item, error) {
	rec, err := a.replyManifest(m, subject)
	if err != nil {
		return outbox.Item{}, err
	}
	if err := a.store.Record(ctx, a.link.id(), rec); err != nil {
		return outbox.Item{}, err
	}
	it, err := a.outbox.AddReply(ctx, ticket, subject, m)
	if err != nil {
		err = errors.Join(err, a.store.Unrecord(context.WithoutCancel(ctx), rec.Ref))
		return it, fmt.Errorf("store the reply: %w", err)
	}
	return it, nil
}
