package probe

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/process"
)

// Perf reads how busy the computer is. Each field is one question to the system and can be replaced in
// tests.
type Perf struct {
	Memory func(ctx context.Context) (Memory, error)
	// Pressure is the kernel's own measure of waiting (Linux with PSI); ErrNoPressure elsewhere.
	Pressure func(resource string) (Pressure, error)
	// CPU is how much time the processors have spent so far.
	CPU func(ctx context.Context) (CPUTime, error)
	// Processes lists what runs, by name only: command lines hold what people type.
	Processes func(ctx context.Context) ([]Process, error)
	// Own lists what this user runs, by name and processor time; quicker than Processes.
	Own func(ctx context.Context) ([]Process, error)
	// Sleep waits, and can be replaced so that a test does not.
	Sleep func(ctx context.Context, d time.Duration) error
	Now   func() time.Time
	CPUs  int
}

// Memory is in bytes. Available is what programs can still get without swapping.
type Memory struct {
	Total, Available    uint64
	SwapTotal, SwapUsed uint64
}

// Pressure is the share of time, in percent, in which some program (or all) waited for a resource.
type Pressure struct {
	Some10, Some60, Some300 float64
	Full10, Full60, Full300 float64
}

// CPUTime is processor time in seconds since the start of the computer, summed over all processors. Time
// that a virtual machine was refused by its host is in neither.
type CPUTime struct{ Busy, Idle float64 }

// Process is one running program.
type Process struct {
	PID  int32
	Name string
	CPU  float64 // seconds of processor time so far
	RSS  uint64  // bytes in memory
}

// ErrNoPressure says that this system does not measure pressure.
var ErrNoPressure = errors.New("no pressure figures on this system")

// NewPerf reads this computer.
func NewPerf() Perf {
	return Perf{
		Memory: memory, Pressure: pressure, CPU: cpuTime, Processes: processes, Sleep: sleep,
		Own: ownProcesses, Now: time.Now,
		CPUs: runtime.NumCPU(),
	}
}

func pressure(resource string) (Pressure, error) {
	if runtime.GOOS != "linux" {
		return Pressure{}, ErrNoPressure
	}
	f, err := os.Open("/proc/pressure/" + resource)
	if err != nil {
		return Pressure{}, fmt.Errorf("%w: %w", ErrNoPressure, err)
	}
	defer f.Close()
	return ParsePressure(f)
}

// ParsePressure reads the format of /proc/pressure/* (kernel documentation, accounting/psi).
func ParsePressure(r io.Reader) (Pressure, error) {
	var p Pressure
	seen := false
	lines := bufio.NewScanner(io.LimitReader(r, 4096))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 4 {
			continue
		}
		var v [3]float64
		for i, name := range []string{"avg10=", "avg60=", "avg300="} {
			text, ok := strings.CutPrefix(f[i+1], name)
			n, err := strconv.ParseFloat(text, 64)
			if !ok || err != nil || !(n >= 0 && n <= 100) {
				return Pressure{}, fmt.Errorf("read pressure: unexpected %q", f[i+1])
			}
			v[i] = n
		}
		switch f[0] {
		case "some":
			p.Some10, p.Some60, p.Some300, seen = v[0], v[1], v[2], true
		case "full":
			p.Full10, p.Full60, p.Full300 = v[0], v[1], v[2]
		}
	}
	if !seen {
		return Pressure{}, ErrNoPressure
	}
	return p, lines.Err()
}

func cpuTime(ctx context.Context) (CPUTime, error) {
	all, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return CPUTime{}, fmt.Errorf("read processor time: %w", err)
	}
	if len(all) == 0 {
		return CPUTime{}, errors.New("read processor time: empty")
	}
	t := all[0]
	return CPUTime{
		Busy: t.User + t.System + t.Nice + t.Irq + t.Softirq,
		Idle: t.Idle + t.Iowait,
	}, nil
}

