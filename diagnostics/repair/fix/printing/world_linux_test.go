package printing_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	checks "balise/diagnostics/checks/printing"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/printing"
	"balise/diagnostics/repair/repairtest"
)

// The operations that change something (RFC 8011 and CUPS's own).
const (
	cancelJob     = 0x0008
	pausePrinter  = 0x0010
	resumePrinter = 0x0011
	acceptJobs    = 0x4008
	rejectJobs    = 0x4009
)

// spool is a real printing service behind a door at which a test can stand: it counts what is asked, refuses it, or
// lets nothing through. Balise comes by the door; the test itself does not.
type spool struct {
	real string // the service's own socket
	door string
	srv  *http.Server

	mu    sync.Mutex
	deny  bool
	swall map[uint16]bool // answered with success, and not passed on
	gone  bool
	hung  chan struct{} // open while nothing is answered
	dieAt int
	asked int
	die   func()
}

// newSpool starts one service for many worlds.
func newSpool(t *testing.T) *spool {
	t.Helper()
	s := &spool{real: startCUPS(t)}
	dir, err := os.MkdirTemp("", "bdoor")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s.door = filepath.Join(dir, "s")
	ln, err := net.Listen("unix", s.door)
	must(t, err)
	s.srv = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute}
	go func() { _ = s.srv.Serve(ln) }()
	t.Cleanup(func() { s.reset(); s.srv.Close() })
	// A printer that takes documents and never says that it is done.
	stuck, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { stuck.Close() })
	go func() {
		for {
			c, err := stuck.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, c) }()
		}
	}()
	s.cups(t, "lpadmin", "-p", "Stuck", "-E", "-v", "ipp://"+stuck.Addr().String()+"/ipp/print", "-m", "raw")
	return s
}

func (s *spool) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hung != nil {
		close(s.hung)
	}
	s.hung, s.gone, s.dieAt, s.die = nil, false, 0, nil
}

// cups runs one of CUPS's own commands past the door.
func (s *spool) cups(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = []string{"CUPS_SERVER=" + s.real, "LC_ALL=C", "HOME=" + os.Getenv("HOME"), "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func changes(op uint16) bool {
	return slices.Contains([]uint16{cancelJob, pausePrinter, resumePrinter, acceptJobs, rejectJobs}, op)
}

func (s *spool) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || len(body) < 8 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	op := binary.BigEndian.Uint16(body[2:])
	s.mu.Lock()
	hung, gone, deny, swallow, die := s.hung, s.gone, s.deny && changes(op), s.swall[op], s.die
	dies := false
	if changes(op) && s.dieAt > 0 {
		s.asked++
		dies = s.asked == s.dieAt
	}
	s.mu.Unlock()
	switch {
	case gone:
		panic(http.ErrAbortHandler)
	case hung != nil:
		select {
		case <-hung:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	case deny:
		w.WriteHeader(http.StatusForbidden)
		return
	case swallow:
		w.Header().Set("Content-Type", "application/ipp")
		answer := slices.Concat(body[:2], []byte{0, 0}, body[4:8], []byte{3}) // success, the same number, the end
		_, _ = w.Write(answer)
		return
	}
	answer := s.pass(r, body)
	if dies {
		die()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	for k, v := range answer.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
	answer.Body.Close()
}

// pass hands a request on to the service.
func (s *spool) pass(r *http.Request, body []byte) *http.Response {
	out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, "http://localhost"+r.URL.Path,
		bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out.Header = r.Header.Clone()
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", s.real)
		},
	}}
	answer, err := client.Do(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return answer
}

// world is the service with one fault, and one repair for it.
type world struct {
	*spool
	t  *testing.T
	id string
	// worsen is what makes the repair not help.
	worsen func()
	home   string
}

func (s *spool) world(t *testing.T, id string) *world {
	t.Helper()
	s.reset()
	s.mu.Lock()
	s.deny, s.swall = false, nil
	s.mu.Unlock()
	s.cups(t, "cancel", "-a", "-x")
	for _, q := range []string{"Accueil", "Etage2", "Archive", "Stuck"} {
		s.cups(t, "cupsaccept", q)
		s.cups(t, "cupsenable", q)
	}
	w := &world{spool: s, t: t, id: id, home: t.TempDir(), worsen: func() {}}
	t.Setenv("CUPS_SERVER", s.door)
	t.Setenv("HOME", w.home)
	return w
}

func (w *world) Fixer() repair.Fixer {
	for _, f := range printing.Fixers(printing.Params{}) {
		if f.ID() == w.id {
			return f
		}
	}
	w.t.Fatalf("no %s", w.id)
	return nil
}

// Test runs the real self-tests; a job counts as stuck after no time at all, because a test cannot wait for minutes.
func (w *world) Test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	cat, err := catalogue.With(catalogue.Limits{"print.queue": {"warn_job_minutes": 0, "fail_job_minutes": 0.01}})
	if err != nil {
		return nil, err
	}
	var list []diagnostics.Result
	for _, c := range checks.Checks(cat) {
		if slices.Contains(ids, c.ID) {
			o := c.Run(ctx, 0)
			list = append(list, diagnostics.Result{
				ID: c.ID, Status: o.Status, Cause: o.Cause, Facts: o.Facts, Detail: o.Detail,
			})
		}
	}
	return list, nil
}

