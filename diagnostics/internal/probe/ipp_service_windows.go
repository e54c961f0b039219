package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	winspoolDLL    = windows.NewLazySystemDLL("winspool.drv")
	enumPrinters   = winspoolDLL.NewProc("EnumPrintersW")
	defaultPrinter = winspoolDLL.NewProc("GetDefaultPrinterW")
	openPrinter    = winspoolDLL.NewProc("OpenPrinterW")
	closePrinter   = winspoolDLL.NewProc("ClosePrinter")
	getPrinter     = winspoolDLL.NewProc("GetPrinterW")
	enumJobs       = winspoolDLL.NewProc("EnumJobsW")
)

// spoolerName is the service's name on every Windows.
const spoolerName = "Spooler"

// spooler is Windows's printing service.
type spooler struct{}

func printService() (PrintServer, PrintServicer) {
	// A service that is disabled is a choice, and no fault.
	return PrintServer{Role: "local", Expected: !winServiceDisabled(spoolerName)}, spooler{}
}

// Alive asks the service manager: a question to the spooler itself would start it, or wait for it.
func (spooler) Alive(context.Context) error {
	state, err := winServiceState(spoolerName)
	switch {
	case errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST):
		return fmt.Errorf("%w: %w", ErrPrintOdd, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrPrintDenied, err)
	case state != ServiceRuns:
		return fmt.Errorf("%w: the service is %s", ErrPrintDown, state)
	}
	return nil
}

// printerInfo4, printerInfo2 and jobInfo1 are those of winspool.h.
type printerInfo4 struct {
	name, server *uint16
	attributes   uint32
}

type printerInfo2 struct {
	server, name, share, port, driver, comment, location *uint16
	mode                                                 uintptr
	separator, processor, datatype, parameters           *uint16
	security                                             uintptr
	attributes, priority, defaultPriority                uint32
	start, until, status, jobs, pages                    uint32
}

type jobInfo1 struct {
	id                                            uint32
	printer, machine, user, document, kind, words *uint16
	status, priority, position, total, printed    uint32
	submitted                                     windows.Systemtime
}

// maxWinPrinters are looked at closely: each question may wait for a print server.
const maxWinPrinters = 5

// Queues reads the names of all printers, and of the default one and a few others how they stand.
func (spooler) Queues(ctx context.Context) (Queues, error) {
	q := Queues{Now: time.Now()}
	if err := enumPrinters.Find(); err != nil {
		return q, fmt.Errorf("%w: %w", ErrPrintOdd, err)
	}
	q.Default = winDefaultPrinter()
	names, err := winPrinters()
	if err != nil {
		return q, err
	}
	user := currentUser()
	user = user[strings.LastIndexByte(user, '\\')+1:]
	looked := 0
	for _, name := range names {
		if ctx.Err() != nil {
			return q, ctx.Err()
		}
		if name != q.Default && looked >= maxWinPrinters {
			q.All = append(q.All, Queue{Name: name, Accepting: true})
			continue
		}
		looked++
		one, jobs, err := winPrinter(name, user)
		if err != nil {
			if name == q.Default {
				return q, err
			}
			continue
		}
		q.All, q.Jobs = append(q.All, one), append(q.Jobs, jobs...)
	}
	return q, nil
}

func winDefaultPrinter() string {
	const longest = 512
	var buf [longest]uint16
	n := uint32(len(buf))
	r, _, _ := defaultPrinter.Call(uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&n)))
	if r == 0 {
		return ""
	}
	return windows.UTF16ToString(buf[:])
}

// grown calls a function that wants a buffer: once to learn the size, once to fill it.
func grown(call func(buf *byte, size uint32, needed *uint32) error) ([]byte, error) {
	const most = 4 << 20
	var needed uint32
	size := uint32(16 << 10)
	for range 3 {
		buf := make([]byte, size)
		err := call(&buf[0], size, &needed)
		if err == nil {
			return buf, nil
		}
		if !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) || needed > most {
			return nil, err
		}
		size = needed
	}
	return nil, windows.ERROR_INSUFFICIENT_BUFFER
}

