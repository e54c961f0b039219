package sound

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// audioUnmute lets a speaker or a microphone be heard: it is no longer muted, loud enough, and the one in use.
const audioUnmute = "audio.unmute"

const (
	stepSet  = "set"
	stepHear = "hear"

	// quiet is the volume from which down the self-tests complain, in percent; usual is what is set then.
	quiet, usual = 5, 40
)

type unmute struct{ p Params }

// ID is the repair's.
func (u *unmute) ID() string { return audioUnmute }

// unmuted is what Run does and Undo takes back.
type unmuted struct {
	Kind   act.SoundKind `json:"kind"`
	Device string        `json:"device"`
	Sort   string        `json:"sort"` // "analog", "usb", ...: all that is told of it
	// Muted, Volume and Usual are as they were; To is the volume that is set.
	Muted  bool     `json:"muted"`
	Volume []uint32 `json:"volume"`
	To     []uint32 `json:"to"`
	Usual  string   `json:"usual,omitempty"`
	Page   bool     `json:"page,omitempty"`
}

// devices are what one can be heard by, or speak into.
type devices struct {
	kind  act.SoundKind
	list  []act.SoundDevice // only those that lead somewhere
	usual string
	// bad says that something is to be set.
	bad bool
}

// test is the self-test of a kind.
func test(kind act.SoundKind) string {
	if kind == act.SoundIn {
		return "av.mic"
	}
	return "av.output"
}

// Look shows the devices to choose from, of the kind whose self-test fails.
func (u *unmute) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	d, why := look(ctx, results)
	switch {
	case why == whyManual:
		l := u.p.page(stepPage, "sound")
		l.Skip, l.Verify = []string{stepSet}, []string{test(d.kind)}
		return l
	case why != "":
		return repair.Look{Why: why, Skip: []string{stepPage}, Verify: []string{test(d.kind)}}
	}
	best := d.best()
	var choices []repair.Choice
	for _, one := range d.list {
		c := repair.Choice{
			ID: choiceID(d.kind, one.ID), Label: one.Name, Detail: detail(one, d.usual), Chosen: one.ID == best,
		}
		if c.Label == "" {
			c.Label = one.ID
		}
		choices = append(choices, c)
	}
	return repair.Look{
		Verify: []string{test(d.kind)}, Skip: []string{stepPage},
		Steps: map[string]repair.StepLook{stepSet: {Choices: choices}},
	}
}

// detail says in a word what is special about a device.
func detail(d act.SoundDevice, usual string) string {
	switch {
	case d.Unplugged:
		return "unplugged"
	case d.ID == usual && d.Muted:
		return "default_muted"
	case d.ID == usual:
		return "default"
	case d.Muted:
		return "muted"
	}
	return ""
}

func choiceID(kind act.SoundKind, device string) string { return string(kind) + ":" + device }

// look finds the kind that is concerned: that of the failing self-test, else that in which something is to be set.
func look(ctx context.Context, results []diagnostics.Result) (devices, string) {
	kinds := []act.SoundKind{act.SoundOut, act.SoundIn}
	kinds = slices.DeleteFunc(kinds, func(k act.SoundKind) bool {
		return !slices.ContainsFunc(results, func(r diagnostics.Result) bool { return r.ID == test(k) && r.Status.Bad() })
	})
	asked := len(kinds) > 0
	if !asked {
		kinds = []act.SoundKind{act.SoundOut, act.SoundIn}
	}
	if !speaksNative {
		return devices{kind: kinds[0]}, whyManual
	}
	s, err := act.OpenSound(ctx)
	if err != nil {
		return devices{kind: kinds[0]}, whyNot(err)
	}
	defer s.Close()
	for _, k := range kinds {
		d, err := readDevices(s, k)
		if err != nil {
			return devices{kind: k}, whyNot(err)
		}
		if len(d.list) == 0 && asked {
			return d, "no_device"
		}
		if asked || d.bad {
			return d, ""
		}
	}
	return devices{kind: kinds[0]}, "nothing_to_do"
}

func whyNot(err error) string {
	switch {
	case errors.Is(err, act.ErrAbsent):
		return "sound_gone"
	case errors.Is(err, act.ErrDenied):
		return "not_allowed"
	}
	return "sound_down"
}

// readDevices reads what is there and whether something is to be set, as the self-tests judge it.
func readDevices(s *act.Sound, kind act.SoundKind) (devices, error) {
	all, usual, err := s.Devices(kind)
	d := devices{kind: kind, usual: usual}
	if err != nil {
		return d, err
	}
	for _, one := range all {
		if !one.Dummy && !one.Monitor {
			d.list = append(d.list, one)
		}
	}
	i := slices.IndexFunc(d.list, func(one act.SoundDevice) bool { return one.ID == usual })
	switch {
	case i < 0:
		d.bad = len(d.list) > 0
	default:
		one := d.list[i]
		d.bad = one.Muted || one.Volume <= quiet || kind == act.SoundOut && one.Kind == "hdmi" && d.best() != usual
	}
	return d, nil
}

