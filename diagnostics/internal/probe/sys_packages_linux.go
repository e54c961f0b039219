package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// installers are the programs that change the list of packages while they run.
var installers = []string{"dpkg", "apt-get", "apt", "aptitude", "apt.systemd.daily"}

func packages(ctx context.Context) (Packages, error) {
	return readPackages(ctx, "/", func() (bool, error) { return programRuns(installers...) })
}

// readPackages looks under root, which is "/" but in tests.
func readPackages(ctx context.Context, root string, busy func() (bool, error)) (Packages, error) {
	f, err := os.Open(filepath.Join(root, "var/lib/dpkg/status"))
	if errors.Is(err, fs.ErrNotExist) {
		return Packages{}, fmt.Errorf("no list of packages: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return Packages{}, fmt.Errorf("read the list of packages: %w", err)
	}
	defer f.Close()
	p, err := ParseDpkgStatus(ctx, f)
	if err != nil {
		return p, fmt.Errorf("read the list of packages: %w", err)
	}
	// What dpkg wrote down while it worked, and did not get to enter into the list.
	if entries, err := os.ReadDir(filepath.Join(root, "var/lib/dpkg/updates")); err == nil {
		p.Journal = slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
			_, err := strconv.Atoi(e.Name())
			return err == nil
		})
	}
	if p.Unfinished == 0 && !p.Journal {
		return p, nil
	}
	if at, err := busy(); err == nil && at {
		return p, ErrBusy
	}
	return p, nil
}

// updates takes the later of what the package manager's own stamps and PackageKit say.
func updates(ctx context.Context) (Updates, error) {
	u, err := readUpdates("/")
	kit, kitErr := packageKit(ctx)
	if kitErr == nil {
		if kit.Checked.After(u.Checked) {
			u.Checked = kit.Checked
		}
		u.Counted, u.Security = kit.Counted, kit.Security
		return u, nil
	}
	return u, err
}

// updateStamps are touched when a search for updates ends well: apt's own, those of Ubuntu's notifier, dnf's.
var updateStamps = []string{
	"var/lib/apt/periodic/update-success-stamp", "var/lib/apt/periodic/update-stamp",
	"var/cache/dnf/last_makecache", "var/lib/dnf/last_makecache",
}

func readUpdates(root string) (Updates, error) {
	var u Updates
	for _, name := range updateStamps {
		if st, err := os.Stat(filepath.Join(root, name)); err == nil && st.ModTime().After(u.Checked) {
			u.Checked = st.ModTime()
		}
	}
	if u.Checked.IsZero() {
		return u, fmt.Errorf("nothing here looks for updates by itself: %w", errors.ErrUnsupported)
	}
	return u, nil
}

const (
	kitName        = "org.freedesktop.PackageKit"
	kitPath        = "/org/freedesktop/PackageKit"
	kitTransaction = "org.freedesktop.PackageKit.Transaction"
	// kitRefresh is the role "refresh-cache", kitSecurity the kind of update "security".
	kitRefresh  = uint32(13)
	kitSecurity = uint32(8)
	// kitPatience is what the list of updates may take: a daemon that has it in memory gives it at once.
	kitPatience = 400 * time.Millisecond
)

