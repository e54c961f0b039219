package play

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watcher looks at the machine and at the client's processes while it runs.
type watcher struct {
	client     string // the file name of the program under test
	stop, done chan struct{}
	cpu        []sample
	probeKB    int64
	clientKB   int64
}

type sample struct {
	at          time.Time
	busy, total uint64
}

const look = 50 * time.Millisecond

// installed is the name under which the stage's machine has the client, whatever its file is called here.
const installed = "balise"

// watch starts looking; end stops it.
func watch(client string) *watcher {
	w := &watcher{client: filepath.Base(client), stop: make(chan struct{}), done: make(chan struct{})}
	w.see()
	go func() {
		defer close(w.done)
		tick := time.NewTicker(look)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				w.see()
				return
			case <-tick.C:
				w.see()
			}
		}
	}()
	return w
}

func (w *watcher) end() {
	close(w.stop)
	<-w.done
}

func (w *watcher) see() {
	if s, ok := cpuTimes(); ok {
		w.cpu = append(w.cpu, s)
	}
	// Only this worker's processes are visible: it has a process namespace of its own.
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		cmdline, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			continue
		}
		args := bytes.Split(bytes.TrimRight(cmdline, "\x00"), []byte{0})
		if name := filepath.Base(string(args[0])); name != w.client && name != installed {
			continue
		}
		kb := highWater(dir)
		if len(args) > 1 && string(args[1]) == "internal" {
			w.probeKB = max(w.probeKB, kb)
		} else {
			w.clientKB = max(w.clientKB, kb)
		}
	}
}

// highWater is the most memory that a process has had, in KiB; 0 when it is gone.
func highWater(dir string) int64 {
	raw, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest + " 0")[0], 10, 64)
			return n
		}
	}
	return 0
}

// cpuTimes reads the kernel's own counters, in the same sense as any monitor: waiting for a disk is idle.
func cpuTimes() (sample, bool) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return sample{}, false
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	fields := strings.Fields(first)
	if len(fields) < 6 || fields[0] != "cpu" {
		return sample{}, false
	}
	s := sample{at: time.Now()}
	for i, f := range fields[1:min(len(fields), 9)] { // guest time is in user time already
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return sample{}, false
		}
		s.total += n
		if i != 3 && i != 4 {
			s.busy += n
		}
	}
	return s, true
}

// window is as long as the self-test's own second look at the processor.
const window = 3 * time.Second

// busiest is the highest load over any window of the run, or over the whole of a shorter run.
func (w *watcher) busiest() float64 {
	if len(w.cpu) < 2 {
		return 0
	}
	span := min(window, w.cpu[len(w.cpu)-1].at.Sub(w.cpu[0].at))
	most := 0.0
	for i, from := range w.cpu {
		for _, to := range w.cpu[i+1:] {
			if to.at.Sub(from.at) < span || to.total <= from.total {
				continue
			}
			most = max(most, 100*float64(to.busy-from.busy)/float64(to.total-from.total))
			break
		}
	}
	return most
}
