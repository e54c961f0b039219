package probe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/OpenPrinting/goipp"
)

// The answers in testdata are those of CUPS 2.4.2 (Debian 12): the default queue is paused and holds one
// job, another rejects, a third holds a job that its owner put on hold.
func TestReadRealAnswers(t *testing.T) {
	var q Queues
	q.readPrinters(answer(t, "ipp-printers.bin"))
	q.readJobs(answer(t, "ipp-jobs.bin"))
	q.Default = text(firstGroup(answer(t, "ipp-default.bin"), goipp.TagPrinterGroup), "printer-name")
	if len(q.All) != 3 || len(q.Jobs) != 2 || q.Default != "Accueil" {
		t.Fatalf("%+v", q)
	}
	one, _ := q.Queue("Accueil")
	if !one.Paused() || !one.Accepting || !slices.Equal(one.Reasons, []string{"paused"}) {
		t.Errorf("%+v", one)
	}
	if other, _ := q.Queue("Archive"); other.Accepting || other.Paused() {
		t.Errorf("%+v", other)
	}
	if r := q.Relevant(); len(r) != 1 || r[0].Name != "Accueil" {
		t.Errorf("relevant %+v: a queue that only holds a job on hold is not waited for", r)
	}
	if q.Jobs[0].Queue != "Accueil" || q.Jobs[1].State != "held" {
		t.Errorf("%+v", q.Jobs)
	}
	if _, waits := one.Waiting(q.Jobs[1]); waits {
		t.Error("a held job waits")
	}
	if q.Now.Year() != 2026 {
		t.Errorf("the service's clock says %s", q.Now)
	}
}

