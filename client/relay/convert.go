package relay

import (
	"time"

	"balise/client"
)

// From package client's types to the wire. Times leave in UTC, so that two answers about one moment are equal
// as text too.

func toCaps(c client.Caps) capsDoc {
	return capsDoc{
		Reply: c.CanReply, Close: c.CanClose, Reopen: c.CanReopen, ReopenByReply: c.ReopenByReply,
		Rate: c.CanRate, RateMax: c.RateMax, Notices: c.HasNotices,
		MaxAttachmentBytes: c.MaxAttachmentBytes, MinPollSeconds: int(c.MinPoll / time.Second),
	}
}

func toTicket(t client.Ticket) ticketDoc {
	doc := ticketDoc{
		ID: t.ID, Number: t.Number, WebURL: t.WebURL, Subject: t.Subject, Status: t.Status,
		RawStatus: t.RawStatus, Assignee: personDoc(t.Assignee), Queue: t.Queue, Level: t.Level,
		Priority: int(t.Priority), Created: t.Created.UTC(), Updated: t.Updated.UTC(),
		Actions: actionsDoc(t.Actions), ClientRef: string(t.ClientRef), ETag: t.Validator.ETag,
	}
	if t.Rating != nil {
		doc.Rating = (*ratingDoc)(t.Rating)
	}
	return doc
}

func toReceipt(s Stored) receiptDoc {
	return receiptDoc{Ticket: ticketRefDoc(s.Ref), ClientRef: string(s.Key), MessageID: s.Message}
}

func toMessage(m client.Message) messageDoc {
	doc := messageDoc{
		ID: m.ID, From: personDoc(m.From), FromMe: m.FromMe, At: m.At.UTC(),
		Text: m.Text, StatusNote: m.StatusNote,
	}
	for _, a := range m.Attachments {
		doc.Attachments = append(doc.Attachments, attachmentDoc{
			ID: a.ID, Name: a.Name, MIME: a.MIME, Size: a.Size,
		})
	}
	return doc
}
