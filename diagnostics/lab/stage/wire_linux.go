package stage

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// wireActions are what can happen between the client and its router.
func wireActions() []action {
	return []action{
		{
			Action{Name: "cable.pull", Doc: "The cable is out: the adapter has no carrier."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				return plain(s.lab.Unplug, s.lab.Plug, s.adapter("has no carrier", func(d *net.Interface) bool {
					return d != nil && d.Flags&net.FlagRunning == 0
				}))
			},
		},
		{
			Action{
				Name: "cable.flap", Doc: "The cable goes out and in until the stage closes.",
				Args: []Arg{opt("every", "duration", "700ms", "between two changes")},
			},
			flap,
		},
		{
			Action{Name: "adapter.disable", Doc: "The adapter is switched off in the system."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				up := func() error { return ip("-n", s.lab.client, "link", "set", "eth0", "up") }
				return plain(s.lab.Disable, all(up, s.lab.GiveRoute), s.adapter("is off", func(d *net.Interface) bool {
					return d != nil && d.Flags&net.FlagUp == 0
				}))
			},
		},
		{
			Action{Name: "adapter.remove", Doc: "There is no adapter at all."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				return plain(s.lab.RemoveAdapter, nil, s.adapter("is gone",
					func(d *net.Interface) bool { return d == nil }))
			},
		},
		{
			Action{Name: "lease.lose", Doc: "Nobody gave the client an address: it has one that it gave itself."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				back := func() error {
					return batch(s.lab.client, []string{"addr flush dev eth0", "addr add " + ClientIP + "/24 dev eth0"})
				}
				return plain(s.lab.NoLease, all(back, s.lab.GiveRoute), s.unreachable("the router", RouterIP+":9"))
			},
		},
		{
			Action{Name: "route.cut", Doc: "The client has no default route."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				return plain(s.lab.CutRoute, s.lab.GiveRoute, s.unreachable("the world", Exit1+":443"))
			},
		},
		{
			Action{Name: "route.detour", Doc: "A second default route is preferred, and nobody lives there."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				undo := func() error {
					del := ip("-n", s.lab.client, "route", "del", "default", "via", "10.77.0.99")
					_ = ip("-n", s.lab.client, "route", "del", "default", "metric", "600")
					return del
				}
				return plain(s.lab.DeadDetour, all(undo, s.lab.GiveRoute), s.unreachable("the world", Exit1+":443"))
			},
		},
		{
			Action{
				Name: "route.many", Doc: "The routing table is long.",
				Args: []Arg{opt("count", "int", 10000, "routes")},
			},
			manyRoutes,
		},
		{
			Action{Name: "router.kill", Doc: "The router is dead: nobody answers where it was."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				return plain(s.lab.KillRouter, s.lab.ReviveRouter, s.unreachable("the router", RouterIP+":9"))
			},
		},
		{
			Action{Name: "router.deaf", Doc: "The router answers no ping, and all else: nothing is wrong."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				// Nobody need ping: that the rule stands is all there is to see.
				return s.rule("input", "meta l4proto icmp icmp type echo-request counter drop", false)
			},
		},
	}
}

// adapter sees the client's adapter in the kernel; nil is none.
func (s *Stage) adapter(what string, is func(*net.Interface) bool) func(context.Context) (bool, string) {
	return func(context.Context) (bool, string) {
		var dev *net.Interface
		err := within(s.lab.client, func() error {
			dev, _ = net.InterfaceByName("eth0")
			return nil
		})
		return err == nil && is(dev), "the adapter " + what
	}
}

// unreachable sees that the stage's own call from the client's network gets no answer at all: neither a
// connection nor a refusal.
func (s *Stage) unreachable(what, addr string) func(context.Context) (bool, string) {
	return func(ctx context.Context) (bool, string) {
		err := s.dial(ctx, addr)
		silent := err != nil && !strings.Contains(err.Error(), "refused")
		return silent, fmt.Sprintf("call to %s: %v", what, err)
	}
}

// dial calls an address from the client's network.
func (s *Stage) dial(ctx context.Context, addr string) error {
	const wait = 700 * time.Millisecond
	return within(s.lab.client, func() error {
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		// One literal address, no fallback: the call stays on this thread.
		c, err := (&net.Dialer{FallbackDelay: -1}).DialContext(ctx, "tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err
	})
}

func flap(_ context.Context, s *Stage, a args) (deed, error) {
	end, ended := make(chan struct{}), make(chan struct{})
	changes := make(chan int, 1)
	changes <- 0
	go func() {
		defer close(ended)
		tick := time.NewTicker(max(a.dur("every"), 10*time.Millisecond))
		defer tick.Stop()
		for down := true; ; down = !down {
			if down {
				_ = s.lab.Unplug()
			} else {
				_ = s.lab.Plug()
			}
			changes <- 1 + <-changes
			select {
			case <-end:
				_ = s.lab.Plug()
				return
			case <-tick.C:
			}
		}
	}()
	stop := func() error {
		close(end)
		<-ended
		return nil
	}
	return deed{undo: stop, stop: stop, seen: func(context.Context) (bool, string) {
		n := <-changes
		changes <- n
		return n > 1, fmt.Sprintf("%d changes of the cable", n)
	}}, nil
}

func manyRoutes(_ context.Context, s *Stage, a args) (deed, error) {
	var add, del []string
	for i := range a.num("count") {
		route := fmt.Sprintf("10.%d.%d.%d/32 dev eth0", 128+i>>16&0x3f, i>>8&0xff, i&0xff)
		add, del = append(add, "route add "+route), append(del, "route del "+route)
	}
	return plain(func() error { return batch(s.lab.client, add) }, func() error {
		return batch(s.lab.client,
			del)
	},
		func(context.Context) (bool, string) { return true, fmt.Sprintf("%d routes added", len(add)) })
}
