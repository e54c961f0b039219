package probe

import (
	"context"
	"fmt"

	"github.com/shirou/gopsutil/v3/process"
)

// failedUnits asks launchd for the user's own programs. Most of those that ended with an error were ended on
// purpose, so only those that the settings name are more than a word: see ParseLaunchctl.
func failedUnits(ctx context.Context) ([]Unit, error) {
	list, err := launchctl(ctx)
	if err != nil {
		return nil, err
	}
	var units []Unit
	for _, l := range list {
		if l.Failed() {
			units = append(units, Unit{Name: CleanName(l.Label), Full: l.Label, User: true, Result: l.Status})
		}
	}
	return units, nil
}

func launchctl(ctx context.Context) ([]LaunchJob, error) {
	a, err := tool{name: "launchctl", args: []string{"list"}}.run(ctx)
	if err != nil {
		return nil, err
	}
	if a.code != 0 {
		return nil, fmt.Errorf("launchctl ends with %d", a.code)
	}
	return ParseLaunchctl(a.out), nil
}

func serviceState(ctx context.Context, name string) (ServiceState, error) {
	list, err := launchctl(ctx)
	if err == nil {
		for _, l := range list {
			if l.Label == name {
				return l.State(), nil
			}
		}
	}
	procs, err := process.ProcessesWithContext(ctx)
	if err != nil {
		return "", fmt.Errorf("list programs: %w", err)
	}
	for _, p := range procs {
		if own, err := p.NameWithContext(ctx); err == nil && CleanName(own) == CleanName(name) {
			return ServiceRuns, nil
		}
	}
	return ServiceAbsent, nil
}
