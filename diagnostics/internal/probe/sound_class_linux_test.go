package probe

import (
	"testing"
	"testing/fstest"
)

// A kernel built without /proc/asound still has its sound devices in /sys.
func TestSoundCardsOfTheClass(t *testing.T) {
	tree := fstest.MapFS{
		"sys/class/sound/card0/id": {}, "sys/class/sound/card1/id": {}, "sys/class/sound/controlC0/dev": {},
		"sys/class/sound/pcmC0D0p/dev": {}, "sys/class/sound/pcmC0D0c/dev": {}, "sys/class/sound/pcmC1D3p/dev": {},
	}
	want := SoundCards{Cards: 2, Playback: 2, Capture: 1, Detailed: true}
	if got, err := kernelCards(tree); err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := kernelCards(fstest.MapFS{}); err != nil || got != (SoundCards{}) {
		t.Errorf("%+v %v", got, err)
	}
}
