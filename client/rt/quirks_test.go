package rt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/client"
	"balise/client/transport"
)

// desk answers as RT 5.0.3 was seen to, with one answer per "METHOD path"; page 2 and later are empty
// unless "METHOD path?page=N" says otherwise.
type desk struct {
	t       *testing.T
	mu      sync.Mutex
	answers map[string]answer
	seen    []string
	queries map[string]string // path -> last query
	body    map[string]string // "METHOD path" -> last body
	etag    string
}

type answer struct {
	status   int
	body     string
	location string
	length   int // claimed Content-Length, to be cut
}

func ok(body string) answer { return answer{status: 200, body: body} }

const aliceRecord = `{"id":28,"Name":"alice","RealName":"Alice Été","EmailAddress":"alice@x.test","Privileged":0}`

func newDesk(t *testing.T, answers map[string]answer) (*desk, *Driver) {
	t.Helper()
	d := &desk{t: t, answers: map[string]answer{
		"GET /rt":             ok(`{"Version":"5.0.3+dfsg-3~deb12u6"}`),
		"GET /user/28":        ok(aliceRecord),
		"GET /queue/Helpdesk": ok(`{"id":3,"Name":"Helpdesk","TicketCustomFields":[{"name":"BaliseRef","id":"2"}]}`),
	}, queries: map[string]string{}, body: map[string]string{}}
	maps.Copy(d.answers, answers)
	srv := httptest.NewServer(d)
	t.Cleanup(srv.Close)
	tr, err := transport.New(transport.Params{BaseURL: srv.URL, Proxy: "direct"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return d, New(Params{
		Credential: client.Credential{Kind: "token", Token: "1-28-abc"}, Queue: "Helpdesk",
		RefField: "BaliseRef", Transport: tr,
	}).(*Driver)
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/REST/2.0")
	key := r.Method + " " + path
	body, _ := io.ReadAll(r.Body)
	d.seen = append(d.seen, key)
	d.queries[path], d.body[key] = r.URL.RawQuery, string(body)
	if r.Header.Get("If-Modified-Since") != "" {
		d.t.Errorf("%s: If-Modified-Since makes RT answer 500", key)
	}
	if got := r.Header.Get("Authorization"); got != "token 1-28-abc" {
		d.t.Errorf("%s: Authorization %q", key, got)
	}
	if r.URL.Path == path {
		d.t.Errorf("%s is not below /REST/2.0", key)
	}
	a, found := d.answers[key]
	if page := r.URL.Query().Get("page"); page != "" && page != "1" {
		a, found = d.answers[key+"?page="+page]
		if !found {
			a, found = ok(`{"items":[],"count":0,"total":null,"pages":null}`), true
		}
	}
	if !found {
		a = answer{status: 404, body: `{"message":"Not Found"}`}
	}
	if d.etag != "" {
		w.Header().Set("ETag", d.etag)
		if r.Header.Get("If-None-Match") == d.etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Header().Set("Content-Type", `application/json; charset="utf-8"`)
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	if a.length > 0 {
		w.Header().Set("Content-Length", fmt.Sprint(a.length))
	}
	w.WriteHeader(a.status)
	io.WriteString(w, a.body)
}

func list(items ...string) answer {
	return ok(fmt.Sprintf(`{"items":[%s],"count":%d,"total":null,"pages":null,"page":1,"per_page":100}`,
		strings.Join(items, ","), len(items)))
}

func record(id, subject, status, updated string) string {
	return fmt.Sprintf(`{"type":"ticket","id":%s,"Type":"ticket","Subject":%q,"Status":%q,"Priority":"75",`+
		`"Created":"2026-11-22T12:00:00Z","LastUpdated":%q,"Resolved":"1970-01-01T00:00:00Z",`+
		`"Owner":{"id":"Nobody","type":"user"},"Queue":{"id":"3","Name":"Helpdesk"},"CustomFields":[],`+
		`"_hyperlinks":[{"ref":"correspond","_url":"http://evil.test/x"}]}`, id, subject, status, updated)
}

func content(s string) answer {
	return ok(fmt.Sprintf(`{"Headers":"x","Content":%q}`, base64.StdEncoding.EncodeToString([]byte(s))+"\n"))
}

func filePart(id, txn, name, kind string, size int) string {
	const form = `{"id":%q,"type":"attachment","TransactionId":%q,"Filename":%q,"ContentType":%q,` +
		`"ContentLength":"%d"}`
	return fmt.Sprintf(form, id, txn, name, kind, size)
}

var whenText = "2026-11-22T12:00:00Z"

func TestThreadOfAQuirkyHistory(t *testing.T) {
	who := func(name string) string { return `{"id":"` + name + `","Name":"` + name + `","RealName":""}` }
	when := `,"Created":"` + whenText + `","Creator":`
	entryOf := func(id, kind, creator, more string) string { // "type" and "Type" come in any order
		return `{"Type":"` + kind + `","type":"transaction","id":` + id + when + who(creator) + more + `}`
	}
	other := func(id, kind, creator string) string {
		return `{"type":"transaction","id":"` + id + `"` + when + who(creator) + `,"Type":"` + kind + `"}`
	}
	ref := string(client.NewClientRef())
	d, drv := newDesk(t, map[string]answer{
		"GET /ticket/7/history": list(
			entryOf("1", "Create", "alice", ""), other("2", "Comment", "tech"),
			other("3", "CommentEmailRecord", "RT_System")),
		"GET /ticket/7/history?page=2": list(other("4", "Correspond", "tech")), // a short page is not the last
		"GET /ticket/7/history?page=3": list(
			entryOf("5", "Status", "tech", `,"Field":"Status","NewValue":"waiting"`),
			entryOf("6", "Set", "tech", `,"Field":"Owner","NewValue":"32"`)),
		"GET /ticket/7/attachments": list(
			filePart("10", "1", "", "multipart/mixed", 0), filePart("11", "1", "", "text/plain", 9),
			filePart("12", "1", "../../\u202egnp.exe", "image/png", 5), filePart("13", "2", "", "text/plain", 3)),
		"GET /ticket/7/attachments?page=2": list(
			filePart("14", "4", "", "multipart/alternative", 0), filePart("15", "4", "", "text/plain", 0),
			filePart("16", "4", "", "text/html", 20)),
		"GET /attachment/11": content("Bonjour\n\n" + ref + "\n"),
		"GET /attachment/16": content("<p>Oui <b>é</b></p>"),
	})
	msgs, err := drv.Thread(t.Context(), "7")
	if err != nil || len(msgs) != 3 {
		t.Fatalf("%+v, %v", msgs, err)
	}
	first, second, third := msgs[0], msgs[1], msgs[2]
	if !first.FromMe || first.Text != "Bonjour" || len(first.Attachments) != 1 ||
		first.Attachments[0].Name != "gnp.exe" {
		t.Errorf("first %+v", first)
	}
	if second.FromMe || second.Text != "Oui é" || second.From.Name != "tech" {
		t.Errorf("second %+v", second)
	}
	if third.StatusNote != "pending" || third.Text != "" || third.From.Name != "tech" {
		t.Errorf("third %+v", third)
	}
	if slices.Contains(d.seen, "GET /attachment/13") {
		t.Error("the text of a comment was read")
	}
	if strings.Contains(d.queries["/ticket/7/attachments"], "Parent") {
		t.Error("fields=Parent makes RT answer 500")
	}
}

func TestEmptyHistoryIsARefusal(t *testing.T) {
	for status, want := range map[int]error{403: client.ErrForbidden, 404: client.ErrNotFound} {
		_, drv := newDesk(t, map[string]answer{
			"GET /ticket/7/history": list(), "GET /ticket/7": {status: status, body: `{"message":"x"}`},
		})
		if _, err := drv.Thread(t.Context(), "7"); !errors.Is(err, want) {
			t.Errorf("thread: %v, want %v", err, want)
		}
		if _, err := drv.FindReply(t.Context(), "7", client.NewClientRef()); !errors.Is(err, want) {
			t.Errorf("find reply: %v, want %v", err, want)
		}
	}
}

// A look-up that could not look must never say "not found": the outbox would send a second time.
func TestOnlyAnEmptyListIsNotFound(t *testing.T) {
	ref := client.NewClientRef()
	_, drv := newDesk(t, map[string]answer{"GET /tickets": list()})
	if _, err := drv.FindByClientRef(t.Context(), ref); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("an empty list: %v, want ErrNotFound", err)
	}
	for name, a := range map[string]answer{
		"404": {status: 404, body: `{"message":"Not Found"}`}, "403": {status: 403}, "401": {status: 401},
		"400": {status: 400, body: `{"message":"Champ inconnu"}`}, "empty object": ok(`{}`), "null": ok(`null`),
		"array": ok(`["ok"]`), "no body": ok(""), "HTML": ok("<html>"), "null items": ok(`{"items":null}`),
		"cut": {status: 200, body: `{"items":[`, length: 500},
	} {
		_, drv := newDesk(t, map[string]answer{"GET /tickets": a, "GET /ticket/7/history": a})
		if _, err := drv.FindByClientRef(t.Context(), ref); err == nil || errors.Is(err, client.ErrNotFound) {
			t.Errorf("%s: find: %v, want an error that is not ErrNotFound", name, err)
		}
		if _, err := drv.FindReply(t.Context(), "7", ref); err == nil || errors.Is(err, client.ErrNotFound) {
			t.Errorf("%s: find reply: %v, want an error that is not ErrNotFound", name, err)
		}
	}
	_, drv = newDesk(t, map[string]answer{"GET /user/28": {status: 404}, "GET /tickets": list()})
	if _, err := drv.FindByClientRef(t.Context(), ref); errors.Is(err, client.ErrNotFound) {
		t.Errorf("own record gone: %v, want an error that is not ErrNotFound", err)
	}
}

func TestFindIgnoresWhatOnlyLooksLikeIt(t *testing.T) {
	ref := client.NewClientRef()
	decoy := record("8", "about "+string(ref)+" of a colleague", "open", whenText)
	_, drv := newDesk(t, map[string]answer{
		"GET /tickets": list(decoy), "GET /ticket/8/attachments": list(filePart("1", "1", "", "text/plain", 3)),
		"GET /attachment/1": content("another text"),
	})
	if got, err := drv.FindByClientRef(t.Context(), ref); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestListAsksEarlyAndFiltersHere(t *testing.T) {
	since := time.Date(2026, 11, 22, 12, 0, 0, 500, time.UTC)
	d, drv := newDesk(t, map[string]answer{"GET /tickets": ok(`{"items":[` + strings.Join([]string{
		record("9", "after", "open", "2026-11-22T12:00:01Z"),
		record(`"8"`, "at", "weird", "2026-11-22T12:00:00Z"),
		`{"id":"5","type":"ticket"}`,
		record("7", "before", "open", "2026-11-22T11:59:59Z"),
	}, ",") + `],"count":4,"pages":5,"total":500}`)})
	page, err := drv.List(t.Context(), client.ListQuery{Since: since})
	if err != nil || len(page.Tickets) != 2 || page.Next != "" || !page.Exact || page.Now.IsZero() {
		t.Fatalf("%+v, %v", page, err)
	}
	if page.Tickets[0].Status != client.StatusOpen || page.Tickets[1].Status != client.StatusUnknown ||
		page.Tickets[1].RawStatus != "weird" || page.Tickets[0].Priority != 4 || page.Tickets[0].Assignee.Name != "" {
		t.Errorf("%+v", page.Tickets)
	}
	for _, want := range []string{
		"2026-11-21+12%3A00%3A00", "__CurrentUser__", "__Active__", "per_page=100", "order=DESC",
	} {
		if !strings.Contains(d.queries["/tickets"], want) {
			t.Errorf("the query %s lacks %s", d.queries["/tickets"], want)
		}
	}
}

func TestAHiddenTicketDoesNotEndTheList(t *testing.T) {
	since := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	items := `{"id":"5","type":"ticket"},` + record("9", "s", "open", whenText)
	_, drv := newDesk(t, map[string]answer{"GET /tickets": ok(`{"items":[` + items + `],"count":2,"pages":3}`)})
	page, err := drv.List(t.Context(), client.ListQuery{Since: since})
	if err != nil || len(page.Tickets) != 1 || page.Next != "2" {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestListPages(t *testing.T) {
	full := make([]string, 2)
	for i := range full {
		full[i] = record(fmt.Sprint(i+1), "s", "open", whenText)
	}
	for body, want := range map[string]string{
		`"count":2,"pages":2`:                            "2",
		`"count":2,"pages":1`:                            "",
		`"count":2,"pages":0.0`:                          "",
		`"count":2,"pages":null`:                         "2", // newer versions do not count
		`"count":1,"pages":null,"next_page":"http://x/"`: "2",
		`"count":1,"pages":null`:                         "",
	} {
		items := strings.Join(full, ",")
		_, drv := newDesk(t, map[string]answer{"GET /tickets": ok(`{"items":[` + items + `],` + body + `}`)})
		page, err := drv.List(t.Context(), client.ListQuery{Limit: 2})
		if err != nil || page.Next != want {
			t.Errorf("%s: next %q, %v; want %q", body, page.Next, err, want)
		}
	}
}

func TestGetIsConditional(t *testing.T) {
	subject := "s [" + string(client.NewClientRef()) + "]"
	d, drv := newDesk(t, map[string]answer{"GET /ticket/7": ok(record("7", subject, "stalled", whenText))})
	d.etag = `"85"`
	tk, err := drv.Get(t.Context(), "7", client.Validator{})
	if err != nil || tk.Validator.ETag != `"85"` || tk.Status != client.StatusPending || tk.Subject != "s" ||
		!tk.ClientRef.Valid() {
		t.Fatalf("%+v, %v", tk, err)
	}
	if strings.Contains(tk.WebURL, "evil") || tk.Actions.Reply != client.Yes || tk.Actions.Reopen != client.No {
		t.Errorf("%+v", tk)
	}
	if _, err = drv.Get(t.Context(), "7", tk.Validator); !errors.Is(err, client.ErrNotModified) {
		t.Errorf("%v, want ErrNotModified", err)
	}
}

func TestStatusMapOverrides(t *testing.T) {
	_, drv := newDesk(t, nil)
	drv.p.StatusMap = map[string]client.Status{"stalled": client.StatusOpen, "en attente": client.StatusPending}
	for raw, want := range map[string]client.Status{
		"stalled": client.StatusOpen, "En Attente": client.StatusPending, "waiting": client.StatusPending,
		"rejected": client.StatusClosed, "new": client.StatusNew, "": client.StatusUnknown, "done?": client.StatusUnknown,
	} {
		if got := drv.status(raw); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

func TestDownloadErrors(t *testing.T) {
	_, drv := newDesk(t, map[string]answer{
		"GET /attachment/1": content("12345"), "GET /attachment/2": ok(`{"Content":null}`),
		"GET /attachment/3": {status: 403}, "GET /attachment/4": {status: 200, body: `{"Content":"QUJD`, length: 900},
	})
	var got strings.Builder
	if err := drv.Download(t.Context(), client.Attachment{ID: "1"}, &got, 5); err != nil || got.String() != "12345" {
		t.Errorf("%q, %v", got.String(), err)
	}
	for id, want := range map[string]error{
		"1": client.ErrTooLarge, "2": client.ErrNotADesk, "3": client.ErrForbidden, "4": client.ErrUnavailable,
		"../rt": client.ErrNotFound, "": client.ErrNotFound,
	} {
		if err := drv.Download(t.Context(), client.Attachment{ID: id}, io.Discard, 4); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", id, err, want)
		}
	}
}

func TestReferencesInText(t *testing.T) {
	ref := client.NewClientRef()
	far := string(ref) + "\n" + strings.Repeat("é\n", 3000) // where the look-up does not look
	for _, s := range []string{"", "a", "a\nb\n", "a\n\n" + string(ref), far} {
		with := textWith(s, ref)
		if lastLine(with) != string(ref) || textWith(with, ref) != with {
			t.Errorf("%q: %q", s, with)
		}
	}
	for _, s := range []string{"x " + string(ref) + " y", "a\n\nRef " + string(ref) + "\n", "à\nRef " + string(ref)} {
		if with := textWith(s, ref); with != s {
			t.Errorf("a second reference: %q", with)
		}
	}
	if got := withoutRef(textWith("a\nb", ref)); got != "a\nb" {
		t.Errorf("%q", got)
	}
	if got := withoutRef("see " + string(ref)); got != "see "+string(ref) {
		t.Errorf("%q", got)
	}
	long := subjectWith(strings.Repeat("é", 500), ref)
	if head, got, found := cutSubject(long); len([]rune(long)) > maxSubject || got != ref || !found || head == "" {
		t.Errorf("%q", long)
	}
	for p := client.Priority(1); p <= 5; p++ {
		if back := priorityFrom(fmt.Sprint(priorityTo(p))); back != p && p != 1 {
			t.Errorf("priority %d came back as %d", p, back)
		}
	}
}
