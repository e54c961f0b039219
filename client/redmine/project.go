package redmine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"balise/client"
	"balise/client/transport"
)

// named is a record that another names.
type named struct {
	ID   id     `json:"id"`
	Name string `json:"name"`
}

// project is where issues go: what other desks call a queue.
type project struct {
	ID         id      `json:"id"`
	Name       string  `json:"name"`
	Identifier string  `json:"identifier"`
	Trackers   []named `json:"trackers"`
	Categories []named `json:"issue_categories"`
	Fields     []named `json:"issue_custom_fields"`
}

// find looks for a record by number or name, as settings name it.
func find(list []named, want string) (named, bool) {
	for _, n := range list {
		if n.ID.String() == want || strings.EqualFold(n.Name, want) {
			return n, true
		}
	}
	return named{}, false
}

// project reads a project, once: its trackers, categories and custom fields. The lists of their own are for
// administrators.
func (d *Driver) project(ctx context.Context, queue string) (project, error) {
	if queue == "" {
		queue = d.p.Queue
	}
	d.mu.Lock()
	known, ok := d.projects[queue]
	d.mu.Unlock()
	if ok {
		return known, nil
	}
	p, err := d.readProject(ctx, queue)
	if errors.Is(err, client.ErrNotFound) || errors.Is(err, client.ErrForbidden) || queue == "" {
		var key string
		if key, err = d.projectKey(ctx, queue); err == nil {
			p, err = d.readProject(ctx, key)
		}
	}
	if err != nil {
		return project{}, fmt.Errorf("read project %q: %w", transport.Line(queue, 60), err)
	}
	d.mu.Lock()
	d.projects[queue] = p
	d.mu.Unlock()
	return p, nil
}

func (d *Driver) readProject(ctx context.Context, key string) (project, error) {
	if key == "" || key == "." || key == ".." {
		return project{}, client.ErrNotFound
	}
	query := url.Values{"include": {"trackers,issue_categories,issue_custom_fields"}}
	var res struct{ Project *project }
	if _, err := d.read(ctx, "/projects/"+url.PathEscape(key)+".json", query, &res); err != nil {
		return project{}, err
	}
	if res.Project == nil || !res.Project.ID.valid() {
		return project{}, fmt.Errorf("no project in the answer: %w", client.ErrNotADesk)
	}
	return *res.Project, nil
}

// projectKey looks a project up by the name that people know it by. Without any name there must be but one.
func (d *Driver) projectKey(ctx context.Context, name string) (string, error) {
	var res struct{ Projects []project }
	if _, err := d.read(ctx, "/projects.json", url.Values{"limit": {"100"}}, &res); err != nil {
		return "", notHere(err)
	}
	var names []string
	for _, p := range res.Projects {
		if name != "" && strings.EqualFold(p.Name, name) || name == "" && len(res.Projects) == 1 {
			return p.ID.String(), nil
		}
		names = append(names, transport.Line(p.Identifier, 60))
	}
	return "", &client.InvalidError{
		Message: transport.Line(fmt.Sprintf("no such project; there are: %s", strings.Join(names, ", ")), 300),
	}
}

// readPriorities reads the priorities, the lowest first. Their number and names are the installation's.
func (d *Driver) readPriorities(ctx context.Context) ([]string, error) {
	d.mu.Lock()
	known := d.priorities
	d.mu.Unlock()
	if known != nil {
		return known, nil
	}
	var res struct {
		List []struct {
			ID     id    `json:"id"`
			Active *bool `json:"active"`
		} `json:"issue_priorities"`
	}
	if _, err := d.read(ctx, "/enumerations/issue_priorities.json", nil, &res); err != nil {
		return nil, fmt.Errorf("read the priorities: %w", notHere(err))
	}
	out := []string{}
	for _, p := range res.List {
		if p.ID.valid() && (p.Active == nil || *p.Active) {
			out = append(out, p.ID.String())
		}
	}
	d.mu.Lock()
	d.priorities = out
	d.mu.Unlock()
	return out, nil
}

// priorityTo spreads 1 to 5 over the installation's priorities, by position.
func priorityTo(list []string, p client.Priority) string {
	if len(list) == 0 {
		return ""
	}
	return list[(int(min(max(p, 1), 5)-1)*(len(list)-1)+2)/4]
}

// priorityFrom is its inverse; 0 is one that is not among them.
func priorityFrom(list []string, priority string) client.Priority {
	for i, have := range list {
		if have == priority && len(list) > 1 {
			return client.Priority(i*4/(len(list)-1) + 1)
		}
	}
	return 0
}

// Notices reads the news of the project, or of all the user's projects where the settings name none.
func (d *Driver) Notices(ctx context.Context) ([]client.Notice, error) {
	if _, err := d.me(ctx); err != nil {
		return nil, err
	}
	return d.news(ctx, maxNews)
}

const (
	maxNews = 25
	// newsFresh: news have no end in Redmine, and what was written two weeks ago is no notice of an outage.
	newsFresh = 14 * 24
)

func (d *Driver) news(ctx context.Context, limit int) ([]client.Notice, error) {
	path := "/news.json"
	if d.p.Queue != "" {
		p, err := d.project(ctx, "")
		if err != nil {
			return nil, fmt.Errorf("read news: %w", err)
		}
		path = "/projects/" + p.ID.String() + "/news.json"
	}
	var res struct {
		News []struct {
			ID          id     `json:"id"`
			Title       string `json:"title"`
			Summary     string `json:"summary"`
			Description string `json:"description"`
			Created     stamp  `json:"created_on"`
		}
	}
	if _, err := d.read(ctx, path, url.Values{"limit": {fmt.Sprint(limit)}}, &res); err != nil {
		return nil, fmt.Errorf("read news: %w", err)
	}
	var out []client.Notice
	for _, n := range res.News {
		if !n.ID.valid() || d.p.Now().Sub(n.Created.Time).Hours() > newsFresh {
			continue
		}
		text := strings.TrimSpace(transport.PlainText(n.Summary + "\n\n" + n.Description))
		out = append(out, client.Notice{
			ID: n.ID.String(), Title: transport.Line(n.Title, 200), Text: text, From: n.Created.Time,
		})
	}
	return out, nil
}
