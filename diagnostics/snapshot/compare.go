package snapshot

import (
	"fmt"
	"math"
	"slices"
	"time"

	"balise/diagnostics"
)

const (
	// maxNetworks is how many networks are remembered as good; the one not seen for longest goes first.
	maxNetworks = 16
	// maxNames bounds the packages, drivers and printers that a change names.
	maxNames = 6
	// sameBoot is how far the computed times of one start may lie apart: the clock is set meanwhile.
	sameBoot = 2 * time.Minute
	// leastDrop is how many points of free space are worth a word when a disk also gets scarce.
	leastDrop = 2
)

// Good is the computer when all was last well, and the networks on which it ever was.
type Good struct {
	State    State       `json:"state"`
	Networks []NetworkID `json:"networks,omitempty"` // the latest last
}

// Next is Good after all was well again.
func (g Good) Next(now State) Good {
	if now.Packages != nil {
		p := *now.Packages
		p.Recent = nil // only what comes later is of interest
		now.Packages = &p
	}
	next := Good{State: now, Networks: slices.Clone(g.Networks)}
	if id := now.Network; id != nil {
		next.Networks = slices.DeleteFunc(next.Networks, func(n NetworkID) bool { return n.Same(*id) })
		next.Networks = append(next.Networks, *id)
		next.Networks = next.Networks[max(0, len(next.Networks)-maxNetworks):]
	}
	return next
}

// Compare lists what is different now. Only parts that both know are compared.
func Compare(good Good, now State) ([]diagnostics.Change, error) {
	was := good.State
	if was.Version != now.Version {
		return nil, fmt.Errorf("%w: %d, not %d", ErrOtherVersion, was.Version, now.Version)
	}
	c := &comparison{was: was, now: now}
	moved := c.network(good.Networks)
	c.software()
	c.printing()
	if was.Trust != nil && now.Trust != nil && was.Trust.Digest != now.Trust.Digest {
		c.add(diagnostics.ChangeCertificates, time.Time{}, diagnostics.Int("before", int64(was.Trust.Count), ""),
			diagnostics.Int("after", int64(now.Trust.Count), ""))
	}
	c.disks()
	c.words(diagnostics.ChangeTimeZone, was.Zone, now.Zone)
	if !moved { // another network brings its own
		c.resolver()
		c.proxy()
	}
	c.devices()
	if !was.Booted.IsZero() && now.Booted.Sub(was.Booted) > sameBoot && now.Booted.After(was.Taken.Add(-sameBoot)) {
		c.add(diagnostics.ChangeRestarted, now.Booted)
	}
	return c.list, nil
}

type comparison struct {
	was, now State
	list     []diagnostics.Change
}

func (c *comparison) add(code string, at time.Time, facts ...diagnostics.Fact) {
	if !at.IsZero() {
		at = at.UTC()
	}
	c.list = append(c.list, diagnostics.Change{Code: code, Facts: facts, At: at})
}

// words adds a change of one word into another.
func (c *comparison) words(code, before, after string) {
	if before != "" && after != "" && before != after {
		c.add(code, time.Time{}, diagnostics.Text("before", before), diagnostics.Text("after", after))
	}
}

func (c *comparison) network(known []NetworkID) (moved bool) {
	was, now := c.was.Network, c.now.Network
	if was == nil || now == nil || was.Same(*now) {
		return false
	}
	code := diagnostics.ChangeNetworkNew
	if slices.ContainsFunc(known, now.Same) {
		code = diagnostics.ChangeNetworkOther
	}
	c.add(code, time.Time{})
	return true
}

func (c *comparison) software() {
	if was, now := c.was.Packages, c.now.Packages; was != nil && now != nil && now.Changed.After(was.Changed) {
		var names []string
		for _, p := range now.Recent {
			if p.At.After(was.Changed) {
				names = append(names, p.Name)
			}
		}
		var facts []diagnostics.Fact
		if n := len(names); n > 0 {
			facts = append(facts, nameList(names), diagnostics.Int("packages", int64(n), ""))
		}
		c.add(diagnostics.ChangeUpdates, now.Changed, facts...)
	}
	c.words(diagnostics.ChangeSystem, c.was.System, c.now.System)
	c.words(diagnostics.ChangeKernel, c.was.Kernel, c.now.Kernel)
	if c.was.Drivers != nil && c.now.Drivers != nil {
		gone, added := differ(c.was.Drivers, c.now.Drivers)
		if names := append(added, gone...); len(names) > 0 {
			c.add(diagnostics.ChangeDrivers, time.Time{}, nameList(names))
		}
	}
}

