package snapshot

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"balise/diagnostics/internal/probe"
)

const (
	// sourceDeadline is what one source may take; the slowest seen on an idle desktop takes 50 ms.
	sourceDeadline = 1500 * time.Millisecond
	// window is the time between two looks at the processor; shorter ones are mostly noise.
	window = 200 * time.Millisecond
	// topPrograms is how many programs are named in each list.
	topPrograms = 5
	maxDisks    = 12
)

// taker collects the parts of a T; late ones find it closed.
type taker[T any] struct {
	mu      sync.Mutex
	closed  bool
	whole   T
	missing map[string]string
}

// part reads one part and returns what puts it into the whole.
type part[T any] struct {
	name string
	read func(ctx context.Context) (func(*T), error)
}

// source is a part of a snapshot.
type source = part[Snapshot]

// Take looks at the computer. It does not fail: what could not be read is named in Missing. It ends within two
// deadlines even if a source hangs in the kernel; the hanging goroutine dies with the child process.
func Take(ctx context.Context, assetTag string) Snapshot { return take(ctx, assetTag, sources()) }

func take(ctx context.Context, assetTag string, list []source) Snapshot {
	begun := time.Now()
	s, missing := gather(ctx, Snapshot{Version: Version, Taken: begun.UTC(), AssetTag: assetTag}, list)
	s.Missing, s.TookMS = missing, time.Since(begun).Milliseconds()
	return s
}

// gather reads all parts at once and says why some are missing.
func gather[T any](ctx context.Context, whole T, list []part[T]) (T, map[string]string) {
	t := &taker[T]{whole: whole, missing: map[string]string{}}
	ctx, cancel := context.WithTimeout(ctx, sourceDeadline)
	defer cancel()
	done := make(chan struct{}, len(list))
	for _, s := range list {
		t.missing[s.name] = "deadline" // until it reports
	}
	for _, s := range list {
		go func() {
			defer func() { done <- struct{}{} }()
			t.put(ctx, s)
		}()
	}
	for range list {
		select {
		case <-done:
		case <-ctx.Done():
			// A source that honours its context reports a moment later; one that does not is left behind.
			time.Sleep(20 * time.Millisecond)
			return t.close()
		}
	}
	return t.close()
}

func (t *taker[T]) put(ctx context.Context, s part[T]) {
	defer func() {
		if recover() != nil {
			t.set(s.name, nil, errors.New("panic"))
		}
	}()
	set, err := s.read(ctx)
	t.set(s.name, set, err)
}

func (t *taker[T]) set(name string, set func(*T), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if err != nil {
		t.missing[name] = reason(err)
		return
	}
	delete(t.missing, name)
	set(&t.whole)
}

func (t *taker[T]) close() (T, map[string]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	return t.whole, t.missing
}

func reason(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "deadline"
	case errors.Is(err, errors.ErrUnsupported):
		return "unsupported"
	case errors.Is(err, fs.ErrPermission):
		return "denied"
	case errors.Is(err, errNone), errors.Is(err, fs.ErrNotExist):
		return "none"
	default:
		return "failed"
	}
}

// errNone says that this computer has no such thing.
var errNone = errors.New("none")

func sources() []source {
	return []source{
		{"processor", readProcessor},
		{"programs", readPrograms}, // first: they wait for their window
		{"identity", readIdentity},
		{"system", readSystem},
		{"memory", readMemory},
		{"disks", readDisks},
		{"network", readNetwork},
		{"resolver", readResolver},
		{"printers", readPrinters},
		{"displays", readDisplays},
		{"locale", readLocale},
	}
}

func readIdentity(ctx context.Context) (func(*Snapshot), error) {
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	tag := probe.Identities(ctx).AssetTag
	return func(s *Snapshot) {
		s.Hostname = name
		if s.AssetTag == "" && meaningful(tag) {
			s.AssetTag = tag
		}
	}, nil
}

// meaningful refuses what makers leave in the firmware.
func meaningful(tag string) bool {
	switch strings.ToLower(strings.Trim(tag, " .-")) {
	case "", "none", "n/a", "not specified", "default string", "no asset tag", "no asset information",
		"asset tag", "chassis asset tag", "to be filled by o.e.m", "unknown", "0", "00000000", "xxxxxxx":
		return false
	}
	return true
}

func readSystem(ctx context.Context) (func(*Snapshot), error) {
	v, err := probe.ReadSystem(ctx)
	return func(s *Snapshot) { s.System = &v }, err
}

