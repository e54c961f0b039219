package network_test

import (
	"context"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/network"
	"balise/diagnostics/repair/repairtest"
)

const notOurs = "Balise only opens a page: rights play no part, and there is nothing to put back"

// byHand are the properties that a repair cannot have which the user does himself.
func byHand() map[repairtest.Property]string {
	return map[repairtest.Property]string{
		repairtest.Refused: notOurs, repairtest.TakeBack: notOurs, repairtest.Gone: notOurs, repairtest.Hung: notOurs,
	}
}

// guided is a world in which the user does what the page is for, once it is open, unless nothing helps.
type guided struct {
	world
	opened, hopeless bool
}

func newGuided(t *testing.T, id string, d *desktop, tests ...string) *guided {
	g := &guided{}
	open := func(string) error { g.opened = true; return nil }
	g.desktop, g.id = d, id
	g.state = func() string { return "" }
	g.worse = func() { g.hopeless = true }
	g.fixer = func() repair.Fixer {
		return fixer(t, id, network.Params{
			OpenURL: open, OpenSettings: open, PortalURL: func() string { return neutral },
		})
	}
	g.test = func(_ context.Context, id string) diagnostics.Status {
		for _, broken := range tests {
			if id == broken {
				return pass(g.opened && !g.hopeless)
			}
		}
		return diagnostics.Pass
	}
	return g
}

func (g *guided) Reopen() repairtest.World { return g }

func TestSignInPage(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "portal.open", Without: byHand(), Real: "a browser that is played",
		New: func(t *testing.T) repairtest.World { return newGuided(t, portalOpen, &desktop{t: t}, "net.portal") },
	})
}

func TestRejoin(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "wifi.rejoin", Without: byHand(), Real: managerPlayed + ", a settings page that is played",
		New: func(t *testing.T) repairtest.World {
			m := newManager(newDesktop(t))
			m.addCard("wlan0", 2)
			return newGuided(t, "wifi.rejoin", m.desktop, "net.link", "net.addr")
		},
	})
}
