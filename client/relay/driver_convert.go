package relay

import (
	"balise/client"
	"balise/client/transport"
)

// From the wire to package client's types. Nothing that a desk says is trusted: words are cleaned, links are
// web links or nothing, a state that is not known is unknown.

func fromPerson(p personDoc) client.Person {
	return client.Person{ID: p.ID, Name: line(p.Name), Email: line(p.Email)}
}

func fromRef(r ticketRefDoc) client.Ref {
	ref := client.Ref{ID: r.ID, Number: line(r.Number)}
	if ref.Number == "" {
		ref.Number = line(r.ID)
	}
	if isWebURL(r.WebURL) {
		ref.WebURL = r.WebURL
	}
	return ref
}

func fromTicket(t ticketDoc) client.Ticket {
	got := client.Ticket{
		Ref:     fromRef(ticketRefDoc{ID: t.ID, Number: t.Number, WebURL: t.WebURL}),
		Subject: line(t.Subject), Status: knownStatus(t.Status), RawStatus: line(t.RawStatus),
		Assignee: fromPerson(t.Assignee), Queue: line(t.Queue),
		Level: t.Level, Priority: client.Priority(t.Priority),
		Created: t.Created, Updated: t.Updated,
		Actions: client.Actions{
			Reply: knownTri(t.Actions.Reply), Close: knownTri(t.Actions.Close),
			Reopen: knownTri(t.Actions.Reopen), Rate: knownTri(t.Actions.Rate),
		},
		Validator: client.Validator{ETag: t.ETag}, ClientRef: client.ClientRef(t.ClientRef),
	}
	if got.RawStatus == "" {
		got.RawStatus = line(string(t.Status))
	}
	if t.Rating != nil {
		got.Rating = &client.Rating{
			Value: t.Rating.Value, Max: t.Rating.Max, Comment: transport.PlainText(t.Rating.Comment),
		}
	}
	return got
}

func knownStatus(s client.Status) client.Status {
	switch s {
	case client.StatusNew, client.StatusOpen, client.StatusPending, client.StatusResolved, client.StatusClosed:
		return s
	}
	return client.StatusUnknown
}

func knownTri(t client.Tri) client.Tri {
	if t == client.Yes || t == client.No {
		return t
	}
	return client.Maybe
}

func fromMessage(ticket string, m messageDoc) client.Message {
	got := client.Message{
		ID: m.ID, From: fromPerson(m.From), FromMe: m.FromMe, At: m.At,
		Text: transport.PlainText(m.Text), StatusNote: line(m.StatusNote),
	}
	for _, a := range m.Attachments {
		got.Attachments = append(got.Attachments, client.Attachment{
			ID: a.ID, Name: line(a.Name), MIME: line(a.MIME), Size: a.Size, Handle: ticket + "/" + a.ID,
		})
	}
	return got
}
