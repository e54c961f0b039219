package ui

import (
	"context"

	"balise/app/internal/ipc/api"
)

// repair asks for one thing to be done. Consent was given by the button that led here, and nowhere else.
func (f *flow) repair(req api.RepairRequest) {
	if f.fixing {
		return
	}
	f.fixing, f.fixErr, f.repairID = true, nil, req.ID
	if f.elsewhere.Attempt != nil {
		f.elsewhere = api.RepairEvent{} // it is over
	}
	f.progress = api.RepairEvent{ID: req.ID}
	s, id := f.s, f.inc.ID
	on := func(e api.RepairEvent) {
		s.post(func() {
			if !s.over() {
				f.progress = e
				f.notify()
			}
		})
	}
	ask(s, fixing, func(ctx context.Context) (api.Incident, error) {
		return f.u.p.Service.Repair(ctx, id, req, on)
	}, func(inc api.Incident, err error) {
		f.fixing, f.fixErr = false, err
		if err == nil {
			f.inc = inc
			f.linesFromResults()
		}
		f.notify()
	})
	f.notify()
}

// othersRepair keeps what is repaired from another window or a command, for whoever was told to wait for it.
func (f *flow) othersRepair(e api.Event) {
	if e.Repair == nil || e.Incident == f.inc.ID {
		return
	}
	f.elsewhere = *e.Repair
	if f.fixErr != nil && f.u.at.name == pageRepair {
		f.notify()
	}
}

// attempt is the last try of a repair, if there was one.
func (f *flow) attempt(id string) *api.RepairAttempt {
	for i := len(f.inc.Attempts) - 1; i >= 0; i-- {
		if f.inc.Attempts[i].ID == id {
			return &f.inc.Attempts[i]
		}
	}
	return nil
}