func readProcessor(ctx context.Context) (func(*Snapshot), error) {
	perf := probe.NewPerf()
	before, err := perf.CPU(ctx)
	if err != nil {
		return nil, err
	}
	info, err := probe.ReadCPU(ctx)
	if err != nil {
		return nil, err
	}
	if err := perf.Sleep(ctx, window); err != nil {
		return nil, err
	}
	after, err := perf.CPU(ctx)
	p := Processor{CPUInfo: info, BusyPercent: probe.BusyPercent(before, after)}
	return func(s *Snapshot) { s.Processor = &p }, err
}

func readPrograms(ctx context.Context) (func(*Snapshot), error) {
	perf := probe.NewPerf()
	before, err := perf.Processes(ctx)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := perf.Sleep(ctx, window); err != nil {
		return nil, err
	}
	after, err := perf.Processes(ctx)
	if err != nil {
		return nil, err
	}
	took := time.Since(begun)
	mine := slices.DeleteFunc(probe.OwnOrSystem(after), func(p probe.Process) bool {
		return int(p.PID) == os.Getpid() // busy with looking
	})
	for i := range mine {
		if strings.HasPrefix(mine[i].Name, "/") { // some programs call themselves by their path
			mine[i].Name = path.Base(mine[i].Name)
		}
	}
	p := Programs{
		CPU:    probe.TopCPU(before, mine, took, topPrograms),
		Memory: probe.TopMemory(mine, topPrograms), Count: len(after),
	}
	return func(s *Snapshot) { s.Programs = &p }, nil
}

func readMemory(ctx context.Context) (func(*Snapshot), error) {
	m, err := probe.NewPerf().Memory(ctx)
	v := Memory(m)
	return func(s *Snapshot) { s.Memory = &v }, err
}

func readDisks(ctx context.Context) (func(*Snapshot), error) {
	disk := probe.NewDisk()
	mounts, err := disk.Mounts(ctx)
	if err != nil {
		return nil, err
	}
	var out []Disk
	seen := map[string]bool{}
	for _, m := range mounts {
		// A container or a bind mount shows one file system many times, and a file is no disk.
		if seen[m.Device] || !physical(m) || m.Root != "/" || len(out) == maxDisks {
			continue
		}
		u, err := disk.Usage(ctx, m.Point)
		if err != nil || u.Total == 0 {
			continue // one unreadable disk must not hide the others
		}
		seen[m.Device] = true
		out = append(out, Disk{
			Point: m.Point, Type: m.Type, Total: u.Total, Free: u.Free, FreePercent: u.FreePercent,
			ReadOnly: m.ReadOnly || m.SuperReadOnly,
		})
	}
	if out == nil {
		return nil, errNone
	}
	return func(s *Snapshot) { s.Disks = out }, nil
}

// physical keeps what stores data on this computer. Kernel file systems have no device, images are always
// full, and what is not local must not be asked.
func physical(m probe.Mount) bool {
	if !m.Local() || m.Image() {
		return false
	}
	switch m.Type {
	case "zfs", "btrfs", "bcachefs", "apfs", "hfs", "ntfs", "refs", "overlay":
		return m.Type != "overlay" || m.Point == "/"
	}
	return strings.HasPrefix(m.Source, "/dev/") || strings.HasSuffix(m.Source, ":")
}

func readNetwork(ctx context.Context) (func(*Snapshot), error) {
	all, err := probe.ReadNICs(ctx)
	v := slices.DeleteFunc(all, func(n probe.NIC) bool {
		return n.Kind == "virtual" && !n.Up && len(n.Addresses) == 0 // containers leave dozens
	})
	return func(s *Snapshot) { s.Network = v }, err
}

func readResolver(ctx context.Context) (func(*Snapshot), error) {
	v, err := probe.ReadResolver(ctx)
	return func(s *Snapshot) { s.Resolver = &v }, err
}

func readDisplays(ctx context.Context) (func(*Snapshot), error) {
	v, err := probe.ReadDisplays(ctx)
	return func(s *Snapshot) { s.Displays = v }, err
}

func readLocale(context.Context) (func(*Snapshot), error) {
	now := time.Now()
	l := Locale{Language: probe.ReadLanguage(), Zone: zoneName(now), Offset: now.Format("-07:00")}
	return func(s *Snapshot) { s.Locale = &l }, nil
}

// zoneName is the zone's name in the time zone database where the system says it, else the abbreviation.
func zoneName(now time.Time) string {
	if target, err := os.Readlink("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(target, "zoneinfo/"); ok {
			return name
		}
	}
	name, _ := now.Zone()
	return name
}
