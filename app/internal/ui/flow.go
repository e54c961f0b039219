package ui

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"slices"
	"strings"
	"time"

	"balise/app/internal/ipc/api"
)

// line is one self-test as it runs.
type line struct {
	id     string
	status string // "running", "retried", or the six of api
}

// flow is the incident at hand, from the first word to the sent report. It outlives its pages: going back
// and forth, or opening another page meanwhile, loses nothing.
type flow struct {
	u *UI
	s *scope // of this incident

	inc     api.Incident
	in      api.Input
	opening bool
	openErr error

	testing bool
	testErr error
	total   int
	lines   []line
	due     bool // a drawing of the run is due

	answering bool
	answerErr error
	answered  int  // counts the answers that the agent took
	notMine   bool // the user says that what was found is not what they complain of

	repairID string // the one that runs or ran last
	progress api.RepairEvent
	fixing   bool
	fixErr   error
	// elsewhere is what another window or a command repairs, while fixErr says that it does.
	elsewhere api.RepairEvent
	picked    map[string][]string // what the user picked, by repair and step

	picture    image.Image
	pictureErr error

	submitting bool
	sendErr    error
	sent       *api.Sent

	// changed is the open page's way to follow; nil when none does.
	changed func()
}

func newFlow(u *UI) *flow { return &flow{u: u, s: u.life.child()} }

func (f *flow) notify() {
	if f.changed != nil {
		f.changed()
	}
}

// underWay tells whether there is an incident that is not sent.
func (f *flow) underWay() bool { return (f.opening || f.inc.ID != "") && f.sent == nil }

// unsent tells whether something would be lost: words, or a repair that was tried.
func (f *flow) unsent() bool {
	return f.sent == nil &&
		(strings.TrimSpace(f.in.Description) != "" || len(f.in.Fields) > 0 || len(f.inc.Attempts) > 0)
}

// reset forgets the incident here; drop also tells the agent, which then forgets the screenshot.
func (f *flow) reset() {
	f.s.end()
	*f = flow{u: f.u, s: f.u.life.child(), changed: f.changed}
}

func (f *flow) drop() {
	if id := f.inc.ID; id != "" && f.sent == nil {
		f.u.closeIncident(id)
	}
	f.reset()
}

func (u *UI) closeIncident(id string) {
	do(u.life, quick, func(ctx context.Context) error { return u.p.Service.CloseIncident(ctx, id) },
		func(err error) {
			if err != nil {
				u.p.Log.Info("close an incident", "err", err)
			}
		})
}

// stale is when results no longer say how the computer is now.
const stale = 3 * time.Minute

// begin makes sure that there is an incident and that its self-tests run. id is one that the agent opened
// (with a picture of the screen as it was at the click); empty opens one without a picture.
func (f *flow) begin(id string) {
	if f.sent != nil {
		f.reset()
	}
	switch {
	case id != "" && id == f.inc.ID:
		return
	case id == "" && f.opening:
		return
	case id == "" && f.inc.ID != "":
		if !f.unsent() && !f.inc.Checked.IsZero() && f.u.p.Now().Sub(f.inc.Checked) > stale {
			f.test()
		}
		return
	case id != "" && f.inc.ID != "":
		if len(f.inc.Attempts) > 0 || f.fixing {
			// What was repaired belongs to the incident at hand; the new one is not needed.
			f.u.closeIncident(id)
			return
		}
		// A new click, a new picture of the screen; the words stay.
		f.u.closeIncident(f.inc.ID)
		f.keepWords()
	}
	f.opening, f.openErr = true, nil
	s := f.s
	ask(s, quick, func(ctx context.Context) (api.Incident, error) {
		if id != "" {
			return f.u.p.Service.Incident(ctx, id)
		}
		return f.u.p.Service.OpenIncident(ctx, api.OpenRequest{})
	}, func(inc api.Incident, err error) {
		f.opening, f.openErr = false, err
		if err == nil {
			f.inc = inc
			if inc.Diagnosis == nil {
				f.test()
			} else {
				f.linesFromResults()
			}
			if inc.HasScreenshot {
				f.fetchPicture()
			}
		} else if agentGone(err) {
			f.u.lost()
			return
		}
		f.notify()
	})
}

// rejoin finds the incident again after the agent was away. One that the agent has forgotten is opened anew
// with the same words; its picture is gone with the agent's memory.
func (f *flow) rejoin() {
	id := f.inc.ID
	if id == "" || f.sent != nil {
		return
	}
	ask(f.s, quick, func(ctx context.Context) (api.Incident, error) {
		return f.u.p.Service.Incident(ctx, id)
	}, func(_ api.Incident, err error) {
		if api.CodeOf(err) != api.CodeNotFound {
			return
		}
		f.keepWords()
		f.u.again()
	})
}

// keepWords forgets the incident and keeps what the user wrote, for another one.
func (f *flow) keepWords() {
	words := f.in
	f.reset()
	f.in = api.Input{Subject: words.Subject, Description: words.Description, Attach: words.Attach}
}

// capture takes a picture of the screen for the report under way. The agent takes it when an incident is
// opened, so this opens another one, with the same words; the window steps aside meanwhile.
func (f *flow) capture() {
	u, old := f.u, f.inc.ID
	u.win.Hide()
	f.s.after(hideTime, func() {
		ask(u.life, making, func(ctx context.Context) (api.Incident, error) {
			return u.p.Service.OpenIncident(ctx, api.OpenRequest{Screenshot: true})
		}, func(inc api.Incident, err error) {
			u.win.Show()
			u.win.RequestFocus()
			if err != nil {
				f.pictureErr = err
				f.notify()
				return
			}
			f.keepWords()
			if old != "" && old != inc.ID {
				u.closeIncident(old)
			}
			f.inc = inc
			f.test()
			if inc.HasScreenshot {
				f.fetchPicture()
			}
			u.again()
		})
	})
}

