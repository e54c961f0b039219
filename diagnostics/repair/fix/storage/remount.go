package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// shareRemount takes a network folder that hangs out of the tree and mounts it again, by the unit that mounted it.
// The folder itself is never touched: whoever asks it for anything hangs as well. What is mounted is read from the
// kernel's table alone.
const shareRemount = "share.remount"

type remount struct {
	mounts  func(ctx context.Context) ([]probe.Mount, error)
	find    func(ctx context.Context, point string) (act.ShareUnit, error)
	detach  func(ctx context.Context, point, device string) error
	elevate func(ctx context.Context, d act.Deed) error
	units   func(ctx context.Context, user bool) (units, error)

	mu    sync.Mutex
	point string // the folder that Look was shown last
}

// units is what is asked of a service manager.
type units interface {
	Restart(ctx context.Context, name string) error
	Start(ctx context.Context, name string) error
	Close()
}

func newRemount() *remount {
	return &remount{
		mounts: probe.NewDisk().Mounts, find: act.FindShareUnit, detach: act.DetachFuse, elevate: act.Elevate,
		units: func(ctx context.Context, user bool) (units, error) { return act.OpenUnits(ctx, user) },
	}
}

// ID is the repair's.
func (r *remount) ID() string { return shareRemount }

// remounted is what is mounted, and by what.
type remounted struct {
	Point  string        `json:"point"`
	Type   string        `json:"type"`
	Source string        `json:"source"`
	Unit   act.ShareUnit `json:"unit"`
}

// Look finds the folder that the self-test named, and what mounted it.
func (r *remount) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	point := badShare(results)
	if point == "" {
		return repair.Look{Why: "no_share"}
	}
	table, err := r.mounts(ctx)
	if err != nil {
		return repair.Look{Why: "no_mounts"}
	}
	if _, ok := mountAt(table, point); !ok {
		return repair.Look{Why: "no_share"}
	}
	unit, err := r.find(ctx, point)
	switch {
	case errors.Is(err, act.ErrAbsent):
		return repair.Look{Why: "mounted_by_hand"}
	case err != nil:
		return repair.Look{Why: "no_manager"}
	}
	r.mu.Lock()
	r.point = point
	r.mu.Unlock()
	return repair.Look{Skip: []string{openPage}, Steps: map[string]repair.StepLook{"remount": {
		Elevated: !unit.User, Items: []repair.Item{{Label: filepath.Base(point)}},
	}}}
}

// badShare is the folder that share.mounts named, where mounting it again can help.
func badShare(results []diagnostics.Result) string {
	for _, res := range results {
		if res.ID != "share.mounts" || !res.Status.Bad() ||
			!slices.Contains([]diagnostics.Cause{
				"share.mounts/hung", "share.mounts/disconnected", "share.mounts/stale",
			}, res.Cause) {
			continue
		}
		if answers, told := res.Fact("server_answers"); told && answers.Value == false {
			continue
		}
		if f, ok := res.Fact("mount"); ok {
			point, _ := f.Value.(string)
			return point
		}
	}
	return ""
}

// mountAt is the network folder that shows at a point: the last of several mounts there.
func mountAt(table []probe.Mount, point string) (probe.Mount, bool) {
	for _, m := range slices.Backward(table) {
		if m.Point == point {
			return m, !m.Local() && m.Type != "autofs"
		}
	}
	return probe.Mount{}, false
}

// Prepare writes down what is mounted where, and by which unit.
func (r *remount) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	if job.Step != "remount" {
		return nil, repair.Because("unknown_step", nil)
	}
	r.mu.Lock()
	point := r.point
	r.mu.Unlock()
	table, err := r.mounts(ctx)
	if err != nil {
		return nil, repair.Because("no_mounts", err)
	}
	m, ok := mountAt(table, point)
	if !ok {
		return nil, repair.Because("not_mounted", nil)
	}
	unit, err := r.find(ctx, m.Point)
	if err != nil {
		return nil, repair.Because("no_manager", err)
	}
	return json.Marshal(remounted{Point: m.Point, Type: m.Type, Source: m.Source, Unit: unit})
}

func (r *remount) read(saved json.RawMessage) (remounted, error) {
	var s remounted
	if len(saved) == 0 {
		return s, repair.ErrNothingSaved
	}
	if err := json.Unmarshal(saved, &s); err != nil {
		return s, fmt.Errorf("read what was saved: %w", err)
	}
	return s, nil
}

// Run detaches the folder and has it mounted again.
func (r *remount) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	s, err := r.read(job.Saved)
	if err != nil {
		return nil, err
	}
	detached, err := r.away(ctx, s)
	if err != nil {
		return nil, shareError(err, !detached)
	}
	if err := r.manage(ctx, s, units.Restart); err != nil {
		return nil, shareError(err, !detached)
	}
	if there, err := r.there(ctx, s); err != nil || !there {
		return nil, repair.Because("not_mounted", err)
	}
	return []diagnostics.Fact{
		diagnostics.Identifier("share", filepath.Base(s.Point), diagnostics.Infra, diagnostics.KindOther),
		diagnostics.Text("fs", s.Type),
	}, nil
}

// away takes the folder out of the tree, by the user's right where it is his, else by the system's.
func (r *remount) away(ctx context.Context, s remounted) (detached bool, err error) {
	m, there, err := r.mounted(ctx, s)
	if err != nil || !there {
		return false, err
	}
	switch {
	case !s.Unit.User:
		err = r.elevate(ctx, act.DetachMount(s.Point))
	case strings.HasPrefix(s.Type, "fuse"):
		err = r.detach(ctx, s.Point, m.Device)
	default:
		return false, nil // the user's own manager mounted it, and can take it away
	}
	return err == nil, err
}

func (r *remount) mounted(ctx context.Context, s remounted) (probe.Mount, bool, error) {
	table, err := r.mounts(ctx)
	if err != nil {
		return probe.Mount{}, false, err
	}
	m, ok := mountAt(table, s.Point)
	return m, ok && m.Type == s.Type && m.Source == s.Source, nil
}

func (r *remount) there(ctx context.Context, s remounted) (bool, error) {
	_, there, err := r.mounted(ctx, s)
	return there, err
}

func (r *remount) manage(ctx context.Context, s remounted, what func(units, context.Context, string) error) error {
	u, err := r.units(ctx, s.Unit.User)
	if err != nil {
		return err
	}
	defer u.Close()
	return what(u, ctx, s.Unit.Name)
}

func shareError(err error, untouched bool) error {
	var failed *act.FailedError
	switch {
	case errors.Is(err, act.ErrDenied):
		return &repair.StepError{Reason: "not_allowed", Admin: true, Untouched: untouched, Err: err}
	case errors.Is(err, act.ErrAbsent):
		return &repair.StepError{Reason: "no_manager", Untouched: untouched, Err: err}
	case errors.As(err, &failed):
		return repair.Because("not_mounted", err)
	}
	return err
}

// Undo mounts the folder again where a run that was cut short left it detached. One that is mounted stays.
func (r *remount) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	if len(saved) == 0 {
		return nil, 0, nil
	}
	s, err := r.read(saved)
	if err != nil {
		return nil, 0, err
	}
	there, err := r.there(ctx, s)
	if err != nil || there {
		return nil, 0, err
	}
	if err := r.manage(ctx, s, units.Start); err != nil {
		return nil, 1, shareError(err, false)
	}
	if there, err := r.there(ctx, s); err != nil || !there {
		return nil, 1, err
	}
	return []diagnostics.Fact{diagnostics.Int("restored", 1, "")}, 0, nil
}
