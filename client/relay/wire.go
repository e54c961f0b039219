package relay

import (
	"time"

	"balise/client"
)

// The documents of the protocol, as openapi.yaml names them; a test compares both, field by field. They are
// kept apart from package client's types, so that those may change without changing what is on the wire.
type (
	personDoc struct {
		ID    string `json:"id,omitempty"`
		Name  string `json:"name,omitempty"`
		Email string `json:"email,omitempty"`
	}
	meDoc struct {
		Protocol     int       `json:"protocol"`
		Product      string    `json:"product"`
		Version      string    `json:"version,omitempty"`
		Person       personDoc `json:"person"`
		Practice     bool      `json:"practice"`
		Capabilities capsDoc   `json:"capabilities"`
	}
	capsDoc struct {
		Reply              bool  `json:"reply"`
		Close              bool  `json:"close"`
		Reopen             bool  `json:"reopen"`
		ReopenByReply      bool  `json:"reopen_by_reply"`
		Rate               bool  `json:"rate"`
		RateMax            int   `json:"rate_max,omitempty"`
		Notices            bool  `json:"notices"`
		MaxAttachmentBytes int64 `json:"max_attachment_bytes,omitempty"`
		MinPollSeconds     int   `json:"min_poll_seconds,omitempty"`
	}
	actionsDoc struct {
		Reply  client.Tri `json:"reply"`
		Close  client.Tri `json:"close"`
		Reopen client.Tri `json:"reopen"`
		Rate   client.Tri `json:"rate"`
	}
	ticketDoc struct {
		ID        string        `json:"id"`
		Number    string        `json:"number"`
		WebURL    string        `json:"web_url,omitempty"`
		Subject   string        `json:"subject"`
		Status    client.Status `json:"status"`
		RawStatus string        `json:"raw_status,omitempty"`
		Assignee  personDoc     `json:"assignee,omitzero"`
		Queue     string        `json:"queue,omitempty"`
		Level     int           `json:"level,omitempty"`
		Priority  int           `json:"priority,omitempty"`
		Created   time.Time     `json:"created"`
		Updated   time.Time     `json:"updated"`
		Actions   actionsDoc    `json:"actions"`
		Rating    *ratingDoc    `json:"rating,omitempty"`
		ClientRef string        `json:"client_ref,omitempty"`
		ETag      string        `json:"etag"`
	}
	ticketPageDoc struct {
		Tickets []ticketDoc `json:"tickets"`
		Next    string      `json:"next,omitempty"`
		Exact   bool        `json:"exact"`
		Now     time.Time   `json:"now"`
	}
	newTicketDoc struct {
		Subject  string            `json:"subject"`
		Text     string            `json:"text"`
		Queue    string            `json:"queue,omitempty"`
		Category string            `json:"category,omitempty"`
		Level    int               `json:"level,omitempty"`
		Priority int               `json:"priority,omitempty"`
		Fields   map[string]string `json:"fields,omitempty"`
	}
	newReplyDoc struct {
		Text   string `json:"text"`
		Reopen bool   `json:"reopen,omitempty"`
	}
	ticketRefDoc struct {
		ID     string `json:"id"`
		Number string `json:"number"`
		WebURL string `json:"web_url,omitempty"`
	}
	receiptDoc struct {
		Ticket    ticketRefDoc `json:"ticket"`
		ClientRef string       `json:"client_ref"`
		MessageID string       `json:"message_id,omitempty"`
	}
	messageDoc struct {
		ID          string          `json:"id"`
		From        personDoc       `json:"from"`
		FromMe      bool            `json:"from_me"`
		At          time.Time       `json:"at"`
		Text        string          `json:"text"`
		StatusNote  string          `json:"status_note,omitempty"`
		Attachments []attachmentDoc `json:"attachments,omitempty"`
	}
	messagePageDoc struct {
		Messages []messageDoc `json:"messages"`
		Next     string       `json:"next,omitempty"`
	}
	attachmentDoc struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		MIME string `json:"mime"`
		Size int64  `json:"size"`
	}
	ratingDoc struct {
		Value   int    `json:"value"`
		Max     int    `json:"max"`
		Comment string `json:"comment,omitempty"`
	}
	noticeListDoc struct {
		Notices []noticeDoc `json:"notices"`
	}
	noticeDoc struct {
		ID    string    `json:"id"`
		Title string    `json:"title"`
		Text  string    `json:"text"`
		From  time.Time `json:"from,omitzero"`
		Until time.Time `json:"until,omitzero"`
	}
	problemDoc struct {
		Type   string            `json:"type"`
		Title  string            `json:"title"`
		Status int               `json:"status"`
		Detail string            `json:"detail,omitempty"`
		Code   string            `json:"code"`
		Fields map[string]string `json:"fields,omitempty"`
	}
)
