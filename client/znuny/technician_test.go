package znuny

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"balise/client"
	"balise/client/clienttest/suite"
)

// technician is an agent who speaks the Generic Interface by hand.
type technician struct{ e server }

func (te technician) call(ctx context.Context, method, path string, in map[string]any, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, te.e["ZNUNY_URL"]+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("X-OTRS-Header-UserLogin", "tech")
	req.Header.Set("X-OTRS-Header-Password", te.e["ZNUNY_TECH_PASSWORD"])
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	var refused struct{ Error *deskError }
	if err != nil || resp.StatusCode != 200 || json.Unmarshal(raw, &refused) != nil || refused.Error != nil {
		return fmt.Errorf("technician: %s %s: %d %.200s %w", method, path, resp.StatusCode, raw, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

func (te technician) say(ctx context.Context, id, text string, visible int) error {
	return te.call(ctx, "PATCH", "/Ticket/"+id, map[string]any{"Article": map[string]any{
		"Subject": "Re", "Body": text, "ContentType": "text/plain; charset=utf8",
		"CommunicationChannel": "Internal", "IsVisibleForCustomer": visible, "SenderType": "agent",
	}}, nil)
}

func (te technician) Reply(ctx context.Context, id, text string) error {
	return te.say(ctx, id, text, 1)
}

func (te technician) Note(ctx context.Context, id, text string) error {
	return te.say(ctx, id, text, 0)
}

func (te technician) SetStatus(ctx context.Context, id string, s client.Status) error {
	in := map[string]any{"State": map[client.Status]string{
		client.StatusOpen: "open", client.StatusPending: "pending reminder",
		client.StatusResolved: "resolved", client.StatusClosed: "closed successful",
	}[s]}
	if s == client.StatusPending {
		in["PendingTime"] = map[string]string{"Diff": "10080"}
	}
	return te.call(ctx, "PATCH", "/Ticket/"+id, map[string]any{"Ticket": in}, nil)
}

func (te technician) Look(ctx context.Context, id string) (suite.View, error) {
	var got answer
	path := "/Ticket/" + id + "?AllArticles=1&Attachments=1&GetAttachmentContents=1"
	if err := te.call(ctx, "GET", path, nil, &got); err != nil {
		return suite.View{}, err
	}
	t := got.Ticket[0]
	v := suite.View{Subject: string(t.Title), Status: string(t.State), Requester: string(t.CustomerUserID)}
	for i, a := range t.Article {
		if i == 0 {
			v.Text = string(a.Body)
		}
		for _, f := range a.Attachment {
			data, err := base64.StdEncoding.DecodeString(string(f.Content))
			if err != nil {
				return v, err
			}
			v.Files = append(v.Files, suite.File{Name: string(f.Filename), Data: data})
		}
	}
	return v, nil
}