// hideTime is how long a window manager may take to uncover what was under the window.
const hideTime = 500 * time.Millisecond

// test runs the self-tests and follows them.
func (f *flow) test() {
	if f.testing || f.inc.ID == "" {
		return
	}
	f.testing, f.testErr, f.lines, f.total = true, nil, nil, 0
	f.inc.Diagnosis, f.answerErr, f.notMine = nil, nil, false
	s, id := f.s, f.inc.ID
	on := func(e api.CheckEvent) {
		s.post(func() {
			if !s.over() {
				f.onTest(e)
			}
		})
	}
	ask(s, probing, func(ctx context.Context) (api.Incident, error) {
		return f.u.p.Service.Check(ctx, id, api.CheckRequest{}, on)
	}, func(inc api.Incident, err error) {
		f.testing, f.testErr = false, err
		if err == nil {
			f.inc = inc
			f.linesFromResults()
		}
		f.notify()
	})
	f.notify()
}

func (f *flow) onTest(e api.CheckEvent) {
	switch e.Kind {
	case api.RunStarted:
		f.total = e.Total
	case api.CheckStarted:
		f.setLine(e.ID, "running")
	case api.CheckRetried:
		f.setLine(e.ID, "retried")
	case api.CheckFinished:
		if e.Result != nil {
			f.setLine(e.ID, string(e.Result.Status))
		}
	}
	if len(f.lines) <= 1 {
		f.notify() // the first one at once
		return
	}
	f.notifySoon()
}

// drawing is how often a run is drawn at most: fifty self-tests report a hundred times in half a second, and a
// page that is laid out each time would show them long after they were through.
const drawing = 60 * time.Millisecond

func (f *flow) notifySoon() {
	if f.due {
		return
	}
	f.due = true
	f.s.after(drawing, func() {
		f.due = false
		f.notify()
	})
}

func (f *flow) setLine(id, status string) {
	for i := range f.lines {
		if f.lines[i].id == id {
			f.lines[i].status = status
			return
		}
	}
	f.lines = append(f.lines, line{id, status})
}

// linesFromResults keeps the order in which the tests were seen to run.
func (f *flow) linesFromResults() {
	for _, r := range f.inc.Results {
		f.setLine(r.ID, string(r.Status))
	}
	f.total = max(f.total, len(f.lines))
}

// done is how many self-tests have answered.
func (f *flow) done() int {
	n := 0
	for _, l := range f.lines {
		if l.status != "running" && l.status != "retried" {
			n++
		}
	}
	return n
}

// maxPixels bounds the picture that the window decodes: eight 4K displays.
const maxPixels = 8 * 3840 * 2160

func (f *flow) fetchPicture() {
	id := f.inc.ID
	ask(f.s, quick, func(ctx context.Context) (image.Image, error) {
		raw, err := f.u.p.Service.Screenshot(ctx, id)
		if err != nil {
			return nil, err
		}
		head, err := png.DecodeConfig(bytes.NewReader(raw))
		if err != nil || head.Width*head.Height > maxPixels {
			return nil, api.NewError(api.CodeScreenFailed, err)
		}
		img, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			return nil, api.NewError(api.CodeScreenFailed, err)
		}
		return img, nil
	}, func(img image.Image, err error) {
		f.picture, f.pictureErr = img, err
		f.notify()
	})
}

// answer gives the agent the answer to a question, or takes it back with an empty option. The diagnosis that it
// makes of it replaces the one that shows.
func (f *flow) answer(question, option string) {
	if f.answering || f.testing {
		return
	}
	f.answering, f.answerErr = true, nil
	id := f.inc.ID
	ask(f.s, quick, func(ctx context.Context) (api.Incident, error) {
		return f.u.p.Service.Answer(ctx, id, question, option)
	}, func(inc api.Incident, err error) {
		f.answering, f.answerErr = false, err
		if err == nil {
			f.inc = inc
			f.answered++
		}
		f.notify()
	})
	f.notify()
}

// input is what the agent gets: a subject stands even where the user emptied the field.
func (f *flow) input() api.Input {
	in := f.in
	if strings.TrimSpace(in.Subject) == "" {
		in.Subject = subjectOf(in.Description)
	}
	if d := f.inc.Diagnosis; f.notMine && d != nil {
		// Said where the technician reads first, and where the user sees it before sending.
		note := f.u.tr("verdict.not_mine_note", "cause", f.u.t.Cause(d.Cause))
		in.Description = strings.TrimSpace(in.Description + "\n\n" + note)
	}
	in.Withhold, in.Blackouts = slices.Clone(in.Withhold), slices.Clone(in.Blackouts)
	return in
}

// send hands the report over. It belongs to the window, not to a page: leaving the page does not stop it.
func (f *flow) send() {
	if f.submitting || f.sent != nil {
		return
	}
	f.submitting, f.sendErr = true, nil
	id, in := f.inc.ID, f.input()
	ask(f.s, sending, func(ctx context.Context) (api.Sent, error) {
		return f.u.p.Service.Send(ctx, id, in)
	}, func(sent api.Sent, err error) {
		f.submitting, f.sendErr = false, err
		if err == nil {
			f.sent = &sent
			f.picture = nil
			if f.u.at.name == pageReview {
				f.u.go_(route{name: pageSent})
				return
			}
		}
		f.notify()
	})
	f.notify()
}
