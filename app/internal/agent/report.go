package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"balise/app/internal/agent/child"
	"balise/app/internal/incident"
	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/diagnostics"
	"balise/diagnostics/snapshot"
)

const (
	// snapshotDeadline and renderDeadline are several times what a slow disk and a 4K picture take.
	snapshotDeadline = 15 * time.Second
	renderDeadline   = 60 * time.Second
	// maxReview bounds what the render child answers: a body and the previews of two files.
	maxReview = 64 << 20
)

// Snapshot is the redacted snapshot, as it would be sent.
func (a *Agent) Snapshot(ctx context.Context) ([]diagnostics.Group, error) {
	cfg := a.set.now()
	answer, err := a.takeSnapshot(ctx, snapshot.Request{
		AssetTag: cfg.Machine.AssetTag, Redact: true, Secrets: a.link.secrets(),
		WithholdMachine: cfg.Privacy.MachineName == "withhold",
	})
	if err != nil {
		return nil, a.explain(err)
	}
	return answer.Groups, nil
}

func (a *Agent) takeSnapshot(ctx context.Context, req snapshot.Request) (snapshot.Answer, error) {
	var answer snapshot.Answer
	raw, err := json.Marshal(req)
	if err != nil {
		return answer, fmt.Errorf("ask for a snapshot: %w", err)
	}
	out, err := a.kids.JSON(ctx, child.Request{
		Args: []string{"internal", "snapshot"}, Stdin: bytes.NewReader(raw), Timeout: snapshotDeadline,
	})
	if err != nil {
		return answer, fmt.Errorf("take a snapshot: %w", err)
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return answer, fmt.Errorf("read the snapshot: %w", err)
	}
	return answer, nil
}

// Review builds the report and returns exactly what would leave.
func (a *Agent) Review(ctx context.Context, id string, in api.Input) (api.Review, error) {
	i, err := a.incidents.get(id, a.p.Now())
	if err != nil {
		return api.Review{}, err
	}
	release, err := i.take(ctx)
	if err != nil {
		return api.Review{}, err
	}
	defer release()
	defer a.stir()
	res, err := a.render(ctx, i, in, "")
	if err != nil {
		return api.Review{}, a.explain(err)
	}
	return res.Review, nil
}

// render makes the report in a child. The same incident and input give the same bytes: the moment and the
// snapshot are those of the first review.
func (a *Agent) render(
	ctx context.Context, i *complaint, in api.Input, outDir string,
) (incident.RenderResult, error) {
	var res incident.RenderResult
	if mistake, noDesk := a.set.wrong(); noDesk {
		return res, mistake // nobody knows who would receive it
	}
	if err := a.describe(ctx, i); err != nil {
		return res, err
	}
	filled, err := a.filled(i.copy(), in.Fields)
	if err != nil {
		return res, err
	}
	req, shot := a.request(i, in, outDir)
	req.Request = filled
	a.word(&req, i.copy())
	head, err := json.Marshal(req)
	if err != nil {
		return res, fmt.Errorf("ask for the report: %w", err)
	}
	head = append(head, '\n')
	out, err := a.kids.JSON(ctx, child.Request{
		Args: []string{"internal", "render"}, Stdin: io.MultiReader(bytes.NewReader(head), bytes.NewReader(shot)),
		Timeout: renderDeadline, MaxOutput: maxReview,
	})
	if err != nil {
		return res, fmt.Errorf("write the report: %w", err)
	}
	if err := json.Unmarshal(out, &res); err != nil {
		return res, fmt.Errorf("read the report: %w", err)
	}
	if res.Error != nil {
		return res, res.Error
	}
	return res, nil
}

