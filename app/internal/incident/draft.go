package incident

import (
	"cmp"
	"io"
	"os"

	"balise/client"
)

// priorities is the usual matrix of impact (rows: one user, several, a whole site) and urgency (columns: low,
// medium, high), 1 low to 5 critical.
var priorities = map[string]map[string]client.Priority{
	"user":    {"low": 1, "medium": 2, "high": 3},
	"several": {"low": 2, "medium": 3, "high": 4},
	"site":    {"low": 3, "medium": 4, "high": 5},
}

// Priority is what impact and urgency make together; 0, where one is not known, lets the desk decide.
func Priority(impact, urgency string) client.Priority { return priorities[impact][urgency] }

// ToDraft makes the ticket of a result. queue is the settings', for where neither form nor symptom names one; the desk's own rules may move it by category
// and level. Open reads the written files.
func ToDraft(res RenderResult, queue string) client.Draft {
	r := res.Review
	d := client.Draft{
		ClientRef: client.ClientRef(r.Ref), Subject: r.Subject, Text: r.Body, Queue: cmp.Or(res.Queue, queue), Category: r.Category,
		Level: r.Level, Priority: Priority(r.Impact, r.Urgency),
	}
	for _, f := range res.Files {
		d.Attachments = append(d.Attachments, client.Upload{
			Name: f.Name, MIME: f.MIME, Size: f.Size,
			Open: func() (io.ReadCloser, error) { return os.Open(f.Path) },
		})
	}
	return d
}
