package probe

import "context"

// PrintServicer is the part of a printing service that self-tests need.
type PrintServicer interface {
	// Alive asks the shortest question. An error wraps ErrPrintDown or ErrPrintOdd.
	Alive(ctx context.Context) error
	// Queues reads every queue, the default one and the user's own unfinished jobs.
	Queues(ctx context.Context) (Queues, error)
}

// PrintService finds the user's printing service; it opens no connection.
func PrintService() (PrintServer, PrintServicer) { return printService() }
