package znuny

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"balise/client"
	"balise/client/transport"
)

const (
	// maxThread bounds the reading of one ticket's texts.
	maxThread = 32 << 20
	// maxText is how much of one message is shown; the rest is a click away on the desk's page.
	maxText = 256 << 10
)

// thread reads a ticket with its articles and the names of their files, and the desk's time.
func (d *Driver) thread(ctx context.Context, id string) (t ticket, now time.Time, err error) {
	query := url.Values{
		"AllArticles": {"1"}, "ArticleOrder": {"ASC"}, "DynamicFields": {"1"},
		"Attachments": {"1"}, "GetAttachmentContents": {"0"},
	}
	err = d.stream(ctx, "/Ticket/"+id, query, func(a transport.Answer, r io.Reader) error {
		now = a.Date()
		var got answer
		lr := &io.LimitedReader{R: r, N: maxThread}
		if err := json.NewDecoder(lr).Decode(&got); err != nil {
			if lr.N <= 0 {
				return fmt.Errorf("over %d bytes: %w", maxThread, client.ErrTooLarge)
			}
			return fmt.Errorf("%w: %w", client.ErrNotADesk, err)
		}
		if got.Error != nil {
			return got.Error.is(false)
		}
		if len(got.Ticket) != 1 || string(got.Ticket[0].TicketID) != id {
			return fmt.Errorf("no ticket in the answer: %w", client.ErrNotADesk)
		}
		t = got.Ticket[0]
		return nil
	})
	t.Article = visible(t.Article)
	return t, now, err
}

// visible leaves out what is for the desk's own people. It hides that from customers itself; this is for the day
// on which it does not.
func visible(in []article) list[article] {
	var out list[article]
	for _, a := range in {
		switch {
		case a.IsVisibleForCustomer != nil && *a.IsVisibleForCustomer != "1":
		case strings.HasSuffix(string(a.ArticleType), "-internal"), strings.HasSuffix(string(a.ArticleType), "-int"):
		default:
			out = append(out, a)
		}
	}
	return out
}

// Thread reads what was said to and by the customer. Changes of state are in the history, which is for agents only.
func (d *Driver) Thread(ctx context.Context, id string) ([]client.Message, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	t, now, err := d.thread(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read thread of %s: %w", id, err)
	}
	me, off := d.me(ctx), zone(t, now)
	var out []client.Message
	for i, a := range t.Article {
		m := client.Message{
			ID: string(a.ArticleID), At: at(a, off), From: person(string(a.From)), Text: bodyOf(a),
			FromMe: d.isMine(a, t, me),
		}
		if m.FromMe {
			m.From, m.Text = me, withoutRef(m.Text)
		}
		for _, f := range a.Attachment {
			m.Attachments = append(m.Attachments, client.Attachment{
				// The place in the thread goes along: there is no call for one article or one file.
				ID:   fmt.Sprintf("%s.%s.%s.%d", id, digits(a.ArticleID), digits(f.FileID), i+1),
				Name: transport.SafeName(string(f.Filename)),
				MIME: transport.Line(string(f.ContentType), 100), Size: f.size(),
			})
		}
		out = append(out, m)
	}
	return out, nil
}

func digits(s text) string {
	if isID(string(s)) {
		return string(s)
	}
	return "0"
}

// at: IncomingTime is in seconds since 1970 and free of zones.
func at(a article, off time.Duration) time.Time {
	if n, err := strconv.ParseInt(string(a.IncomingTime), 10, 64); err == nil && n > 0 {
		return time.Unix(n, 0).UTC()
	}
	return parse(a.CreateTime, off)
}

// isMine: customers of one company may answer on each other's tickets.
func (d *Driver) isMine(a article, t ticket, me client.Person) bool {
	if a.SenderType != "customer" {
		return false
	}
	author := person(string(a.From))
	if author.Email == "" || me.Email == "" {
		return strings.EqualFold(string(t.CustomerUserID), d.p.Credential.User)
	}
	return strings.EqualFold(author.Email, me.Email)
}

func person(raw string) client.Person {
	if a, err := mail.ParseAddress(raw); err == nil {
		p := client.Person{Name: transport.Line(a.Name, 200), Email: transport.Line(a.Address, 200)}
		if p.Name == "" {
			p.Name = p.Email
		}
		return p
	}
	return client.Person{Name: transport.Line(raw, 200)}
}