func answer(t testing.TB, name string) *goipp.Message {
	t.Helper()
	m, err := DecodeIPP(strings.NewReader(fixture(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWaiting(t *testing.T) {
	at := func(min int) time.Time { return time.Date(2026, 11, 22, 9, min, 0, 0, time.UTC) }
	q := Queue{Changed: at(30)}
	for _, c := range []struct {
		name string
		job  Job
		want time.Time
	}{
		{"never begun, queue resumed since", Job{State: "pending", Created: at(1)}, at(30)},
		{"sent after that", Job{State: "pending", Created: at(40)}, at(40)},
		{"begun once and put off", Job{State: "pending", Created: at(1), Processing: at(2)}, at(1)},
		{"printing", Job{State: "processing", Created: at(1), Processing: at(25)}, at(25)},
		{"stopped", Job{State: "stopped", Created: at(1)}, at(1)},
	} {
		if got, ok := q.Waiting(c.job); !ok || !got.Equal(c.want) {
			t.Errorf("%s: since %s, want %s", c.name, got, c.want)
		}
	}
}

func TestServerIsFoundAsCUPSClientsDo(t *testing.T) {
	env := map[string]string{}
	files := map[string]string{}
	e := PrintEnv{
		Getenv: func(k string) string { return env[k] },
		Open: func(name string) (io.ReadCloser, error) {
			if body, ok := files[name]; ok {
				return io.NopCloser(strings.NewReader(body)), nil
			}
			return nil, fs.ErrNotExist
		},
		Exists:     func(name string) bool { _, ok := files[name]; return ok },
		HasEntries: func(name string) bool { _, ok := files[name]; return ok },
		Home:       "/home/anne", Sockets: []string{"/run/cups/cups.sock"},
	}
	check := func(what string, want PrintServer) {
		t.Helper()
		if got := e.Server(); got != want {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	check("nothing", PrintServer{"tcp", "127.0.0.1:631", "local", false})
	files["/etc/cups/ppd"] = ""
	check("printers were set up", PrintServer{"tcp", "127.0.0.1:631", "local", true})
	files["/run/cups/cups.sock"] = ""
	check("a socket", PrintServer{"unix", "/run/cups/cups.sock", "socket", true})
	files["/etc/cups/client.conf"] = "# x\nServerName print.corp.example\n"
	check("a print server", PrintServer{"tcp", "print.corp.example:631", "remote", true})
	files[filepath.Join("/home/anne", ".cups", "client.conf")] = "servername [::1]:8631/version=1.1\n"
	check("the user's own", PrintServer{"tcp", "[::1]:8631", "local", true})
	env["CUPS_SERVER"] = "/tmp/x/cups.sock"
	check("the environment", PrintServer{"unix", "/tmp/x/cups.sock", "socket", true})

	if got := e.DefaultPrinter(); got != "" {
		t.Errorf("default %q", got)
	}
	files["/etc/cups/lpoptions"] = "Dest other x=1\nDefault Bureau/brouillon sides=two\n"
	if got := e.DefaultPrinter(); got != "Bureau" {
		t.Errorf("default %q", got)
	}
	env["PRINTER"] = "Couloir"
	if got := e.DefaultPrinter(); got != "Couloir" {
		t.Errorf("default %q", got)
	}
}

// service is a printing service with bad manners.
func service(t *testing.T, h http.HandlerFunc) *Printing {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	e := NewPrintEnv()
	e.Getenv = func(k string) string {
		if k == "CUPS_SERVER" {
			return srv.Listener.Addr().String()
		}
		return ""
	}
	return NewPrinting(e)
}

func TestBadManners(t *testing.T) {
	ok := goipp.NewResponse(goipp.DefaultVersion, goipp.StatusOk, 1)
	whole, _ := ok.EncodeBytes()
	for _, c := range []struct {
		name  string
		h     http.HandlerFunc
		alive bool
		code  string
	}{
		{"fine", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(whole) }, true, ""},
		{"asks who we are", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, true, ""},
		{"a web page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello") }, false, "not_ipp"},
		{"an error page", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, false, "not_ipp"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.org/", http.StatusFound)
		}, false, "not_ipp"},
		{"cut in the middle", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write(whole)
		}, false, "closed"},
		{"without end", func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				_, _ = w.Write(make([]byte, 100_000))
			}
		}, false, "not_ipp"},
		{"closes", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, "closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := service(t, c.h).Alive(t.Context())
			if (err == nil) != c.alive || PrintErrorCode(err) != c.code {
				t.Errorf("alive %v, code %q: %v", err == nil, PrintErrorCode(err), err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := service(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that we hang up
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	}).Alive(ctx)
	if !errors.Is(err, ErrPrintDown) || PrintErrorCode(err) != "timeout" {
		t.Errorf("silent: %v", err)
	}
}

func TestNoQueueAtAll(t *testing.T) {
	none, _ := goipp.NewResponse(goipp.DefaultVersion, goipp.StatusErrorNotFound, 1).EncodeBytes()
	q, err := service(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(none) }).Queues(t.Context())
	if err != nil || len(q.All) != 0 || len(q.Relevant()) != 0 {
		t.Errorf("%v %+v", err, q)
	}
}

func TestManageOnlyItsVerbs(t *testing.T) {
	p := service(t, func(http.ResponseWriter, *http.Request) { t.Error("asked") })
	if err := p.Manage(t.Context(), "delete", "Accueil"); err == nil {
		t.Error("an unknown verb was done")
	}
	denied, _ := goipp.NewResponse(goipp.DefaultVersion, goipp.StatusErrorNotAuthorized, 1).EncodeBytes()
	p = service(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(denied) })
	if err := p.Manage(t.Context(), QueueResume, "a b/../c"); !errors.Is(err, ErrPrintDenied) {
		t.Errorf("err %v", err)
	}
}

func TestErrorCodes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	e := NewPrintEnv()
	e.Getenv = func(string) string { return addr }
	if err := NewPrinting(e).Alive(t.Context()); PrintErrorCode(err) != "ECONNREFUSED" {
		t.Errorf("%q: %v", PrintErrorCode(err), err)
	}
	e.Getenv = func(string) string { return filepath.Join(t.TempDir(), "none.sock") }
	if err := NewPrinting(e).Alive(t.Context()); PrintErrorCode(err) != "absent" {
		t.Errorf("%q: %v", PrintErrorCode(err), err)
	}
}

func FuzzIPP(f *testing.F) {
	for _, name := range []string{"ipp-printers.bin", "ipp-jobs.bin", "ipp-default.bin"} {
		f.Add([]byte(fixture(f, name)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := DecodeIPP(bytes.NewReader(raw))
		if err != nil {
			if !errors.Is(err, ErrPrintOdd) {
				t.Errorf("err %v", err)
			}
			return
		}
		var q Queues
		q.readPrinters(m)
		q.readJobs(m)
		for _, one := range q.Relevant() {
			for _, r := range one.Reasons {
				if !isKeyword(r) {
					t.Errorf("reason %q", r)
				}
			}
			for _, j := range q.Jobs {
				one.Waiting(j)
			}
		}
	})
}
