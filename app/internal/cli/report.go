package cli

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"balise/app/internal/ipc/api"
)

func runReport(ctx context.Context, s *session, line commandLine) error {
	in, err := s.reportInput(line)
	if err != nil {
		return err
	}
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	inc, err := s.svc.OpenIncident(ctx, api.OpenRequest{
		Screenshot: in.Screenshot, Symptom: line.opts.symptom, Earlier: true,
	})
	if err != nil {
		return err
	}
	sent := false
	defer func() {
		if !sent {
			s.closeIncident(inc.ID)
		}
	}()
	if in.Screenshot && !inc.HasScreenshot {
		in.Screenshot = false
		s.sayNoScreenshot(inc.ScreenshotWhy)
	}
	if !line.opts.noChecks {
		checked, err := s.runChecks(ctx, inc.ID, nil)
		if err != nil {
			return err
		}
		if s.out.mode == people {
			s.printDiagnosis(checked.Diagnosis)
			s.out.blank()
		}
	}
	if !line.opts.yes {
		if yes, err := s.reviewed(ctx, inc.ID, in); err != nil || !yes {
			return err
		}
	}
	got, err := s.svc.Send(ctx, inc.ID, in)
	if err != nil {
		return err
	}
	sent = true
	return s.printSent(got)
}

// reportInput is what the user said and decided, checked as far as this end can.
func (s *session) reportInput(line commandLine) (api.Input, error) {
	o := line.opts
	in := api.Input{Subject: o.subject, Category: o.category, Screenshot: o.screenshot}
	if strings.TrimSpace(o.subject) == "" && o.symptom == "" && !o.subjectFree {
		return in, usage("subject")
	}
	if err := s.mayAct(o.yes, needsYesReport); err != nil {
		return in, err
	}
	text, err := s.textArg(o.description)
	if err != nil {
		return in, err
	}
	in.Description = text
	for _, file := range o.attach {
		if err := readable(file); err != nil {
			return in, err
		}
		whole, err := filepath.Abs(file) // the agent has another working directory
		if err != nil {
			return in, fmt.Errorf("attach %s: %w", file, err)
		}
		in.Attach = append(in.Attach, whole)
	}
	return in, nil
}

func (s *session) sayNoScreenshot(why string) {
	if why == "" {
		why = api.CodeScreenFailed
	}
	what, next := s.errorWords(why, nil)
	s.out.note(strings.TrimSpace(s.t("cli.report.no_screenshot") + " " + what + " " + next))
}

// reviewed shows what would leave, to the byte, and asks.
func (s *session) reviewed(ctx context.Context, id string, in api.Input) (bool, error) {
	r, err := s.svc.Review(ctx, id, in)
	if err != nil {
		return false, err
	}
	shown := &output{mode: people, stdout: s.p.Stdout, stderr: s.p.Stderr, width: s.out.width}
	if s.out.mode != people {
		shown.stdout = s.p.Stderr // stdout belongs to the one document
	}
	s.printReview(shown, r)
	yes, err := s.ask(ctx, s.t("cli.report.ask", "desk", r.Desk))
	if err != nil {
		return false, err
	}
	if !yes {
		s.out.note(s.t("cli.report.not_sent"))
		if s.out.mode != people {
			s.out.document(ErrorDoc{
				Schema: schemaError, Exit: ExitFailed,
				Error: Reason{Code: api.CodeConsent, What: s.t("cli.report.not_sent")},
			})
		}
		return false, errNotDone
	}
	return true, nil
}

func (s *session) printReview(o *output, r api.Review) {
	o.say(s.t("cli.report.leaves", "desk", cleanLine(r.Desk)))
	o.blank()
	o.exact(r.Subject)
	o.blank()
	o.exact(r.Body)
	o.blank()
	for _, f := range r.Files {
		o.item("- ", "  ", s.t("cli.report.file", "name", cleanLine(f.Name), "size", s.size(f.Size)))
	}
	masked := 0
	for _, n := range r.Masked {
		masked += n
	}
	if masked > 0 {
		o.say(s.texts.N("cli.report.masked", masked))
	}
	o.blank()
}

// printSent tells what became of a report, a reply or a reopening.
func (s *session) printSent(got api.Sent) error {
	doc := SentDoc{
		Schema: schemaSent, Ref: got.Ref, Number: got.Number, URL: webURL(got.URL), State: got.State,
		Code: got.Code, Reason: s.reasonOf(got.Reason),
	}
	s.out.document(doc)
	number := got.Number
	if number == "" {
		number = got.Ref
	}
	switch got.State {
	case "sent":
		s.out.say(s.t("cli.report.sent", "number", cleanLine(number), "code", got.Code))
		s.out.field(s.t("cli.ticket.page"), doc.URL)
	case "queued":
		s.out.say(s.t("cli.report.queued", "code", got.Code))
	default:
		s.out.say(s.t("cli.report.refused", "ref", got.Ref))
	}
	if doc.Reason != nil {
		s.out.say(strings.TrimSpace(doc.Reason.What + " " + doc.Reason.Next))
	}
	if got.State == "queued" {
		s.out.say(s.t("cli.report.queued_next", "ref", got.Ref))
	}
	if got.State == "refused" {
		return errRefused
	}
	return nil
}

// webURL drops a link that is not a web page: what a desk calls a link is not trusted.
func webURL(link string) string {
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return ""
	}
	return link
}
