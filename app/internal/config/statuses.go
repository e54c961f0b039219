package config

import (
	"fmt"
	"strings"

	"balise/client"
)

// deskStatus checks "in review=open": the desk's word, which it may have renamed, and ours.
func deskStatus(s string) error {
	raw, ours, ok := strings.Cut(s, "=")
	if !ok || strings.TrimSpace(raw) == "" {
		return fmt.Errorf("is not state=meaning")
	}
	switch client.Status(strings.TrimSpace(ours)) {
	case client.StatusNew, client.StatusOpen, client.StatusPending, client.StatusResolved, client.StatusClosed:
		return nil
	}
	return fmt.Errorf("means none of new, open, pending, resolved, closed")
}

// StatusMap is the table as drivers take it: by the desk's word in lower case.
func (d Desk) StatusMap() map[string]client.Status {
	out := map[string]client.Status{}
	for s := range strings.Lines(d.Statuses) {
		raw, ours, _ := strings.Cut(s, "=")
		out[strings.ToLower(strings.TrimSpace(raw))] = client.Status(strings.TrimSpace(ours))
	}
	return out
}
