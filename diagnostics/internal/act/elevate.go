package act

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// Elevation: the one way in which a step with more rights than the user's is done.
//
// systemd is asked on the system's bus to run a transient service (StartTransientUnit). Its own polkit action,
// org.freedesktop.systemd1.manage-units, decides, and asks for an administrator's password in the desktop's own
// dialog. Why this and not another way:
//   - pkexec runs what it is given as root in the caller's session and environment, needs an agent on its side of
//     the terminal, and its one action (org.freedesktop.policykit.exec) says nothing of what is to be done;
//   - PackageKit's RepairSystem is for rpm's indexes: the apt backend has none (backends/*/pk-backend-*.c), and
//     aptdaemon is gone from the distributions;
//   - a helper of ours that runs as root would be one more thing that runs as root.
//
// What may run is the closed list of deeds below: an absolute path and an argument vector, no shell, with the
// service manager's own fences round it. Its output is neither read nor trusted; only systemd's word on how it
// ended counts, and the repair's self-test after that. systemd-run --wait does the same (AddRef keeps the unit
// until its result was read; src/run/run.c).

// Deed is one thing that is done with an administrator's rights. Deeds come from the constructors only.
type Deed struct {
	name    string
	argv    []string
	fences  []prop
	atMost  time.Duration
	missing error
}

// ConfigurePackages finishes what dpkg was interrupted in. A question about a changed settings file is answered by
// keeping the file as it is.
func ConfigurePackages() Deed {
	return Deed{
		name: "packages-configure", atMost: packagesTime,
		argv: []string{"/usr/bin/dpkg", "--force-confdef", "--force-confold", "--configure", "-a"},
	}
}

// CompletePackages installs what installed programs lack. It never removes a program and never takes one from a
// source that is not signed.
func CompletePackages() Deed {
	return Deed{
		name: "packages-complete", atMost: packagesTime,
		argv: append([]string{"/usr/bin/apt-get", "-y", "--no-remove"}, append(completeArgs(), "-f", "install")...),
	}
}

func completeArgs() []string {
	return []string{
		"-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
		"-o", "APT::Get::AllowUnauthenticated=false", "-o", "DPkg::Lock::Timeout=0",
	}
}

// CleanPackages deletes the installation files that apt keeps. They can be fetched again.
func CleanPackages() Deed {
	return Deed{
		name: "packages-clean", argv: []string{"/usr/bin/apt-get", "-o", "DPkg::Lock::Timeout=0", "clean"},
		atMost: cleanTime, fences: fenced("/var/cache/apt", "/var/lib/apt"),
	}
}

// VacuumJournal shortens the system's log to so many MiB, from 50 on.
func VacuumJournal(mib int) Deed {
	const least, most = 50, 10_000
	d := Deed{
		name: "journal-vacuum", atMost: cleanTime, fences: fenced("/var/log/journal"),
		argv: []string{"/usr/bin/journalctl", fmt.Sprintf("--vacuum-size=%dM", mib)},
	}
	if mib < least || mib > most {
		d.missing = fmt.Errorf("keep %d MiB of the log: want %d to %d", mib, least, most)
	}
	return d
}

// RemoveKernels removes kernels by the names of their packages; apt refuses to take anything else with them that
// is essential, and the caller leaves out the running one and the newest.
func RemoveKernels(packages []string) Deed {
	d := Deed{name: "kernels-remove", atMost: packagesTime, argv: []string{"/usr/bin/apt-get", "-y"}}
	d.argv = append(append(d.argv, completeArgs()...), "purge", "--")
	for _, p := range packages {
		if !kernelPackage(p) {
			d.missing = fmt.Errorf("%q is not a kernel's package", p)
		}
		d.argv = append(d.argv, p)
	}
	if len(packages) == 0 {
		d.missing = errors.New("no kernel is named")
	}
	return d
}

// DetachMount takes a mounted folder out of the tree although its server does not answer. The caller found it in
// the table of mounts.
func DetachMount(dir string) Deed {
	d := Deed{name: "mount-detach", argv: []string{"/usr/bin/umount", "-l", "--", dir}, atMost: cleanTime}
	if !filepath.IsAbs(dir) || filepath.Clean(dir) != dir || dir == "/" || strings.ContainsAny(dir, "$%\n\x00") {
		d.missing = fmt.Errorf("%q is not a mounted folder's name", dir)
	}
	return d
}

func kernelPackage(name string) bool {
	for _, kind := range []string{"linux-image-", "linux-headers-", "linux-modules-", "linux-modules-extra-"} {
		rest, ok := strings.CutPrefix(name, kind)
		if !ok || rest == "" || rest[0] < '0' || rest[0] > '9' {
			continue
		}
		return strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789.+~-") == ""
	}
	return false
}

const (
	// packagesTime is what a slow disk needs for many packages; nothing ends them earlier, because half an
	// installation is what is being repaired.
	packagesTime = time.Hour
	cleanTime    = 2 * time.Minute
	// asked is how long the password dialog may stay open.
	asked = 3 * time.Minute
)