// bodyOf is an article's text. Znuny gives HTML mails as plain text; older desks as they came.
func bodyOf(a article) string {
	body := string(a.Body)
	kind := strings.ToLower(string(a.MimeType))
	if kind == "" {
		kind = strings.ToLower(string(a.ContentType))
	}
	cut := len(body) > maxText
	if cut {
		body = strings.ToValidUTF8(body[:maxText], "")
	}
	if strings.HasPrefix(kind, "text/html") {
		body = transport.HTMLToText(body)
	} else {
		body = transport.PlainText(body)
	}
	if body = strings.TrimSpace(body); cut {
		body += "\n[…]"
	}
	return body
}

// Download gives one attachment. The desk has no call for that: it gives all files of all messages up to the one
// that is wanted, which is read one message at a time.
func (d *Driver) Download(ctx context.Context, a client.Attachment, w io.Writer, limit int64) error {
	part := strings.Split(a.ID, ".")
	if len(part) != 4 || !isID(part[0]) || !isID(part[1]) || !isID(part[2]) || !isID(part[3]) {
		return fmt.Errorf("attachment %q: %w", transport.Line(a.ID, 40), client.ErrNotFound)
	}
	if limit <= 0 || limit > transport.MaxAttachment {
		limit = transport.MaxAttachment
	}
	if a.Size > limit {
		return fmt.Errorf("download %q: %w", a.Name, client.ErrTooLarge)
	}
	query := url.Values{
		"AllArticles": {"1"}, "ArticleOrder": {"ASC"}, "ArticleLimit": {part[3]},
		"Attachments": {"1"}, "GetAttachmentContents": {"1"},
	}
	err := d.stream(ctx, "/Ticket/"+part[0], query, func(_ transport.Answer, r io.Reader) error {
		f, err := fileIn(r, text(part[1]), text(part[2]))
		if err != nil {
			return err
		}
		if int64(base64.StdEncoding.DecodedLen(len(f.Content))) > limit+2 {
			return client.ErrTooLarge
		}
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(f.Content)), ""))
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", client.ErrNotADesk, err)
		case int64(len(data)) > limit:
			return client.ErrTooLarge
		}
		_, err = w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("download %q: %w", a.Name, err)
	}
	return nil
}

// maxContents bounds an answer with the files of many messages.
const maxContents = 512 << 20

// fileIn finds a file in a ticket that arrives, holding one article of it at a time.
func fileIn(r io.Reader, articleID, fileID text) (file, error) {
	dec := json.NewDecoder(io.LimitReader(r, maxContents))
	path, err := descend(dec)
	if err != nil {
		return file{}, err
	}
	for path == "Article" && dec.More() {
		var a article
		if err := dec.Decode(&a); err != nil {
			return file{}, broken(err)
		}
		if a.ArticleID != articleID || len(visible([]article{a})) == 0 {
			continue
		}
		for _, f := range a.Attachment {
			if f.FileID == fileID {
				return f, nil
			}
		}
	}
	return file{}, client.ErrNotFound
}

// descend walks to the list of articles: {"Ticket":[{..., "Article":[ . What else there is on the way is passed.
func descend(dec *json.Decoder) (string, error) {
	for depth := 0; ; {
		tok, err := dec.Token()
		if err != nil {
			return "", broken(err)
		}
		if _, ok := tok.(json.Delim); ok {
			depth++
			if depth > 4 {
				return "", fmt.Errorf("not the JSON expected: %w", client.ErrNotADesk)
			}
			continue
		}
		key, _ := tok.(string)
		switch key {
		case "Ticket": // its array and its object follow
		case "Article":
			if tok, err = dec.Token(); err != nil {
				return "", broken(err)
			}
			if tok != json.Delim('[') {
				return "", fmt.Errorf("not the JSON expected: %w", client.ErrNotADesk)
			}
			return key, nil
		case "Error":
			var e deskError
			if err := dec.Decode(&e); err != nil {
				return "", broken(err)
			}
			return "", e.is(false)
		default:
			var passed json.RawMessage
			if err := dec.Decode(&passed); err != nil {
				return "", broken(err)
			}
			if !dec.More() {
				return "", nil
			}
		}
	}
}

func broken(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if errors.As(err, &syntax) || errors.As(err, &kind) {
		return fmt.Errorf("%w: %w", client.ErrNotADesk, err)
	}
	return err
}