// best is what Balise would choose: the device in use if it leads somewhere, else the first of the computer's own,
// else the first that has something plugged in.
func (d devices) best() string {
	fit := func(one act.SoundDevice) bool { return !one.Unplugged }
	own := func(one act.SoundDevice) bool { return fit(one) && one.Kind == "analog" }
	used := func(one act.SoundDevice) bool { return fit(one) && one.ID == d.usual && one.Kind != "hdmi" }
	whatever := func(act.SoundDevice) bool { return true }
	for _, is := range []func(act.SoundDevice) bool{used, own, fit, whatever} {
		if i := slices.IndexFunc(d.list, is); i >= 0 {
			return d.list[i].ID
		}
	}
	return ""
}

// Prepare keeps how the chosen device stands.
func (u *unmute) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	switch job.Step {
	case stepPage:
		return json.Marshal(unmuted{Page: true})
	case stepHear:
		return job.Saved, nil
	}
	s, err := act.OpenSound(ctx)
	if err != nil {
		return nil, failed(err, false)
	}
	defer s.Close()
	kind, id, err := chosen(ctx, job.Choice)
	if err != nil {
		return nil, err
	}
	d, err := readDevices(s, kind)
	if err != nil {
		return nil, failed(err, false)
	}
	i := slices.IndexFunc(d.list, func(one act.SoundDevice) bool { return one.ID == id })
	if i < 0 {
		return nil, repair.Because("no_device", nil)
	}
	one := d.list[i]
	return json.Marshal(unmuted{
		Kind: kind, Device: id, Sort: one.Kind, Muted: one.Muted, Volume: one.Channels, To: louder(one), Usual: d.usual,
	})
}

// chosen is the user's choice, or what Balise would choose where there is none.
func chosen(ctx context.Context, choice []string) (act.SoundKind, string, error) {
	if len(choice) == 0 {
		d, why := look(ctx, nil)
		if why != "" {
			return "", "", repair.Because(why, nil)
		}
		return d.kind, d.best(), nil
	}
	kind, id, ok := strings.Cut(choice[0], ":")
	if k := act.SoundKind(kind); len(choice) == 1 && ok && (k == act.SoundOut || k == act.SoundIn) {
		return k, id, nil
	}
	return "", "", repair.Because("no_device", nil)
}

// louder is the volume that is set: as it is, unless nobody could hear that.
func louder(d act.SoundDevice) []uint32 {
	if d.Volume > quiet {
		return d.Channels
	}
	const full = 0x10000
	to := make([]uint32, len(d.Channels))
	for i := range to {
		to[i] = full * usual / 100
	}
	return to
}

// Run sets the device and, where one listens, plays a short sound on it. For the question whether it helped there is
// nothing to do.
func (u *unmute) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	if job.Step == stepHear {
		return nil, nil
	}
	saved, err := read[unmuted](job.Saved)
	if err != nil {
		return nil, err
	}
	if saved.Page {
		return u.p.show("sound"), nil
	}
	s, err := act.OpenSound(ctx)
	if err != nil {
		return nil, failed(err, false)
	}
	defer s.Close()
	touched, err := set(s, saved, setting{false, saved.To, saved.Device})
	if err != nil {
		return nil, failed(err, touched)
	}
	facts := []diagnostics.Fact{
		diagnostics.Text("device_kind", saved.Sort),
		diagnostics.Bool("was_muted", saved.Muted), diagnostics.Bool("made_louder", !slices.Equal(saved.Volume, saved.To)),
		diagnostics.Bool("chosen_anew", saved.Usual != saved.Device),
	}
	if saved.Kind == act.SoundOut {
		facts = append(facts, diagnostics.Bool("played", s.PlayTone(saved.Device) == nil))
	}
	return facts, nil
}

// setting is how a device is to stand.
type setting struct {
	muted  bool
	volume []uint32
	usual  string
}

// set makes a device stand so, and touches only what stands otherwise. The volume comes before the sound: what was
// muted at full volume must not shout.
func set(s *act.Sound, saved unmuted, to setting) (touched bool, err error) {
	all, usual, err := s.Devices(saved.Kind)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(all, func(d act.SoundDevice) bool { return d.ID == saved.Device })
	if i < 0 {
		return false, errGone
	}
	now := all[i]
	there := slices.ContainsFunc(all, func(d act.SoundDevice) bool { return d.ID == to.usual })
	for _, do := range []struct {
		needed bool
		set    func() error
	}{
		{!slices.Equal(now.Channels, to.volume), func() error { return s.SetVolume(saved.Kind, saved.Device, to.volume) }},
		{now.Muted != to.muted, func() error { return s.SetMuted(saved.Kind, saved.Device, to.muted) }},
		{usual != to.usual && there, func() error { return s.SetUsual(saved.Kind, to.usual) }},
	} {
		if !do.needed {
			continue
		}
		if err := do.set(); err != nil {
			return touched, err
		}
		touched = true
	}
	return touched, nil
}

// errGone says that the device was unplugged, and its settings went with it.
var errGone = repair.Because("no_device", nil)

// Undo puts volume, muting and the device in use back as they were.
func (u *unmute) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	if len(saved) == 0 {
		return nil, 0, nil
	}
	was, err := read[unmuted](saved)
	if err != nil || was.Page {
		return nil, 0, err
	}
	s, err := act.OpenSound(ctx)
	if err != nil {
		return nil, 1, failed(err, true)
	}
	defer s.Close()
	_, err = set(s, was, setting{was.Muted, was.Volume, was.Usual})
	if errors.Is(err, errGone) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 1, failed(err, true)
	}
	return nil, 0, nil
}
