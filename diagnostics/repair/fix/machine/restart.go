package machine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// restartPC plans a restart of the computer and goes on after it.
type restartPC struct{ env }

// ID is the repair's.
func (*restartPC) ID() string { return "restart.pc" }

// The choices of when.
const (
	now     = "now"
	tonight = "tonight"
)

// plan is what a restart needs to be taken back, and to be known when it happened.
type plan struct {
	Boot string    `json:"boot"` // the run of the computer in which it was planned
	At   time.Time `json:"at"`
}

const (
	// notice is time enough to save what was forgotten and to take it back.
	notice = 2 * time.Minute
	// nightHour is after work and before the nightly backup of most.
	nightHour = 21
	// late is how long after its time a restart may still come: programs may delay it a little.
	late = 10 * time.Minute
)

// Look says whether a restart is possible now, and offers when.
func (r *restartPC) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	why, elevated := r.possible(ctx)
	look := repair.Look{Why: why, Steps: map[string]repair.StepLook{
		"restart": {
			Elevated: elevated,
			Items:    []repair.Item{{Label: "save_work"}, {Label: "plug_in"}, {Label: "comes_back"}},
			Choices: []repair.Choice{
				{ID: now, Label: "restart_now", Detail: "in_two_minutes"},
				{ID: tonight, Label: "restart_tonight", Detail: "at_nine", Chosen: true},
			},
		},
	}}
	for _, res := range results {
		if res.Status.Bad() && slices.Contains([]string{"sys.reboot_pending", "sys.uptime"}, res.ID) {
			look.Verify = append(look.Verify, res.ID)
		}
	}
	return look
}

func (r *restartPC) possible(ctx context.Context) (why string, elevated bool) {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	s, err := r.restarts(ctx)
	if err != nil {
		return "restart_by_hand", false
	}
	defer s.Close()
	why, elevated, err = s.Reason(ctx)
	if err != nil {
		return "no_service_manager", false
	}
	if why != "" {
		return why, elevated
	}
	planned, err := s.Planned(ctx)
	switch {
	case errors.Is(err, errors.ErrUnsupported): // the system does not say
	case err != nil:
		return "no_service_manager", elevated
	case planned != act.Planned{}:
		return "already_planned", elevated
	}
	return "", elevated
}

// Prepare decides when, and keeps which run of the computer this is.
func (r *restartPC) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	if len(job.Saved) > 0 {
		return job.Saved, nil // the wait that follows
	}
	if why, _ := r.possible(ctx); why != "" {
		return nil, repair.Because(why, nil)
	}
	boot, err := r.boot()
	if err != nil {
		return nil, repair.Because("error", err)
	}
	return json.Marshal(plan{Boot: boot, At: r.when(job.Choice)})
}

// when is tonight unless the user wants it now: nobody loses work by an answer that was lost.
func (r *restartPC) when(choice []string) time.Time {
	t := r.now()
	if slices.Contains(choice, now) {
		return t.Add(notice).Truncate(time.Second)
	}
	night := time.Date(t.Year(), t.Month(), t.Day(), nightHour, 0, 0, 0, t.Location())
	if night.Before(t.Add(notice)) {
		night = night.AddDate(0, 0, 1)
	}
	return night
}

// Run plans it.
func (r *restartPC) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	p, err := read[plan](job.Saved)
	if err != nil {
		return nil, err
	}
	s, err := r.restarts(ctx)
	if err != nil {
		return nil, stepError(err, false)
	}
	defer s.Close()
	planned, err := s.Planned(ctx)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, stepError(err, false)
	}
	if err == nil && ours(planned, p) {
		return nil, nil
	}
	if err := s.Schedule(ctx, p.At); err != nil {
		return nil, stepError(err, false)
	}
	return []diagnostics.Fact{diagnostics.Text("planned_for", p.At.Format(time.DateTime))}, nil
}
