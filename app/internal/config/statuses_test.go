package config

import (
	"testing"

	"balise/client"
)

// A desk may call its states anything; the administrator says what they mean.
func TestStatesOfTheDesk(t *testing.T) {
	file := write(t, "c.yaml",
		"desk: {kind: redmine, url: 'https://r.example', tracker: Support,\n"+
			"  statuses: ['En Attente Client = pending', abandonné=closed]}\n")
	cfg, err := Load(Params{UserFile: file})
	if err != nil {
		t.Fatal(err)
	}
	m := cfg.Config.Desk.StatusMap()
	if cfg.Config.Desk.Kind != "redmine" || cfg.Config.Desk.Tracker != "Support" || len(m) != 2 ||
		m["en attente client"] != client.StatusPending || m["abandonné"] != client.StatusClosed {
		t.Errorf("%+v, %v", cfg.Config.Desk, m)
	}
	for _, bad := range []string{"open", "=open", "x=", "x=done", "x=unknown"} {
		if err := deskStatus(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
