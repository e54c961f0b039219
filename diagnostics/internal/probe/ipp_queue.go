package probe

import (
	"context"
	"errors"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/OpenPrinting/goipp"
)

// Queue is one print queue.
type Queue struct {
	Name      string
	State     string // "idle", "processing", "stopped", or "" when it does not say
	Reasons   []string
	Accepting bool
	// Changed is when the state last changed.
	Changed time.Time
	// Device is where the service sends what is printed: a URI, which names hosts. It never leaves as it is.
	Device string
}

// Paused tells whether the queue stands still until somebody resumes it.
func (q Queue) Paused() bool { return q.State == "stopped" }

// Job is one of the user's own jobs that is not finished.
type Job struct {
	ID    int
	Queue string
	State string // "pending", "held", "processing", "stopped", or ""
	// Created is when it was sent, Processing when it was last begun; zero if it never was.
	Created, Processing time.Time
	// Name, Pages and Bytes are for the user's own eyes; the name never leaves this computer. 0 is unknown.
	Name  string
	Pages int
	Bytes int64
}

// Queues is what the printing service says of itself.
type Queues struct {
	All     []Queue
	Default string // the user's own choice, else the service's, else ""
	Jobs    []Job
	Now     time.Time // on the service's clock
}

// Alive asks the service the shortest question that it knows. An error wraps ErrPrintDown or ErrPrintOdd; a
// service that refuses to talk to us is alive.
func (p *Printing) Alive(ctx context.Context) error {
	_, err := p.do(ctx, "/", p.request(goipp.OpCupsGetDefault, requested("printer-name")))
	var status *StatusError
	if errors.As(err, &status) || errors.Is(err, ErrPrintDenied) {
		return nil
	}
	return err
}

// Queues reads every queue, the default one and the user's own unfinished jobs.
func (p *Printing) Queues(ctx context.Context) (Queues, error) {
	answer, err := p.do(ctx, "/", p.request(goipp.OpCupsGetPrinters, requested(
		"printer-name", "printer-state", "printer-state-reasons", "printer-is-accepting-jobs",
		"printer-state-change-time", "printer-up-time", "device-uri")))
	q := Queues{Now: time.Now(), Default: p.Default}
	if isStatus(err, goipp.StatusErrorNotFound) {
		return q, nil // no queue at all
	}
	if err != nil {
		return q, err
	}
	q.readPrinters(answer)
	if q.Default == "" || !q.has(q.Default) {
		q.Default = ""
		answer, err := p.do(ctx, "/", p.request(goipp.OpCupsGetDefault, requested("printer-name")))
		if err == nil {
			q.Default = text(firstGroup(answer, goipp.TagPrinterGroup), "printer-name")
		} else if !isStatus(err, goipp.StatusErrorNotFound) {
			return q, err
		}
	}
	answer, err = p.do(ctx, "/", p.request(goipp.OpGetJobs,
		goipp.MakeAttr("printer-uri", goipp.TagURI, goipp.String("ipp://localhost/")),
		goipp.MakeAttr("which-jobs", goipp.TagKeyword, goipp.String("not-completed")),
		goipp.MakeAttr("my-jobs", goipp.TagBoolean, goipp.Boolean(true)),
		requested("job-id", "job-state", "job-printer-uri", "time-at-creation", "time-at-processing", "job-name",
			"job-impressions", "job-media-sheets", "job-k-octets")))
	if err != nil {
		return q, err
	}
	q.readJobs(answer)
	return q, nil
}

func requested(names ...string) goipp.Attribute {
	a := goipp.Attribute{Name: "requested-attributes"}
	for _, n := range names {
		a.Values.Add(goipp.TagKeyword, goipp.String(n))
	}
	return a
}

func isStatus(err error, s goipp.Status) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Status == s
}

// maxQueues bounds what is kept of an answer.
const maxQueues = 5000

var printerStates = map[int]string{3: "idle", 4: "processing", 5: "stopped"}

func (q *Queues) readPrinters(m *goipp.Message) {
	for _, g := range m.Groups {
		if g.Tag != goipp.TagPrinterGroup || len(q.All) >= maxQueues {
			continue
		}
		name := text(g.Attrs, "printer-name")
		if name == "" {
			continue
		}
		if up := integer(g.Attrs, "printer-up-time"); up > 1e9 {
			q.Now = time.Unix(int64(up), 0) // CUPS gives the time of day here
		}
		q.All = append(q.All, Queue{
			Name: name, State: printerStates[integer(g.Attrs, "printer-state")],
			Reasons:   keywords(g.Attrs, "printer-state-reasons"),
			Accepting: boolean(g.Attrs, "printer-is-accepting-jobs"),
			Changed:   moment(g.Attrs, "printer-state-change-time"),
			Device:    textUpTo(g.Attrs, "device-uri", longestURI),
		})
	}
}

