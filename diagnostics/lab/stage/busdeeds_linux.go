package stage

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"github.com/godbus/dbus/v5"
)

// The errors by which services refuse what the system's authority does not allow.
const (
	deniedName   = "org.freedesktop.DBus.Error.AccessDenied"
	nmDeniedName = nmName + ".PermissionDenied"
)

// prop and aux are of StartTransientUnit: (sv) and (sa(sv)).
type prop struct {
	Name  string
	Value dbus.Variant
}

type aux struct {
	Name  string
	Props []prop
}

// systemdDeeds are the methods of a service manager that change something.
func (b *bus) systemdDeeds() map[string]any {
	none := func() *dbus.Error { return nil }
	return map[string]any{
		"Subscribe": none, "Unsubscribe": none,
		"StartUnit":   func(name, _ string) (dbus.ObjectPath, *dbus.Error) { return b.start(name) },
		"RestartUnit": func(name, _ string) (dbus.ObjectPath, *dbus.Error) { return b.start(name) },
		"ResetFailedUnit": func(name string) *dbus.Error {
			if b.kind == systemBus && b.stage.refuses() {
				return dbus.NewError(deniedName, nil)
			}
			return nil // whoever asks starts it next
		},
		"StartTransientUnit": func(name, _ string, props []prop, _ []aux) (dbus.ObjectPath, *dbus.Error) {
			return b.transient(name, props)
		},
		"GetUnitByPID": func(uint32) (dbus.ObjectPath, *dbus.Error) {
			return "/", dbus.NewError(systemdName+".NoUnitForPID", nil)
		},
	}
}

func (s *Stage) refuses() bool {
	s.mending.mu.Lock()
	defer s.mending.mu.Unlock()
	return s.mending.refuse
}

// start starts a unit: what stands behind it really starts, and a unit behind which nothing stands comes up unless
// its failure is for good.
func (b *bus) start(name string) (dbus.ObjectPath, *dbus.Error) {
	path := unitPath(name)
	load, _ := b.property(systemdName+string(path), systemdName+".Unit", "LoadState").(string)
	if load != "loaded" {
		return "/", dbus.NewError(systemdName+".NoSuchUnit", nil)
	}
	what, refusal := "systemd.start", deniedName
	if b.kind == sessionBus {
		what, refusal = "user.start", ""
	}
	if err := b.stage.called(what, refusal); err != nil {
		return "/", err
	}
	active, result := "active", "success"
	if b.property(systemdName+string(path), systemdName+".Unit", "ForGood") == true {
		active, result = "failed", "exit-code"
	}
	if start := b.stage.mending.starting(name); start != nil {
		if err := start(); err != nil {
			active, result = "failed", "exit-code"
		}
	}
	if err := b.unit(name, "loaded", active, result); err != nil {
		return "/", dbus.MakeFailedError(err)
	}
	return b.job(name, active), nil
}

func (b *bus) property(key, iface, name string) any {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tree[key][iface][name]
}

// job tells whoever listens that a job is over.
func (b *bus) job(name, active string) dbus.ObjectPath {
	id := uint32(b.jobs.Add(1))
	path := dbus.ObjectPath(fmt.Sprintf("%s/job/%d", systemdPath, id))
	result := "done"
	if active == "failed" {
		result = "failed"
	}
	_ = b.names[systemdName].Emit(systemdPath, systemdName+".Manager.JobRemoved", id, path, name, result)
	return path
}

// mayRun are the programs that a transient unit may run here: for real, as root of the stage's own machine.
var mayRun = []string{"/usr/bin/umount", "/usr/bin/dpkg", "/usr/bin/apt-get", "/usr/bin/journalctl"}

