package redmine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"balise/client"
	"balise/client/transport"
)

// status is a state as an issue or the list of all names it. IsClosed is in issues from Redmine 5.0 on.
type status struct {
	ID       id     `json:"id"`
	Name     string `json:"name"`
	IsClosed *bool  `json:"is_closed"`
}

func (s status) closed() bool { return s.IsClosed != nil && *s.IsClosed }

// readStatuses reads the installation's states, once.
func (d *Driver) readStatuses(ctx context.Context) error {
	d.mu.Lock()
	known := d.statuses != nil
	d.mu.Unlock()
	if known {
		return nil
	}
	var res struct {
		List []status `json:"issue_statuses"`
	}
	if _, err := d.read(ctx, "/issue_statuses.json", nil, &res); err != nil {
		return fmt.Errorf("read the states: %w", notHere(err))
	}
	all := map[string]status{}
	for _, s := range res.List {
		all[s.ID.String()] = s
	}
	d.mu.Lock()
	d.statuses = all
	d.mu.Unlock()
	return nil
}

// statusOf fills in what older versions leave out of an issue.
func (d *Driver) statusOf(s status) status {
	d.mu.Lock()
	known, ok := d.statuses[s.ID.String()]
	d.mu.Unlock()
	if ok && s.IsClosed == nil {
		s.IsClosed = known.IsClosed
	}
	if ok && s.Name == "" {
		s.Name = known.Name
	}
	return s
}

// byName holds the states that Redmine makes in English, French and German, and the commonest additions. They are
// free to be renamed: an unknown one that is not marked as closed is StatusUnknown and shown as it is.
func byName(name string) client.Status {
	switch name {
	case "new", "nouveau", "neu":
		return client.StatusNew
	case "in progress", "open", "assigned", "en cours", "ouvert", "assigné", "in bearbeitung", "offen", "zugewiesen":
		return client.StatusOpen
	case "feedback", "waiting", "pending", "commentaire", "en attente", "wartet", "warten":
		return client.StatusPending
	case "resolved", "résolu", "gelöst":
		return client.StatusResolved
	case "closed", "rejected", "fermé", "rejeté", "geschlossen", "abgewiesen":
		return client.StatusClosed
	}
	return client.StatusUnknown
}

// unified is our word for a state: the settings' first, then Redmine's own mark, then its name.
func (d *Driver) unified(s status) client.Status {
	s = d.statusOf(s)
	key := strings.ToLower(strings.TrimSpace(s.Name))
	if set, ok := d.p.StatusMap[key]; ok {
		return set
	}
	if s.closed() {
		return client.StatusClosed
	}
	if named := byName(key); named != client.StatusClosed {
		return named
	}
	return client.StatusUnknown // called closed and not marked so: not to be guessed
}

// note is the state that a change led to, with Redmine's own word where ours has none.
func (d *Driver) note(s status) string {
	if u := d.unified(s); u != client.StatusUnknown {
		return string(u)
	}
	return transport.Line(d.statusOf(s).Name, 60)
}

func finished(s client.Status) bool { return s == client.StatusResolved || s == client.StatusClosed }

// step is the state to which the user may move an issue, the first of want that the workflow offers.
func (d *Driver) step(allowed []status, want ...client.Status) (status, bool) {
	for _, w := range want {
		i := slices.IndexFunc(allowed, func(s status) bool { return d.unified(s) == w && s.ID.valid() })
		if i >= 0 {
			return allowed[i], true
		}
	}
	return status{}, false
}

// toReopen are the states of a reopened issue, the best first.
func (d *Driver) toReopen(allowed []status) (status, bool) {
	return d.step(allowed, client.StatusOpen, client.StatusNew, client.StatusPending)
}

// allowed are the states to which the user may move an issue. Before 5.0 Redmine does not say; then it is all of them.
func (d *Driver) allowed(i issue) []status {
	if i.Allowed != nil {
		return *i.Allowed
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []status
	for _, key := range slices.Sorted(maps.Keys(d.statuses)) {
		all = append(all, d.statuses[key])
	}
	return all
}

// actions reads what the workflow offers. That is a hint only, never a yes: Redmine lists steps too for which the
// user lacks the right to edit, and drops them without a word.
func (d *Driver) actions(i issue) client.Actions {
	out := client.Actions{Reply: client.Maybe, Close: client.No, Reopen: client.No, Rate: client.No}
	now := d.unified(i.Status)
	if _, ok := d.toReopen(d.allowed(i)); ok && finished(now) {
		out.Reopen = client.Maybe
	}
	if _, ok := d.step(d.allowed(i), client.StatusClosed); ok && now != client.StatusClosed {
		out.Close = client.Maybe
	}
	return out
}
