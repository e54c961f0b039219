package probe

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// What Macs print; the second is an Apple Silicon one, whose MaxCapacity is a percentage, on a charger that
// cannot keep up (a current below zero, printed without its sign).
const macBatteries = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><array>
<dict><key>BatteryInstalled</key><true/><key>CycleCount</key><integer>1042</integer>
 <key>DesignCapacity</key><integer>6669</integer><key>MaxCapacity</key><integer>3200</integer>
 <key>CurrentCapacity</key><integer>1600</integer><key>ExternalConnected</key><false/>
 <key>IsCharging</key><false/><key>FullyCharged</key><false/><key>Serial</key><string>X</string>
 <key>BatteryData</key><dict><key>Voltage</key><integer>12000</integer><key>Raw</key><data>AAAA</data></dict></dict>
<dict><key>CycleCount</key><integer>80</integer><key>DesignCapacity</key><integer>6075</integer>
 <key>MaxCapacity</key><integer>100</integer><key>AppleRawMaxCapacity</key><integer>5900</integer>
 <key>CurrentCapacity</key><integer>61</integer><key>ExternalConnected</key><true/>
 <key>IsCharging</key><false/><key>Amperage</key><integer>18446744073709550616</integer></dict>
<dict><key>BatteryInstalled</key><false/></dict>
</array></plist>`

func TestMacSupplies(t *testing.T) {
	list, err := ParsePlist(strings.NewReader(macBatteries))
	if err != nil {
		t.Fatal(err)
	}
	s := MacSupplies(list)
	if len(s.Batteries) != 2 || s.Chargers != 1 || s.Online != 1 {
		t.Fatalf("%+v", s)
	}
	old, weak := s.Batteries[0], s.Batteries[1]
	if w, ok := old.Wear(); !ok || w < 52 || w > 53 || old.Cycles != 1042 || old.State != "discharging" || old.Percent != 50 {
		t.Errorf("%+v", old)
	}
	if w, ok := weak.Wear(); !ok || w > 3 || weak.State != "discharging" || weak.Percent != 61 {
		t.Errorf("%+v", weak)
	}
	for _, odd := range []any{nil, "x", []any{1, "x", map[string]any{}}, map[string]any{}} {
		MacSupplies(odd)
		MacDrive(odd)
	}
}

// The bytes of a laptop's driver: 50 Wh when new, 31 now, 512 times charged; on the mains and yet emptying.
func TestWindowsBattery(t *testing.T) {
	words := func(list ...uint32) []byte {
		var b []byte
		for _, w := range list {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		return b
	}
	var info batteryInfo
	var status batteryStatus
	raw := words(0x80000000, 1, 0x4e4f494c, 50000, 31000, 500, 1500, 0, 512)
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, &info); err != nil {
		t.Fatal(err)
	}
	raw = words(batteryOnLine|batteryDischarging, 15500, 11400, 0xffffd8f0)
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, &status); err != nil {
		t.Fatal(err)
	}
	var s Supplies
	s.addWindows(info, status)
	s.addWindows(batteryInfo{Capabilities: 1, Full: 100, Designed: 100}, status) // a mouse's
	if len(s.Batteries) != 1 || s.Online != 1 || status.Rate != -10000 {
		t.Fatalf("%+v", s)
	}
	b := s.Batteries[0]
	if w, _ := b.Wear(); w < 37.9 || w > 38.1 || b.Percent != 50 || b.Cycles != 512 || b.State != "discharging" {
		t.Errorf("%+v", b)
	}
	unknown := windowsBattery(batteryInfo{Full: 0xffffffff, Designed: 0}, batteryStatus{Capacity: 0xffffffff})
	if _, ok := unknown.Wear(); ok || unknown.Percent != -1 || unknown.State != "" {
		t.Errorf("%+v", unknown)
	}
}

func TestWearOnlyFromFiguresThatCanBeTrue(t *testing.T) {
	for _, c := range []struct {
		full, design float64
		wear         float64
		ok           bool
	}{
		{55, 100, 45, true},
		{104, 100, 0, true}, // better than its label
		{0, 100, 0, false},
		{100, 0, 0, false},
		{1, 100, 0, false}, // a controller that has just been reset
		{900, 100, 0, false},
	} {
		w, ok := Battery{Full: c.full, Design: c.design}.Wear()
		if ok != c.ok || w < c.wear-0.01 || w > c.wear+0.01 {
			t.Errorf("%v of %v: %v %v", c.full, c.design, w, ok)
		}
	}
}

func FuzzPlist(f *testing.F) {
	f.Add(macBatteries)
	f.Add("<plist><dict><integer>3</integer></dict></plist>")
	f.Add("<dict>" + strings.Repeat("<key>a</key><dict>", 80))
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := ParsePlist(strings.NewReader(s)); err == nil {
			MacSupplies(v)
			MacDrive(v)
		}
	})
}

func TestMacDrive(t *testing.T) {
	for state, want := range map[string][2]bool{
		"Verified": {false, true}, "Failing": {true, true}, "Not Supported": {false, false},
	} {
		v, err := ParsePlist(strings.NewReader("<plist><dict><key>SMARTStatus</key><string>" + state +
			"</string><key>BusProtocol</key><string>Apple Fabric</string></dict></plist>"))
		if err != nil {
			t.Fatal(err)
		}
		d, ok := MacDrive(v)
		if ok != want[1] || d.Failing != want[0] || d.Kind != "nvme" {
			t.Errorf("%s: %+v %v", state, d, ok)
		}
	}
}
