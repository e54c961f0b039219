package act

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// PackageKit's names and numbers: src/org.freedesktop.PackageKit.Transaction.xml and lib/packagekit-glib2/pk-enum.h.
const (
	kitName        = "org.freedesktop.PackageKit"
	kitPath        = "/org/freedesktop/PackageKit"
	kitTransaction = "org.freedesktop.PackageKit.Transaction"

	kitOnlyTrusted = uint64(1) << 1
	kitSimulate    = uint64(1) << 2
	kitNoFilter    = uint64(1) << 1

	kitInfoSecurity = uint32(8)
	kitInfoBlocked  = uint32(9)
	kitInfoRemoving = uint32(13)

	kitExitSuccess   = uint32(1)
	kitExitCancelled = uint32(3)
	kitExitKey       = uint32(4)
	kitExitEula      = uint32(5)
	kitExitUntrusted = uint32(8)
	kitExitRepair    = uint32(11)

	kitRestartSession, kitRestartSystem                 = uint32(3), uint32(4)
	kitRestartSecuritySession, kitRestartSecuritySystem = uint32(5), uint32(6)
)

// Update is one update that waits.
type Update struct {
	ID       string // PackageKit's: name;version;arch;source
	Name     string
	Version  string
	Security bool
	Bytes    int64 // to fetch; 0 when nobody knows
}

// KitError is PackageKit's word on why it did not do what was asked. Code is for people: repair.reason.<code>.
type KitError struct {
	Code    string
	Number  uint32
	Details string // the backend's own words, for the log only
}

func (e *KitError) Error() string {
	return fmt.Sprintf("PackageKit: %s (%d) %s", e.Code, e.Number, e.Details)
}

// kitCodes are the errors that mean something to a person.
var kitCodes = map[uint32]string{
	2: "no_network", 5: "not_trusted", 10: "download", 13: "dependencies", 17: "cancelled", 18: "no_lists",
	26: "busy_packages", 27: "nothing_to_do", 30: "not_trusted", 31: "not_trusted", 33: "sources", 34: "licence",
	35: "dependencies", 36: "dependencies", 37: "download", 38: "not_trusted", 40: "not_trusted", 43: "download",
	46: "no_room_updates", 47: "medium", 49: "nothing_to_do",
}

// Told says how far an installation is: per cent, below 0 when nobody knows, and a package's name or nothing.
type Told func(percent int, what string)

