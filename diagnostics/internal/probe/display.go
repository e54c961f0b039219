package probe

import (
	"bytes"
	"context"
)

// Screens reads what is plugged into the graphics card. It can be replaced in tests.
type Screens struct {
	// Connectors lists the sockets for screens; none where there is no graphics driver.
	Connectors func(ctx context.Context) ([]Connector, error)
	// Desktop tells whether a desktop is running that could use them.
	Desktop func() bool
}

// Connector is one socket for a screen.
type Connector struct {
	// Kind is "hdmi", "dp", "dvi", "vga", or another of the kernel's words, without a number.
	Kind string
	// Internal says that it is the screen of a portable computer, or none of glass at all.
	Internal  bool
	Connected bool
	// Enabled says that a picture is sent. EnabledKnown is false where the driver does not say.
	Enabled, EnabledKnown bool
	// EDID is what the screen says of itself; EDIDKnown is false where the system does not tell.
	EDID      []byte
	EDIDKnown bool
}

// NewScreens reads this computer.
func NewScreens() Screens { return Screens{Connectors: connectors, Desktop: desktopRuns} }

// EDIDState judges a screen's own description: "ok", "empty" or "broken".
func EDIDState(edid []byte) string {
	const block = 128
	header := []byte{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}
	switch {
	case len(edid) == 0:
		return "empty"
	case len(edid) < block || !bytes.Equal(edid[:len(header)], header):
		return "broken"
	}
	// The first block is all that a picture needs; extensions are often wrong on screens that work.
	var sum byte
	for _, b := range edid[:block] {
		sum += b
	}
	if sum != 0 {
		return "broken"
	}
	return "ok"
}
