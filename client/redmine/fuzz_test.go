package redmine

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"balise/client"
	"balise/client/clienttest/suite"
	"balise/client/transport"
)

// FuzzAnswers has a server say anything to everything: nothing panics, and what comes out is fit to be shown.
func FuzzAnswers(f *testing.F) {
	f.Add(`{"user":{"id":5,"login":"a"},"issue":{"id":1,"status":{"id":1,"name":"New"},"subject":"x [BA]","author":{"id":5},` +
		`"custom_fields":[{"id":2,"name":"Balise ref","value":["a"]}],"journals":[{"id":1,"notes":"n","details":` +
		`[{"property":"attr","name":"status_id","new_value":"5"},{"property":"attachment","name":"1","new_value":"x"}]}],` +
		`"attachments":[{"id":1,"filename":"../x","filesize":-1}],"allowed_statuses":[{"id":5,"is_closed":true}]},` +
		`"issue_statuses":[{"id":1}],"issues":[{"id":1}],"total_count":9}`)
	f.Add(`{"user":{"id":1e300}}`)
	f.Add(`{"issue":{"id":1,"created_on":5,"custom_fields":[{"value":{}}]}}`)
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}))
	f.Cleanup(srv.Close)
	tr, err := transport.New(transport.Params{BaseURL: srv.URL, Proxy: "direct"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(tr.Close)
	f.Fuzz(func(t *testing.T, answer string) {
		body = answer
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		d := New(Params{Credential: client.Credential{Kind: "token", Token: "k"}, RefField: "Balise ref", Transport: tr})
		_, _, _ = d.Probe(ctx)
		fit := func(s string) {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\x1b\u202e") {
				t.Errorf("%q", s)
			}
		}
		if tk, err := d.Get(ctx, "1", client.Validator{}); err == nil {
			fit(tk.Subject + tk.RawStatus + tk.Queue + tk.Assignee.Name)
		}
		msgs, _ := d.Thread(ctx, "1")
		for _, m := range msgs {
			fit(m.Text + m.From.Name + m.StatusNote)
			for _, a := range m.Attachments {
				if fit(a.Name); a.Name != transport.SafeName(a.Name) {
					t.Errorf("name %q", a.Name)
				}
			}
		}
		page, _ := d.List(ctx, client.ListQuery{})
		for _, tk := range page.Tickets {
			fit(tk.Subject + tk.RawStatus)
		}
		_, _ = d.FindByClientRef(ctx, client.NewClientRef())
		_, _ = d.Notices(ctx)
		_, _ = d.Create(ctx, suite.Draft("x", "y"), client.Receipt{})
		_, _ = d.Reply(ctx, "1", client.Outgoing{ClientRef: client.NewClientRef(), Text: "x"})
		_ = d.CloseTicket(ctx, "1")
	})
}
