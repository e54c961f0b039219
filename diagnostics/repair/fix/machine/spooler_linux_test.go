package machine

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/checks/printing"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

// spoolerWorld is a printing service that systemd starts and that the real self-test asks over IPP.
type spoolerWorld struct {
	*stage
	sys    *systemd
	socket string
	mu     sync.Mutex
	server *http.Server
}

func newSpoolerWorld(t *testing.T) *spoolerWorld {
	s := newStage(t)
	w := &spoolerWorld{stage: s, socket: filepath.Join(t.TempDir(), "cups.sock")}
	t.Setenv("CUPS_SERVER", w.socket)
	w.sys = playSystemd(s, 0, map[string]*played{
		"cups.service": {Active: "failed", Result: "exit-code"}, "cups.socket": {Active: "failed", Result: "success"},
	})
	w.sys.with(func() { w.sys.start = w.serve })
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.server != nil {
			_ = w.server.Close()
		}
	})
	return w
}

// serve starts the printing service: it answers every question with "successful-ok" (RFC 8010).
func (w *spoolerWorld) serve(name string) bool {
	if name != "cups.service" {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.server != nil {
		return true
	}
	l, err := net.Listen("unix", w.socket)
	if err != nil {
		return false
	}
	w.server = &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "application/ipp")
		_, _ = out.Write([]byte("\x02\x00\x00\x00\x00\x00\x00\x01" +
			"\x01\x47\x00\x12attributes-charset\x00\x05utf-8" +
			"\x48\x00\x1battributes-natural-language\x00\x02en\x03"))
	})}
	server := w.server
	go func() { _ = server.Serve(l) }()
	return true
}

func (w *spoolerWorld) Fixer() repair.Fixer { return fixerOf(testEnv(), "spooler.restart") }

func (w *spoolerWorld) Test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	for _, c := range printing.Checks(catalogue.Catalogue{}) {
		for _, id := range ids {
			if c.ID == id {
				o := c.Run(ctx, 0)
				list = append(list, diagnostics.Result{ID: id, Status: o.Status, Cause: o.Cause, Detail: o.Detail})
			}
		}
	}
	return passes(list, ids), nil
}

func (w *spoolerWorld) State() string { return w.sys.state() }

func (w *spoolerWorld) Reopen() repairtest.World { w.reopen(); return w }

// Worsen leaves the units as the fault had them: cups starts and fails at once.
func (w *spoolerWorld) Worsen() {
	w.stage.Worsen()
	w.sys.with(func() { w.sys.all["cups.socket"].Result = "exit-code" })
}

func TestSpoolerRestart(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "spooler.restart", New: func(t *testing.T) repairtest.World { return newSpoolerWorld(t) },
		Real: "systemd played on a real bus, a printing service over IPP, the real self-test",
		Without: map[repairtest.Property]string{
			repairtest.TakeBack: "a service that had failed is not made to fail again",
		},
	})
}

func TestSpoolerThatIsNotThere(t *testing.T) {
	for load, want := range map[string]string{"not-found": "no_printer", "masked": "masked", "loaded": ""} {
		w := newSpoolerWorld(t)
		w.sys.with(func() { w.sys.all["cups.service"].Load = load })
		if look := w.Fixer().Look(t.Context(), nil); look.Why != want {
			t.Errorf("%s: %+v", load, look)
		}
	}
}
