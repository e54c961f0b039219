package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"balise/app/internal/agent/store"
	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/client/outbox"
	"balise/client/transport"
)

const (
	// refreshWait bounds a look at the desk that a user waits for.
	refreshWait = 30 * time.Second
	// maxReply is relay's limit for a text, which no other desk exceeds.
	maxReply = 1 << 20
	// maxFile is the largest attachment, both ways.
	maxFile = transport.MaxAttachment
	// noticesFresh is how long known outages are shown without asking again.
	noticesFresh = time.Minute
	noticesWait  = 8 * time.Second
)

// Tickets lists the user's tickets from the cache, after a look at the desk when refresh says so.
func (a *Agent) Tickets(ctx context.Context, refresh bool) (api.TicketList, error) {
	var list api.TicketList
	a.follow.looked()
	defer a.stir()
	if refresh {
		a.link.insist()
		within, cancel := context.WithTimeout(ctx, refreshWait)
		err := a.follow.sync(within)
		cancel()
		if err := ctx.Err(); err != nil {
			return list, context.Cause(ctx)
		}
		if err != nil {
			list.Problem = a.problem(err)
		}
	}
	d := a.tickets()
	cached, err := d.Tickets(ctx)
	if err != nil {
		return list, a.explain(err)
	}
	list.Tickets = make([]api.TicketRow, len(cached))
	for i, c := range cached {
		list.Tickets[i] = api.TicketRow{Ticket: ours(c), Unread: c.Unread}
	}
	if list.Outbox, err = a.Outbox(ctx); err != nil {
		return list, err
	}
	list.AsOf = a.follow.asOf(ctx)
	if list.Problem == nil {
		list.Problem = a.link.state().Problem
	}
	return list, nil
}

// Ticket reads one ticket and its thread.
func (a *Agent) Ticket(ctx context.Context, n string, refresh bool) (api.TicketView, error) {
	a.follow.looked()
	defer a.stir()
	n = number(n)
	if v, ok, err := a.waiting(ctx, n); ok || err != nil {
		return v, err
	}
	d := a.tickets()
	c, err := d.Find(ctx, n)
	var problem *api.Error
	if err != nil || refresh || c.ThreadAt.IsZero() {
		within, cancel := context.WithTimeout(ctx, refreshWait)
		fresh, ferr := a.follow.one(within, n, c, err == nil)
		cancel()
		switch {
		case ferr == nil:
			c, err = fresh, nil
		case ctx.Err() != nil:
			return api.TicketView{}, context.Cause(ctx)
		case err != nil:
			return api.TicketView{}, a.explain(ferr)
		default:
			problem = a.problem(ferr)
		}
	}
	v := api.TicketView{Ticket: ours(c), Ref: c.Ref, AsOf: c.ReadAt, Problem: problem}
	v.Code = client.ClientRef(c.Ref).Code()
	if v.Left, err = a.store.RecordOf(ctx, c.Ref); err != nil {
		return v, a.explain(err)
	}
	if v.Messages, err = d.Thread(ctx, c.ID); err != nil {
		return v, a.explain(err)
	}
	v.Outbox, err = a.replies(ctx, c.ID)
	return v, err
}

// ours puts our reference into a ticket that the desk listed without it.
func ours(c store.Cached) client.Ticket {
	if c.ClientRef == "" {
		c.ClientRef = client.ClientRef(c.Ref)
	}
	return c.Ticket
}

// number is what a person means: "#42" is 42.
func number(n string) string { return strings.TrimPrefix(strings.TrimSpace(n), "#") }

// waiting shows a report that has not become a ticket yet, by its reference or code.
func (a *Agent) waiting(ctx context.Context, n string) (api.TicketView, bool, error) {
	ref, err := a.findRef(ctx, n)
	if err != nil {
		return api.TicketView{}, false, nil // a number, then
	}
	it, err := a.outbox.Item(ctx, ref)
	if errors.Is(err, outbox.ErrNotFound) || (err == nil && it.State == outbox.Sent) {
		return api.TicketView{}, false, nil
	}
	if err != nil {
		return api.TicketView{}, false, a.explain(err)
	}
	v := api.TicketView{
		Ref: string(ref), Code: ref.Code(), Outbox: itemsOf([]outbox.Item{it}), Problem: reasonOf(it),
	}
	v.Subject, v.Created, v.ClientRef = it.Subject, it.Created, ref
	v.Status = client.StatusUnknown
	return v, true, nil
}

