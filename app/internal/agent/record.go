package agent

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"balise/app/internal/ipc/api"
	"balise/diagnostics/record"
)

const (
	keyRecord = "watch.record"
	// recordFile stands beside the state.
	recordFile = "record.ring"
	// recordWait bounds one look at the computer.
	recordWait = 10 * time.Second
	// pausedNoAgent says that only a command asks: nothing is recorded without a running agent.
	pausedNoAgent = "no_agent"
)

// recorder keeps the light record of the last day.
type recorder struct {
	a       *Agent
	every   time.Duration // between two minutes; shorter in tests
	rest    func(context.Context) string
	sampler *record.Sampler
	wake    chan struct{}

	mu     sync.Mutex
	ring   *record.Ring // nil while it is closed
	paused string
}

func newRecorder(a *Agent) *recorder {
	return &recorder{
		a: a, every: time.Minute, rest: record.Paused, sampler: record.NewSampler(record.ThisComputer()),
		wake: make(chan struct{}, 1),
	}
}

func (r *recorder) on() bool     { return r.a.set.now().Watch.Record == "on" }
func (r *recorder) file() string { return filepath.Join(r.a.p.StateDir, recordFile) }

// settled follows a change of the settings. A record that is off is deleted, whoever switched it off.
func (r *recorder) settled() {
	if !r.on() {
		if err := r.delete(); err != nil {
			r.a.p.Log.Warn("delete the record", "error", err)
		}
	}
	poke(r.wake)
}

// poke wakes a loop that may be awake already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run adds a minute every minute until ctx ends. The second at which it does is this start's own, so that a
// thousand computers do not ask their name server at once.
func (r *recorder) run(ctx context.Context) error {
	defer r.close()
	timer := time.NewTimer(rand.N(r.every))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		case <-timer.C:
			timer.Reset(r.every)
		}
		if r.on() {
			r.add(ctx)
			r.a.stirNowAndThen() // the pages of what looked are not needed for a minute
		}
	}
}

// add looks at the computer once, or says why not.
func (r *recorder) add(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, recordWait)
	defer cancel()
	paused := r.rest(ctx)
	r.mu.Lock()
	r.paused = paused
	r.mu.Unlock()
	if paused != "" {
		return
	}
	m := r.sampler.Take(ctx, r.a.p.Now())
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on() || ctx.Err() != nil {
		return // switched off meanwhile
	}
	ring, err := r.open()
	if err == nil {
		err = ring.Add(m)
	}
	if err != nil {
		r.a.p.Log.Warn("add to the record", "error", err) // a full disk: the next minute may have room
	}
}

// open opens the ring; a damaged one is not worth keeping. The caller holds mu.
func (r *recorder) open() (*record.Ring, error) {
	if r.ring != nil {
		return r.ring, nil
	}
	ring, err := record.Open(r.file())
	if errors.Is(err, record.ErrDamaged) {
		r.a.p.Log.Warn("the record was damaged and begins again", "error", err)
		if err = record.Remove(r.file()); err == nil {
			ring, err = record.Open(r.file())
		}
	}
	if err == nil {
		r.ring = ring
	}
	return ring, err
}

func (r *recorder) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closeRing()
}

func (r *recorder) closeRing() {
	if r.ring != nil {
		if err := r.ring.Close(); err != nil {
			r.a.p.Log.Warn("close the record", "error", err)
		}
		r.ring = nil
	}
}

func (r *recorder) delete() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closeRing()
	r.paused = ""
	return record.Remove(r.file())
}

// mark marks this moment.
func (r *recorder) mark() error {
	if !r.on() {
		return &api.Error{Code: api.CodeRecordOff}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ring, err := r.open()
	if err != nil {
		return err
	}
	return ring.Mark(r.a.p.Now())
}

func (r *recorder) forget() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on() {
		return nil
	}
	ring, err := r.open()
	if err != nil {
		return err
	}
	return ring.Forget()
}

// moment is what goes along with a report: the newest mark and the minutes around it. Nil without a mark, or
// without a minute.
func (r *recorder) moment() *api.Moment {
	if !r.on() {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ring, err := r.open()
	if err != nil {
		return nil
	}
	marks, err := ring.Marks(r.a.p.Now())
	if err != nil || len(marks) == 0 {
		return nil
	}
	m, err := ring.Around(marks[0])
	if err != nil || len(m.Minutes) == 0 {
		return nil
	}
	return &m
}

func (r *recorder) state() (api.RecordState, error) {
	st := api.RecordState{On: r.on()}
	st.Why = r.a.set.locked(keyRecord)
	st.Locked = st.Why != ""
	if !st.On {
		return st, nil
	}
	if !r.a.p.Resident {
		st.Paused = pausedNoAgent
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.paused != "" {
		st.Paused = r.paused
	}
	ring, err := r.open()
	if err != nil {
		return st, err
	}
	now := r.a.p.Now()
	minutes, err := ring.Between(now.Add(-record.Minutes*time.Minute), now)
	if err != nil {
		return st, err
	}
	if st.Minutes = len(minutes); st.Minutes > 0 {
		st.Since = minutes[0].At
	}
	if st.Marks, err = ring.Marks(now); err != nil {
		return st, err
	}
	if info, err := os.Stat(r.file()); err == nil {
		st.Bytes = info.Size()
	}
	return st, nil
}

// remark tells the incidents that are not reviewed yet which moment would go along now.
func (a *Agent) remark() {
	moment := a.recorder.moment()
	for _, i := range a.incidents.all() {
		i.mu.Lock()
		fresh := i.snapshot == nil
		if fresh {
			i.api.Moment = moment
		}
		id := i.api.ID
		i.mu.Unlock()
		if fresh {
			a.bus.publish(api.Event{Kind: "incident", Incident: id})
		}
	}
}

// Record reads or changes the light record.
func (a *Agent) Record(ctx context.Context, action string) (api.RecordState, error) {
	var err error
	switch action {
	case api.RecordStatus:
	case api.RecordOn, api.RecordOff:
		err = a.SetConfig(ctx, keyRecord, action)
		if err == nil && action == api.RecordOff {
			err = a.recorder.delete()
		}
	case api.RecordNow:
		if err = a.recorder.mark(); err == nil {
			poke(a.recorder.wake) // this minute too
		}
	case api.RecordForget:
		err = a.recorder.forget()
	default:
		err = &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": action}}
	}
	if err != nil {
		return api.RecordState{}, a.explain(err)
	}
	st, err := a.recorder.state()
	if err != nil {
		return api.RecordState{}, a.explain(err)
	}
	if action != api.RecordStatus {
		a.remark()
		a.bus.publish(api.Event{Kind: "state"})
	}
	return st, nil
}
