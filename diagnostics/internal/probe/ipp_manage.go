package probe

import (
	"context"
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
