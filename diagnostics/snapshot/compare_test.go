package snapshot

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func goodState() State {
	return State{
		Version: StateVersion, Taken: noon, Booted: noon.Add(-3 * time.Hour), System: "Debian 12", Kernel: "6.1.0-30",
		Zone: "Europe/Paris", Network: &NetworkID{Router: "r1", Place: "p1"}, Servers: []string{"192.0.2.53"},
		Proxies: []string{}, Packages: &Packages{Count: 900, Changed: noon.Add(-time.Hour)},
		Drivers: []string{"e1000e", "i915"}, Trust: &Trust{Count: 140, Digest: "aa"},
		Printing: &Printing{Default: "hall", Names: []string{"attic", "hall"}},
		Disks:    []DiskFree{{"/", 30}}, Displays: []string{"HDMI-A-1", "eDP-1"}, USB: []string{"046d:c52b"},
	}
}

func codes(list []diagnostics.Change) []string {
	out := []string{}
	for _, c := range list {
		out = append(out, c.Code)
	}
	return out
}

func TestCompare(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*State)
		want   []string
	}{
		"nothing":       {func(*State) {}, nil},
		"nothing known": {func(s *State) { *s = State{Version: StateVersion, Taken: noon.Add(time.Hour)} }, nil},
		"a new network with its own resolver": {func(s *State) {
			s.Network, s.Servers = &NetworkID{Router: "r9", Place: "p9"}, []string{"198.51.100.1"}
		}, []string{diagnostics.ChangeNetworkNew}},
		"a known one": {
			func(s *State) { s.Network = &NetworkID{Router: "r2", Place: "p2"} },
			[]string{diagnostics.ChangeNetworkOther},
		},
		"the router not asked yet": {func(s *State) { s.Network = &NetworkID{Place: "p1"} }, nil},
		"a neighbour's prefix": {
			func(s *State) { s.Network = &NetworkID{Router: "r9", Place: "p1"} },
			[]string{diagnostics.ChangeNetworkNew},
		},
		"no network": {func(s *State) { s.Network = nil }, nil},
		"updates": {func(s *State) {
			s.Packages = &Packages{Changed: noon.Add(time.Hour), Recent: []probe.Installed{
				{Name: "old", At: noon.Add(-2 * time.Hour)}, {Name: "cups", At: noon.Add(time.Hour)},
			}}
			s.Kernel, s.System = "6.1.0-31", "Debian 13"
		}, []string{diagnostics.ChangeUpdates, diagnostics.ChangeSystem, diagnostics.ChangeKernel}},
		"drivers": {func(s *State) { s.Drivers = []string{"e1000e", "nvidia"} }, []string{diagnostics.ChangeDrivers}},
		"printers": {
			func(s *State) { s.Printing = &Printing{Default: "attic", Names: []string{"attic", "new"}} },
			[]string{diagnostics.ChangePrinter, diagnostics.ChangePrinterGone, diagnostics.ChangePrinterNew},
		},
		"no default any more": {
			func(s *State) { s.Printing = &Printing{Names: []string{"attic", "hall"}} },
			[]string{diagnostics.ChangePrinter},
		},
		"certificates": {
			func(s *State) { s.Trust = &Trust{Count: 141, Digest: "ab"} },
			[]string{diagnostics.ChangeCertificates},
		},
		"a disk getting full":  {func(s *State) { s.Disks = []DiskFree{{"/", 4}} }, []string{diagnostics.ChangeDiskFree}},
		"a disk about as full": {func(s *State) { s.Disks = []DiskFree{{"/", 25}} }, nil},
		"another disk":         {func(s *State) { s.Disks = []DiskFree{{"/media/stick", 2}} }, nil},
		"time zone":            {func(s *State) { s.Zone = "Asia/Tokyo" }, []string{diagnostics.ChangeTimeZone}},
		"resolver":             {func(s *State) { s.Servers = []string{} }, []string{diagnostics.ChangeResolver}},
		"proxy":                {func(s *State) { s.Proxies = []string{"dd"} }, []string{diagnostics.ChangeProxy}},
		"displays":             {func(s *State) { s.Displays = []string{"eDP-1"} }, []string{diagnostics.ChangeDisplays}},
		"hardware":             {func(s *State) { s.USB = []string{} }, []string{diagnostics.ChangeHardware}},
		"restarted":            {func(s *State) { s.Booted = noon.Add(20 * time.Minute) }, []string{diagnostics.ChangeRestarted}},
		"the clock was set":    {func(s *State) { s.Booted = s.Booted.Add(90 * time.Second) }, nil},
	} {
		good := Good{State: goodState(), Networks: []NetworkID{{Router: "r2", Place: "p2"}, {Router: "r1", Place: "p1"}}}
		now := goodState()
		now.Taken = noon.Add(2 * time.Hour)
		c.change(&now)
		// What is kept goes through JSON: "none" must not become "not known".
		raw, err := json.Marshal(good)
		if err != nil || json.Unmarshal(raw, &good) != nil {
			t.Fatal(err)
		}
		list, err := Compare(good, now)
		if err != nil || !slices.Equal(codes(list), append([]string{}, c.want...)) {
			t.Errorf("%s: have %v, want %v (%v)", name, codes(list), c.want, err)
		}
		for _, ch := range list {
			if !slices.Contains(diagnostics.ChangeCodes(), ch.Code) {
				t.Errorf("%s: %q is not in the list of codes", name, ch.Code)
			}
			for _, f := range ch.Facts {
				if f.Class == "" || f.Key == "printer" && f.Class == diagnostics.Plain {
					t.Errorf("%s: fact %s has class %q", name, f.Key, f.Class)
				}
			}
		}
	}
}

