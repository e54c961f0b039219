package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"balise/app/internal/ipc/api"
)

func runTickets(ctx context.Context, s *session, _ commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	list, err := s.svc.Tickets(ctx, true)
	if err != nil {
		return err
	}
	// Nobody knows the tickets when the desk has never answered; "none" would be a guess.
	known := list.Problem == nil || !list.AsOf.IsZero()
	if known && len(list.Tickets) == 0 && len(list.Outbox) == 0 {
		s.out.say(s.t("cli.tickets.none"))
	}
	for _, t := range list.Tickets {
		text := s.t("cli.tickets.line", "number", cleanLine(t.Number), "status", s.status(t.Ticket),
			"subject", cleanLine(t.Subject), "when", s.when(t.Updated))
		if t.Unread {
			text += " " + s.t("cli.tickets.unread")
		}
		s.out.item("", "  ", text)
	}
	s.printOutbox(list.Outbox)
	s.sayStale(list.AsOf, list.Problem)
	s.out.document(TicketsDoc{
		Schema: schemaTickets, Tickets: notNil(list.Tickets), Outbox: notNil(list.Outbox), AsOf: list.AsOf,
		Problem: s.reasonOf(list.Problem),
	})
	switch {
	case known || len(list.Tickets) > 0:
		return nil
	case codeExit(list.Problem.Code) == ExitRefused:
		return errRefused
	}
	return errNotDone
}

// status is a ticket's state in human words, with the desk's own word where ours says nothing.
func (s *session) status(t api.Ticket) string {
	text := s.named("status."+string(t.Status), string(t.Status))
	if t.Status == "unknown" && t.RawStatus != "" {
		text += " (" + cleanLine(t.RawStatus) + ")"
	}
	return text
}

// sayStale tells that the desk did not answer just now and how old the answer is.
func (s *session) sayStale(asOf time.Time, problem *api.Error) {
	if problem == nil {
		return
	}
	r := s.reasonOf(problem)
	s.out.note(strings.TrimSpace(r.What + " " + r.Next))
	if !asOf.IsZero() {
		s.out.note(s.t("cli.tickets.as_of", "when", s.when(asOf)))
	}
}

func runTicket(ctx context.Context, s *session, line commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	n := line.args[0]
	v, err := s.svc.Ticket(ctx, n, true)
	if err != nil {
		return err
	}
	s.printTicket(v)
	s.sayStale(v.AsOf, v.Problem)
	v.Messages = notNil(v.Messages)
	s.out.document(TicketDoc{Schema: schemaTicket, Ticket: v})
	if s.out.mode == people {
		_ = s.svc.MarkSeen(ctx, n) // a script that polls has not read anything
	}
	return nil
}

func (s *session) printTicket(v api.TicketView) {
	s.out.say(s.t("cli.ticket.title", "number", cleanLine(v.Number), "subject", cleanLine(v.Subject)))
	s.out.field(s.t("cli.ticket.status"), s.status(v.Ticket))
	s.out.field(s.t("cli.ticket.assignee"), v.Assignee.Name)
	s.out.field(s.t("cli.ticket.created"), s.when(v.Created))
	s.out.field(s.t("cli.ticket.updated"), s.when(v.Updated))
	s.out.field(s.t("cli.ticket.code"), v.Code)
	s.out.field(s.t("cli.ticket.page"), webURL(v.WebURL))
	if r := v.Rating; r != nil {
		s.out.field(s.t("cli.ticket.rating"), strconv.Itoa(r.Value)+"/"+strconv.Itoa(r.Max))
	}
	for _, m := range v.Messages {
		s.out.blank()
		s.printMessage(m)
	}
	if len(v.Outbox) > 0 {
		s.out.blank()
		s.printOutbox(v.Outbox)
	}
}

// printMessage prints one entry of a thread. A change of state is a line of its own, from nobody: people wait
// for the state, not for who set it.
func (s *session) printMessage(m api.Message) {
	note := s.named("status."+m.StatusNote, cleanLine(m.StatusNote))
	if m.StatusNote != "" && strings.TrimSpace(m.Text) == "" && len(m.Attachments) == 0 {
		s.out.field(s.t("cli.ticket.status"), s.t("cli.ticket.message", "from", note, "when", s.when(m.At)))
		return
	}
	from := cleanLine(m.From.Name)
	if m.FromMe {
		from = s.t("cli.ticket.you")
	} else if from == "" {
		from = s.t("cli.ticket.desk")
	}
	s.out.say(s.t("cli.ticket.message", "from", from, "when", s.when(m.At)))
	if m.Text != "" {
		s.out.item("  ", "  ", m.Text)
	}
	if m.StatusNote != "" {
		s.out.item("  ", "  ", s.t("cli.ticket.status")+" "+note)
	}
	for _, a := range m.Attachments {
		s.out.item("  ", "    ",
			s.t("cli.ticket.attachment", "name", cleanLine(a.Name), "size", s.size(a.Size)))
	}
}

func runReply(ctx context.Context, s *session, line commandLine) error {
	text, err := s.textArg(line.args[1])
	if err != nil {
		return err
	}
	if strings.TrimSpace(text) == "" {
		return usage("empty_text")
	}
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	got, err := s.svc.Reply(ctx, line.args[0], api.ReplyInput{Text: text})
	if err != nil {
		return err
	}
	return s.printSent(got)
}

func runReopen(ctx context.Context, s *session, line commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	got, err := s.svc.Reopen(ctx, line.args[0], s.t("cli.ticket.reopen_text"))
	if err != nil {
		return err
	}
	return s.printSent(got)
}

// maxRating is the scale of `tickets rate`; the desk's driver fits it to its own.
const maxRating = 5

func runRate(ctx context.Context, s *session, line commandLine) error {
	value, err := strconv.Atoi(line.args[1])
	if err != nil || value < 1 || value > maxRating {
		return usage("rating", "value", line.args[1])
	}
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := s.svc.Rate(ctx, line.args[0], api.Rating{Value: value, Max: maxRating}); err != nil {
		return err
	}
	return s.done("tickets rate", line.args[0], s.t("cli.ticket.rated", "value", value, "max", maxRating))
}

// done is the answer of a command that has nothing else to say.
func (s *session) done(command, target, text string) error {
	s.out.say(text)
	s.out.document(DoneDoc{Schema: schemaDone, Command: command, Target: target})
	return nil
}
