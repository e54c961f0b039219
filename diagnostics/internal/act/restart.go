package act

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	loginName    = "org.freedesktop.login1"
	loginPath    = "/org/freedesktop/login1"
	loginManager = loginName + ".Manager"
)

// Restarts asks logind about a restart of the computer. logind's own polkit actions decide (login1.reboot,
// reboot-multiple-sessions, reboot-ignore-inhibit); the last two are never asked for, because Reason says
// beforehand that others are at work.
type Restarts struct{ b Bus }

// OpenRestarts connects to logind. Close it.
func OpenRestarts(ctx context.Context) (Restarts, error) {
	b, err := SystemBus(ctx)
	return Restarts{b}, err
}

// Close ends the connection.
func (r Restarts) Close() { r.b.Close() }

// Planned is a restart or shutdown that is scheduled; the zero value is none.
type Planned struct {
	Kind string
	At   time.Time
}

// inhibitor is a program that wants no restart now, one row of ListInhibitors: a(ssssuu).
type inhibitor struct {
	What, Who, Why, Mode string
	UID, PID             uint32
}

// session is one row of ListSessions: a(susso).
type session struct {
	ID   string
	UID  uint32
	User string
	Seat string
	Path dbus.ObjectPath
}

// The reasons against a restart, as codes that have a text.
const (
	RestartDenied    = "not_allowed"
	RestartAbsent    = "no_restart"
	RestartInhibited = "inhibited"
	RestartOthers    = "others_logged_in"
)

// Reason says what speaks against a restart, if anything does, and whether it takes an administrator's password.
func (r Restarts) Reason(ctx context.Context) (why string, elevated bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var can string
	if err := r.ask(ctx, "CanReboot", nil, &can); err != nil {
		return "", false, err
	}
	switch can {
	case "yes", "challenge":
	case "na":
		return RestartAbsent, false, nil
	default:
		return RestartDenied, false, nil
	}
	var held []inhibitor
	if err := r.ask(ctx, "ListInhibitors", nil, &held); err != nil {
		return "", false, err
	}
	for _, i := range held {
		if i.Mode == "block" && contains(i.What, "shutdown") {
			return RestartInhibited, false, nil
		}
	}
	var all []session
	if err := r.ask(ctx, "ListSessions", nil, &all); err != nil {
		return "", false, err
	}
	for _, s := range all {
		if s.UID != uint32(os.Getuid()) && person(s.UID) {
			return RestartOthers, false, nil
		}
	}
	return "", can == "challenge", nil
}

// contains looks for a word among those that colons part.
func contains(list, word string) bool {
	for one := range strings.SplitSeq(list, ":") {
		if one == word {
			return true
		}
	}
	return false
}

// person tells whether a number is that of somebody who logs in: login screens have a small one.
func person(uid uint32) bool { return uid >= 1000 && uid < 65534 }

// Planned reads what is scheduled.
func (r Restarts) Planned(ctx context.Context) (Planned, error) {
	v, err := r.b.Get(ctx, loginName, loginPath, loginManager, "ScheduledShutdown")
	if err != nil {
		return Planned{}, fmt.Errorf("read the scheduled restart: %w", err)
	}
	pair, ok := v.([]any)
	if !ok || len(pair) != 2 {
		return Planned{}, fmt.Errorf("read the scheduled restart: %v is not a plan", v)
	}
	kind, _ := pair[0].(string)
	usec, _ := pair[1].(uint64)
	if kind == "" {
		return Planned{}, nil
	}
	return Planned{Kind: kind, At: time.UnixMicro(int64(usec))}, nil
}

// Schedule plans a restart. logind tells terminals at most, no desktop: whoever plans one says so himself.
func (r Restarts) Schedule(ctx context.Context, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	err := r.ask(ctx, "ScheduleShutdown", []any{"reboot", uint64(at.UnixMicro())})
	return undecidedIf(ctx, err)
}

// Cancel takes a planned restart back.
func (r Restarts) Cancel(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	var was bool
	return undecidedIf(ctx, r.ask(ctx, "CancelScheduledShutdown", nil, &was))
}

func (r Restarts) ask(ctx context.Context, method string, args []any, out ...any) error {
	return r.b.Do(ctx, loginName, loginPath, loginManager+"."+method, args, out...)
}