func (a *Agent) replies(ctx context.Context, id string) ([]api.OutboxItem, error) {
	items, err := a.outbox.Items(ctx, false)
	if err != nil {
		return nil, a.explain(err)
	}
	var out []api.OutboxItem
	for _, it := range items {
		if it.Kind == outbox.Reply && it.Ticket.ID == id {
			out = append(out, itemOf(it))
		}
	}
	return out, nil
}

// find returns a ticket that the desk has, asking it when the cache does not know the number.
func (a *Agent) find(ctx context.Context, n string) (store.Cached, error) {
	n = number(n)
	if v, ok, err := a.waiting(ctx, n); err != nil || ok {
		if err == nil {
			err = &api.Error{Code: api.CodeConflict, Detail: "report " + v.Code + " has not left yet"}
		}
		return store.Cached{}, err
	}
	if ref, err := a.findRef(ctx, n); err == nil {
		n = string(ref)
	}
	c, err := a.tickets().Find(ctx, n)
	if errors.Is(err, store.ErrNone) {
		ctx, cancel := context.WithTimeout(ctx, refreshWait)
		defer cancel()
		c, err = a.follow.one(ctx, n, store.Cached{}, false)
	}
	return c, err
}

// Reply answers the desk.
func (a *Agent) Reply(ctx context.Context, n string, in api.ReplyInput) (api.Sent, error) {
	if strings.TrimSpace(in.Text) == "" && len(in.Attach) == 0 {
		return api.Sent{}, &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": "text"}}
	}
	return a.answer(ctx, n, in, false)
}

// Reopen opens a ticket again, with the user's words or our own.
func (a *Agent) Reopen(ctx context.Context, n, text string) (api.Sent, error) {
	if strings.TrimSpace(text) == "" {
		text = a.texts().T("agent.reopen")
	}
	return a.answer(ctx, n, api.ReplyInput{Text: text}, true)
}

func (a *Agent) answer(ctx context.Context, n string, in api.ReplyInput, reopen bool) (api.Sent, error) {
	if len(in.Text) > maxReply {
		return api.Sent{}, &api.Error{Code: api.CodeTextTooLong, Args: map[string]string{"limit": size(maxReply)}}
	}
	if !utf8.ValidString(in.Text) {
		in.Text = strings.ToValidUTF8(in.Text, "�")
	}
	c, err := a.find(ctx, n)
	if err != nil {
		return api.Sent{}, a.explain(err)
	}
	files, err := a.uploads(in.Attach)
	if err != nil {
		return api.Sent{}, err
	}
	if err := a.scan(files, in.Text); err != nil {
		return api.Sent{}, err
	}
	m := client.Outgoing{ClientRef: client.NewClientRef(), Text: in.Text, Attachments: files, Reopen: reopen}
	it, err := a.addReply(ctx, c.Ticket.Ref, c.Subject, m)
	if err != nil {
		return api.Sent{}, a.explain(err)
	}
	sent, err := a.deliver(ctx, it.Ref)
	return sent, a.explain(err)
}

// uploads are files that the user chose.
func (a *Agent) uploads(paths []string) ([]client.Upload, error) {
	limit := int64(maxFile)
	if l := a.link.state().Caps.MaxAttachmentBytes; l > 0 {
		limit = min(limit, l)
	}
	var out []client.Upload
	for _, p := range paths {
		name := transport.SafeName(filepath.Base(p))
		st, err := os.Stat(p)
		if err == nil && !st.Mode().IsRegular() {
			err = errors.New("not a file")
		}
		if err == nil && !filepath.IsAbs(p) {
			err = errors.New("not an absolute path")
		}
		if err != nil {
			return nil, &api.Error{
				Code: api.CodeAttachUnreadable, Args: map[string]string{"file": name}, Detail: err.Error(),
			}
		}
		if st.Size() > limit {
			return nil, &api.Error{
				Code: api.CodeAttachTooLarge, Args: map[string]string{"file": name, "limit": size(limit)},
			}
		}
		out = append(out, client.Upload{
			Name: name, MIME: mimeOf(name), Size: st.Size(),
			Open: func() (io.ReadCloser, error) { return os.Open(p) },
		})
	}
	return out, nil
}

// mimeOf is a short list on purpose: the system's own differs from machine to machine, and a desk that shows
// what it was told is an HTML file must not be told so by us.
func mimeOf(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".txt", ".log":
		return "text/plain"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".pdf":
		return "application/pdf"
	}
	return "application/octet-stream"
}