func winPrinters() ([]string, error) {
	var n uint32
	buf, err := grown(func(buf *byte, size uint32, needed *uint32) error {
		const local, connections, level = 2, 4, 4
		r, _, e := enumPrinters.Call(local|connections, 0, level, uintptr(unsafe.Pointer(buf)), uintptr(size),
			uintptr(unsafe.Pointer(needed)), uintptr(unsafe.Pointer(&n)))
		if r == 0 {
			return e
		}
		return nil
	})
	if err != nil {
		return nil, winPrintError(err)
	}
	var names []string
	if n == 0 {
		return nil, nil
	}
	for _, p := range unsafe.Slice((*printerInfo4)(unsafe.Pointer(&buf[0])), n) {
		names = append(names, windows.UTF16PtrToString(p.name))
	}
	return names, nil
}

func winPrintError(err error) error {
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return fmt.Errorf("%w: %w", ErrPrintDenied, err)
	case errors.Is(err, windows.RPC_S_SERVER_UNAVAILABLE):
		return fmt.Errorf("%w: %w", ErrPrintDown, err)
	}
	return fmt.Errorf("%w: %w", ErrPrintOdd, err)
}

func winPrinter(name, user string) (Queue, []Job, error) {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return Queue{}, nil, fmt.Errorf("name of a printer: %w", err)
	}
	var h windows.Handle
	r, _, e := openPrinter.Call(uintptr(unsafe.Pointer(wide)), uintptr(unsafe.Pointer(&h)), 0)
	if r == 0 {
		return Queue{}, nil, winPrintError(e)
	}
	defer func() { _, _, _ = closePrinter.Call(uintptr(h)) }()
	buf, err := grown(func(buf *byte, size uint32, needed *uint32) error {
		const level = 2
		r, _, e := getPrinter.Call(uintptr(h), level, uintptr(unsafe.Pointer(buf)), uintptr(size),
			uintptr(unsafe.Pointer(needed)))
		if r == 0 {
			return e
		}
		return nil
	})
	if err != nil {
		return Queue{}, nil, winPrintError(err)
	}
	info := (*printerInfo2)(unsafe.Pointer(&buf[0]))
	q := WinQueue(cleanText(name, 128), windows.UTF16PtrToString(info.port), info.status, info.attributes)
	if info.jobs == 0 {
		return q, nil, nil
	}
	jobs, err := winJobs(h, q.Name, user)
	return q, jobs, err
}

// winJobs lists the user's own jobs. Their documents' names are not read.
func winJobs(h windows.Handle, queue, user string) ([]Job, error) {
	var n uint32
	buf, err := grown(func(buf *byte, size uint32, needed *uint32) error {
		const first, most, level = 0, 200, 1
		r, _, e := enumJobs.Call(uintptr(h), first, most, level, uintptr(unsafe.Pointer(buf)), uintptr(size),
			uintptr(unsafe.Pointer(needed)), uintptr(unsafe.Pointer(&n)))
		if r == 0 {
			return e
		}
		return nil
	})
	if err != nil {
		return nil, winPrintError(err)
	}
	if n == 0 {
		return nil, nil
	}
	var jobs []Job
	for _, j := range unsafe.Slice((*jobInfo1)(unsafe.Pointer(&buf[0])), n) {
		state := WinJobState(j.status)
		if state == "" || j.user == nil || !strings.EqualFold(windows.UTF16PtrToString(j.user), user) {
			continue
		}
		t := j.submitted
		created := time.Date(int(t.Year), time.Month(t.Month), int(t.Day), int(t.Hour), int(t.Minute),
			int(t.Second), 0, time.UTC)
		jobs = append(jobs, Job{ID: int(j.id), Queue: queue, State: state, Created: created, Processing: created})
	}
	return jobs, nil
}
