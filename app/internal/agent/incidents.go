package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"balise/app/internal/agent/child"
	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/diagnostics/redact"
	"balise/diagnostics/snapshot"
)

const (
	// maxIncidents bounds the complaints in memory; the one that nobody touched for longest goes first.
	maxIncidents = 8
	// captureWait leaves time to answer a desktop that asks the user for leave.
	captureWait = 40 * time.Second
	// maxPicture bounds a screenshot; three 4K displays stay far below.
	maxPicture = 128 << 20
)

// complaint is an incident in memory. Its fields are guarded by mu; busy is held by the one thing that is
// being done to it.
type complaint struct {
	busy chan struct{}

	mu       sync.Mutex
	api      api.Incident
	shot     []byte
	key      []byte // of its pseudonyms
	snapshot *snapshot.Snapshot
	good     *snapshot.Good // what its changes are changes from
	now      time.Time      // of the first review
	touched  time.Time
}

// take waits for the incident to be free.
func (i *complaint) take(ctx context.Context) (release func(), err error) {
	select {
	case i.busy <- struct{}{}:
		return func() { <-i.busy }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// copy is the incident as it stands.
func (i *complaint) copy() api.Incident {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := i.api
	c.Results = slices.Clone(c.Results)
	c.Repairs = slices.Clone(c.Repairs)
	c.OtherRepairs = slices.Clone(c.OtherRepairs)
	c.Attempts = slices.Clone(c.Attempts)
	c.Changes = slices.Clone(c.Changes)
	return c
}

type incidents struct {
	mu   sync.Mutex
	list map[string]*complaint
}

func newIncidents() *incidents { return &incidents{list: map[string]*complaint{}} }

func (s *incidents) get(id string, now time.Time) (*complaint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.list[id]
	if !ok {
		return nil, &api.Error{Code: api.CodeNotFound, Detail: "no such incident"}
	}
	i.mu.Lock()
	i.touched = now
	i.mu.Unlock()
	return i, nil
}

// has tells whether an incident is still at hand.
func (s *incidents) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list[id] != nil
}

func (s *incidents) add(i *complaint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.list) >= maxIncidents && s.dropOldest() {
	}
	s.list[i.api.ID] = i
}

// dropOldest drops the incident that was left alone for longest, unless something is being done to all.
func (s *incidents) dropOldest() bool {
	var oldest *complaint
	for _, i := range s.list {
		if len(i.busy) == 0 && (oldest == nil || i.touched.Before(oldest.touched)) {
			oldest = i
		}
	}
	if oldest != nil {
		delete(s.list, oldest.api.ID)
	}
	return oldest != nil
}

func (s *incidents) all() []*complaint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.list))
}

func (s *incidents) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.list, id)
}

// OpenIncident begins an incident. A screen that cannot be captured is no reason not to.
func (a *Agent) OpenIncident(ctx context.Context, req api.OpenRequest) (api.Incident, error) {
	form, err := a.openForm(req.Form)
	if err != nil {
		return api.Incident{}, err
	}
	complained, err := a.incidentSymptom(req.Symptom)
	if err != nil {
		return api.Incident{}, err
	}
	ref := client.NewClientRef()
	now := a.p.Now()
	i := &complaint{busy: make(chan struct{}, 1), key: redact.NewKey(), touched: now}
	i.api = api.Incident{ID: string(ref), Code: ref.Code(), Opened: now.UTC(), Form: form, Symptom: complained}
	if req.Screenshot {
		i.shot, i.api.ScreenshotWhy = a.capture(ctx)
		i.api.HasScreenshot = len(i.shot) > 0
	}
	if err := ctx.Err(); err != nil {
		return api.Incident{}, context.Cause(ctx)
	}
	i.api.Moment = a.recorder.moment()
	i.api.Attempts = a.takeOver(i.api.ID, req.Earlier)
	a.incidents.add(i)
	a.stir()
	a.bus.publish(api.Event{Kind: "incident", Incident: i.api.ID})
	return i.copy(), nil
}

// capture takes the picture in a child; without one it says why.
func (a *Agent) capture(ctx context.Context) (png []byte, why string) {
	if a.set.now().Privacy.Screenshot == "forbid" {
		return nil, api.CodeScreenForbidden
	}
	if why := a.p.CaptureWhy(); why != "" {
		return nil, why
	}
	var out bytes.Buffer
	err := a.kids.Run(ctx, child.Request{
		Args: []string{"internal", "capture"}, Stdin: strings.NewReader(`{"interactive":true}` + "\n"),
		Stdout: &out, Timeout: captureWait, MaxOutput: maxPicture,
	})
	if err == nil && bytes.HasPrefix(out.Bytes(), []byte("\x89PNG\r\n\x1a\n")) {
		return bytes.Clone(out.Bytes()), "" // the buffer has room to spare, which would stay
	}
	a.p.Log.Warn("the screen was not captured", "error", err)
	return nil, captureWhy(err)
}

// captureWhy reads the child's last word.
func captureWhy(err error) string {
	if word := lastWord(err); word != nil && word.Code != api.CodeInternal {
		return word.Code
	}
	return api.CodeScreenFailed
}

// lastWord is what a child that failed said at last: an *api.Error as JSON; nil when it said nothing of the
// kind.
func lastWord(err error) *api.Error {
	var exit *child.ExitError
	if !errors.As(err, &exit) {
		return nil
	}
	var word api.Error
	last := exit.Stderr[strings.LastIndexByte(exit.Stderr, '\n')+1:]
	if json.Unmarshal([]byte(last), &word) != nil || word.Code == "" {
		return nil
	}
	return &word
}

// Incident is where an incident stands.
func (a *Agent) Incident(_ context.Context, id string) (api.Incident, error) {
	i, err := a.incidents.get(id, a.p.Now())
	if err != nil {
		return api.Incident{}, err
	}
	return i.copy(), nil
}

// Screenshot is the incident's picture.
func (a *Agent) Screenshot(_ context.Context, id string) ([]byte, error) {
	i, err := a.incidents.get(id, a.p.Now())
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.shot) == 0 {
		return nil, &api.Error{Code: api.CodeNotFound, Detail: "the incident has no screenshot"}
	}
	return i.shot, nil
}

// CloseIncident drops an incident, screenshot first.
func (a *Agent) CloseIncident(_ context.Context, id string) error {
	i, err := a.incidents.get(id, a.p.Now())
	if err != nil {
		return err
	}
	a.incidents.drop(id)
	i.forget()
	a.stir()
	return nil
}

// forget lets go of what is large or private.
func (i *complaint) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.shot, i.snapshot = nil, nil
	i.api.HasScreenshot = false
}

// sent remembers what became of the report.
func (i *complaint) sent(s api.Sent) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.api.Sent = &s
}