// size is a limit as people read it.
func size(n int64) string {
	if n < 1<<20 {
		return strconv.FormatInt(n>>10, 10) + " KiB"
	}
	return strconv.FormatInt(n>>20, 10) + " MiB"
}

// Rate rates a ticket. It is not queued: a rating that comes days later is of no use to anybody.
func (a *Agent) Rate(ctx context.Context, n string, rating client.Rating) error {
	c, err := a.find(ctx, n)
	if err != nil {
		return a.explain(err)
	}
	d, err := a.link.get(ctx)
	if err != nil {
		return a.explain(err)
	}
	caps, err := a.link.capsOf(ctx, d)
	if err != nil {
		return a.explain(err)
	}
	rater, ok := d.(client.Rater)
	if !ok || !caps.CanRate {
		return a.explain(client.ErrUnsupported)
	}
	if rating.Max == 0 {
		rating.Max = caps.RateMax
	}
	if rating.Value < 1 || rating.Value > rating.Max {
		return &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": "rating"}}
	}
	if err := rater.Rate(ctx, c.ID, rating); err != nil {
		return a.explain(err)
	}
	// The rating shows at the next look; that this look fails does not undo it.
	if _, err := a.follow.one(ctx, c.Number, c, true); err != nil {
		a.p.Log.Warn("read a rated ticket", "error", err)
	}
	return nil
}

// Download writes one attachment's bytes to w.
func (a *Agent) Download(ctx context.Context, n, attachmentID string, w io.Writer) error {
	c, err := a.find(ctx, n)
	if err != nil {
		return a.explain(err)
	}
	msgs, err := a.tickets().Thread(ctx, c.ID)
	if err != nil {
		return a.explain(err)
	}
	for _, m := range msgs {
		at := slices.IndexFunc(m.Attachments, func(f client.Attachment) bool { return f.ID == attachmentID })
		if at < 0 {
			continue
		}
		d, err := a.link.get(ctx)
		if err != nil {
			return a.explain(err)
		}
		err = d.Download(ctx, m.Attachments[at], w, maxFile)
		if errors.Is(err, client.ErrTooLarge) {
			return &api.Error{Code: api.CodeAttachTooLarge, Args: map[string]string{
				"file": transport.SafeName(m.Attachments[at].Name), "limit": size(maxFile),
			}, Detail: err.Error()}
		}
		return a.explain(err)
	}
	return &api.Error{Code: api.CodeNotFound, Detail: "no such attachment"}
}

// MarkSeen says that the user has read a ticket: the badge goes, and so does its notification.
func (a *Agent) MarkSeen(ctx context.Context, n string) error {
	d := a.tickets()
	c, err := d.Find(ctx, number(n))
	if err != nil {
		return a.explain(err)
	}
	if !c.Unread {
		return nil
	}
	if err := d.SetUnread(ctx, c.ID, false); err != nil {
		return a.explain(err)
	}
	if a.p.Notifier != nil {
		if err := a.p.Notifier.Withdraw(ctx, "ticket/"+c.Number); err != nil {
			a.p.Log.Debug("withdraw a notification", "error", err)
		}
	}
	a.bus.publish(api.Event{Kind: "ticket", Ticket: c.Number})
	return a.explain(a.recount(ctx))
}

// notices are the last known outages.
type notices struct {
	mu   sync.Mutex
	list []client.Notice
	at   time.Time
}

// Notices are the desk's known outages. They stand before the form, so they must not hold it up.
func (a *Agent) Notices(ctx context.Context) ([]api.Notice, error) {
	a.notices.mu.Lock()
	defer a.notices.mu.Unlock()
	if !a.notices.at.IsZero() && a.p.Now().Sub(a.notices.at).Abs() < noticesFresh {
		return a.notices.list, nil
	}
	ctx, cancel := context.WithTimeout(ctx, noticesWait)
	defer cancel()
	d, err := a.link.get(ctx)
	if err != nil {
		return nil, a.explain(err)
	}
	caps, err := a.link.capsOf(ctx, d)
	if err != nil {
		return nil, a.explain(err)
	}
	list := []client.Notice{}
	if n, ok := d.(client.Announcer); ok && caps.HasNotices {
		if list, err = n.Notices(ctx); err != nil {
			return nil, a.explain(fmt.Errorf("read the desk's notices: %w", err))
		}
	}
	a.notices.list, a.notices.at = list, a.p.Now()
	return list, nil
}
