package repair

import (
	"context"

	"balise/diagnostics/internal/probe"
)

// ReadSituation reads this computer.
func ReadSituation(ctx context.Context) Situation {
	return situation(ctx, probe.NewSound(), probe.NewCameras(), probe.NewPower())
}

func situation(ctx context.Context, sound probe.Sound, cameras probe.Cameras, power probe.Power) Situation {
	var s Situation
	if list, err := cameras.List(ctx); err == nil {
		s.InCall = No
		if len(list.Holders) > 0 {
			s.InCall = Yes
		}
	}
	if server, err := sound.Server(ctx); err == nil {
		for _, d := range server.Inputs {
			if d.InUse && !d.Monitor {
				s.InCall = Yes
			}
		}
	}
	p, err := power.Supplies(ctx)
	switch {
	case err != nil:
	case p.Online > 0, len(p.Batteries) == 0:
		s.OnMains = Yes // a desktop has no battery that could run empty
	case p.Chargers > 0:
		s.OnMains = No
	}
	return s
}