var jobStates = map[int]string{3: "pending", 4: "held", 5: "processing", 6: "stopped"}

func (q *Queues) readJobs(m *goipp.Message) {
	for _, g := range m.Groups {
		if g.Tag != goipp.TagJobGroup || len(q.Jobs) >= maxQueues {
			continue
		}
		q.Jobs = append(q.Jobs, Job{
			ID: integer(g.Attrs, "job-id"), State: jobStates[integer(g.Attrs, "job-state")],
			Queue:      queueOfURI(text(g.Attrs, "job-printer-uri")),
			Created:    moment(g.Attrs, "time-at-creation"),
			Processing: moment(g.Attrs, "time-at-processing"),
			Name:       text(g.Attrs, "job-name"), Bytes: int64(max(0, integer(g.Attrs, "job-k-octets"))) << 10,
			Pages: max(0, integer(g.Attrs, "job-impressions"), integer(g.Attrs, "job-media-sheets")),
		})
	}
}

func (q *Queues) has(name string) bool { _, ok := q.Queue(name); return ok }

// Queue returns the queue of that name.
func (q *Queues) Queue(name string) (Queue, bool) {
	i := slices.IndexFunc(q.All, func(one Queue) bool { return one.Name == name })
	if i < 0 {
		return Queue{}, false
	}
	return q.All[i], true
}

// Relevant lists the queues that matter to this user: the default one (or the only one), then those that
// hold a job of theirs. A paused queue that they do not use is nobody's problem.
func (q *Queues) Relevant() []Queue {
	var list []Queue
	add := func(name string) {
		one, ok := q.Queue(name)
		if ok && !slices.ContainsFunc(list, func(x Queue) bool { return x.Name == name }) {
			list = append(list, one)
		}
	}
	add(q.Default)
	if q.Default == "" && len(q.All) == 1 {
		add(q.All[0].Name)
	}
	for _, j := range q.Jobs {
		if j.State != "held" {
			add(j.Queue)
		}
	}
	return list
}

// Waiting is since when a job has been waiting for the printer. A job that its owner holds does not wait.
// One that was never begun waits since the queue's last change of state: a queue that was just resumed
// deserves time.
func (q Queue) Waiting(j Job) (since time.Time, waits bool) {
	if j.State == "held" || j.Created.IsZero() {
		return time.Time{}, false
	}
	since = j.Created
	if j.State == "processing" && j.Processing.After(since) {
		since = j.Processing
	}
	if j.State == "pending" && j.Processing.IsZero() && q.Changed.After(since) {
		since = q.Changed
	}
	return since, true
}

func queueOfURI(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Path == "" {
		return ""
	}
	return path.Base(u.Path)
}

func firstGroup(m *goipp.Message, tag goipp.Tag) goipp.Attributes {
	for _, g := range m.Groups {
		if g.Tag == tag {
			return g.Attrs
		}
	}
	return nil
}

func first(attrs goipp.Attributes, name string) goipp.Value {
	for _, a := range attrs {
		if a.Name == name && len(a.Values) > 0 {
			return a.Values[0].V
		}
	}
	return nil
}

func text(attrs goipp.Attributes, name string) string {
	const longest = 128
	return textUpTo(attrs, name, longest)
}

// longestURI is more than any printing system accepts for a device.
const longestURI = 1024

func textUpTo(attrs goipp.Attributes, name string, limit int) string {
	s, _ := first(attrs, name).(goipp.String)
	return cleanText(string(s), limit)
}

func integer(attrs goipp.Attributes, name string) int {
	i, _ := first(attrs, name).(goipp.Integer)
	return int(i)
}

func boolean(attrs goipp.Attributes, name string) bool {
	b, _ := first(attrs, name).(goipp.Boolean)
	return bool(b)
}

func moment(attrs goipp.Attributes, name string) time.Time {
	if i := integer(attrs, name); i > 0 {
		return time.Unix(int64(i), 0)
	}
	return time.Time{}
}

// keywords keeps only what has a keyword's form: a reason is a code of the protocol, never a sentence.
func keywords(attrs goipp.Attributes, name string) []string {
	var list []string
	for _, a := range attrs {
		if a.Name != name {
			continue
		}
		for _, v := range a.Values {
			s, _ := v.V.(goipp.String)
			if k := string(s); isKeyword(k) && k != "none" && len(list) < 16 {
				list = append(list, k)
			}
		}
	}
	return list
}

func isKeyword(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("-._", r)
	})
}

func cleanText(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit])
	}
	return s
}