// State is how every queue stands, every job that is not over, and the user's own folder.
func (w *world) State() string {
	queues := w.cups(w.t, "lpstat", "-p", "-a", "-d")
	var words []string
	for line := range strings.Lines(queues) {
		f := strings.Fields(line)
		switch {
		case len(f) > 2 && f[0] == "printer":
			words = append(words, f[1]+" disabled="+fmt.Sprint(strings.Contains(line, "disabled")))
		case strings.Contains(line, "accepting"):
			words = append(words, f[0]+" accepting="+fmt.Sprint(!strings.Contains(line, "not accepting")))
		case strings.HasPrefix(line, "system default"):
			words = append(words, strings.TrimSpace(line))
		}
	}
	slices.Sort(words)
	var jobs []string
	for line := range strings.Lines(w.cups(w.t, "lpstat", "-o")) {
		if f := strings.Fields(line); len(f) > 1 {
			jobs = append(jobs, f[0]+" of "+f[1])
		}
	}
	slices.Sort(jobs)
	files := ""
	_ = filepath.WalkDir(w.home, func(name string, d os.DirEntry, err error) error {
		if err == nil {
			st, _ := d.Info()
			raw, _ := os.ReadFile(name)
			files += name[len(w.home):] + " " + st.Mode().String() + " " + string(raw) + "\n"
		}
		return nil
	})
	return strings.Join(words, "\n") + "\n" + strings.Join(jobs, "\n") + "\n" + files
}

func (w *world) Worsen() { w.worsen() }

func (w *world) Refuse() { w.mu.Lock(); defer w.mu.Unlock(); w.deny = true }
func (w *world) Leave()  { w.mu.Lock(); defer w.mu.Unlock(); w.gone = true }
func (w *world) Hang()   { w.mu.Lock(); defer w.mu.Unlock(); w.hung = make(chan struct{}) }

func (w *world) Break(n int, die func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dieAt, w.asked, w.die = n, 0, die
}

func (w *world) Broke() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dieAt > 0 && w.asked >= w.dieAt
}

func (w *world) Reopen() repairtest.World { w.reset(); return w }

// swallow lets some operations have no effect.
func (w *world) swallow(ops ...uint16) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.swall = map[uint16]bool{}
	for _, op := range ops {
		w.swall[op] = true
	}
}

// until waits for a fault to show.
func (w *world) until(cause diagnostics.Cause) {
	w.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		rs, err := w.Test(w.t.Context(), []string{"print.queue"})
		if err == nil && len(rs) == 1 && rs[0].Cause == cause {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("the fault does not show: %+v %v", rs, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

const real = "a real cupsd, behind a door that refuses, hangs and cuts"

func TestResumeKeepsItsPromises(t *testing.T) {
	s := newSpool(t)
	repairtest.Run(t, repairtest.Case{ID: "print.resume", Real: real, New: func(t *testing.T) repairtest.World {
		w := s.world(t, "print.resume")
		w.cups(t, "cupsdisable", "Accueil")
		w.cups(t, "cupsreject", "Accueil")
		w.worsen = func() { w.swallow(resumePrinter) } // it accepts again, and stands still
		return w
	}})
}

func TestSetDefaultKeepsItsPromises(t *testing.T) {
	s := newSpool(t)
	repairtest.Run(t, repairtest.Case{
		ID: "print.set_default", Real: real, Choice: map[string][]string{"choose": {"Etage2"}},
		Without: map[repairtest.Property]string{
			repairtest.Refused: "the file is the user's own: nobody is asked for a right",
		},
		New: func(t *testing.T) repairtest.World {
			w := s.world(t, "print.set_default")
			must(t, os.Mkdir(filepath.Join(w.home, ".cups"), 0o700))
			must(t, os.WriteFile(filepath.Join(w.home, ".cups/lpoptions"),
				[]byte("Default Accueil sides=two-sided-long-edge\nDest Stuck media=A4"), 0o600))
			w.cups(t, "cupsdisable", "Accueil")
			w.worsen = func() { w.cups(t, "cupsdisable", "Etage2") } // the other printer does not print either
			return w
		},
	})
}

func TestCancelMineKeepsItsPromises(t *testing.T) {
	s := newSpool(t)
	repairtest.Run(t, repairtest.Case{
		ID: "print.cancel_mine", Real: real, Choice: map[string][]string{"cancel": {"all"}},
		Without: map[repairtest.Property]string{
			repairtest.TakeBack: "a cancelled job cannot be brought back: the step says so before the yes",
		},
		Times: repairtest.Times{SolveMS: 20000},
		New: func(t *testing.T) repairtest.World {
			w := s.world(t, "print.cancel_mine")
			w.cups(t, "lp", "-d", "Stuck", "/etc/hostname")
			w.cups(t, "lp", "-d", "Stuck", "/etc/hostname")
			w.cups(t, "lp", "-U", "nobody", "-d", "Stuck", "/etc/hostname")
			w.until(checks.QueueStuck)
			w.worsen = func() { w.swallow(cancelJob) }
			return w
		},
	})
}