// BusyPercent is the share of time between two readings in which the processors worked.
func BusyPercent(before, after CPUTime) float64 {
	busy, idle := after.Busy-before.Busy, after.Idle-before.Idle
	if busy <= 0 || busy+idle <= 0 {
		return 0
	}
	return min(100, 100*busy/(busy+max(idle, 0)))
}

// maxProcesses bounds the look at each process; beyond it the list is cut, not the deadline missed.
const maxProcesses = 5000

func processes(ctx context.Context) ([]Process, error) {
	pids, err := process.PidsWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	list := make([]Process, 0, len(pids))
	for _, pid := range pids[:min(len(pids), maxProcesses)] {
		if ctx.Err() != nil {
			break
		}
		if p, ok := readProcess(ctx, pid); ok {
			list = append(list, p)
		}
	}
	return list, nil
}

func readProcess(ctx context.Context, pid int32) (Process, bool) {
	p := &process.Process{Pid: pid} // NewProcess would check for existence once more
	name, err := p.NameWithContext(ctx)
	if err != nil || name == "" {
		return Process{}, false
	}
	out := Process{PID: pid, Name: CleanName(name)}
	if out.Name == "" {
		return Process{}, false
	}
	if t, err := p.TimesWithContext(ctx); err == nil {
		out.CPU = t.User + t.System
	}
	if m, err := p.MemoryInfoWithContext(ctx); err == nil && m != nil {
		out.RSS = m.RSS
	}
	return out, true
}

// CleanName makes a program's name fit to be shown: a program may call itself anything. Of a path only the
// last part is a name, and where programs are kept is nobody's business; a slash inside a name ("kworker/0:1")
// is no path.
func CleanName(name string) string {
	name = strings.TrimSpace(name)
	if strings.HasPrefix(name, "/") || strings.Contains(name, `\`) {
		name = strings.TrimRight(name, `/\`)
		name = name[strings.LastIndexAny(name, `/\`)+1:]
	}
	return cleanText(name, 32)
}

// TopMemory names the programs that hold the most memory, the processes of one name taken together.
func TopMemory(list []Process, n int) []string {
	return top(n, func(add func(string, float64)) {
		for _, p := range list {
			add(p.Name, float64(p.RSS))
		}
	})
}

// TopCPU names the programs that used the most processor time between two lists. Those under one percent of
// a processor are left out.
func TopCPU(before, after []Process, window time.Duration, n int) []string {
	earlier := map[int32]float64{}
	for _, p := range before {
		earlier[p.PID] = p.CPU
	}
	floor := window.Seconds() / 100
	return top(n, func(add func(string, float64)) {
		for _, p := range after {
			if used := p.CPU - earlier[p.PID]; used > floor && !ours(p) {
				add(p.Name, used)
			}
		}
	})
}

// Hog is the program of one process that used most of one processor between two lists, and how much of it, in
// percent.
func Hog(before, after []Process, window time.Duration) (name string, percent float64) {
	earlier := map[int32]Process{}
	for _, p := range before {
		earlier[p.PID] = p
	}
	for _, p := range after {
		e, known := earlier[p.PID]
		if !known || e.Name != p.Name || window <= 0 || ours(p) {
			continue // it was not there all the time, or is only here to look
		}
		if used := 100 * (p.CPU - e.CPU) / window.Seconds(); used > percent {
			name, percent = p.Name, used
		}
	}
	return name, percent
}

// ours tells whether a process is one of Balise's own. They work hardest while somebody waits for a verdict:
// to name them as what keeps the computer busy would send the user after the wrong program.
func ours(p Process) bool {
	switch strings.TrimSuffix(strings.ToLower(p.Name), ".exe") {
	case "balise", "balise-window":
		return true
	}
	return int(p.PID) == os.Getpid()
}

func top(n int, each func(add func(name string, weight float64))) []string {
	sum := map[string]float64{}
	each(func(name string, w float64) { sum[name] += w })
	names := make([]string, 0, len(sum))
	for name, w := range sum {
		if w > 0 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(sum[b], sum[a]), cmp.Compare(a, b))
	})
	return names[:min(n, len(names))]
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