func (c *comparison) printing() {
	was, now := c.was.Printing, c.now.Printing
	if was == nil || now == nil {
		return
	}
	printer := func(name string) diagnostics.Fact {
		return diagnostics.Identifier("printer", name, diagnostics.Infra, diagnostics.KindPrinter)
	}
	if was.Default != now.Default && was.Default != "" {
		var facts []diagnostics.Fact
		if now.Default != "" {
			facts = append(facts, printer(now.Default))
		}
		c.add(diagnostics.ChangePrinter, time.Time{}, facts...)
	}
	gone, added := differ(was.Names, now.Names)
	for _, name := range gone[:min(len(gone), maxNames)] {
		c.add(diagnostics.ChangePrinterGone, time.Time{}, printer(name))
	}
	for _, name := range added[:min(len(added), maxNames)] {
		c.add(diagnostics.ChangePrinterNew, time.Time{}, printer(name))
	}
}

// disks names those that got scarce: into a worse class, and not by a rounding.
func (c *comparison) disks() {
	for _, now := range c.now.Disks {
		at := slices.IndexFunc(c.was.Disks, func(d DiskFree) bool { return d.Point == now.Point })
		if at < 0 {
			continue
		}
		was := c.was.Disks[at]
		if scarcity(now.FreePercent) > scarcity(was.FreePercent) && was.FreePercent-now.FreePercent >= leastDrop {
			c.add(diagnostics.ChangeDiskFree, time.Time{}, mountPoint(now.Point),
				diagnostics.Int("before", int64(math.Round(was.FreePercent)), "%"),
				diagnostics.Int("after", int64(math.Round(now.FreePercent)), "%"))
		}
	}
}

// scarcity is a class of free space: 0 is plenty.
func scarcity(freePercent float64) int {
	class := 0
	for _, limit := range [...]float64{20, 10, 5, 1} {
		if freePercent < limit {
			class++
		}
	}
	return class
}

func (c *comparison) resolver() {
	if c.was.Servers == nil || c.now.Servers == nil || slices.Equal(c.was.Servers, c.now.Servers) {
		return
	}
	c.add(diagnostics.ChangeResolver, time.Time{}, diagnostics.Fact{
		Key: "servers", Value: slices.Clone(c.now.Servers), Class: diagnostics.Infra, Kind: diagnostics.KindIP,
	})
}

func (c *comparison) proxy() {
	if c.was.Proxies == nil || c.now.Proxies == nil || slices.Equal(c.was.Proxies, c.now.Proxies) {
		return
	}
	state := "other"
	switch {
	case len(c.now.Proxies) == 0:
		state = "off"
	case len(c.was.Proxies) == 0:
		state = "on"
	}
	c.add(diagnostics.ChangeProxy, time.Time{}, diagnostics.Text("state", state))
}

func (c *comparison) devices() {
	if was, now := c.was.Displays, c.now.Displays; was != nil && now != nil && !slices.Equal(was, now) {
		var facts []diagnostics.Fact
		if len(was) != len(now) {
			facts = append(facts, diagnostics.Int("before", int64(len(was)), ""),
				diagnostics.Int("after", int64(len(now)), ""))
		}
		c.add(diagnostics.ChangeDisplays, time.Time{}, facts...)
	}
	if c.was.USB != nil && c.now.USB != nil {
		gone, added := differ(c.was.USB, c.now.USB)
		if len(gone)+len(added) > 0 {
			c.add(diagnostics.ChangeHardware, time.Time{}, diagnostics.Int("gone", int64(len(gone)), ""),
				diagnostics.Int("added", int64(len(added)), ""))
		}
	}
}

func nameList(names []string) diagnostics.Fact {
	return diagnostics.Fact{
		Key: "names", Value: slices.Clone(names[max(0, len(names)-maxNames):]), Class: diagnostics.Plain,
	}
}

// differ compares two sorted lists, in which a name may stand more than once.
func differ(was, now []string) (gone, added []string) {
	i, j := 0, 0
	for i < len(was) || j < len(now) {
		switch {
		case j == len(now) || i < len(was) && was[i] < now[j]:
			gone = append(gone, was[i])
			i++
		case i == len(was) || now[j] < was[i]:
			added = append(added, now[j])
			j++
		default:
			i++
			j++
		}
	}
	return gone, added
}
