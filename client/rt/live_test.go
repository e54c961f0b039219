package rt

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"balise/client"
	"balise/client/clienttest/suite"
	"balise/client/transport"
)

// server is the real RT that packaging/desks/rt5/start.sh started.
type server map[string]string

func live(t *testing.T) server {
	t.Helper()
	file := os.Getenv("BALISE_TEST_RT")
	if file == "" {
		t.Skip("needs a real RT: packaging/desks/rt5/start.sh DIR >rt.env, then BALISE_TEST_RT=$PWD/rt.env " +
			"(packaging/test does this)")
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	env := server{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if k, v, ok := strings.Cut(sc.Text(), "="); ok {
			env[k] = v
		}
	}
	if env["RT_URL"] == "" || env["RT_ALICE_TOKEN"] == "" {
		t.Fatalf("%s has no RT_URL or no RT_ALICE_TOKEN", file)
	}
	return env
}

// driver makes a driver for the real RT; change adapts its settings.
func (e server) driver(t *testing.T, cred client.Credential, change ...func(*Params)) *Driver {
	t.Helper()
	tr, err := transport.New(transport.Params{BaseURL: e["RT_URL"], Proxy: "direct", UserAgent: "Balise/test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	p := Params{Credential: cred, Queue: e["RT_QUEUE"], RefField: e["RT_REF_FIELD"], Transport: tr}
	for _, c := range change {
		c(&p)
	}
	return New(p).(*Driver)
}

func (e server) token(user string) client.Credential {
	return client.Credential{Kind: "token", Token: e["RT_"+strings.ToUpper(user)+"_TOKEN"]}
}

func (e server) basic(user string) client.Credential {
	return client.Credential{
		Kind: "basic", User: user, Password: e["RT_"+strings.ToUpper(user)+"_PASSWORD"],
	}
}

func TestConformance(t *testing.T) {
	e := live(t)
	for name, tc := range map[string]struct {
		cred   func(string) client.Credential
		change func(*Params)
		faults bool // a minute; the outcome does not depend on the settings
	}{
		"token, custom field":    {e.token, func(*Params) {}, false},
		"password, in subject":   {e.basic, func(p *Params) { p.RefField = "" }, true},
		"token, stock lifecycle": {e.token, func(p *Params) { p.Queue = e["RT_QUEUE_STOCK"] }, false},
	} {
		t.Run(name, func(t *testing.T) {
			through := func(t *testing.T, url string) client.Driver {
				e := maps.Clone(e)
				e["RT_URL"] = url
				return e.driver(t, tc.cred("alice"), tc.change)
			}
			if !tc.faults {
				through = nil
			}
			suite.Run(t, suite.Desk{
				Alice:    func(t *testing.T) client.Driver { return e.driver(t, tc.cred("alice"), tc.change) },
				Bob:      func(t *testing.T) client.Driver { return e.driver(t, tc.cred("bob"), tc.change) },
				Stranger: func(t *testing.T) client.Driver { return e.driver(t, stranger(e, tc.cred("alice").Kind)) },
				AliceIs:  "alice", Technician: technician{e},
				URL: e["RT_URL"], Through: through,
			})
		})
	}
}

// stranger is somebody whose credential has the right form and is wrong.
func stranger(e server, kind string) client.Credential {
	if kind == "basic" {
		return client.Credential{Kind: kind, User: "alice", Password: "wrong"}
	}
	return client.Credential{Kind: kind, Token: "1-28-00000000000000000000000000000000"}
}

func create(t *testing.T, d *Driver, dr client.Draft) client.Receipt {
	t.Helper()
	rec, err := d.Create(t.Context(), dr, client.Receipt{})
	if err != nil || len(rec.Pending) > 0 {
		t.Fatalf("create: %+v, %v", rec, err)
	}
	return rec
}

func TestTextTravelsAsBytesAndEmptyFilesStayAtHome(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"))
	latin1 := []byte("caf\xe9\r\n\x00")
	rec := create(t, d, suite.Draft("Changed", "x",
		suite.Bytes("a.txt", "text/plain; charset=utf-16", latin1),
		suite.Bytes("b.csv", "text/csv", latin1),
		suite.Bytes("empty.log", "text/plain", nil),
		suite.Bytes("../../up\u202eside.bin", "", []byte("x")),
		suite.Bytes("mail.eml", "message/rfc822", []byte("Subject: x\r\n\r\ny\r\n")),
		suite.Bytes("a.txt", "text/plain", []byte("another of the same name")),
	))
	for name, want := range map[string]string{
		"a.txt": "octet-stream", "b.csv": "octet-stream", "empty.log": "empty",
		"../../up\u202eside.bin": "renamed", "mail.eml": "octet-stream",
	} {
		if rec.Changed[name] != want {
			t.Errorf("changed[%q] = %q, want %q", name, rec.Changed[name], want)
		}
	}
	v, err := technician{e}.Look(t.Context(), rec.Ref.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range v.Files {
		got = append(got, fmt.Sprintf("%s %d", f.Name, len(f.Data)))
	}
	slices.Sort(got)
	want := []string{"a.txt 24", "a.txt 7", "b.csv 7", "mail.eml 17", "upside.bin 1"}
	if !slices.Equal(got, want) {
		t.Errorf("the desk holds %q, want %q", got, want)
	}
}

func TestHTMLAnswersBecomeText(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"))
	id := create(t, d, suite.Draft("HTML", "x")).Ref.ID
	body := `<p>Pouvez-vous <b>redémarrer</b> ?</p><ul><li>un<li>deux</ul>` +
		`<script>alert(1)</script><a href="https://aide.example/a">ici</a><img src="http://spy.example/p.gif">`
	if err := (technician{e}).say(t.Context(), id, "correspond", body, "text/html"); err != nil {
		t.Fatal(err)
	}
	msgs, err := d.Thread(t.Context(), id)
	if err != nil || len(msgs) < 2 {
		t.Fatalf("%d messages, %v", len(msgs), err)
	}
	i := slices.IndexFunc(msgs, func(m client.Message) bool { return !m.FromMe && m.Text != "" })
	want := "Pouvez-vous redémarrer ?\n\n- un\n- deux\nici (https://aide.example/a)"
	if i < 0 || msgs[i].Text != want {
		t.Errorf("%q, want %q", msgs[i].Text, want)
	}
	if msgs[i].From.Name != "Thérèse Technicienne" {
		t.Errorf("from %+v", msgs[i].From)
	}
}

func TestSearchesInTheUsersZoneMissNothing(t *testing.T) {
	e := live(t)
	for _, user := range []string{"alice", "bob"} { // Paris and Los Angeles
		d := e.driver(t, e.token(user))
		first, err := d.List(t.Context(), client.ListQuery{IncludeClosed: true, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		id := create(t, d, suite.Draft("zone", "x")).Ref.ID
		page, err := d.List(t.Context(), client.ListQuery{IncludeClosed: true, Since: first.Now})
		if err != nil || !slices.ContainsFunc(page.Tickets, func(t client.Ticket) bool { return t.ID == id }) {
			t.Errorf("%s: ticket %s is not among those changed since %v: %v", user, id, first.Now, err)
		}
	}
}

func TestReferenceIsFoundThoughTheFieldWasDropped(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"))
	// As on a desk that lets nobody set the field: make a ticket whose reference is in its text alone.
	plain := e.driver(t, e.token("alice"), func(p *Params) { p.RefField = "NoSuchField" })
	ref := client.NewClientRef()
	form := newTicket{
		Queue: e["RT_QUEUE"], Requestor: "alice", Subject: "dropped", ContentType: "text/plain",
		Content: textWith("x", ref), CustomFields: map[string]string{"NoSuchField": string(ref)},
	}
	r := plain.request("POST", "/ticket", nil)
	r.JSON = form
	var made struct{ ID text }
	r.Into = &made
	if _, err := plain.p.Transport.Do(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got, err := d.FindByClientRef(t.Context(), ref)
	if err != nil || got.ID != string(made.ID) {
		t.Errorf("found %+v, %v; want %s", got, err, made.ID)
	}
	// A field that the queue does not have puts the reference into the subject.
	dr := suite.Draft(strings.Repeat("long é ", 60), "x")
	rec := create(t, plain, dr)
	if got, err := plain.FindByClientRef(t.Context(), dr.ClientRef); err != nil || got.ID != rec.Ref.ID {
		t.Errorf("found %+v, %v; want %s", got, err, rec.Ref.ID)
	}
}

func TestTicketForSomebodyElse(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"), func(p *Params) { p.Requestor = "bob@balise.test" })
	caps, _, err := d.Probe(t.Context())
	if err != nil || caps.CreateIdem != client.IdemNone {
		t.Errorf("probe: %q, %v; want %q: such tickets cannot be found again", caps.CreateIdem, err, client.IdemNone)
	}
	rec, err := d.Create(t.Context(), suite.Draft("for Bob", "x"), client.Receipt{})
	if err != nil || rec.Ref.ID == "" || rec.Changed["requestor"] != "unreadable" {
		t.Errorf("create: %+v, %v", rec, err)
	}
	if _, err := e.driver(t, e.token("bob")).Get(t.Context(), rec.Ref.ID, client.Validator{}); err != nil {
		t.Errorf("Bob's own ticket: %v", err)
	}
}

func TestRefusalsOfTheRealDesk(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"), func(p *Params) { p.Queue = "Nowhere" })
	_, err := d.Create(t.Context(), suite.Draft("x", "x"), client.Receipt{})
	if !errors.Is(err, client.ErrForbidden) || errors.Is(err, client.ErrUnknownOutcome) {
		t.Errorf("unknown queue: %v, want ErrForbidden", err)
	}
	for _, tok := range []string{"", "nonsense", "1-x-y", "1-28-feed", "1-999999-" + e["RT_ALICE_TOKEN"][5:]} {
		d := e.driver(t, client.Credential{Kind: "token", Token: tok})
		if _, _, err := d.Probe(t.Context()); !errors.Is(err, client.ErrUnauthorized) {
			t.Errorf("token %q: %v, want ErrUnauthorized", tok, err)
		}
	}
	tr, err := transport.New(transport.Params{BaseURL: e["RT_URL"] + "/NoAuth", Proxy: "direct"})
	if err != nil {
		t.Fatal(err)
	}
	d = New(Params{Credential: e.token("alice"), Transport: tr}).(*Driver)
	if _, _, err := d.Probe(t.Context()); !errors.Is(err, client.ErrNotADesk) {
		t.Errorf("wrong address: %v, want ErrNotADesk", err)
	}
}

func TestLimitsOfTheRealDesk(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"))
	for _, size := range []int64{20 << 20, 50 << 20} {
		dr := suite.Draft("big", "x", client.Upload{
			Name: "big.bin", MIME: octets, Size: size,
			Open: func() (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(pattern{}, size)), nil },
		})
		rec, err := d.Create(t.Context(), dr, client.Receipt{})
		t.Logf("%d MB: %+v, %v", size>>20, rec, err)
		if err != nil || rec.Ref.ID == "" || len(rec.Pending) > 0 {
			t.Errorf("%d MB: %+v, %v", size>>20, rec, err)
			continue
		}
		if got, err := d.FindByClientRef(t.Context(), dr.ClientRef); err != nil || got.ID != rec.Ref.ID {
			t.Errorf("%d MB: found %+v, %v", size>>20, got, err)
		}
	}
}

type pattern struct{}

func (pattern) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i * 31)
	}
	return len(p), nil
}

func TestFiveMegabytesOfDescription(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"))
	dr := suite.Draft("long", strings.Repeat("Ligne très longue 😀\n", 5<<20/24))
	rec := create(t, d, dr)
	msgs, err := d.Thread(t.Context(), rec.Ref.ID)
	if err != nil || len(msgs) == 0 || !strings.HasSuffix(msgs[0].Text, "[…]") ||
		len(msgs[0].Text) > maxText+100 {
		t.Errorf("%d messages, %v", len(msgs), err)
	}
	out := client.Outgoing{ClientRef: client.NewClientRef(), Text: dr.Text}
	if _, err := d.Reply(t.Context(), rec.Ref.ID, out); err != nil {
		t.Fatal(err)
	}
	if _, err := d.FindReply(t.Context(), rec.Ref.ID, out.ClientRef); err != nil {
		t.Errorf("the reference at the end of 5 MB: %v", err)
	}
}

func TestWebAddress(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"))
	rec := create(t, d, suite.Draft("web", "x"))
	u, err := url.Parse(rec.Ref.WebURL)
	page := e["RT_URL"] + "/SelfService/Display.html?id="
	if err != nil || !strings.HasPrefix(rec.Ref.WebURL, page) || u.Query().Get("id") != rec.Ref.ID {
		t.Errorf("%q, %v", rec.Ref.WebURL, err)
	}
}

// TestThreadAsPeopleReadIt: a report that names its reference gets no second one, the technician's change of
// state is a state of ours from nobody in particular, and the reply that reopens is one entry.
func TestThreadAsPeopleReadIt(t *testing.T) {
	e := live(t)
	d := e.driver(t, e.token("alice"))
	dr := suite.Draft("Thread", "")
	dr.Text = "Le disque est plein — é\n\nRef " + string(dr.ClientRef) + "\n"
	id := create(t, d, dr).Ref.ID
	if v, err := (technician{e}).Look(t.Context(), id); err != nil || strings.Count(v.Text, string(dr.ClientRef)) != 1 {
		t.Errorf("the desk reads %q, %v", v.Text, err)
	}
	for _, s := range []client.Status{client.StatusOpen, client.StatusPending, client.StatusResolved} {
		if err := (technician{e}).SetStatus(t.Context(), id, s); err != nil {
			t.Fatal(err)
		}
	}
	out := client.Outgoing{ClientRef: client.NewClientRef(), Text: "Toujours pas.", Reopen: true}
	if _, err := d.Reply(t.Context(), id, out); err != nil {
		t.Fatal(err)
	}
	msgs, err := d.Thread(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range msgs {
		got = append(got, fmt.Sprintf("mine=%t %q %q", m.FromMe, m.Text, m.StatusNote))
		if strings.Contains(m.From.Name, "System") {
			t.Errorf("from %+v", m.From)
		}
	}
	want := []string{
		fmt.Sprintf("mine=true %q %q", strings.TrimSpace(dr.Text), ""),
		`mine=false "" "open"`, `mine=false "" "pending"`, `mine=false "" "resolved"`,
		`mine=true "Toujours pas." "open"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the thread is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
