package rt

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

// technician speaks REST 2.0 by hand.
type technician struct{ e server }

func (te technician) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, te.e["RT_URL"]+"/REST/2.0"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "token "+te.e["RT_TECH_TOKEN"])
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		return fmt.Errorf("technician: %s %s: %d %.200s %w", method, path, resp.StatusCode, raw, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

func (te technician) say(ctx context.Context, id, verb, text, kind string) error {
	in := map[string]string{"Content": text, "ContentType": kind}
	return te.call(ctx, "POST", "/ticket/"+id+"/"+verb, in, nil)
}

func (te technician) Reply(ctx context.Context, id, text string) error {
	return te.say(ctx, id, "correspond", text, "text/plain")
}

func (te technician) Note(ctx context.Context, id, text string) error {
	return te.say(ctx, id, "comment", text, "text/plain")
}

func (te technician) SetStatus(ctx context.Context, id string, s client.Status) error {
	var t struct {
		Status string
		Queue  struct{ ID text }
	}
	if err := te.call(ctx, "GET", "/ticket/"+id, nil, &t); err != nil {
		return err
	}
	word := map[client.Status]string{
		client.StatusOpen: "open", client.StatusPending: "waiting",
		client.StatusResolved: "resolved", client.StatusClosed: "closed",
	}[s]
	if t.Queue.ID == "1" { // General: the stock life cycle
		word = map[string]string{"waiting": "stalled", "closed": "rejected"}[word] + word
		word = strings.TrimSuffix(strings.TrimSuffix(word, "waiting"), "closed")
	}
	if err := te.call(ctx, "PUT", "/ticket/"+id, map[string]string{"Status": word}, nil); err != nil {
		return err
	}
	if err := te.call(ctx, "GET", "/ticket/"+id, nil, &t); err != nil || t.Status != word {
		return fmt.Errorf("technician: status is %q, not %q: %w", t.Status, word, err)
	}
	return nil
}

func (te technician) Look(ctx context.Context, id string) (suite.View, error) {
	var t struct {
		Subject, Status string
		Requestor       []struct{ ID string }
	}
	if err := te.call(ctx, "GET", "/ticket/"+id, nil, &t); err != nil {
		return suite.View{}, err
	}
	v := suite.View{Subject: t.Subject, Status: t.Status}
	for _, r := range t.Requestor {
		v.Requester += r.ID
	}
	var list struct{ Items []struct{ ID text } }
	if err := te.call(ctx, "GET", "/ticket/"+id+"/attachments?per_page=100", nil, &list); err != nil {
		return v, err
	}
	for _, it := range list.Items {
		var a struct{ Filename, ContentType, Content string }
		if err := te.call(ctx, "GET", "/attachment/"+string(it.ID), nil, &a); err != nil {
			return v, err
		}
		data, err := base64.StdEncoding.DecodeString(a.Content)
		if err != nil {
			return v, err
		}
		switch {
		case a.Filename != "":
			v.Files = append(v.Files, suite.File{Name: a.Filename, Data: data})
		case a.ContentType == "text/plain" && v.Text == "":
			v.Text = string(data)
		}
	}
	// A reference in the custom field is as good as one in the subject.
	return v, nil
}
