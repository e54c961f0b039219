// Package technician speaks to desks as one of their own people, by hand: what a driver wrote is judged without the
// driver.
package technician

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"balise/client"
	"balise/client/clienttest/suite"
)

// callTimeout is for one call to a desk.
const callTimeout = time.Minute

// Redmine is a technician of a Redmine, who may see all issues, write private notes and take every step of the
// workflow. States are found by the names that Redmine makes.
type Redmine struct {
	URL        string
	Credential client.Credential
}

// Call does one request of the API; in and out may be nil. A body that is []byte is an upload.
func (te Redmine) Call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var body io.Reader
	kind := "application/json"
	switch in := in.(type) {
	case nil:
	case []byte:
		body, kind = bytes.NewReader(in), "application/octet-stream"
	default:
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
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if te.Credential.Kind == "basic" {
		req.SetBasicAuth(te.Credential.User, te.Credential.Password)
	} else {
		req.Header.Set("X-Redmine-API-Key", te.Credential.Token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		return errors.Join(fmt.Errorf("technician: %s %s: %d %.200s", method, path, resp.StatusCode, raw), err)
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = raw
		return nil
	}
	return json.Unmarshal(raw, out)
}

// Update changes an issue.
func (te Redmine) Update(ctx context.Context, id string, issue map[string]any) error {
	return te.Call(ctx, http.MethodPut, "/issues/"+id+".json", map[string]any{"issue": issue}, nil)
}

// Reply answers the requester.
func (te Redmine) Reply(ctx context.Context, id, text string) error {
	return te.Update(ctx, id, map[string]any{"notes": text})
}

// Note writes a private note.
func (te Redmine) Note(ctx context.Context, id, text string) error {
	return te.Update(ctx, id, map[string]any{"notes": text, "private_notes": true})
}

type redmineStatus struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Closed bool   `json:"is_closed"`
}

// SetStatus moves an issue, and looks whether it went: Redmine says 204 to everything.
func (te Redmine) SetStatus(ctx context.Context, id string, s client.Status) error {
	var all struct {
		List []redmineStatus `json:"issue_statuses"`
	}
	if err := te.Call(ctx, http.MethodGet, "/issue_statuses.json", nil, &all); err != nil {
		return err
	}
	names := map[client.Status][]string{
		client.StatusOpen: {"In Progress", "En cours"}, client.StatusPending: {"Waiting", "Feedback", "Commentaire"},
		client.StatusResolved: {"Resolved", "Résolu"}, client.StatusClosed: {"Closed", "Fermé"},
	}[s]
	i := slices.IndexFunc(all.List, func(st redmineStatus) bool {
		return slices.Contains(names, st.Name)
	})
	if i < 0 {
		return fmt.Errorf("technician: no state for %q: %w", s, client.ErrUnsupported)
	}
	if err := te.Update(ctx, id, map[string]any{"status_id": all.List[i].ID}); err != nil {
		return err
	}
	var now struct {
		Issue struct{ Status redmineStatus }
	}
	if err := te.Call(ctx, http.MethodGet, "/issues/"+id+".json", nil, &now); err != nil {
		return err
	}
	if got := now.Issue.Status; got.ID != all.List[i].ID {
		return fmt.Errorf("technician: the state is %q, not %q", got.Name, all.List[i].Name)
	}
	return nil
}

// Look reads an issue as the desk holds it.
func (te Redmine) Look(ctx context.Context, id string) (suite.View, error) {
	var res struct {
		Issue struct {
			Subject, Description string
			Author               struct{ Name string }
			Status               redmineStatus
			Attachments          []struct {
				ID       int
				Filename string
			}
		}
	}
	err := te.Call(ctx, http.MethodGet, "/issues/"+url.PathEscape(id)+".json?include=attachments", nil, &res)
	if err != nil {
		return suite.View{}, err
	}
	v := suite.View{
		Subject: res.Issue.Subject, Requester: res.Issue.Author.Name, Status: res.Issue.Status.Name,
		// Redmine keeps the line ends of a form on a page.
		Text: strings.ReplaceAll(res.Issue.Description, "\r\n", "\n"),
	}
	for _, a := range res.Issue.Attachments {
		var data []byte
		if err := te.Call(ctx, http.MethodGet, "/attachments/download/"+strconv.Itoa(a.ID), nil, &data); err != nil {
			return v, err
		}
		v.Files = append(v.Files, suite.File{Name: a.Filename, Data: data})
	}
	return v, nil
}