// describe makes sure that the incident has a snapshot. A computer that cannot be described is no reason not
// to report.
func (a *Agent) describe(ctx context.Context, i *complaint) error {
	i.mu.Lock()
	have := i.snapshot != nil
	i.mu.Unlock()
	if have {
		return nil
	}
	answer, err := a.takeSnapshot(ctx, snapshot.Request{AssetTag: a.set.now().Machine.AssetTag})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		a.p.Log.Error("no snapshot for the report", "error", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.snapshot, i.now = answer.Snapshot, a.p.Now().UTC()
	i.api.Moment = a.recorder.moment()
	if i.snapshot == nil {
		i.snapshot = &snapshot.Snapshot{Version: snapshot.Version, Taken: i.now}
	}
	return nil
}

func (a *Agent) request(i *complaint, in api.Input, outDir string) (incident.RenderRequest, []byte) {
	limit := a.link.state().Caps.MaxAttachmentBytes // as far as known: a review does not ask the network
	if a.set.now().Privacy.MachineName == "withhold" {
		in.Withhold = append(slices.Clone(in.Withhold), incident.SectionMachine)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	req := incident.RenderRequest{
		Ref: client.ClientRef(i.api.ID), Opened: i.api.Opened, Now: i.now,
		Language: a.deskLanguage(), UserLanguage: a.language(), Desk: a.deskName(), Version: a.p.Version,
		Input: in, Results: i.api.Results, Diagnosis: i.api.Diagnosis, Attempts: i.api.Attempts,
		Changes: i.api.Changes, AllWell: i.api.AllWell, Answers: i.api.Answers, Moment: i.api.Moment,
		Snapshot: i.snapshot, Key: i.key, Secrets: a.link.secrets(), MaxAttachment: limit, OutDir: outDir,
		Locked: a.lockedSections(),
	}
	var shot []byte
	if in.Screenshot {
		shot = i.shot
	}
	req.ScreenshotBytes = int64(len(shot))
	return req, shot
}

// lockedSections are what the policy withholds.
func (a *Agent) lockedSections() map[string]string {
	cfg := a.set.now()
	out := map[string]string{}
	if file := a.set.locked("privacy.screenshot"); file != "" && cfg.Privacy.Screenshot == "forbid" {
		out[incident.SectionScreenshot] = file
	}
	if file := a.set.locked("privacy.machine_name"); file != "" && cfg.Privacy.MachineName == "withhold" {
		out[incident.SectionMachine] = file
	}
	return out
}

// deskName is who receives the report, in words.
func (a *Agent) deskName() string {
	cfg := a.set.now()
	t := a.texts()
	switch {
	case cfg.Desk.Kind == "practice":
		return t.T("agent.practice_desk")
	case a.support().Name != "":
		return a.support().Name
	}
	if u, err := url.Parse(cfg.Desk.URL); err == nil && u.Host != "" {
		return t.T("agent.desk_at", "host", u.Host)
	}
	return t.T("agent.the_desk")
}

// rendered is where a report is written between render and outbox.
func (a *Agent) rendered(ref string) string { return filepath.Join(a.p.StateDir, "rendered", ref) }

// outboxFolder is where the outbox keeps the files of reports that wait.
func (a *Agent) outboxFolder() string { return filepath.Join(a.p.StateDir, "outbox") }

// Send builds the report, stores it durably, and then tries to send it.
func (a *Agent) Send(ctx context.Context, id string, in api.Input) (api.Sent, error) {
	i, err := a.incidents.get(id, a.p.Now())
	if err != nil {
		return api.Sent{}, err
	}
	release, err := i.take(ctx)
	if err != nil {
		return api.Sent{}, err
	}
	defer release()
	if i.copy().Sent == nil { // else a double click, or a caller who did not get the answer
		if err := a.accept(ctx, i, in); err != nil {
			return api.Sent{}, a.explain(err)
		}
	}
	// From here on the report is safe; the caller's impatience only shortens the wait for a number.
	defer a.stir()
	sent, err := a.deliver(ctx, client.ClientRef(id))
	if err != nil {
		return api.Sent{}, a.explain(err)
	}
	i.sent(sent)
	a.bus.publish(api.Event{Kind: "incident", Incident: id, Ref: id})
	return sent, nil
}

// accept takes the report from the incident to the disk.
func (a *Agent) accept(ctx context.Context, i *complaint, in api.Input) error {
	dir := a.rendered(i.api.ID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("store the report: %w", err)
	}
	defer os.RemoveAll(dir)
	res, err := a.render(ctx, i, in, dir)
	if err != nil {
		return err
	}
	draft := incident.ToDraft(res, a.set.now().Desk.Queue)
	if err := a.scan(draft.Attachments, draft.Subject, draft.Text); err != nil {
		return err
	}
	if err := a.store.Record(ctx, a.link.id(), a.manifest(res)); err != nil {
		return err
	}
	it, err := a.outbox.AddTicket(ctx, draft)
	if err != nil {
		return errors.Join(err, a.store.Unrecord(context.WithoutCancel(ctx), i.api.ID))
	}
	if i.copy().Moment != nil {
		// What went along does not go along with the next report as well.
		if err := a.recorder.forget(); err != nil {
			a.p.Log.Warn("take the marks back", "error", err)
		}
	}
	i.forget()
	i.sent(sentOf(it))
	return nil
}

// scan is the last look before anything is stored to be sent: the desk's own credential must not be in it.
// The files are read as a stream.
func (a *Agent) scan(files []client.Upload, texts ...string) error {
	secrets := a.link.secrets()
	leak := func(where string) error {
		return &api.Error{Code: api.CodeRedaction, Args: map[string]string{"file": where}}
	}
	for _, t := range texts {
		for _, s := range secrets {
			if bytes.Contains([]byte(t), []byte(s)) {
				return leak("text")
			}
		}
	}
	if len(secrets) == 0 {
		return nil
	}
	for _, u := range files {
		f, err := u.Open()
		if err != nil {
			return &api.Error{
				Code: api.CodeAttachUnreadable, Args: map[string]string{"file": u.Name}, Detail: err.Error(),
			}
		}
		found, err := contains(f, secrets)
		f.Close()
		if err != nil {
			return &api.Error{
				Code: api.CodeAttachUnreadable, Args: map[string]string{"file": u.Name}, Detail: err.Error(),
			}
		}
		if found {
			return leak(u.Name)
		}
	}
	return nil
}

// contains looks for any of the secrets in a stream, also across the edges of its pieces.
func contains(r io.Reader, secrets []string) (bool, error) {
	longest := 0
	for _, s := range secrets {
		longest = max(longest, len(s))
	}
	buf := make([]byte, 64<<10+longest)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		piece := buf[:kept+n]
		for _, s := range secrets {
			if bytes.Contains(piece, []byte(s)) {
				return true, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		kept = copy(buf, piece[max(0, len(piece)-longest+1):])
	}
}
