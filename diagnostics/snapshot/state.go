package snapshot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"balise/diagnostics/internal/probe"
)

// StateVersion is the version of a State; one of another version is not compared.
const StateVersion = 1

// State is the computer as far as it matters for "what has changed?": small enough to be kept, and made to be
// compared. It stays on the computer. A part that could not be read is nil (or empty), and is then not
// compared: not knowing is no difference.
type State struct {
	Version int       `json:"version"`
	Taken   time.Time `json:"taken"`
	Booted  time.Time `json:"booted,omitzero"`
	System  string    `json:"system,omitempty"`
	Kernel  string    `json:"kernel,omitempty"`
	Zone    string    `json:"zone,omitempty"`

	Network  *NetworkID `json:"network,omitempty"`
	Servers  []string   `json:"servers,omitzero"` // name servers, sorted
	Proxies  []string   `json:"proxies,omitzero"` // digests, sorted
	Packages *Packages  `json:"packages,omitempty"`
	Drivers  []string   `json:"drivers,omitzero"`
	Trust    *Trust     `json:"trust,omitempty"`
	Printing *Printing  `json:"printing,omitempty"`
	Disks    []DiskFree `json:"disks,omitzero"`
	Displays []string   `json:"displays,omitzero"`
	USB      []string   `json:"usb,omitzero"`
}

// NetworkID tells one network from another without naming it: digests with a key that never leaves this
// computer, so that they cannot be looked up elsewhere.
type NetworkID struct {
	Router string `json:"router,omitempty"` // of the router's hardware address
	Place  string `json:"place,omitempty"`  // of its address and prefix
}

// Same tells whether two networks are one. Two routers are told apart by their hardware addresses where both
// are known: many homes share a prefix.
func (n NetworkID) Same(o NetworkID) bool {
	if n.Router != "" && o.Router != "" {
		return n.Router == o.Router
	}
	return n.Place != "" && n.Place == o.Place
}

// Packages is what the package manager did last.
type Packages struct {
	Count   int               `json:"count,omitempty"`
	Changed time.Time         `json:"changed"`
	Recent  []probe.Installed `json:"recent,omitempty"`
}

// Trust sums up the root certificates that the system trusts.
type Trust struct {
	Count  int    `json:"count"`
	Digest string `json:"digest"`
}

// Printing is which printers there are.
type Printing struct {
	Default string   `json:"default,omitempty"`
	Names   []string `json:"names"` // sorted
}

// DiskFree is how much room a disk has.
type DiskFree struct {
	Point       string  `json:"point"`
	FreePercent float64 `json:"free_percent"`
}

// StateRequest is what a State depends on.
type StateRequest struct {
	// Key makes the digests; this computer's own.
	Key []byte `json:"key"`
	// Target is an address of the settings, for which the desktop's proxy is asked; empty asks for none.
	Target string `json:"target,omitempty"`
}

// TakeState looks at the computer as Take does: it does not fail and ends within its deadline.
func TakeState(ctx context.Context, req StateRequest) State {
	s, _ := gather(ctx, State{Version: StateVersion, Taken: time.Now().UTC()}, stateParts(req))
	return s
}

func stateParts(req StateRequest) []part[State] {
	return []part[State]{
		{"system", stateSystem},
		{"network", func(context.Context) (func(*State), error) { return stateNetwork(req.Key) }},
		{"resolver", stateResolver},
		{"proxy", func(ctx context.Context) (func(*State), error) { return stateProxy(ctx, req) }},
		{"packages", statePackages},
		{"drivers", func(context.Context) (func(*State), error) {
			v, err := probe.DeviceDrivers()
			return func(s *State) { s.Drivers = v }, err
		}},
		{"trust", func(context.Context) (func(*State), error) {
			n, digest, err := probe.TrustStore()
			return func(s *State) { s.Trust = &Trust{Count: n, Digest: digest} }, err
		}},
		{"printing", statePrinting},
		{"disks", stateDisks},
		{"displays", stateDisplays},
		{"usb", func(context.Context) (func(*State), error) {
			v, err := probe.USBDevices()
			return func(s *State) { s.USB = v }, err
		}},
	}
}

func stateSystem(ctx context.Context) (func(*State), error) {
	v, err := probe.ReadSystem(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return func(s *State) {
		s.System, s.Kernel, s.Zone = v.Name, v.Kernel, zoneName(now)
		s.Booted = now.Add(-v.Uptime).UTC().Truncate(time.Second)
	}, nil
}

func stateNetwork(key []byte) (func(*State), error) {
	r, err := probe.ReadRouter()
	if err != nil {
		return nil, err
	}
	id := NetworkID{}
	if r.MAC != "" {
		id.Router = sum(key, "router", r.MAC)
	}
	if r.Address.IsValid() && r.Prefix.IsValid() {
		id.Place = sum(key, "place", r.Address.String(), r.Prefix.String())
	}
	if id == (NetworkID{}) {
		return nil, errNone
	}
	return func(s *State) { s.Network = &id }, nil
}

// sum is a short digest that means nothing without the key.
func sum(key []byte, parts ...string) string {
	const size = 8
	m := hmac.New(sha256.New, key)
	m.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(m.Sum(nil)[:size])
}

func stateResolver(ctx context.Context) (func(*State), error) {
	r, err := probe.ReadResolver(ctx)
	servers := append([]string{}, r.Servers...)
	slices.Sort(servers)
	return func(s *State) { s.Servers = servers }, err
}

func stateProxy(ctx context.Context, req StateRequest) (func(*State), error) {
	var target *url.URL
	if req.Target != "" {
		u, err := url.Parse(req.Target)
		if err != nil {
			return nil, err
		}
		target = u
	}
	digests := []string{}
	for _, p := range probe.Proxies(ctx, "", target) {
		digests = append(digests, sum(req.Key, "proxy", p.URL.Scheme, p.URL.Host))
	}
	slices.Sort(digests)
	return func(s *State) { s.Proxies = digests }, nil
}

func statePackages(context.Context) (func(*State), error) {
	p, err := probe.ReadInstalls()
	return func(s *State) {
		s.Packages = &Packages{Count: p.Count, Changed: p.Changed.UTC(), Recent: p.Recent}
	}, err
}

func statePrinting(ctx context.Context) (func(*State), error) {
	queues, err := listQueues(ctx)
	if err != nil {
		return nil, err
	}
	p := Printing{Default: queues.Default, Names: []string{}}
	for _, q := range queues.All[:min(len(queues.All), maxPrinters)] {
		p.Names = append(p.Names, q.Name)
	}
	slices.Sort(p.Names)
	return func(s *State) { s.Printing = &p }, nil
}

func stateDisks(ctx context.Context) (func(*State), error) {
	set, err := readDisks(ctx)
	if err != nil {
		return nil, err
	}
	var snap Snapshot
	set(&snap)
	disks := []DiskFree{}
	for _, d := range snap.Disks {
		disks = append(disks, DiskFree{Point: d.Point, FreePercent: d.FreePercent})
	}
	return func(s *State) { s.Disks = disks }, nil
}

func stateDisplays(ctx context.Context) (func(*State), error) {
	all, err := probe.ReadDisplays(ctx)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, d := range all {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return func(s *State) { s.Displays = names }, nil
}

// ErrOtherVersion says that two states cannot be compared.
var ErrOtherVersion = errors.New("the state is of another version")
