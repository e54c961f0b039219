package znuny

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"balise/client"
	"balise/client/clienttest/suite"
)

// Each test names the product that does what it shows. Where the product's own source names a bug, its number is
// that of bugs.otrs.org; Znuny and OTOBO inherited the code and have no number of theirs.

func refusal(code string) string {
	return `{"Error":{"ErrorCode":"` + code + `","ErrorMessage":"` + code + `: no <b>way</b>"}}`
}

// Znuny, OTRS, OTOBO: a refusal is a 200 with an object "Error".
func TestErrorsComeInside200(t *testing.T) {
	var invalid *client.InvalidError
	for code, want := range map[string]error{
		"TicketGet.AccessDenied": client.ErrForbidden, "TicketGet.NotValidTicketID": client.ErrNotFound,
		"TicketGet.AuthFail": client.ErrUnauthorized, "Webservice.InvalidConfiguration": client.ErrUnavailable,
		"": client.ErrUnavailable,
	} {
		_, d := newDesk(t, map[string]string{"GET /Ticket/7": refusal(code)})
		if _, err := d.Get(t.Context(), "7", client.Validator{}); !errors.Is(err, want) {
			t.Errorf("get, %q: %v, want %v", code, err, want)
		}
		if _, err := d.Thread(t.Context(), "7"); !errors.Is(err, want) {
			t.Errorf("thread, %q: %v, want %v", code, err, want)
		}
	}
	for code, refused := range map[string]bool{
		"TicketCreate.InvalidParameter": true, "TicketCreate.MissingParameter": true,
		// The ticket is made and its article is not: TicketCreate.pm returns without a code of its own.
		"TicketCreate.ErrorCode": false, "Ticket.Create.ErrorCode": false, "": false,
	} {
		_, d := newDesk(t, map[string]string{"POST /Ticket": refusal(code)})
		_, err := d.Create(t.Context(), suite.Draft("x", "y"), client.Receipt{})
		if errors.As(err, &invalid) != refused || errors.Is(err, client.ErrUnknownOutcome) == refused {
			t.Errorf("create, %q: %v", code, err)
		}
	}
	for body, want := range map[string]error{
		"html": client.ErrUnknownOutcome, "{": client.ErrUnknownOutcome, `{}`: client.ErrUnknownOutcome,
		"500 Error while decoding request content.": client.ErrUnknownOutcome, "null": client.ErrUnknownOutcome,
		`{"TicketID":"../x"}`: client.ErrUnknownOutcome,
	} {
		_, d := newDesk(t, map[string]string{"POST /Ticket": body})
		if _, err := d.Create(t.Context(), suite.Draft("x", "y"), client.Receipt{}); !errors.Is(err, want) {
			t.Errorf("create, %s: %v, want %v", body, err, want)
		}
	}
}

// Znuny, OTRS: sessions end after hours, with "AuthFail", also in the middle of a write.
func TestASessionThatEndedIsRenewedOnce(t *testing.T) {
	s, d := newDesk(t, map[string]string{
		"GET /Ticket/7": ticket7, "POST /Ticket": `{"TicketID":"7","TicketNumber":"N","ArticleID":8}`,
	})
	for range 2 {
		if _, err := d.Get(t.Context(), "7", client.Validator{}); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		clear(s.sessions)
		s.mu.Unlock()
		rec, err := d.Create(t.Context(), suite.Draft("x", "y"), client.Receipt{})
		if err != nil || rec.Ref.ID != "7" || rec.Ref.Number != "N" {
			t.Fatalf("create: %+v, %v", rec, err)
		}
	}
	for _, call := range s.calls("GET") {
		if strings.Contains(call, "session") || strings.Contains(call, "sesame") {
			t.Errorf("a secret in the address: %s", call)
		}
	}
	s, d = newDesk(t, map[string]string{"GET /Ticket/7": ticket7})
	d.p.Credential.Password = "wrong"
	if _, err := d.Get(t.Context(), "7", client.Validator{}); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("a wrong password: %v", err)
	}
	if n := len(s.calls("POST /Session")); n != 1 { // accounts are locked after a few
		t.Errorf("a wrong password was tried %d times", n)
	}
}

