package probe

// MacSupplies reads what ioreg says of AppleSmartBattery, as a property list.
func MacSupplies(list any) Supplies {
	var s Supplies
	entries, _ := list.([]any)
	for _, e := range entries {
		d, _ := e.(map[string]any)
		if installed, told := d["BatteryInstalled"].(bool); d == nil || told && !installed {
			continue
		}
		s.Chargers = 1
		if plugged, _ := d["ExternalConnected"].(bool); plugged {
			s.Online = 1
		}
		s.Batteries = append(s.Batteries, macBattery(d))
	}
	return s
}

func macBattery(d map[string]any) Battery {
	number := func(name string) float64 { n, _ := d[name].(int64); return float64(n) }
	yes := func(name string) bool { v, _ := d[name].(bool); return v }
	b := Battery{Cycles: int64(number("CycleCount")), Design: number("DesignCapacity"), Percent: -1}
	// Newer Macs give MaxCapacity in percent of what it was; the raw figure is in mAh on all that have it.
	if b.Full = number("AppleRawMaxCapacity"); b.Full == 0 {
		b.Full = number("MaxCapacity")
	}
	if top := number("MaxCapacity"); top > 0 {
		b.Percent = believable(100*number("CurrentCapacity")/top, true)
	}
	switch {
	case yes("FullyCharged"):
		b.State = "full"
	case yes("IsCharging"):
		b.State = "charging"
	case yes("ExternalConnected"):
		// Amperage below zero while plugged in is a charger that cannot keep up.
		b.State = "not_charging"
		if number("Amperage") < 0 || number("InstantAmperage") < 0 {
			b.State = "discharging"
		}
	default:
		b.State = "discharging"
	}
	return b
}
