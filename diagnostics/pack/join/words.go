package join

import (
	"strings"

	"balise/diagnostics/pack"
)

// Words are the packs' texts in a language, by the keys under which window and commands look for texts. A pack's
// own name is beside what people choose by: they see whose test or repair it is. Texts of the embedded packs need
// none.
func Words(set *pack.Set, lang string) map[string]string {
	w := words{lang: lang, all: map[string]string{}}
	for _, p := range packs(set) {
		w.by = ""
		if p.Trust != pack.Embedded {
			w.by = Publisher(p, lang)
		}
		w.pack(p)
	}
	return w.all
}

// Publisher is whose pack it is, in words.
func Publisher(p pack.Pack, lang string) string {
	for _, name := range []string{p.Branding.Name.In(lang), p.Pack.Title.In(lang), p.Pack.Publisher} {
		if name != "" {
			return name
		}
	}
	return p.Pack.ID
}

type words struct {
	lang, by string
	all      map[string]string
}

// put keeps a text. A pack's braces mean nothing: facts go only into what it says of causes.
func (w words) put(key, text string) {
	if text != "" {
		w.all[key] = text
	}
}

// signed adds whose it is.
func (w words) signed(key, text string) {
	if text != "" && w.by != "" {
		text += " (" + w.by + ")"
	}
	w.put(key, text)
}

func (w words) pack(p pack.Pack) {
	for _, c := range p.Checks {
		w.signed("check."+c.ID+".name", c.Title.In(w.lang))
		about := c.About.In(w.lang)
		if about == "" {
			about = c.Title.In(w.lang)
		}
		w.put("check."+c.ID+".measures", about)
	}
	for _, f := range p.Faults {
		t, ok := f.Text[w.lang]
		if !ok {
			if t, ok = f.Text["en"]; !ok {
				t = f.Text["fr"]
			}
		}
		key := "cause." + f.Cause + "."
		w.put(key+"short", t.Short)
		w.put(key+"sentence", t.Sentence)
		w.put(key+"breaks", t.Breaks)
		w.put(key+"now", t.Now)
	}
	for _, r := range p.Repairs {
		w.repair(r)
	}
	for _, s := range p.Symptoms {
		w.put("symptom."+s.ID+".title", s.Title.In(w.lang))
		w.put("symptom."+s.ID+".technician", s.Technician.In(w.lang))
		for _, q := range s.Questions {
			key := "question." + QuestionID(s.ID, q.ID)
			w.put(key+".text", q.Text.In(w.lang))
			for _, o := range q.Options {
				w.put(key+".option."+o.ID, o.Text.In(w.lang))
			}
		}
	}
	for _, f := range p.Forms {
		w.put("form."+f.ID+".title", f.Title.In(w.lang))
		for _, field := range f.Fields {
			w.put("form."+f.ID+"."+field.ID, field.Label.In(w.lang))
			for _, o := range field.Options {
				w.put("form."+f.ID+"."+field.ID+"."+o.ID, o.Text.In(w.lang))
			}
		}
	}
}

func (w words) repair(r pack.Repair) {
	key := "repair." + r.ID + "."
	title := r.Title.In(w.lang)
	name := r.Name.In(w.lang)
	if name == "" {
		name = title
	}
	w.signed(key+"title", title)
	w.put(key+"name", name)
	w.put(key+"what", r.What.In(w.lang))
	w.put(key+"risk", r.RiskText.In(w.lang))
	w.put(key+"duration", r.DurationText.In(w.lang))
	w.put(key+"undo", r.UndoText.In(w.lang))
	for _, s := range r.Steps {
		w.put(key+s.ID, strings.TrimSpace(s.Text.In(w.lang)))
	}
}
