package sound_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"balise/diagnostics"
	checks "balise/diagnostics/checks/sound"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/sound"
	"balise/diagnostics/repair/repairtest"
)

// world is the sound server with a fault.
type world struct {
	*server
	t      *testing.T
	worsen func()
}

func (s *server) world(t *testing.T) *world {
	t.Helper()
	s.reset()
	s.mu.Lock()
	s.deny, s.swall = false, nil
	s.mu.Unlock()
	for kind, names := range map[string][]string{"sink": {"hall", "desk"}, "source": {"voice", "phone"}} {
		for _, name := range names {
			s.pactl(t, "set-"+kind+"-mute", name, "0")
			s.pactl(t, "set-"+kind+"-volume", name, "70%")
		}
		s.pactl(t, "set-default-"+kind, names[0])
	}
	return &world{server: s, t: t, worsen: func() {}}
}

func (w *world) Fixer() repair.Fixer { return fixer(w.t, "audio.unmute", sound.Params{}) }

func (w *world) Test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	return testSound(ctx, ids)
}

// State is every device's volume by channel, whether it is muted, and which ones are in use.
func (w *world) State() string {
	var all []string
	for kind, names := range map[string][]string{"sink": {"hall", "desk"}, "source": {"voice", "phone"}} {
		for _, name := range names {
			all = append(all, name+" "+w.pactl(w.t, "get-"+kind+"-mute", name)+" "+w.pactl(w.t, "get-"+kind+"-volume", name))
		}
		all = append(all, kind+" "+w.pactl(w.t, "get-default-"+kind))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func (w *world) Worsen() { w.worsen() }
func (w *world) Refuse() { w.mu.Lock(); defer w.mu.Unlock(); w.deny = true }
func (w *world) Leave()  { w.mu.Lock(); defer w.mu.Unlock(); w.gone = true }
func (w *world) Hang()   { w.mu.Lock(); defer w.mu.Unlock(); w.hung = make(chan struct{}) }

func (w *world) Break(n int, die func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dieAt, w.asked, w.die = n, 0, die
}

func (w *world) Broke() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dieAt > 0 && w.asked >= w.dieAt
}

func (w *world) Reopen() repairtest.World { w.reset(); return w }

func (w *world) swallow(commands ...uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.swall = commands
}

const (
	realPulse    = "a real PulseAudio with stand-ins for cards, behind a door that refuses, hangs and cuts"
	setSinkMute  = 39
	setMicVolume = 38
)

// The speaker in use is muted, and so is the one that the user chooses, which is almost silent besides, with another
// volume left and right.
func TestAnotherSpeakerKeepsItsPromises(t *testing.T) {
	s := newServer(t)
	repairtest.Run(t, repairtest.Case{
		ID: "audio.unmute", Real: realPulse, Choice: map[string][]string{"set": {"out:desk"}},
		New: func(t *testing.T) repairtest.World {
			w := s.world(t)
			w.pactl(t, "set-sink-mute", "hall", "1")
			w.pactl(t, "set-sink-mute", "desk", "1")
			w.pactl(t, "set-sink-volume", "desk", "700", "1900")
			w.worsen = func() { w.swallow(setSinkMute) } // louder and in use, and muted as before
			return w
		},
	})
}

func TestMicrophoneKeepsItsPromises(t *testing.T) {
	s := newServer(t)
	repairtest.Run(t, repairtest.Case{
		ID: "audio.unmute", Real: realPulse, Choice: map[string][]string{"set": {"chosen"}},
		New: func(t *testing.T) repairtest.World {
			w := s.world(t)
			w.pactl(t, "set-source-mute", "voice", "1")
			w.pactl(t, "set-source-volume", "voice", "2%")
			w.worsen = func() { w.swallow(setMicVolume) }
			return w
		},
	})
}

// Everything may be well for the self-tests, and nothing be heard: the user's no puts it back.
func TestNotHeardIsNotSolved(t *testing.T) {
	s := newServer(t)
	w := s.world(t)
	w.pactl(t, "set-sink-mute", "hall", "1")
	before := w.State()
	e := repair.New(repair.Params{
		Journal: t.TempDir() + "/repairs.jsonl", Verify: w.Test, Fixers: []repair.Fixer{w.Fixer()},
	})
	a, err := e.Run(t.Context(), repair.Request{ID: "audio.unmute", Consent: true, Choice: []string{"out:hall"}}, nil)
	must(t, err)
	if a.State != repair.NeedsUser || a.Pending == nil || a.Pending.Kind != repair.Ask {
		t.Fatalf("nobody is asked: %+v", a)
	}
	if a, err = e.UserSays(a.Ref, "no"); err != nil || a.State != repair.NotSolved {
		t.Errorf("%v %+v", err, a)
	}
	if after := w.State(); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

func TestTheToneIsPlayedAndForgotten(t *testing.T) {
	s := newServer(t)
	w := s.world(t)
	w.pactl(t, "set-sink-mute", "hall", "1")
	f := w.Fixer()
	job := repair.Job{Step: "set", Choice: []string{"out:hall"}}
	var err error
	job.Saved, err = f.Prepare(t.Context(), job)
	must(t, err)
	facts, err := f.Run(t.Context(), job)
	must(t, err)
	for _, fact := range facts {
		if fact.Key == "played" && fact.Value != true {
			t.Error("no sound was played")
		}
		if s, ok := fact.Value.(string); ok && strings.Contains(s, "hall") {
			t.Errorf("a device's name stands in a fact: %+v", fact)
		}
	}
	if !strings.Contains(w.pactl(t, "list", "sink-inputs"), "balise-hear") {
		t.Error("nothing plays")
	}
	if left := w.pactl(t, "list", "short", "samples"); left != "" {
		t.Errorf("a sound is left behind: %s", left)
	}
	await(t, "the end of the sound", func() bool { return w.pactl(t, "list", "short", "sink-inputs") == "" })
}

func TestLookNamesWhatFails(t *testing.T) {
	s := newServer(t)
	w := s.world(t)
	f := w.Fixer()
	if l := f.Look(t.Context(), nil); l.Why != "nothing_to_do" {
		t.Errorf("all is well: %+v", l)
	}
	w.pactl(t, "set-source-mute", "voice", "1")
	l := f.Look(t.Context(), []diagnostics.Result{
		{ID: "av.mic", Status: diagnostics.Fail, Cause: checks.MicMuted}, {ID: "av.output", Status: diagnostics.Pass},
	})
	ch := l.Steps["set"].Choices
	if l.Why != "" || !slices.Equal(l.Verify, []string{"av.mic"}) || len(ch) != 2 {
		t.Fatalf("%+v", l)
	}
	for _, c := range ch {
		if c.Chosen != (c.ID == "in:voice") || c.ID == "in:voice" && c.Detail != "default_muted" || c.Label == "" {
			t.Errorf("%+v", c)
		}
	}
	for _, bad := range []string{"in:nobody", "hall", "out:", "out:hall.monitor", "xx:hall"} {
		if _, err := f.Prepare(t.Context(), repair.Job{Step: "set", Choice: []string{bad}}); err == nil {
			t.Errorf("%q was chosen", bad)
		}
	}
	w.Leave()
	if l := f.Look(t.Context(), nil); l.Why != "sound_down" {
		t.Errorf("nobody answers: %+v", l)
	}
}