func TestCompareNamesWhatWasInstalledSince(t *testing.T) {
	now := goodState()
	now.Packages = &Packages{Changed: noon.Add(time.Hour)}
	for i := range 9 {
		now.Packages.Recent = append(now.Packages.Recent,
			probe.Installed{Name: string(rune('a' + i)), At: noon.Add(time.Duration(i-2) * time.Hour)})
	}
	list, err := Compare(Good{State: goodState()}, now)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	n, _ := list[0].Fact("packages")
	names, _ := list[0].Fact("names")
	if n.Value != int64(7) || strings.Join(names.Value.([]string), "") != "defghi" || !list[0].At.Equal(noon.Add(time.Hour)) {
		t.Errorf("have %+v", list[0])
	}
}

func TestNextRemembersNetworks(t *testing.T) {
	var g Good
	for i := range 40 {
		s := goodState()
		s.Network = &NetworkID{Router: string(rune('A' + i%20))}
		g = g.Next(s)
	}
	if len(g.Networks) != maxNetworks || g.Networks[maxNetworks-1].Router != "T" {
		t.Errorf("have %v", g.Networks)
	}
	if g.State.Packages.Recent != nil {
		t.Error("the packages' names are kept")
	}
}

func TestAnotherVersionIsNotCompared(t *testing.T) {
	now := goodState()
	now.Version++
	if _, err := Compare(Good{State: goodState()}, now); !errors.Is(err, ErrOtherVersion) {
		t.Errorf("have %v", err)
	}
}

// TestStateOfThisComputer takes two states by way of the child and wants no difference, and no name in what is
// kept of the network.
func TestStateOfThisComputer(t *testing.T) {
	take := func() State {
		var out strings.Builder
		if err := RunChild(t.Context(), strings.NewReader(`{"state":{"key":"AAAA"}}`), &out); err != nil {
			t.Fatal(err)
		}
		var a Answer
		if err := json.Unmarshal([]byte(out.String()), &a); err != nil || a.State == nil {
			t.Fatal(err, out.String())
		}
		if testing.Verbose() {
			t.Log(out.String())
		}
		return *a.State
	}
	first, second := take(), take()
	list, err := Compare(Good{}.Next(first), second)
	if err != nil || len(list) != 0 {
		t.Errorf("a computer differs from itself: %v (%v)", codes(list), err)
	}
	if r, err := probe.ReadRouter(); err == nil && first.Network != nil {
		raw, _ := json.Marshal(first.Network)
		if strings.Contains(string(raw), r.Address.String()) || r.MAC != "" && strings.Contains(string(raw), r.MAC) {
			t.Errorf("the network is named: %s", raw)
		}
	}
}
