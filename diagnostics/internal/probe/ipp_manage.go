package probe

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/OpenPrinting/goipp"
)

// QueueVerb is one of the few things that may be done to a print queue.
type QueueVerb string

// The verbs, each beside the one that takes it back.
const (
	QueueResume QueueVerb = "resume"
	QueuePause  QueueVerb = "pause"
	QueueAccept QueueVerb = "accept"
	QueueReject QueueVerb = "reject"
)

var queueOps = map[QueueVerb]goipp.Op{
	QueueResume: goipp.OpResumePrinter,
	QueuePause:  goipp.OpPausePrinter,
	QueueAccept: goipp.OpCupsAcceptJobs,
	QueueReject: goipp.OpCupsRejectJobs,
}

// Manage does one thing to one queue. ErrPrintDenied says that this user may not.
func (p *Printing) Manage(ctx context.Context, verb QueueVerb, queue string) error {
	op, ok := queueOps[verb]
	if !ok {
		return fmt.Errorf("no such verb: %q", verb)
	}
	uri := "ipp://localhost/printers/" + url.PathEscape(queue)
	_, err := p.do(ctx, "/admin/", p.request(op,
		goipp.MakeAttr("printer-uri", goipp.TagURI, goipp.String(uri))))
	if err != nil {
		return fmt.Errorf("%s the print queue: %w", verb, err)
	}
	return nil
}

// ErrJobOver says that a job is printed, cancelled or forgotten by now.
var ErrJobOver = errors.New("this print job is over")

// Cancel ends one job, and deletes what it would have printed. ErrPrintDenied says that it is somebody else's.
func (p *Printing) Cancel(ctx context.Context, id int) error {
	_, err := p.do(ctx, "/jobs/", p.request(goipp.OpCancelJob,
		goipp.MakeAttr("job-uri", goipp.TagURI, goipp.String(fmt.Sprintf("ipp://localhost/jobs/%d", id)))))
	switch {
	case isStatus(err, goipp.StatusErrorNotFound), isStatus(err, goipp.StatusErrorGone),
		isStatus(err, goipp.StatusErrorNotPossible):
		return fmt.Errorf("cancel a print job: %w", ErrJobOver)
	case err != nil:
		return fmt.Errorf("cancel a print job: %w", err)
	}
	return nil
}
