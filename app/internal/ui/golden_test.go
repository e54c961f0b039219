package ui

import (
	"testing"

	"fyne.io/fyne/v2/test"

	"balise/app/internal/ui/fakeagent"
)

// The markup of pages whose words are all the window's own: another part's new sentence must not break them.
// A page that changed on purpose is written again by copying testdata/failed over testdata.
func TestMarkup(t *testing.T) {
	own := map[string]bool{
		"sent": true, "ticket": true, "tickets": true, "settings": true, "signin": true, "signin-tried": true,
		"trust": true, "gone": true, "outbox": true,
	}
	for _, lang := range []string{"en", "fr"} {
		for _, sc := range scenes() {
			if !own[sc.name] {
				continue
			}
			t.Run(sc.name+"-"+lang, func(t *testing.T) {
				s := sc.setup()
				s.lang = lang
				if s.agent == nil {
					s.agent = fakeagent.New()
				}
				for i := range s.agent.Waits {
					s.agent.Waits[i].Reason = nil // the words of an error are not the window's
				}
				r := newRig(t, s)
				sc.reach(r)
				r.rest()
				r.u.win.Canvas().Unfocus() // a blinking cursor has no fixed place
				// Whether what has the keyboard was brought into view yet depends on how busy the machine is.
				r.u.shell.scroll.ScrollToTop()
				test.AssertRendersToMarkup(t, sc.name+"-"+lang+".xml", r.u.win.Canvas())
			})
		}
	}
}
