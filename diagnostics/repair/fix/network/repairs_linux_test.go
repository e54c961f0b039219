package network_test

import (
	"testing"

	"balise/diagnostics/repair/repairtest"
)

const (
	managerPlayed = "NetworkManager played on a real message bus"
)

func TestReconnect(t *testing.T) {
	repairtest.Run(t, repairtest.Case{ID: "net.reconnect", New: reconnectWorld, Real: managerPlayed})
}

func TestReconnectACardThatIsOffItsNetwork(t *testing.T) {
	repairtest.Run(t, repairtest.Case{ID: "net.reconnect", New: offlineWorld, Real: managerPlayed})
}

func TestRenew(t *testing.T) {
	repairtest.Run(t, repairtest.Case{ID: "dhcp.renew", New: renewWorld, Real: managerPlayed})
}

func TestRadioOn(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "net.radio_on", New: radioWorld, Real: managerPlayed + ", the kernel's switch by its file format",
	})
}

func TestFlushNames(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "dns.flush", New: namesWorld, Real: "systemd-resolved played on a real message bus",
		Without: map[repairtest.Property]string{repairtest.TakeBack: "what is forgotten is asked for again"},
	})
}

func TestVPNThatIsUpAndDead(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "vpn.reconnect", Real: managerPlayed, Choice: map[string][]string{"reconnect": {"chosen"}},
		New: func(t *testing.T) repairtest.World { return vpnWorld(t, true) },
	})
}

func TestVPNThatIsDown(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "vpn.reconnect", Real: managerPlayed, Choice: map[string][]string{"reconnect": {"chosen"}},
		New: func(t *testing.T) repairtest.World { return vpnWorld(t, false) },
	})
}

func TestClockThatNobodyKeeps(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "time.resync", Real: "timedated played on a real message bus, read by the real self-test",
		New: func(t *testing.T) repairtest.World { return clockWorld(t, false) },
	})
}

func TestClockThatIsKeptBadly(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "time.resync", Real: "timedated played on a real message bus, read by the real self-test",
		New: func(t *testing.T) repairtest.World { return clockWorld(t, true) },
	})
}
