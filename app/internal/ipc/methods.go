package ipc

import (
	"context"
	"errors"
	"io"
	"sync"

	"balise/app/internal/ipc/api"
	"balise/diagnostics"
)

// method answers one path.
type method func(ctx context.Context, s *server, a *answer, in api.Args)

// methods is every method of api.Service; a test compares the two.
var methods = map[string]method{
	"State": get(func(ctx context.Context, s api.Service, _ api.Args) (api.State, error) {
		return s.State(ctx)
	}),
	"ListChecks": get(func(ctx context.Context, s api.Service, _ api.Args) ([]api.CheckInfo, error) {
		return s.ListChecks(ctx)
	}),
	"OpenIncident": get(func(ctx context.Context, s api.Service, in api.Args) (api.Incident, error) {
		return s.OpenIncident(ctx, given(in.Open))
	}),
	"Incident": get(func(ctx context.Context, s api.Service, in api.Args) (api.Incident, error) {
		return s.Incident(ctx, in.ID)
	}),
	"Answer": get(func(ctx context.Context, s api.Service, in api.Args) (api.Incident, error) {
		return s.Answer(ctx, in.ID, in.Question, in.Option)
	}),
	"RepairHistory": get(func(ctx context.Context, s api.Service, _ api.Args) (api.RepairHistory, error) {
		return s.RepairHistory(ctx)
	}),
	"SetSymptom": get(func(ctx context.Context, s api.Service, in api.Args) (api.Incident, error) {
		return s.SetSymptom(ctx, in.ID, in.Symptom)
	}),
	"Symptoms": get(func(ctx context.Context, s api.Service, in api.Args) ([]api.SymptomMatch, error) {
		return s.Symptoms(ctx, in.Text)
	}),
	"Forms": get(func(ctx context.Context, s api.Service, _ api.Args) ([]api.Form, error) {
		return s.Forms(ctx)
	}),
	"Packs": get(func(ctx context.Context, s api.Service, _ api.Args) ([]api.PackInfo, error) {
		return s.Packs(ctx)
	}),
	"Branding": get(func(ctx context.Context, s api.Service, _ api.Args) (api.Branding, error) {
		return s.Branding(ctx)
	}),
	"Words": get(func(ctx context.Context, s api.Service, in api.Args) (map[string]string, error) {
		return s.Words(ctx, in.Lang)
	}),
	"Record": get(func(ctx context.Context, s api.Service, in api.Args) (api.RecordState, error) {
		return s.Record(ctx, in.Action)
	}),
	"Review": get(func(ctx context.Context, s api.Service, in api.Args) (api.Review, error) {
		return s.Review(ctx, in.ID, given(in.Input))
	}),
	"Send": get(func(ctx context.Context, s api.Service, in api.Args) (api.Sent, error) {
		return s.Send(ctx, in.ID, given(in.Input))
	}),
	"CloseIncident": run(func(ctx context.Context, s api.Service, in api.Args) error {
		return s.CloseIncident(ctx, in.ID)
	}),
	"Snapshot": get(func(ctx context.Context, s api.Service, _ api.Args) ([]diagnostics.Group, error) {
		return s.Snapshot(ctx)
	}),
	"Tickets": get(func(ctx context.Context, s api.Service, in api.Args) (api.TicketList, error) {
		return s.Tickets(ctx, in.Refresh)
	}),
	"Ticket": get(func(ctx context.Context, s api.Service, in api.Args) (api.TicketView, error) {
		return s.Ticket(ctx, in.N, in.Refresh)
	}),
	"Reply": get(func(ctx context.Context, s api.Service, in api.Args) (api.Sent, error) {
		return s.Reply(ctx, in.N, given(in.Reply))
	}),
	"Reopen": get(func(ctx context.Context, s api.Service, in api.Args) (api.Sent, error) {
		return s.Reopen(ctx, in.N, in.Text)
	}),
	"Rate": run(func(ctx context.Context, s api.Service, in api.Args) error {
		return s.Rate(ctx, in.N, given(in.Rating))
	}),
	"MarkSeen": run(func(ctx context.Context, s api.Service, in api.Args) error {
		return s.MarkSeen(ctx, in.N)
	}),
	"Sent": get(func(ctx context.Context, s api.Service, _ api.Args) ([]api.Record, error) {
		return s.Sent(ctx)
	}),
	"Notices": get(func(ctx context.Context, s api.Service, _ api.Args) ([]api.Notice, error) {
		return s.Notices(ctx)
	}),
	"Outbox": get(func(ctx context.Context, s api.Service, _ api.Args) ([]api.OutboxItem, error) {
		return s.Outbox(ctx)
	}),
	"Flush": get(func(ctx context.Context, s api.Service, _ api.Args) ([]api.OutboxItem, error) {
		return s.Flush(ctx)
	}),
	"Retry": get(func(ctx context.Context, s api.Service, in api.Args) (api.OutboxItem, error) {
		return s.Retry(ctx, in.Ref)
	}),
	"Discard": run(func(ctx context.Context, s api.Service, in api.Args) error {
		return s.Discard(ctx, in.Ref)
	}),
	"TryDesk": get(func(ctx context.Context, s api.Service, in api.Args) (api.DeskState, error) {
		return s.TryDesk(ctx, given(in.SignIn))
	}),
	"SignIn": get(func(ctx context.Context, s api.Service, in api.Args) (api.DeskState, error) {
		return s.SignIn(ctx, given(in.SignIn))
	}),
	"SignOut": run(func(ctx context.Context, s api.Service, _ api.Args) error { return s.SignOut(ctx) }),
	"Config": get(func(ctx context.Context, s api.Service, _ api.Args) ([]api.Setting, error) {
		return s.Config(ctx)
	}),
	"SetConfig": run(func(ctx context.Context, s api.Service, in api.Args) error {
		return s.SetConfig(ctx, in.Key, in.Value)
	}),
	"DeskURL": get(func(ctx context.Context, s api.Service, _ api.Args) (string, error) {
		return s.DeskURL(ctx)
	}),
	"Show": run(func(ctx context.Context, s api.Service, in api.Args) error { return s.Show(ctx, in.Page) }),
	"Quit": run(func(ctx context.Context, s api.Service, _ api.Args) error { return s.Quit(ctx) }),

	"Events": events,
	"Check": func(ctx context.Context, s *server, a *answer, in api.Args) {
		var mu sync.Mutex
		out, err := s.service.Check(ctx, in.ID, given(in.Check), func(ev diagnostics.Event) {
			mu.Lock()
			defer mu.Unlock()
			a.event(ev)
		})
		mu.Lock()
		defer mu.Unlock()
		a.end(out, err)
	},
	"Repair": func(ctx context.Context, s *server, a *answer, in api.Args) {
		var mu sync.Mutex
		out, err := s.service.Repair(ctx, in.ID, given(in.Repair), func(ev api.RepairEvent) {
			mu.Lock()
			defer mu.Unlock()
			a.event(ev)
		})
		mu.Lock()
		defer mu.Unlock()
		a.end(out, err)
	},

	"Screenshot": func(ctx context.Context, s *server, a *answer, in api.Args) {
		a.file(func(w io.Writer) error {
			png, err := s.service.Screenshot(ctx, in.ID)
			if err != nil {
				return err
			}
			_, err = w.Write(png)
			return err
		})
	},
	"Download": func(ctx context.Context, s *server, a *answer, in api.Args) {
		a.file(func(w io.Writer) error { return s.service.Download(ctx, in.N, in.Attachment, w) })
	},
	"Export": func(ctx context.Context, s *server, a *answer, in api.Args) {
		a.file(func(w io.Writer) error { return s.service.Export(ctx, in.Ref, w) })
	},
}

// events streams until the caller goes; an end that the caller asked for is not an error.
func events(ctx context.Context, s *server, a *answer, _ api.Args) {
	var mu sync.Mutex
	err := s.service.Events(ctx, func(ev api.Event) {
		mu.Lock()
		defer mu.Unlock()
		a.event(ev)
	})
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	mu.Lock()
	defer mu.Unlock()
	a.end(struct{}{}, err)
}

func get[T any](call func(context.Context, api.Service, api.Args) (T, error)) method {
	return func(ctx context.Context, s *server, a *answer, in api.Args) {
		v, err := call(ctx, s.service, in)
		a.value(v, err)
	}
}

func run(call func(context.Context, api.Service, api.Args) error) method {
	return func(ctx context.Context, s *server, a *answer, in api.Args) {
		err := call(ctx, s.service, in)
		a.value(struct{}{}, err)
	}
}

// given is the value of an argument that may be missing.
func given[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