// OTRS 6.0, OTOBO: they do not read the X-OTRS-Header headers, so the session has to go in the address. Never
// the password.
func TestADeskWithoutHeadersGetsTheSessionInTheAddress(t *testing.T) {
	s, d := newDesk(t, map[string]string{"GET /Ticket/7": ticket7, "POST /Ticket/Search": "{}"})
	s.deaf = true
	if _, _, err := d.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := d.Get(t.Context(), "7", client.Validator{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, call := range s.calls("GET") {
		if strings.Contains(call, "sesame") {
			t.Errorf("the password in the address: %s", call)
		}
	}
}

// Znuny: a web service without SessionCreate signs each call.
func TestAWebServiceWithoutSessionsSignsEachCall(t *testing.T) {
	_, d := newDesk(t, map[string]string{
		"POST /Session": noRoute, "GET /Ticket/7": ticket7, "POST /Ticket/Search": `{"TicketID":"7"}`,
	})
	if _, err := d.Get(t.Context(), "7", client.Validator{}); err != nil {
		t.Error(err)
	}
	if page, err := d.List(t.Context(), client.ListQuery{}); err != nil || len(page.Tickets) != 1 {
		t.Errorf("list: %+v, %v", page, err)
	}
}

// Znuny 6.5 ships POST /Ticket/Search, OTOBO and Znuny 7 ship GET /Ticket.
func TestBothRoutesOfTheSearch(t *testing.T) {
	s, d := newDesk(t, map[string]string{"GET /Ticket": `{"TicketID":["7"]}`, "GET /Ticket/7": ticket7})
	d.p.Credential.User = "a+b c&d" // OTRS bug#11917: "+" in an address is read as a blank
	for range 2 {
		if page, err := d.List(t.Context(), client.ListQuery{}); err != nil || len(page.Tickets) != 1 {
			t.Fatalf("list: %+v, %v", page, err)
		}
	}
	if n := len(s.calls("POST /Ticket/Search")); n != 1 {
		t.Errorf("the other route was tried %d times", n)
	}
	if calls := s.calls("GET /Ticket?"); !strings.Contains(calls[0], "CustomerUserLogin=a%2Bb+c%26d") {
		t.Errorf("login: %s", calls[0])
	}
}

// Znuny: nothing found is {}. Nothing else may pass for it, or a stored report would be sent again.
func TestOnlyAnEmptyObjectIsNothingFound(t *testing.T) {
	ref := client.NewClientRef()
	for body, none := range map[string]bool{
		"{}": true, `{"TicketID":[]}`: true, "null": false, "[]": false, `"x"`: false, `{"Tickets":[]}`: false,
		"html": false, "500 x": false, `{"TicketID":["7","x"]}`: false, refusal("TicketSearch.AccessDenied"): false,
	} {
		_, d := newDesk(t, map[string]string{"POST /Ticket/Search": body, "GET /Ticket/7": ticket7})
		_, err := d.FindByClientRef(t.Context(), ref)
		if err == nil || errors.Is(err, client.ErrNotFound) != none {
			t.Errorf("search answered %s: %v", body, err)
		}
		if !none && errors.Is(err, client.ErrUnknownOutcome) {
			t.Errorf("search answered %s: a look-up is in doubt about nothing: %v", body, err)
		}
	}
}

// Znuny, OTRS: a condition on a dynamic field that is not there is left out, and all tickets are found.
func TestASearchThatIgnoresItsConditionAdoptsNothing(t *testing.T) {
	set := func(p *Params) { p.RefField = "BaliseRef" }
	_, d := newDesk(t, map[string]string{"POST /Ticket/Search": `{"TicketID":["7"]}`, "GET /Ticket/7": ticket7}, set)
	if got, err := d.FindByClientRef(t.Context(), client.NewClientRef()); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("adopted %+v, %v", got, err)
	}
}

// Znuny: a dynamic field that is not there refuses the whole ticket; the reference then goes into the title.
func TestAnUnknownDynamicFieldIsLeftOut(t *testing.T) {
	no := `{"Error":{"ErrorCode":"TicketCreate.InvalidParameter",` +
		`"ErrorMessage":"TicketCreate: DynamicField->Name parameter is invalid!"}}`
	s, d := newDesk(t, map[string]string{"POST /Ticket": no}, func(p *Params) { p.RefField = "BaliseRef" })
	dr := suite.Draft("Écran", "y")
	_, err := d.Create(t.Context(), dr, client.Receipt{})
	var invalid *client.InvalidError
	if !errors.As(err, &invalid) {
		t.Errorf("create: %v", err)
	}
	calls := s.calls("POST /Ticket?")
	if len(calls) != 2 || !strings.Contains(calls[0], "BaliseRef") || strings.Contains(calls[1], "BaliseRef") ||
		!strings.Contains(calls[1], "Écran ["+string(dr.ClientRef)+"]") {
		t.Errorf("calls: %q", calls)
	}
}

// Znuny: names of states are the installation's own, types are not.
func TestStatusesAreReadByType(t *testing.T) {
	_, d := newDesk(t, map[string]string{}, func(p *Params) {
		p.StatusMap = map[string]client.Status{"gelöst": client.StatusResolved, "vendor": client.StatusPending}
	})
	for _, tc := range []struct {
		state, kind string
		want        client.Status
	}{
		{"neu", "new", client.StatusNew},
		{"offen", "Open", client.StatusOpen},
		{"pending auto close+", "pending auto", client.StatusOpen},
		{"warten", "pending reminder", client.StatusPending},
		{"closed successful", "closed", client.StatusClosed},
		{"merged", "merged", client.StatusClosed},
		{"removed", "removed", client.StatusClosed},
		{"Gelöst", "closed", client.StatusResolved},
		{"x", "vendor", client.StatusPending},
		{"closed?", "", client.StatusUnknown},
		{"closed", "something", client.StatusUnknown},
	} {
		if got := d.statusOf(tc.state, tc.kind); got != tc.want {
			t.Errorf("%s (%s): %q, want %q", tc.state, tc.kind, got, tc.want)
		}
	}
}

// OTRS 5 and desks with OTRSTimeZone set: dates come in a zone that nothing names.
func TestTheZoneOfDatesIsFoundFromTheAge(t *testing.T) {
	for off, made := range map[time.Duration]string{
		0: "2026-11-22 12:00:00", time.Hour: "2026-11-22 13:00:00", -5 * time.Hour: "2026-11-22 07:00:00",
		5*time.Hour + 45*time.Minute: "2026-11-22 17:45:00",
	} {
		body := strings.ReplaceAll(ticket7, "2026-11-22 12:00:00", made)
		_, d := newDesk(t, map[string]string{"GET /Ticket/7": body})
		tk, err := d.Get(t.Context(), "7", client.Validator{})
		if want := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC); err != nil || !tk.Created.Equal(want) {
			t.Errorf("%v off: created %v, %v", off, tk.Created, err)
		}
	}
}

