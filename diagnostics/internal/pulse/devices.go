package pulse

import "strings"

// Server is what a sound server says of itself.
type Server struct {
	Software string // "pulseaudio", "PulseAudio (on PipeWire 1.0.5)"
	// Sink and Source are the names of the devices that are used when nobody says otherwise.
	Sink, Source string
}

// Device is one output or input.
type Device struct {
	// Name tells devices apart; it can hold a headset's address. Description is for people.
	Name, Description string
	Volume            []uint32 // each channel's
	Muted             bool
	// Monitor says that it listens to an output.
	Monitor bool
	Bus     string // "pci", "usb", "bluetooth", or nothing
	Port    string // the socket in use
	// Unplugged says that nothing is in that socket, where the card can tell.
	Unplugged bool
	// Running says that a program plays to it or records from it now.
	Running bool
}

// running is a device's state while it is used (PA_SINK_RUNNING, PA_SOURCE_RUNNING in PulseAudio's def.h).
const running = 0

// Loudest is the loudest channel's volume, in percent.
func (d Device) Loudest() float64 {
	loudest := uint32(0)
	for _, v := range d.Volume {
		loudest = max(loudest, v)
	}
	return 100 * float64(loudest) / FullVolume
}

// Server asks which devices are used.
func (c *Client) Server() (Server, error) {
	r, err := c.Ask(cmdServerInfo, Writer{})
	if err != nil {
		return Server{}, err
	}
	s := Server{Software: r.Text()}
	r.Text() // version
	r.Text() // user
	r.Text() // host
	r.skip('a', 6)
	s.Sink, s.Source = r.Text(), r.Text()
	return s, r.err
}

// Sinks lists the outputs.
func (c *Client) Sinks() ([]Device, error) { return c.devices(cmdSinkList) }

// Sources lists the inputs.
func (c *Client) Sources() ([]Device, error) { return c.devices(cmdSourceList) }

// devices reads a list of outputs or inputs; both have the same form.
func (c *Client) devices(command uint32) ([]Device, error) {
	r, err := c.Ask(command, Writer{})
	if err != nil {
		return nil, err
	}
	var list []Device
	for len(r.buf) > 0 && r.err == nil && len(list) < deviceLimit {
		list = append(list, c.device(r, command == cmdSourceList))
	}
	return list, r.err
}

func (c *Client) device(r *Reader, source bool) Device {
	r.Number() // index
	d := Device{Name: r.Text(), Description: r.Text()}
	r.skip('a', 6)
	r.skip('m', -1)
	r.Number() // module
	d.Volume = r.volume()
	d.Muted = r.Yes()
	monitorOf := r.Number()
	r.Text() // of that name
	r.skip('U', 8)
	r.Text()   // driver
	r.Number() // flags
	d.Bus = r.properties()["device.bus"]
	r.skip('U', 8)
	if c.version >= 15 {
		r.skip('V', 4)
		d.Running = r.Number() == running && r.err == nil
		r.Number() // steps
		r.Number() // card
	}
	if c.version >= 16 {
		d.Port, d.Unplugged = c.ports(r)
	}
	if c.version >= 22 || c.version >= 21 && !source {
		for n := r.octet(); n > 0 && r.err == nil; n-- {
			r.tag('f')
			r.octet()
			r.properties()
		}
	}
	d.Monitor = source && (monitorOf != NoIndex || strings.HasSuffix(d.Name, ".monitor"))
	return d
}

// ports names the port in use, and whether nothing is plugged into it.
func (c *Client) ports(r *Reader) (active string, empty bool) {
	const nothing = 1
	state := map[string]uint32{}
	for n := r.Number(); n > 0 && r.err == nil; n-- {
		name := r.Text()
		r.Text()   // description
		r.Number() // priority
		if c.version >= 24 {
			state[name] = r.Number()
		}
	}
	active = r.Text()
	return active, state[active] == nothing
}
