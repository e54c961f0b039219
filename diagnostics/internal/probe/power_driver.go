package probe

// Windows's flags of a battery's state and kind.
const (
	batteryOnLine      = 1
	batteryDischarging = 2
	batteryCharging    = 4
	batteryOfComputer  = 0x80000000 // BATTERY_SYSTEM_BATTERY: not a mouse's, not an UPS's
)

// batteryInfo is BATTERY_INFORMATION; batteryStatus BATTERY_STATUS.
type batteryInfo struct {
	Capabilities                   uint32
	Technology                     uint8
	_                              [3]uint8
	Chemistry                      [4]uint8
	Designed, Full, Alert1, Alert2 uint32
	CriticalBias, Cycles           uint32
}

type batteryStatus struct {
	State, Capacity, Voltage uint32
	Rate                     int32
}

// addWindows adds what a battery's driver on Windows answered.
func (s *Supplies) addWindows(info batteryInfo, status batteryStatus) {
	if info.Capabilities&batteryOfComputer == 0 {
		return
	}
	s.Chargers = 1
	if status.State&batteryOnLine != 0 {
		s.Online = 1
	}
	s.Batteries = append(s.Batteries, windowsBattery(info, status))
}

func windowsBattery(info batteryInfo, status batteryStatus) Battery {
	const unknown = 0xffffffff
	b := Battery{Full: float64(info.Full), Design: float64(info.Designed), Cycles: int64(info.Cycles)}
	b.Percent = believable(100*float64(status.Capacity)/float64(max(info.Full, 1)),
		info.Full > 0 && status.Capacity != unknown)
	switch {
	case status.State&batteryCharging != 0:
		b.State = "charging"
	case status.State&batteryDischarging != 0:
		b.State = "discharging"
	case status.State&batteryOnLine != 0:
		b.State = "not_charging"
	}
	return b
}
