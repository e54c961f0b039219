package desk

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"balise/client"
	"balise/client/clienttest/suite"
)

// pageTechnician works as a technician does: through the page's store.
type pageTechnician struct{ d *testDesk }

func (p pageTechnician) id(id string) int64 {
	n, err := number(id)
	if err != nil {
		p.d.t.Fatal(err)
	}
	return n
}

func (p pageTechnician) Reply(ctx context.Context, id, text string) error {
	return p.d.answer(ctx, p.id(id), "Tech", answer{Text: text})
}

func (p pageTechnician) Note(ctx context.Context, id, text string) error {
	return p.d.answer(ctx, p.id(id), "Tech", answer{Text: text, Note: true})
}

func (p pageTechnician) SetStatus(ctx context.Context, id string, s client.Status) error {
	return p.d.changeStatus(ctx, p.id(id), "Tech", s)
}

func (p pageTechnician) Look(ctx context.Context, id string) (suite.View, error) {
	w, entries, err := p.d.ticket(ctx, p.id(id))
	if err != nil {
		return suite.View{}, err
	}
	v := suite.View{
		Subject: w.Subject, Text: entries[0].Text + "\n" + string(w.ClientRef), // as the page shows them
		Requester: w.Requester, Status: string(w.Status),
	}
	for _, e := range entries {
		for _, f := range e.Files {
			file, _ := number(f.ID)
			_, body, err := p.d.openFile(ctx, w.ID, file, false)
			if err != nil {
				return v, err
			}
			data, err := io.ReadAll(body)
			body.Close()
			if err != nil {
				return v, err
			}
			v.Files = append(v.Files, suite.File{Name: f.Name, Data: data})
		}
	}
	return v, nil
}

func TestConformance(t *testing.T) {
	t.Parallel() // the suite waits for clocks
	d := newTestDesk(t)
	as := func(token string) func(*testing.T) client.Driver {
		return func(*testing.T) client.Driver { return d.driver(token) }
	}
	suite.Run(t, suite.Desk{
		Alice: as("alice-token"), Bob: as("bob-token"), Stranger: as("wrong"),
		Technician: pageTechnician{d}, AliceIs: "Alice Dupont",
	})
}

func (b *browser) send(req *http.Request) (*http.Response, string) {
	b.d.t.Helper()
	resp, err := b.Do(req)
	if err != nil {
		b.d.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.d.t.Fatal(err)
	}
	return resp, string(page)
}

// answer posts the multipart form of a ticket's page.
func (b *browser) answer(ticket string, fields map[string]string, files map[string]string) (*http.Response, string) {
	b.d.t.Helper()
	var body strings.Builder
	w := multipart.NewWriter(&body)
	if _, ok := fields["csrf"]; !ok {
		_ = w.WriteField("csrf", b.csrf())
	}
	for k, v := range fields {
		_ = w.WriteField(k, v)
	}
	for name, data := range files {
		part, err := w.CreateFormFile("files", name)
		if err != nil {
			b.d.t.Fatal(err)
		}
		_, _ = io.WriteString(part, data)
	}
	w.Close()
	req, err := http.NewRequestWithContext(b.d.t.Context(), http.MethodPost,
		b.d.URL+"/tickets/"+ticket+"/answer", strings.NewReader(body.String()))
	if err != nil {
		b.d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Origin", b.d.URL)
	return b.send(req)
}