// PendingUpdates lists what waits, security first. It asks PackageKit and starts it if it must.
func PendingUpdates(ctx context.Context) ([]Update, error) {
	k, err := openKit(ctx)
	if err != nil {
		return nil, err
	}
	defer k.b.Close()
	var list []Update
	_, err = k.run(ctx, "GetUpdates", []any{kitNoFilter}, func(s *dbus.Signal) {
		info, id, ok := packageOf(s)
		if !ok || info == kitInfoBlocked {
			return
		}
		part := strings.SplitN(id, ";", 3)
		if len(part) < 3 || part[0] == "" {
			return
		}
		list = append(list, Update{ID: id, Name: part[0], Version: part[1], Security: info == kitInfoSecurity})
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("list updates: %w", err)
	}
	slices.SortStableFunc(list, func(a, b Update) int {
		if a.Security != b.Security {
			if a.Security {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	k.sizes(ctx, list)
	return list, nil
}

// sizes fills in what is to be fetched, as far as that is known in a moment.
func (k kit) sizes(ctx context.Context, list []Update) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ids := make([]string, 0, len(list))
	for _, u := range list {
		ids = append(ids, u.ID)
	}
	if len(ids) == 0 {
		return
	}
	_, _ = k.run(ctx, "GetDetails", []any{ids}, func(s *dbus.Signal) {
		if s.Name != kitTransaction+".Details" || len(s.Body) == 0 {
			return
		}
		d, _ := s.Body[0].(map[string]dbus.Variant)
		id, _ := d["package-id"].Value().(string)
		size, _ := d["size"].Value().(uint64)
		for i := range list {
			const absurd = 1 << 40
			if list[i].ID == id && size < absurd {
				list[i].Bytes = int64(size)
			}
		}
	}, nil)
}

// RefreshUpdates looks anew for updates.
func RefreshUpdates(ctx context.Context, told Told) error {
	k, err := openKit(ctx)
	if err != nil {
		return err
	}
	defer k.b.Close()
	if _, err := k.run(ctx, "RefreshCache", []any{false}, nil, told); err != nil {
		return fmt.Errorf("look for updates: %w", err)
	}
	return nil
}

// InstallUpdates installs exactly the updates named, from signed sources only, and says whether the computer or
// the session must be restarted ("system", "session" or ""). Updates that would remove a program are refused.
func InstallUpdates(ctx context.Context, ids []string, told Told) (restart string, err error) {
	if len(ids) == 0 {
		return "", nil
	}
	k, err := openKit(ctx)
	if err != nil {
		return "", err
	}
	defer k.b.Close()
	removes := false
	_, err = k.run(ctx, "UpdatePackages", []any{kitOnlyTrusted | kitSimulate, ids}, func(s *dbus.Signal) {
		info, _, ok := packageOf(s)
		removes = removes || ok && info == kitInfoRemoving
	}, nil)
	if err != nil {
		return "", fmt.Errorf("try the updates: %w", err)
	}
	if removes {
		return "", &KitError{Code: "would_remove"}
	}
	_, err = k.run(ctx, "UpdatePackages", []any{kitOnlyTrusted, ids}, func(s *dbus.Signal) {
		restart = worse(restart, s)
	}, told)
	if err != nil {
		return restart, fmt.Errorf("install updates: %w", err)
	}
	return restart, nil
}

func worse(now string, s *dbus.Signal) string {
	if s.Name != kitTransaction+".RequireRestart" || len(s.Body) == 0 {
		return now
	}
	switch s.Body[0] {
	case kitRestartSystem, kitRestartSecuritySystem:
		return "system"
	case kitRestartSession, kitRestartSecuritySession:
		if now == "" {
			return "session"
		}
	}
	return now
}

func packageOf(s *dbus.Signal) (info uint32, id string, ok bool) {
	if s.Name != kitTransaction+".Package" || len(s.Body) < 2 {
		return 0, "", false
	}
	info, ok1 := s.Body[0].(uint32)
	id, ok2 := s.Body[1].(string)
	return info, id, ok1 && ok2
}

type kit struct{ b Bus }

func openKit(ctx context.Context) (kit, error) {
	b, err := SystemBus(ctx)
	return kit{b}, err
}

// silence is how long a transaction may say nothing before we look whether it is still there.
const silence = 20 * time.Second

// run does one transaction: answers come as signals until Finished, or Destroy when the daemon gives up.
func (k kit) run(ctx context.Context, method string, args []any, on func(*dbus.Signal), told Told) (uint32, error) {
	var path dbus.ObjectPath
	start, cancel := context.WithTimeout(ctx, silence) // the daemon may have to be started
	defer cancel()
	if err := k.b.Do(start, kitName, kitPath, kitName+".CreateTransaction", nil, &path); err != nil {
		return 0, err
	}
	const room = 1024
	signals := make(chan *dbus.Signal, room)
	k.b.conn.Signal(signals)
	defer k.b.conn.RemoveSignal(signals)
	if err := k.b.conn.AddMatchSignalContext(start, dbus.WithMatchObjectPath(path)); err != nil {
		return 0, fmt.Errorf("listen to PackageKit: %w", denied(err))
	}
	hints := []string{"interactive=true", "background=false"}
	if err := k.b.Do(start, kitName, path, kitTransaction+".SetHints", []any{hints}); err != nil {
		return 0, err
	}
	called := make(chan error, 1)
	go func() { called <- k.b.Do(ctx, kitName, path, kitTransaction+"."+method, args) }()
	t := transaction{k: k, path: path, on: on, told: told}
	exit, err := t.listen(ctx, signals, called)
	if ctx.Err() != nil {
		t.cancel()
	}
	return exit, err
}

// transaction is one thing that PackageKit does.
type transaction struct {
	k       kit
	path    dbus.ObjectPath
	on      func(*dbus.Signal)
	told    Told
	problem *KitError
	percent int
	name    string
}

// cancel asks for an end, over a connection of its own: ours ends with its context. PackageKit lets everybody
// cancel what is his own, and does not stop what must not be stopped.
func (t *transaction) cancel() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	b, err := SystemBus(ctx)
	if err != nil {
		return
	}
	defer b.Close()
	_ = b.Do(ctx, kitName, t.path, kitTransaction+".Cancel", nil)
}

func (t *transaction) listen(ctx context.Context, signals <-chan *dbus.Signal, called <-chan error) (uint32, error) {
	quiet := time.NewTicker(silence)
	defer quiet.Stop()
	t.percent = -1
	for {
		select {
		case s, open := <-signals:
			if !open {
				return 0, fmt.Errorf("%w: the bus is gone", ErrAbsent)
			}
			if s.Path != t.path {
				continue
			}
			quiet.Reset(silence)
			if over, exit, err := t.hear(s); over {
				return exit, err
			}
		case err := <-called: // it may return at once or at the end
			if err != nil {
				return 0, err
			}
			called = nil
		case <-quiet.C:
			_, err := t.k.b.Get(ctx, kitName, t.path, kitTransaction, "Status")
			if errors.Is(err, ErrAbsent) {
				return 0, fmt.Errorf("PackageKit went away: %w", err)
			}
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (t *transaction) hear(s *dbus.Signal) (over bool, exit uint32, err error) {
	number := func(i int) uint32 {
		if i >= len(s.Body) {
			return 0
		}
		n, _ := s.Body[i].(uint32)
		return n
	}
	switch s.Name {
	case kitTransaction + ".ErrorCode":
		t.problem = &KitError{Code: cmp.Or(kitCodes[number(0)], "packages_error"), Number: number(0)}
		if len(s.Body) > 1 {
			t.problem.Details, _ = s.Body[1].(string)
		}
	case kitTransaction + ".Finished":
		return true, number(0), t.verdict(number(0))
	case kitTransaction + ".Destroy":
		return true, 0, fmt.Errorf("%w: the transaction is gone", ErrAbsent)
	case kitTransaction + ".ItemProgress":
		if len(s.Body) > 0 {
			id, _ := s.Body[0].(string)
			t.name, _, _ = strings.Cut(id, ";")
		}
		t.tell()
	case "org.freedesktop.DBus.Properties.PropertiesChanged":
		t.changed(s)
	}
	if t.on != nil {
		t.on(s)
	}
	return false, 0, nil
}

// changed takes the percentage from the transaction's properties; 101 is PackageKit's "nobody knows".
func (t *transaction) changed(s *dbus.Signal) {
	if len(s.Body) < 2 || s.Body[0] != kitTransaction {
		return
	}
	props, _ := s.Body[1].(map[string]dbus.Variant)
	p, ok := props["Percentage"].Value().(uint32)
	if !ok {
		return
	}
	t.percent = int(p)
	if p > 100 {
		t.percent = -1
	}
	t.tell()
}

func (t *transaction) tell() {
	if t.told != nil {
		t.told(t.percent, t.name)
	}
}

// kitNotAuthorized is the error "not-authorized": no right, no agent, or the dialog was dismissed.
const kitNotAuthorized = uint32(48)

func (t *transaction) verdict(exit uint32) error {
	if t.problem != nil && t.problem.Number == kitNotAuthorized {
		return fmt.Errorf("%w: %w", ErrDenied, t.problem)
	}
	switch exit {
	case kitExitSuccess:
		return nil
	case kitExitEula: // a licence is the user's or the organisation's to accept, not ours
		return &KitError{Code: "licence"}
	case kitExitKey, kitExitUntrusted:
		return &KitError{Code: "not_trusted"}
	case kitExitCancelled:
		return &KitError{Code: "cancelled"}
	case kitExitRepair:
		return &KitError{Code: "interrupted_packages"}
	}
	if t.problem != nil {
		return t.problem
	}
	return &KitError{Code: "packages_error", Number: exit}
}