// transient runs what it is given, as systemd does, and keeps how it ended.
func (b *bus) transient(name string, props []prop) (dbus.ObjectPath, *dbus.Error) {
	if err := b.stage.called("systemd.run", deniedName); err != nil {
		return "/", err
	}
	var argv []string
	for _, p := range props {
		if lines, ok := p.Value.Value().([][]any); ok && p.Name == "ExecStart" && len(lines) == 1 {
			argv, _ = lines[0][1].([]string)
		}
	}
	if len(argv) == 0 || !slices.Contains(mayRun, argv[0]) {
		return "/", dbus.NewError("org.freedesktop.DBus.Error.InvalidArgs", []any{fmt.Sprint(argv)})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := b.stage.machine.run(ctx, "", argv[0], argv[1:]...)
	b.stage.p.Log.Debug("transient unit", "argv", argv, "out", out, "error", err)
	active, result, status := "inactive", "success", int32(0)
	if err != nil {
		active, result, status = "failed", "exit-code", 1
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			status = int32(exit.ExitCode())
		}
	}
	err = errors.Join(b.unit(name, "loaded", active, result),
		b.put(systemdName, string(unitPath(name)), systemdName+".Service", map[string]any{"ExecMainStatus": status}))
	if err != nil {
		return "/", dbus.MakeFailedError(err)
	}
	return b.job(name, active), nil
}

// baseLogin is logind: a restart that is planned happens with the action computer.restart.
func (b *bus) baseLogin() error {
	type planned struct {
		Kind string
		At   uint64
	}
	err := b.put(loginName, loginPath, loginName+".Manager", map[string]any{
		"IdleHint": false, "OnExternalPower": true, "ScheduledShutdown": planned{},
	})
	if err != nil {
		return err
	}
	type inhibitor struct {
		What, Who, Why, Mode string
		UID, PID             uint32
	}
	type session struct {
		ID         string
		UID        uint32
		User, Seat string
		Path       dbus.ObjectPath
	}
	plan := func(p planned) *dbus.Error {
		return failed(b.put(loginName, loginPath, loginName+".Manager", map[string]any{"ScheduledShutdown": p}))
	}
	return b.names[loginName].ExportMethodTable(map[string]any{
		"CanReboot": func() (string, *dbus.Error) {
			if b.stage.refuses() {
				return "challenge", nil
			}
			return "yes", nil
		},
		"ListInhibitors": func() ([]inhibitor, *dbus.Error) { return []inhibitor{}, nil },
		"ListSessions": func() ([]session, *dbus.Error) {
			return []session{{"2", userID, user, "seat0", loginPath + "/session/_32"}}, nil
		},
		"ScheduleShutdown": func(kind string, at uint64) *dbus.Error {
			if err := b.stage.called("login.restart", deniedName); err != nil {
				return err
			}
			return plan(planned{kind, at})
		},
		"CancelScheduledShutdown": func() (bool, *dbus.Error) { return true, plan(planned{}) },
	}, loginPath, loginName+".Manager")
}

// baseTime is timedated.
func (b *bus) baseTime() error {
	err := b.put(timedateName, timedatePath, timedateName, map[string]any{
		"NTP": true, "CanNTP": true, "NTPSynchronized": true, "Timezone": "Europe/Paris", "LocalRTC": false,
	})
	if err != nil {
		return err
	}
	return b.names[timedateName].ExportMethodTable(map[string]any{
		"SetNTP": func(use, _ bool) *dbus.Error {
			props := map[string]any{"NTP": use}
			if use { // only a service that starts asks at once
				if err := b.stage.called("timedate.ntp", deniedName); err != nil {
					return err
				}
				props["NTPSynchronized"] = true
			} else if b.stage.refuses() {
				return dbus.NewError(deniedName, nil)
			}
			return failed(b.put(timedateName, timedatePath, timedateName, props))
		},
	}, timedatePath, timedateName)
}

// baseResolve is systemd-resolved as far as whoever is at the computer may ask it.
func (b *bus) baseResolve() error {
	return b.names[resolveName].ExportMethodTable(map[string]any{
		"FlushCaches":         func() *dbus.Error { return b.stage.called("resolved.flush", "") },
		"ResetServerFeatures": func() *dbus.Error { return nil },
	}, resolvePath, resolveName+".Manager")
}