// fenced shuts a deed off from all of the system but the folders that it is for, and from the network.
func fenced(writable ...string) []prop {
	for i := range writable {
		writable[i] = "-" + writable[i] // the folder may be missing
	}
	return []prop{
		{"ProtectSystem", dbus.MakeVariant("strict")},
		{"ProtectHome", dbus.MakeVariant("tmpfs")},
		{"ReadWritePaths", dbus.MakeVariant(writable)},
		{"PrivateNetwork", dbus.MakeVariant(true)},
		{"PrivateTmp", dbus.MakeVariant(true)},
		{"NoNewPrivileges", dbus.MakeVariant(true)},
	}
}

// prop is one property of a transient unit, as the bus has it: (sv).
type prop struct {
	Name  string
	Value dbus.Variant
}

// execLine is one line of ExecStart: (sasb), whether a failure is to be ignored.
type execLine struct {
	Path   string
	Argv   []string
	Ignore bool
}

// auxUnit is the type of StartTransientUnit's last argument, a(sa(sv)), of which we give none.
type auxUnit struct {
	Name  string
	Props []prop
}

// FailedError says that a deed was allowed and did not end well.
type FailedError struct {
	Deed   string
	Result string // systemd's word: "exit-code", "timeout", "signal", ...
	Status int    // the program's exit status
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("%s ended with %s (status %d)", e.Deed, e.Result, e.Status)
}

// Elevate does a deed with the system's rights, if the system's authority lets this user. ErrDenied: no right, no
// agent that could ask, or the dialog was dismissed; nothing was done. ErrAbsent: no systemd, or the program is
// not installed. FailedError: it was done and failed. When ctx ends first, the deed goes on by itself: to kill
// an installation in its middle would be worse than to leave it.
func Elevate(ctx context.Context, d Deed) error {
	if len(d.argv) == 0 {
		return errors.New("elevate: an empty deed")
	}
	if d.missing != nil {
		return fmt.Errorf("elevate: %w", d.missing)
	}
	if _, err := os.Stat(d.argv[0]); err != nil {
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	b, err := SystemBus(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	m := manager{b}
	w, err := m.watch(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	unit, job := "balise-"+d.name+"-"+random()+".service", dbus.ObjectPath("")
	start, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	err = b.Do(start, systemdName, systemdPath, systemdManager+".StartTransientUnit",
		[]any{unit, "fail", d.properties(), []auxUnit{}}, &job)
	if err != nil {
		return undecided(start, err)
	}
	end, stop := context.WithTimeout(ctx, d.atMost+patience)
	defer stop()
	if err := w.ended(end, job, unit); err != nil {
		return fmt.Errorf("wait for %s: %w", d.name, err)
	}
	return m.outcome(ctx, d.name, unit)
}

// undecided is a question that nobody answered in time: the same as a no, and systemd will not take a late yes
// from a connection that is closed by then.
func undecided(asking context.Context, err error) error {
	if errors.Is(asking.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: nobody answered the question for a password: %w", ErrDenied, err)
	}
	return err
}

func (d Deed) properties() []prop {
	props := []prop{
		{"Description", dbus.MakeVariant("Balise: " + d.name)},
		{"Type", dbus.MakeVariant("oneshot")},
		{"ExecStart", dbus.MakeVariant([]execLine{{d.argv[0], d.argv, false}})},
		// With a language of its own nothing that is read by a person changes, and nothing asks on a terminal.
		{"Environment", dbus.MakeVariant([]string{
			"DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true", "APT_LISTCHANGES_FRONTEND=none",
			"NEEDRESTART_SUSPEND=1", "LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		})},
		{"StandardInput", dbus.MakeVariant("null")},
		{"TimeoutStartUSec", dbus.MakeVariant(uint64(d.atMost.Microseconds()))},
		// We hold the unit until its result was read; then it is forgotten, also when it failed.
		{"AddRef", dbus.MakeVariant(true)},
		{"CollectMode", dbus.MakeVariant("inactive-or-failed")},
	}
	return append(props, d.fences...)
}

// outcome reads how a unit of ours ended.
func (m manager) outcome(ctx context.Context, deed, unit string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	path, err := m.unit(ctx, unit)
	if err != nil {
		return fmt.Errorf("read how %s ended: %w", deed, err)
	}
	result, err := m.b.Get(ctx, systemdName, path, systemdService, "Result")
	if err != nil {
		return fmt.Errorf("read how %s ended: %w", deed, err)
	}
	status, err := m.b.Get(ctx, systemdName, path, systemdService, "ExecMainStatus")
	if err != nil {
		return fmt.Errorf("read how %s ended: %w", deed, err)
	}
	word, _ := result.(string)
	number, ok := status.(int32)
	if word != "success" || number != 0 || !ok {
		return &FailedError{Deed: deed, Result: word, Status: int(number)}
	}
	return nil
}

func random() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	return hex.EncodeToString(b[:])
}
