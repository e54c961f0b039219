package act

import (
	"context"
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"

	"balise/diagnostics/internal/probe"
)

var (
	winspool          = windows.NewLazySystemDLL("winspool.drv")
	winOpenPrinter    = winspool.NewProc("OpenPrinterW")
	winClosePrinter   = winspool.NewProc("ClosePrinter")
	winSetJob         = winspool.NewProc("SetJobW")
	winSetDefault     = winspool.NewProc("SetDefaultPrinterW")
	winDefaultPrinter = winspool.NewProc("GetDefaultPrinterW")
)

// CancelJob deletes one print job of the user's (SetJob with JOB_CONTROL_DELETE). Untried: no Windows was at hand.
func CancelJob(_ context.Context, queue string, id int) error {
	name, err := windows.UTF16PtrFromString(queue)
	if err != nil {
		return fmt.Errorf("cancel a print job: %w", err)
	}
	var printer windows.Handle
	r, _, e := winOpenPrinter.Call(uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&printer)), 0)
	if r == 0 {
		return fmt.Errorf("cancel a print job: %w", printError(e))
	}
	defer func() { _, _, _ = winClosePrinter.Call(uintptr(printer)) }()
	const remove = 5 // JOB_CONTROL_DELETE
	if r, _, e := winSetJob.Call(uintptr(printer), uintptr(uint32(id)), 0, 0, remove); r == 0 {
		return fmt.Errorf("cancel a print job: %w", printError(e))
	}
	return nil
}

func printError(err error) error {
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return fmt.Errorf("%w: %w: %w", probe.ErrPrintDenied, os.ErrPermission, err)
	case errors.Is(err, windows.ERROR_INVALID_PARAMETER):
		return fmt.Errorf("%w: %w", probe.ErrJobOver, err)
	}
	return err
}

// PrintDefaultFixed tells whether something over the user's choice names the printer; on Windows nothing that can be
// seen does.
func PrintDefaultFixed() bool { return false }

// PlanPrintDefault keeps the name of the printer that is the default now.
func PlanPrintDefault(_ context.Context, queue string) (PrintDefault, error) {
	const longest = 512
	var buf [longest]uint16
	n := uint32(len(buf))
	d := PrintDefault{Queue: queue}
	if r, _, _ := winDefaultPrinter.Call(uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&n))); r != 0 {
		d.Before = windows.UTF16ToString(buf[:])
	}
	return d, nil
}

// Do makes the change (SetDefaultPrinter). Untried: no Windows was at hand.
func (d PrintDefault) Do(context.Context) error { return setDefaultPrinter(d.Queue) }

// Undo takes it back. Where there was no default before, Windows has no way back to none.
func (d PrintDefault) Undo(context.Context) (left bool, err error) {
	if d.Before == "" {
		return false, nil
	}
	err = setDefaultPrinter(d.Before)
	return err != nil, err
}

func setDefaultPrinter(queue string) error {
	name, err := windows.UTF16PtrFromString(queue)
	if err != nil {
		return fmt.Errorf("set the default printer: %w", err)
	}
	if r, _, e := winSetDefault.Call(uintptr(unsafe.Pointer(name))); r == 0 {
		return fmt.Errorf("set the default printer: %w", printError(e))
	}
	return nil
}
