package technician

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"balise/client"
	"balise/client/clienttest/suite"
)

// Znuny is an agent of a Znuny, an OTRS or an OTOBO, who may see and change the tickets of the queue.
type Znuny struct {
	URL        string // of the web service
	Credential client.Credential
	// Resolved is the name of a state that means StatusResolved; stock desks have none.
	Resolved string
}

// Call does one request of the web service; in and out may be nil.
func (te Znuny) Call(ctx context.Context, method, path string, in map[string]any, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(te.URL, "/")+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("X-OTRS-Header-UserLogin", te.Credential.User)
	req.Header.Set("X-OTRS-Header-Password", te.Credential.Password)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var refused struct {
		Error *struct{ ErrorCode, ErrorMessage string }
	}
	if resp.StatusCode != http.StatusOK || json.Unmarshal(raw, &refused) != nil || refused.Error != nil {
		return fmt.Errorf("technician: %s %s: %d %.200s", method, path, resp.StatusCode, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

func (te Znuny) say(ctx context.Context, id, text string, visible int) error {
	return te.Call(ctx, http.MethodPatch, "/Ticket/"+id, map[string]any{"Article": map[string]any{
		"Subject": "Re", "Body": text, "ContentType": "text/plain; charset=utf8",
		"CommunicationChannel": "Internal", "IsVisibleForCustomer": visible, "SenderType": "agent",
	}}, nil)
}

// Reply answers the customer.
func (te Znuny) Reply(ctx context.Context, id, text string) error { return te.say(ctx, id, text, 1) }

// Note writes an article that customers do not see.
func (te Znuny) Note(ctx context.Context, id, text string) error { return te.say(ctx, id, text, 0) }

// SetStatus gives a stock state, or Resolved.
func (te Znuny) SetStatus(ctx context.Context, id string, s client.Status) error {
	name := map[client.Status]string{
		client.StatusNew: "new", client.StatusOpen: "open", client.StatusPending: "pending reminder",
		client.StatusResolved: te.Resolved, client.StatusClosed: "closed successful",
	}[s]
	if name == "" {
		return client.ErrUnsupported
	}
	in := map[string]any{"State": name}
	if s == client.StatusPending { // in a week, or it is refused
		in["PendingTime"] = map[string]string{"Diff": "10080"}
	}
	return te.Call(ctx, http.MethodPatch, "/Ticket/"+id, map[string]any{"Ticket": in}, nil)
}

// Look reads the ticket with all its files.
func (te Znuny) Look(ctx context.Context, id string) (suite.View, error) {
	var got struct {
		Ticket []struct {
			Title, State, CustomerUserID string
			Article                      []struct {
				Body       string
				Attachment []struct{ Filename, Content string }
			}
		}
	}
	path := "/Ticket/" + id + "?AllArticles=1&Attachments=1&GetAttachmentContents=1"
	if err := te.Call(ctx, http.MethodGet, path, nil, &got); err != nil {
		return suite.View{}, err
	}
	if len(got.Ticket) != 1 {
		return suite.View{}, fmt.Errorf("technician: %d tickets for one number", len(got.Ticket))
	}
	t := got.Ticket[0]
	v := suite.View{Subject: t.Title, Status: t.State, Requester: t.CustomerUserID}
	for i, a := range t.Article {
		if i == 0 {
			v.Text = a.Body
		}
		for _, f := range a.Attachment {
			data, err := base64.StdEncoding.DecodeString(f.Content)
			if err != nil {
				return v, err
			}
			v.Files = append(v.Files, suite.File{Name: f.Filename, Data: data})
		}
	}
	return v, nil
}