// packageKit asks PackageKit if it runs; it is not started for this, because it would load for seconds.
func packageKit(ctx context.Context) (Updates, error) {
	ctx, cancel := context.WithTimeout(ctx, callPatience+kitPatience)
	defer cancel()
	b, err := openSystemBus(ctx)
	if err != nil {
		return Updates{}, err
	}
	defer b.close()
	var u Updates
	var seconds uint32
	err = b.call(ctx, kitName, kitPath, kitName+".GetTimeSinceAction", []any{kitRefresh}, &seconds)
	if err != nil {
		return u, err
	}
	const never = ^uint32(0)
	if seconds != never {
		u.Checked = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	short, stop := context.WithTimeout(ctx, kitPatience)
	defer stop()
	u.Security, err = b.securityUpdates(short)
	u.Counted = err == nil
	return u, nil
}

// securityUpdates counts the signals "Package" of a transaction until its "Finished".
func (b bus) securityUpdates(ctx context.Context) (int, error) {
	var path dbus.ObjectPath
	if err := b.call(ctx, kitName, kitPath, kitName+".CreateTransaction", nil, &path); err != nil {
		return 0, err
	}
	const room = 64
	signals := make(chan *dbus.Signal, room)
	b.conn.Signal(signals)
	defer b.conn.RemoveSignal(signals)
	match := []dbus.MatchOption{dbus.WithMatchObjectPath(path), dbus.WithMatchInterface(kitTransaction)}
	if err := b.conn.AddMatchSignalContext(ctx, match...); err != nil {
		return 0, err
	}
	go func() {
		// Answers come as signals; the call itself may return only at the end.
		_ = b.call(ctx, kitName, path, kitTransaction+".GetUpdates", []any{uint64(1) << 1})
	}()
	n := 0
	for {
		select {
		case s, open := <-signals:
			switch {
			case !open:
				return 0, ErrNoBus
			case s.Path != path:
			case s.Name == kitTransaction+".Package" && len(s.Body) > 0 && s.Body[0] == kitSecurity:
				n++
			case s.Name == kitTransaction+".ErrorCode":
				return 0, errors.New("PackageKit answers with an error")
			case s.Name == kitTransaction+".Finished":
				return n, nil
			}
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// crashes lists the names of crash files, never their content.
func crashes(ctx context.Context) (Crashes, error) { return readCrashes(ctx, "/", os.Getuid()) }

// maxCrashes bounds what is read of a folder.
const maxCrashes = 2000

func readCrashes(ctx context.Context, root string, uid int) (Crashes, error) {
	var c Crashes
	var last error
	for _, place := range []struct {
		dir string
		add func(e fs.DirEntry)
	}{
		{"var/crash", func(e fs.DirEntry) { c.addApport(e, uid) }},
		{"var/lib/systemd/coredump", func(e fs.DirEntry) { c.addCoredump(e, uid) }},
		{"sys/fs/pstore", c.addKernel},
		{"var/lib/systemd/pstore", c.addKernel},
	} {
		entries, err := listSome(filepath.Join(root, place.dir), maxCrashes)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				last = err
			}
			continue
		}
		// An empty pstore is there on every computer and says nothing of programs.
		c.Readable = c.Readable || !strings.Contains(place.dir, "pstore") || len(entries) > 0
		for _, e := range entries {
			place.add(e)
		}
		if ctx.Err() != nil {
			return c, ctx.Err()
		}
	}
	switch {
	case c.Readable:
		return c, nil
	case last != nil:
		return c, fmt.Errorf("list crashes: %w", last)
	}
	return c, fmt.Errorf("nothing here keeps crashes: %w", errors.ErrUnsupported)
}

func listSome(dir string, n int) ([]fs.DirEntry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(n)
	if len(entries) > 0 || errors.Is(err, io.EOF) {
		err = nil
	}
	return entries, err
}

// addApport reads the name of Apport's files: "_usr_bin_evolution.1000.crash".
func (c *Crashes) addApport(e fs.DirEntry, uid int) {
	stem, ok := strings.CutSuffix(e.Name(), ".crash")
	if !ok {
		return
	}
	dot := strings.LastIndexByte(stem, '.')
	if dot < 0 || !ownOrSystem(stem[dot+1:], uid) {
		return
	}
	program := stem[:dot]
	info, err := e.Info()
	if err != nil {
		return
	}
	if strings.HasPrefix(program, "linux-image") || strings.HasPrefix(program, "vmcore") {
		c.Kernel = append(c.Kernel, info.ModTime())
		return
	}
	c.add(program[strings.LastIndexByte(program, '_')+1:], info.ModTime())
}

// addCoredump reads the name of systemd-coredump's files: "core.<name>.<uid>.<boot>.<pid>.<time>.zst".
func (c *Crashes) addCoredump(e fs.DirEntry, uid int) {
	f := strings.Split(e.Name(), ".")
	at := -1
	for i := len(f) - 1; i > 1; i-- {
		if len(f[i]) == 32 && i+2 < len(f) { // the boot's number
			at = i
			break
		}
	}
	if f[0] != "core" || at < 2 || !ownOrSystem(f[at-1], uid) {
		return
	}
	micro, err := strconv.ParseInt(f[at+2], 10, 64)
	if err != nil {
		return
	}
	c.add(unescapeUnit(strings.Join(f[1:at-1], ".")), time.UnixMicro(micro))
}

// addKernel takes what the firmware kept of a crash of the kernel itself.
func (c *Crashes) addKernel(e fs.DirEntry) {
	if strings.HasPrefix(e.Name(), "console-") || strings.HasPrefix(e.Name(), "pmsg-") {
		return // kept at every start
	}
	if info, err := e.Info(); err == nil {
		c.Kernel = append(c.Kernel, info.ModTime())
	}
}

// ownOrSystem leaves out the programs of other people on this computer.
func ownOrSystem(uid string, own int) bool {
	n, err := strconv.Atoi(uid)
	return err == nil && (n < firstUser || n == own)
}

// unescapeUnit turns the "\x2d" of systemd's names back into the character.
func unescapeUnit(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x' {
			if v, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(v))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
