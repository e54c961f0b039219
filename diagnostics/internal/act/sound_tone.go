package act

import "math"

const (
	toneRate = 22050 // per second; enough for a flute
	toneName = "balise-hear"
	// toneLoud is a quarter of what fits: the volume may just have been turned up by somebody who heard nothing.
	toneLoud = 0.25
	toneFade = 0.06 // seconds: what starts at once clicks
)

// notes are the test sound: three soft steps up, A4, C sharp 5 and E5, in hertz and seconds.
var notes = [...]struct{ pitch, length float64 }{{440, 0.35}, {554.37, 0.35}, {659.25, 0.6}}

// tone is the test sound.
func tone() []int16 {
	var sound []int16
	for _, n := range notes {
		count := int(n.length * toneRate)
		for i := range count {
			at, left := float64(i)/toneRate, float64(count-i)/toneRate
			loud := toneLoud * min(1, at/toneFade, left/toneFade)
			sound = append(sound, int16(math.MaxInt16*loud*math.Sin(2*math.Pi*n.pitch*at)))
		}
	}
	return sound
}

// PlayTone plays the short test sound on an output. It returns when it has begun.
func (s *Sound) PlayTone(id string) error {
	return soundError(s.c.Play(id, toneName, toneRate, tone()))
}