func articles(list string) string {
	return strings.TrimSuffix(ticket7, "}]}") + `,"Article":` + list + "}]}"
}

// OTRS 5: articles have a type; some versions give customers HTML as it came. Znuny: one-element lists may come as
// the element, From is empty in what customers wrote, colleagues may write on each other's tickets.
func TestThreadShowsWhatIsPublicAsPlainText(t *testing.T) {
	_, d := newDesk(t, map[string]string{"GET /Ticket/7": articles(`[
		{"ArticleID":1,"SenderType":"customer","From":"","Body":"Bonjour\n\nBA0123456789ABCDEFGH","IncomingTime":1795351384,
		 "IsVisibleForCustomer":1,"Attachment":{"FileID":"1","Filename":"a/b\\c:d.txt","FilesizeRaw":"1"}},
		{"ArticleID":"2","SenderType":"agent","From":"Théo T <tech@x.test>","Body":"SECRET","IsVisibleForCustomer":0},
		{"ArticleID":"3","SenderType":"agent","From":"Théo T","Body":"SECRET","ArticleType":"note-internal"},
		{"ArticleID":"4","SenderType":"agent","From":"Théo T <tech@x.test>","MimeType":"text/html",
		 "IsVisibleForCustomer":"1","Body":"<p>Oui <script>alert(1)</script><img src=http://evil/x.png><a href='javascript:x'>ici</a></p>"},
		{"ArticleID":"5","SenderType":"customer","From":"\"Carol\" <carol@x.test>",
		 "Body":"moi aussi\u202e","IsVisibleForCustomer":1}]`)})
	got, err := d.Thread(t.Context(), "7")
	if err != nil || len(got) != 3 {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	if m := got[0]; !m.FromMe || m.Text != "Bonjour" || m.From.Name != "Alice Été" || m.At.Unix() != 1795351384 ||
		len(m.Attachments) != 1 || strings.ContainsAny(m.Attachments[0].Name, `/\:`) {
		t.Errorf("own message: %+v", m)
	}
	if m := got[1]; m.FromMe || m.Text != "Oui ici" || m.From.Name != "Théo T" {
		t.Errorf("technician's message: %+v", m)
	}
	if m := got[2]; m.FromMe || m.Text != "moi aussi" || m.From.Name != "Carol" {
		t.Errorf("colleague's message: %+v", m)
	}
}

// Znuny: a reply alone does not reopen a closed ticket; the state goes with it, and without where it is refused.
func TestReplyTakesTheStateAlong(t *testing.T) {
	closed := strings.Replace(ticket7, `"State":"new","StateType":"new"`, `"State":"closed","StateType":"closed"`, 1)
	done := `{"TicketID":7,"TicketNumber":"N","ArticleID":9}`
	out := client.Outgoing{ClientRef: client.NewClientRef(), Text: "encore", Reopen: true}
	s, d := newDesk(t, map[string]string{"GET /Ticket/7": closed, "PATCH /Ticket/7": done})
	rec, err := d.Reply(t.Context(), "7", out)
	calls := s.calls("PATCH")
	if err != nil || len(calls) != 1 || !strings.Contains(calls[0], `"State":"open"`) || rec.Changed["status"] != "" {
		t.Errorf("%+v, %v, %q", rec, err, calls)
	}
	s, d = newDesk(t, map[string]string{
		"GET /Ticket/7": closed, "PATCH /Ticket/7": `{"Error":{"ErrorCode":"TicketUpdate.InvalidParameter",` +
			`"ErrorMessage":"TicketUpdate: Ticket->StateID or Ticket->State parameter is invalid!"}}`,
	})
	_, err = d.Reply(t.Context(), "7", out)
	calls = s.calls("PATCH")
	if err == nil || len(calls) != 2 || strings.Contains(calls[1], "State") {
		t.Errorf("a refused state: %v, %q", err, calls)
	}
	asForbidden := d.CloseTicket(t.Context(), "7")
	if !errors.Is(asForbidden, client.ErrForbidden) {
		t.Errorf("close with a state that is refused: %v", asForbidden)
	}
	_, d = newDesk(t, map[string]string{"GET /Ticket/7": ticket7, "PATCH /Ticket/7": done})
	if err := d.CloseTicket(t.Context(), "7"); !errors.Is(err, client.ErrForbidden) {
		t.Errorf("a desk that says yes to closing and does nothing: %v", err)
	}
}

// Znuny: "Attachment->Content parameter is missing!" is its answer to an empty file, and refuses the whole ticket.
func TestEmptyFilesStayAtHome(t *testing.T) {
	s, d := newDesk(t, map[string]string{"POST /Ticket": `{"TicketID":"7","TicketNumber":"N"}`})
	rec, err := d.Create(t.Context(), suite.Draft("x", "y",
		suite.Bytes("empty.log", "text/plain", nil), suite.Bytes("a/b.bin", "", []byte("x"))), client.Receipt{})
	if err != nil || rec.Changed["empty.log"] != "empty" || rec.Changed["a/b.bin"] != "renamed" {
		t.Errorf("%+v, %v", rec, err)
	}
	call := s.calls("POST /Ticket?")[0]
	if strings.Contains(call, "empty.log") || !strings.Contains(call, `"ContentType":"application/octet-stream"`) {
		t.Errorf("sent %s", call)
	}
}

// Znuny: there is no call for one file; all come, and the right one has to be picked.
func TestDownloadPicksOneFileOfAll(t *testing.T) {
	const files = `[{"FileID":"1","Filename":"a","Content":"YQ=="},{"FileID":"2","Filename":"b","Content":"YmJi\nYmI="}]`
	body := articles(`[{"ArticleID":8,"Attachment":[{"FileID":"2","Content":"eA=="}]},` +
		`{"ArticleID":"9","Attachment":` + files + `}]`)
	_, d := newDesk(t, map[string]string{"GET /Ticket/7": body})
	at := client.Attachment{ID: "7.9.2.2", Name: "b"}
	var got bytes.Buffer
	if err := d.Download(t.Context(), at, &got, 5); err != nil || got.String() != "bbbbb" {
		t.Errorf("%q, %v", got.String(), err)
	}
	for id, want := range map[string]error{
		"7.9.3.2": client.ErrNotFound, "7.10.2.2": client.ErrNotFound, "7/../8.1.1.1": client.ErrNotFound,
		"": client.ErrNotFound,
	} {
		if err := d.Download(t.Context(), client.Attachment{ID: id}, io.Discard, 0); !errors.Is(err, want) {
			t.Errorf("download %q: %v, want %v", id, err, want)
		}
	}
	if err := d.Download(t.Context(), at, io.Discard, 4); !errors.Is(err, client.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
	for answer, want := range map[string]error{
		body[:len(body)-3]:                       nil, // the file was whole before the cut
		body[:len(body)/2]:                       io.ErrUnexpectedEOF,
		refusal("TicketGet.AccessDenied"):        client.ErrForbidden,
		"html":                                   client.ErrNotADesk,
		"[[[[[[[[]]]]]]]]":                       client.ErrNotADesk,
		articles(`"x"`):                          client.ErrNotADesk,
		strings.Replace(body, "YmJi", "!!!!", 1): client.ErrNotADesk,
	} {
		_, d := newDesk(t, map[string]string{"GET /Ticket/7": answer})
		err := d.Download(t.Context(), at, io.Discard, 0)
		if want == nil && err != nil || want != nil && !errors.Is(err, want) {
			t.Errorf("answer %.60s: %v, want %v", answer, err, want)
		}
	}
}

// Znuny: one ticket that may not be read any more refuses the reading of all; the rest of the list is still shown.
func TestATicketThatWasTakenAwayDoesNotHideTheOthers(t *testing.T) {
	_, d := newDesk(t, map[string]string{
		"POST /Ticket/Search": `{"TicketID":["7","8"]}`, "GET /Ticket/7,8": refusal("TicketGet.AccessDenied"),
		"GET /Ticket/7": ticket7, "GET /Ticket/8": refusal("TicketGet.AccessDenied"),
	})
	page, err := d.List(t.Context(), client.ListQuery{})
	if err != nil || len(page.Tickets) != 1 || page.Tickets[0].ID != "7" {
		t.Errorf("list: %+v, %v", page, err)
	}
}
