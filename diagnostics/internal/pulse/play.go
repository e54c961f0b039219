package pulse

import (
	"encoding/binary"
	"fmt"
)

// The commands for a sound that the server keeps and plays by itself.
const (
	cmdCreateUpload = 15
	cmdFinishUpload = 17
	cmdPlaySample   = 18
	cmdRemoveSample = 19
)

// asRecorded stands for the volume at which a sound was made.
const asRecorded = 0xffffffff

// Play hands the server a short sound, one channel of 16 bits, and has it played on an output. It returns when the
// server has begun; the server forgets the sound when it is over.
func (c *Client) Play(sink, name string, rate uint32, sound []int16) error {
	raw := make([]byte, 0, 2*len(sound))
	for _, v := range sound {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
	}
	if err := c.upload(name, rate, raw); err != nil {
		return fmt.Errorf("hand over a sound: %w", err)
	}
	var w Writer
	w.Number(NoIndex)
	w.Text(sink)
	w.Number(asRecorded)
	w.Text(name)
	w.noProperties()
	_, err := c.Ask(cmdPlaySample, w)
	w = Writer{}
	w.Text(name)
	// What plays already keeps what it plays.
	if _, forget := c.Ask(cmdRemoveSample, w); err == nil {
		err = forget
	}
	if err != nil {
		return fmt.Errorf("play a sound: %w", err)
	}
	return nil
}

func (c *Client) upload(name string, rate uint32, raw []byte) error {
	var w Writer
	w.Text(name)
	w.mono(rate)
	w.Number(uint32(len(raw)))
	w.noProperties()
	r, err := c.Ask(cmdCreateUpload, w)
	if err != nil {
		return err
	}
	channel := r.Number()
	if r.err != nil {
		return r.err
	}
	const piece = 16 << 10
	for len(raw) > 0 {
		n := min(piece, len(raw))
		if err := c.send(channel, raw[:n]); err != nil {
			return err
		}
		raw = raw[n:]
	}
	w = Writer{}
	w.Number(channel)
	_, err = c.Ask(cmdFinishUpload, w)
	return err
}
