package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/OpenPrinting/goipp"
)

// printing is the machine's printing service, a real cupsd, and the printer of the world.
type printing struct {
	stop func() error
	// reasons and state are what the printer says; jobs hang in it while held.
	reasons atomic.Pointer[[]string]
	state   atomic.Int32
	held    atomic.Bool
	asked   atomic.Int64
}

const queueName = "Accueil"

const cupsFiles = `ServerRoot /etc/cups
RequestRoot /var/spool/cups
CacheDir /var/cache/cups
StateDir /run/cups
TempDir /var/spool/cups/tmp
DocumentRoot /var/cache/cups
AccessLog /var/log/cups.access
ErrorLog /var/log/cups.error
PageLog /var/log/cups.page
SystemGroup root lpadmin
User lp
Group lp
`

const cupsConf = `LogLevel warn
MaxLogSize 0
DirtyCleanInterval 0
ErrorPolicy stop-printer
Listen ` + cupsSocket + `
Browsing No
DefaultAuthType Basic
WebInterface No
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  JobPrivateAccess default
  JobPrivateValues default
  <Limit Create-Job Print-Job Print-URI Validate-Job>
    Order deny,allow
  </Limit>
  <Limit Send-Document Cancel-Job Cancel-My-Jobs>
    Require user @OWNER @SYSTEM
    Order deny,allow
  </Limit>
  <Limit CUPS-Add-Modify-Printer CUPS-Delete-Printer CUPS-Set-Default Pause-Printer>
    AuthType Default
    Require user @SYSTEM
    Order deny,allow
  </Limit>
  <Limit Resume-Printer CUPS-Accept-Jobs CUPS-Reject-Jobs>
    AuthType Default
    Require user @SYSTEM
    Order deny,allow
  </Limit>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
`

