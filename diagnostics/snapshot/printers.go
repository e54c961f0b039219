package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"balise/diagnostics/internal/probe"
)

const (
	// printDeadline is what the printing service may take to list its queues: it is on this computer.
	printDeadline = time.Second
	maxPrinters   = 20
)

// listQueues asks the printing service, as every program does that prints; /etc/cups is root's.
func listQueues(ctx context.Context) (probe.Queues, error) {
	ctx, cancel := context.WithTimeout(ctx, printDeadline)
	defer cancel()
	service := probe.NewPrinting(probe.NewPrintEnv())
	queues, err := service.Queues(ctx)
	switch {
	case errors.Is(err, probe.ErrPrintDown) && !service.Server.Expected:
		return queues, errNone // nobody set printing up here
	case errors.Is(err, probe.ErrPrintDenied):
		return queues, fmt.Errorf("%w: %w", fs.ErrPermission, err)
	case ctx.Err() != nil:
		return queues, ctx.Err()
	}
	return queues, err
}

func readPrinters(ctx context.Context) (func(*Snapshot), error) {
	queues, err := listQueues(ctx)
	if err != nil {
		return nil, err
	}
	var out []Printer
	for _, q := range queues.All[:min(len(queues.All), maxPrinters)] {
		out = append(out, Printer{Name: q.Name, State: q.State, Accepting: q.Accepting})
	}
	return func(s *Snapshot) { s.Printers = out }, nil
}
