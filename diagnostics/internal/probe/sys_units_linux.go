package probe

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
)

const (
	systemdName    = "org.freedesktop.systemd1"
	systemdPath    = "/org/freedesktop/systemd1"
	systemdManager = "org.freedesktop.systemd1.Manager"
	systemdUnit    = "org.freedesktop.systemd1.Unit"
	systemdService = "org.freedesktop.systemd1.Service"
	// maxUnits bounds what is kept of a list.
	maxUnits = 200
)

// listedUnit is one row of ListUnitsFiltered, in the order of its fields.
type listedUnit struct {
	Name, Description, Load, Active, Sub, Following string
	Path                                            dbus.ObjectPath
	Job                                             uint32
	JobType                                         string
	JobPath                                         dbus.ObjectPath
}

// failedUnits asks the system's manager and the user's own. Without the first there is nothing to tell; the
// second is missing on a computer without a session, and then nothing of it can have failed.
func failedUnits(ctx context.Context) ([]Unit, error) {
	b, err := openSystemBus(ctx)
	if err != nil {
		return nil, err
	}
	defer b.close()
	units, err := b.failed(ctx, false)
	if err != nil {
		return nil, err
	}
	short, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	own, err := openUserBus(short)
	if err != nil {
		return units, nil
	}
	defer own.close()
	more, err := own.failed(short, true)
	if err != nil {
		return units, nil
	}
	return append(units, more...), nil
}

func (b bus) failed(ctx context.Context, user bool) ([]Unit, error) {
	var list []listedUnit
	err := b.call(ctx, systemdName, systemdPath, systemdManager+".ListUnitsFiltered",
		[]any{[]string{"failed"}}, &list)
	if err != nil {
		return nil, err
	}
	var units []Unit
	for _, u := range list[:min(len(list), maxUnits)] {
		if u.Active != "failed" || u.Load == "masked" || passing(u.Name) {
			continue
		}
		unit := Unit{Name: plainUnit(u.Name), Full: u.Name, User: user}
		const few = 5 // a reason for each of two hundred would take too long
		if len(units) < few && strings.HasSuffix(u.Name, ".service") && u.Path.IsValid() {
			short, cancel := context.WithTimeout(ctx, callPatience/2)
			result, _ := b.property(short, systemdName, u.Path, systemdService, "Result")
			cancel()
			if s, ok := result.(string); ok && isKeyword(s) {
				unit.Result = s
			}
		}
		units = append(units, unit)
	}
	return units, nil
}

// serviceState asks systemd for what looks like a unit's name, and the table of processes for the rest. A
// unit that systemd does not know may be the program of that name.
func serviceState(ctx context.Context, name string) (ServiceState, error) {
	if strings.Contains(name, ".") {
		state, err := unitState(ctx, name)
		if err != nil && !errors.Is(err, ErrNoBus) || err == nil && state != ServiceAbsent {
			return state, err
		}
		name = strings.TrimSuffix(name, ".service")
	}
	runs, err := programRuns(name)
	if err != nil {
		return "", err
	}
	if runs {
		return ServiceRuns, nil
	}
	if _, err := findTool(name); err == nil {
		return ServiceStopped, nil
	}
	return ServiceAbsent, nil
}

func unitState(ctx context.Context, name string) (ServiceState, error) {
	b, err := openSystemBus(ctx)
	if err != nil {
		return "", err
	}
	defer b.close()
	var path dbus.ObjectPath
	err = b.call(ctx, systemdName, systemdPath, systemdManager+".LoadUnit", []any{name}, &path)
	if err != nil {
		return "", err
	}
	load, err := b.property(ctx, systemdName, path, systemdUnit, "LoadState")
	if err != nil {
		return "", err
	}
	active, err := b.property(ctx, systemdName, path, systemdUnit, "ActiveState")
	if err != nil {
		return "", err
	}
	return stateOfUnit(load, active), nil
}

func stateOfUnit(load, active any) ServiceState {
	if load == "not-found" {
		return ServiceAbsent
	}
	switch active {
	case "active", "reloading", "activating", "refreshing":
		return ServiceRuns
	case "failed":
		return ServiceFailed
	}
	return ServiceStopped
}

// commLength is what the kernel keeps of a program's name.
const commLength = 15

// programRuns looks for a program in the table of processes by the kernel's own name for it.
func programRuns(names ...string) (bool, error) {
	procs, err := os.ReadDir("/proc")
	if err != nil {
		return false, err
	}
	for _, p := range procs {
		if _, err := strconv.Atoi(p.Name()); err != nil {
			continue
		}
		comm := firstLine("/proc/" + p.Name() + "/comm")
		for _, name := range names {
			if comm != "" && comm == name[:min(len(name), commLength)] {
				return true, nil
			}
		}
	}
	return false, nil
}