// printer starts the printing service and the printer unless they run.
func (s *Stage) printer() (*printing, error) {
	if s.print != nil {
		return s.print, nil
	}
	p := &printing{}
	p.say(3)
	w := s.world
	w.add("printer", func() ([]io.Closer, error) {
		return w.serveHTTP(PrinterIP+":631",
			http.HandlerFunc(p.ipp), nil)
	})
	if err := w.Start("printer"); err != nil {
		return nil, err
	}
	err := s.machine.do(func() error {
		for name, text := range map[string]string{
			"/etc/cups/cups-files.conf": cupsFiles,
			"/etc/cups/cupsd.conf":      cupsConf,
		} {
			if err := put(name, text); err != nil {
				return err
			}
		}
		const lp = 7
		for _, dir := range []string{
			"/var/spool/cups", "/var/spool/cups/tmp", "/var/cache/cups", "/run/cups",
			"/run/cups/certs", "/etc/cups/ppd",
		} {
			if err := errors.Join(os.MkdirAll(dir, 0o775), os.Chown(dir, 0, lp), os.Chmod(dir, 0o775)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.print = p
	s.env["CUPS_SERVER"] = cupsSocket
	if err := s.spool(); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() error { return p.stop() }) // whichever of several runs then
	s.mending.starter("cups.service", func() error { return errors.Join(p.stop(), s.spool()) })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := s.machine.run(ctx, "", "lpadmin", "-h", cupsSocket, "-p", queueName, "-E", "-v",
		"ipp://"+PrinterHost+"/ipp/print", "-m", "raw"); err != nil {
		return nil, err
	}
	_, err = s.machine.run(ctx, "", "lpadmin", "-h", cupsSocket, "-d", queueName)
	return p, err
}

// spool starts cupsd.
func (s *Stage) spool(env ...string) error {
	cmd := exec.Command("cupsd", "-f", "-c", "/etc/cups/cupsd.conf", "-s", "/etc/cups/cups-files.conf")
	cmd.Env = append(env, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C")
	stop, err := s.machine.daemon(cmd)
	if err != nil {
		return err
	}
	s.print.stop = stop
	return s.machine.wait(cupsSocket, func(path string) error {
		c, err := net.Dial("unix", path)
		if err == nil {
			err = c.Close()
		}
		return err
	})
}

// say is the printer's own state: 3 idle, 4 printing, 5 stopped.
func (p *printing) say(state int32, reasons ...string) {
	if len(reasons) == 0 {
		reasons = []string{"none"}
	}
	p.state.Store(state)
	p.reasons.Store(&reasons)
}

// ipp is the printer: it says how it is, and takes every document.
func (p *printing) ipp(rw http.ResponseWriter, r *http.Request) {
	p.asked.Add(1)
	var ask goipp.Message
	if err := ask.Decode(r.Body); err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	answer := goipp.NewResponse(ask.Version, goipp.StatusOk, ask.RequestID)
	answer.Operation.Add(goipp.MakeAttribute("attributes-charset", goipp.TagCharset, goipp.String("utf-8")))
	answer.Operation.Add(goipp.MakeAttribute("attributes-natural-language", goipp.TagLanguage,
		goipp.String("en")))
	switch goipp.Op(ask.Code) {
	case goipp.OpGetPrinterAttributes:
		p.describe(answer)
	case goipp.OpPrintJob, goipp.OpSendDocument, goipp.OpCreateJob, goipp.OpValidateJob,
		goipp.OpGetJobAttributes:
		state := 9 // completed
		if p.held.Load() {
			state = 5 // processing, for ever
		}
		answer.Job.Add(goipp.MakeAttribute("job-id", goipp.TagInteger, goipp.Integer(1)))
		answer.Job.Add(goipp.MakeAttribute("job-uri", goipp.TagURI,
			goipp.String("ipp://"+PrinterHost+"/ipp/print/1")))
		answer.Job.Add(goipp.MakeAttribute("job-state", goipp.TagEnum, goipp.Integer(state)))
		answer.Job.Add(goipp.MakeAttribute("job-state-reasons", goipp.TagKeyword, goipp.String("none")))
	case goipp.OpGetJobs, goipp.OpCancelJob:
	default:
		answer.Code = goipp.Code(goipp.StatusErrorOperationNotSupported)
	}
	body, err := answer.EncodeBytes()
	if err != nil {
		rw.WriteHeader(http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/ipp")
	_, _ = rw.Write(body)
}

func (p *printing) describe(m *goipp.Message) {
	add := func(name string, tag goipp.Tag, values ...goipp.Value) {
		a := goipp.Attribute{Name: name}
		for _, v := range values {
			a.Values.Add(tag, v)
		}
		m.Printer.Add(a)
	}
	add("printer-uri-supported", goipp.TagURI, goipp.String("ipp://"+PrinterHost+"/ipp/print"))
	add("uri-security-supported", goipp.TagKeyword, goipp.String("none"))
	add("uri-authentication-supported", goipp.TagKeyword, goipp.String("none"))
	add("printer-name", goipp.TagName, goipp.String("Bureau"))
	add("printer-state", goipp.TagEnum, goipp.Integer(p.state.Load()))
	reasons := []goipp.Value{}
	for _, r := range *p.reasons.Load() {
		reasons = append(reasons, goipp.String(r))
	}
	add("printer-state-reasons", goipp.TagKeyword, reasons...)
	add("printer-is-accepting-jobs", goipp.TagBoolean, goipp.Boolean(true))
	add("ipp-versions-supported", goipp.TagKeyword, goipp.String("1.1"), goipp.String("2.0"))
	add("operations-supported", goipp.TagEnum, goipp.Integer(2), goipp.Integer(4), goipp.Integer(5),
		goipp.Integer(6),
		goipp.Integer(8), goipp.Integer(9), goipp.Integer(10), goipp.Integer(11))
	add("document-format-supported", goipp.TagMimeType, goipp.String("application/octet-stream"),
		goipp.String("application/pdf"))
	add("compression-supported", goipp.TagKeyword, goipp.String("none"))
}

func printActions() []action {
	return []action{
		{
			Action{Name: "print.start", Doc: "The machine prints, and all is well."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				p, err := s.printer()
				if err != nil {
					return deed{}, err
				}
				return deed{seen: s.queueSays("is idle"), stop: nil, undo: func() error { p.say(3); return nil }}, nil
			},
		},
		{
			Action{Name: "print.stop", Doc: "The printing service has stopped."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				p, err := s.printer()
				if err != nil {
					return deed{}, err
				}
				return plain(func() error { return p.stop() }, func() error { return s.spool() },
					func(ctx context.Context) (bool, string) {
						out, err := s.machine.run(ctx, "", "lpstat", "-h", cupsSocket, "-r")
						return err != nil || containsFold(out, "not running"), fmt.Sprintf("lpstat: %s %v", out, err)
					})
			},
		},
		{
			Action{Name: "queue.pause", Doc: "The queue is paused."},
			func(ctx context.Context, s *Stage, _ args) (deed, error) {
				return s.queue(ctx, "cupsdisable", "cupsenable", "disabled")
			},
		},
		{
			Action{Name: "queue.reject", Doc: "The queue takes no jobs."},
			func(ctx context.Context, s *Stage, _ args) (deed, error) {
				d, err := s.queue(ctx, "cupsreject", "cupsaccept", "")
				d.seen = func(ctx context.Context) (bool, string) {
					out, err := s.machine.run(ctx, "", "lpstat", "-h", cupsSocket, "-a", queueName)
					return err == nil && strings.Contains(out, "not accepting"), "lpstat: " + out
				}
				return d, err
			},
		},
		{
			Action{
				Name: "job.stick", Doc: "A job of the user's stays in the queue: the printer takes it and never prints.",
				Args: []Arg{opt("age", "duration", "20m", "since it was sent")},
			},
			jobStick,
		},
		{
			Action{Name: "printer.off", Doc: "The printer is switched off: nobody answers there."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				if _, err := s.printer(); err != nil {
					return deed{}, err
				}
				return plain(func() error { return s.lab.Blackhole(PrinterIP) },
					func() error { return s.lab.Reach(PrinterIP) },
					s.unreachable("the printer", PrinterIP+":631"))
			},
		},
		{
			Action{
				Name: "printer.say", Doc: "The printer says that it needs something.",
				Args: []Arg{opt("reasons", "list", []string{"media-empty-error"},
					"IPP words: media-empty-error, door-open-error, media-jam-error, toner-low-warning")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				p, err := s.printer()
				if err != nil {
					return deed{}, err
				}
				state := int32(5)
				if !slices.ContainsFunc(a.list("reasons"), func(r string) bool {
					return !hasSuffix(r, "-warning",
						"-report")
				}) {
					state = 3
				}
				before := p.asked.Load()
				p.say(state, a.list("reasons")...)
				return deed{undo: func() error { p.say(3); return nil }, seen: func(context.Context) (bool, string) {
					n := p.asked.Load() - before
					return n > 0, fmt.Sprintf("the printer was asked %d times", n)
				}}, nil
			},
		},
	}
}

func (s *Stage) queue(ctx context.Context, do, undo, says string) (deed, error) {
	if _, err := s.printer(); err != nil {
		return deed{}, err
	}
	run := func(ctx context.Context, name string) error {
		_, err := s.machine.run(ctx, "", name, "-h", cupsSocket, queueName)
		return err
	}
	return plain(func() error { return run(ctx, do) }, func() error { return run(context.Background(), undo) },
		s.queueSays(says))
}

func (s *Stage) queueSays(word string) func(context.Context) (bool, string) {
	return func(ctx context.Context) (bool, string) {
		out, err := s.machine.run(ctx, "", "lpstat", "-h", cupsSocket, "-p", queueName)
		return err == nil && containsFold(out, word), fmt.Sprintf("lpstat: %s %v", out, err)
	}
}

func jobStick(ctx context.Context, s *Stage, a args) (deed, error) {
	p, err := s.printer()
	if err != nil {
		return deed{}, err
	}
	p.held.Store(true)
	if err := s.restart(a.dur("age")); err != nil {
		return deed{}, err
	}
	before := p.asked.Load()
	out, err := s.prepared(ctx, "/usr/bin/lp", "-o", "raw", "-d", queueName, "/etc/hostname").CombinedOutput()
	if err != nil {
		return deed{}, fmt.Errorf("lp: %w: %s", err, out)
	}
	// The service has begun to print when it talks to the printer.
	err = s.machine.wait("/", func(string) error {
		if p.asked.Load() == before {
			return errors.New("the job does not start")
		}
		return nil
	})
	if err != nil {
		return deed{}, err
	}
	if err := s.machine.write(fakeTime, "+0\n"); err != nil {
		return deed{}, err
	}
	undo := func() error {
		p.held.Store(false)
		_, err := s.machine.run(context.Background(), "", "cancel", "-h", cupsSocket, "-a", queueName)
		return err
	}
	return deed{undo: undo, seen: func(ctx context.Context) (bool, string) {
		out, err := s.machine.run(ctx, "", "lpstat", "-h", cupsSocket, "-o", queueName)
		return err == nil && containsFold(out, queueName), fmt.Sprintf("lpstat: %s %v", out, err)
	}}, nil
}

// The service's own clock can be set back by a library that it is started with (package libfaketime), so
// that a job can be old. The file is read again and again: "+0" is now.
const fakeTime = "/run/.stage/clock"

func fakeTimeLibrary() (string, error) {
	found, err := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	if err == nil && len(found) == 0 {
		err = errors.New("the lab needs the package libfaketime to make a print job old")
	}
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// restart starts the service again with a clock that is behind.
func (s *Stage) restart(behind time.Duration) error {
	library, err := fakeTimeLibrary()
	if err != nil {
		return err
	}
	if err := s.machine.write(fakeTime, fmt.Sprintf("-%d\n", int(behind.Seconds()))); err != nil {
		return err
	}
	if err := s.print.stop(); err != nil {
		return err
	}
	return s.spool("LD_PRELOAD="+library, "FAKETIME_TIMESTAMP_FILE="+fakeTime, "FAKETIME_NO_CACHE=1",
		"FAKETIME_DONT_FAKE_MONOTONIC=1")
}
