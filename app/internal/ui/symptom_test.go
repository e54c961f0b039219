package ui

import (
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
	"balise/app/internal/ui/widgets"
)

// withPacks is an agent whose packs know two symptoms and a form.
func withPacks() *fakeagent.Agent {
	a := fakeagent.New()
	a.Found = fakeagent.SlowNames
	a.Complaints = []api.SymptomMatch{
		{ID: "mail", Title: "Mail does not come"}, {ID: "new_software", Title: "I need a program", Form: "software"},
	}
	a.Asked = map[string]api.IncidentSymptom{
		"mail": {Questions: []api.Question{{ID: "mail_where", Options: []string{"office", "home"}}}},
	}
	a.Requests = []api.Form{{
		ID: "software", Kind: "software", Title: "A program", Intro: "What your IT needs to know.",
		Fields: []api.FormField{
			{ID: "name", Label: "Which program", Type: "text", Required: true, Max: 20},
			{ID: "why", Label: "What for", Type: "long"},
			{ID: "when", Label: "Until when", Type: "date"},
			{ID: "seats", Label: "How many", Type: "number", Max: 5},
			{ID: "urgent", Label: "Is it urgent", Type: "yesno"},
		},
	}}
	return a
}

func TestWhatTheWordsMayMeanIsOffered(t *testing.T) {
	// Given somebody who writes about mail
	r := newRig(t, setup{agent: withPacks()})
	r.write("No mail since this morning")
	// Then what it may be is offered, and nothing is chosen for them
	r.says("[Mail does not come]")
	if n := r.a.Called("SetSymptom"); n != 0 {
		t.Errorf("chosen %d times without a click", n)
	}
	// When it is chosen, then its questions are asked with the verdict
	r.press("Mail does not come")
	r.says(r.tr("symptom.chosen", "title", "Mail does not come"))
	r.tested()
	r.u.go_(route{name: pageVerdict})
	r.says("[home]")
	r.press("home")
	r.says("[" + r.u.t.Option("several", "yes") + "]") // and then the diagnosis' own
	// When it is taken back, then the list is there again
	r.u.go_(route{name: pageDescribe})
	r.press(r.tr("symptom.change"))
	r.says("[Mail does not come]")
}

func TestASureCauseAsksNothing(t *testing.T) {
	a := withPacks()
	a.Found = fakeagent.FullDisk
	r := newRig(t, setup{agent: a})
	r.write("No mail since this morning")
	r.press("Mail does not come")
	r.tested()
	r.u.go_(route{name: pageVerdict})
	r.rest()
	r.saysNot("[home]")
}

func TestPacksBringTheirWords(t *testing.T) {
	a := withPacks()
	a.Texts = map[string]map[string]string{"fr": {
		"question.mail_where.text": "O\u00f9 \u00eates-vous\u00a0?", "question.mail_where.option.home": "\u00c0 la maison",
	}}
	r := newRig(t, setup{agent: a, lang: "fr"})
	r.write("No mail since this morning")
	r.press("Mail does not come")
	r.tested()
	r.u.go_(route{name: pageVerdict})
	r.says("O\u00f9 \u00eates-vous")
	r.says("[\u00c0 la maison]")
}

// entries are the text fields of the page, in order.
func (r *rig) entries() []*widgets.Entry {
	var list []*widgets.Entry
	for _, o := range r.visible() {
		if e, ok := o.(*widgets.Entry); ok {
			list = append(list, e)
		}
	}
	return list
}

func TestARequestIsFilledInAndSent(t *testing.T) {
	// Given the list of forms
	r := newRig(t, setup{agent: withPacks(), page: pageRequest})
	r.says("A program")
	r.press(r.tr("request.fill"))
	r.says(r.tr("request.must", "name", "Which program"))
	// When something that must be there is missing, then it says what, and stays
	r.press(r.u.t.T("button.continue"))
	r.says(r.tr("request.missing", "name", "Which program"))
	list := r.entries()
	test.Type(list[0], "Blender")
	test.Type(list[2], "tomorrow")
	r.press(r.u.t.T("button.continue"))
	r.says(r.tr("request.not_date", "name", "Until when"))
	list[2].SetText("2026-12-01")
	list[3].SetText("9")
	r.press(r.u.t.T("button.continue"))
	r.says(r.tr("request.too_many", "name", "How many", "max", 5))
	list[3].SetText("2")
	r.press(r.u.t.T("button.continue"))
	// Then the review shows it, and it leaves with its answers, without a self-test
	r.says(r.tr("review.title"))
	r.until("the report is built", func() bool { return !r.button(r.u.t.T("button.send")).Disabled() })
	r.press(r.u.t.T("button.send"))
	r.says(r.tr("sent.number", "number", "1042"))
	in := r.a.SentIn[0]
	if in.Subject != "A program" || in.Fields["name"] != "Blender" || in.Fields["when"] != "2026-12-01" ||
		in.Fields["seats"] != "2" {
		t.Errorf("sent %+v", in)
	}
	if n := r.a.Called("Check"); n != 0 {
		t.Errorf("%d tests of the computer for a request", n)
	}
}

func TestWrongAnswers(t *testing.T) {
	for _, c := range []struct {
		field api.FormField
		value string
		want  string
	}{
		{api.FormField{Type: "text"}, "", ""},
		{api.FormField{Type: "text", Required: true}, "", "missing"},
		{api.FormField{Type: "text", Max: 3}, "\u00e9t\u00e9", ""},
		{api.FormField{Type: "text", Max: 3}, "four", "too_long"},
		{api.FormField{Type: "number"}, "-1", "not_number"},
		{api.FormField{Type: "number"}, "1e9", "not_number"},
		{api.FormField{Type: "date"}, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), ""},
		{api.FormField{Type: "date"}, "22/11/2026", "not_date"},
		{api.FormField{Type: "yesno"}, "yes", ""},
	} {
		if got := wrong(c.field, c.value); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.field.Type, c.value, got, c.want)
		}
	}
}

func TestWhoseSupportItIs(t *testing.T) {
	// Given a pack with a name, a picture, a colour and somebody to phone
	a := withPacks()
	a.Owner = api.Branding{
		Name: "ACME\u202e support", Accent: "#c01020", Logo: fakeagent.Picture(),
		Contacts: []api.Contact{{Name: "Night desk", Phone: "42", URL: "https://it.example.org/"}, {Name: "x", URL: "file:///etc/passwd"}},
	}
	r := newRig(t, setup{agent: a})
	r.says("ACME support")
	r.u.go_(route{name: pageSettings})
	r.says("Night desk")
	r.says("[it.example.org]")
	r.saysNot("passwd")
	// When the picture is none, or too large, then it is left out
	for _, raw := range [][]byte{nil, []byte("\x89PNG\r\n\x1a\nrest"), []byte("<svg/>")} {
		if logo(raw) != nil {
			t.Errorf("shown: %q", raw)
		}
	}
	for _, s := range []string{"", "red", "#12", "#12345g", "123456"} {
		if _, ok := accent(s); ok {
			t.Errorf("a colour: %q", s)
		}
	}
}
