package i18n

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"balise/diagnostics"
	"balise/diagnostics/cause"
)

// Diagnosis is a diagnosis in words.
type Diagnosis struct {
	Sentence   string // what is wrong, one plain sentence
	Breaks     string // what it breaks; may be empty
	RuledOut   string // what works, one sentence; may be empty
	Now        string // what to do now
	Actor      string // who can act; may be empty
	Confidence string // how sure, one word
	Also       string // what else was noticed; may be empty
}

// Diagnosis puts a diagnosis into words. The texts' places are filled from the diagnosis' own facts, so a
// diagnosis whose facts were redacted gives a redacted text.
func (p *Printer) Diagnosis(d cause.Diagnosis) Diagnosis {
	out := Diagnosis{
		Confidence: p.T("confidence." + string(d.Confidence)),
		RuledOut:   p.ruledOut(d.RuledOut),
		Also:       p.also(d.Also),
	}
	if d.Actor != "" {
		out.Actor = p.T("actor." + string(d.Actor))
	}
	switch d.Cause {
	case cause.Healthy:
		out.Sentence, out.Now = p.T("diagnosis.healthy.sentence"), p.T("diagnosis.healthy.now")
		return out
	case cause.Undetermined, "":
		out.Sentence, out.Now = p.T("diagnosis.undetermined.sentence"), p.T("diagnosis.undetermined.now")
		return out
	}
	t := p.causeText(d.Cause)
	out.Sentence, out.Breaks = p.fill(t.Sentence, d.Facts), p.fill(t.Breaks, d.Facts)
	out.Now = p.fill(t.Now, d.Facts)
	return out
}

// Check is the name of a self-test.
func (p *Printer) Check(id string) string {
	if name := "check." + id + ".name"; p.Has(name) {
		return p.T(name)
	}
	// The instance of a template: "svc.reach.erp", "mail.reach.work", "share.server.home".
	if dot := strings.LastIndexByte(id, '.'); dot > 0 && p.Has("check."+id[:dot]+".name") {
		return p.T("check."+id[:dot]+".name", "service", id[dot+1:])
	}
	return id
}

// Cause is a cause in a few words, without places.
func (p *Printer) Cause(code diagnostics.Cause) string {
	switch code {
	case cause.Healthy:
		return p.T("diagnosis.healthy.short")
	case cause.Undetermined, "":
		return p.T("diagnosis.undetermined.short")
	}
	return p.causeText(code).Short
}

// Status is a self-test's status in a word.
func (p *Printer) Status(s diagnostics.Status) string { return p.T("check.status." + string(s)) }

// Area is the name of a part of the computer that a diagnosis rules out.
func (p *Printer) Area(id string) string { return p.T("area." + id) }

// causeText is the text of a cause. One that no table has, from a newer pack or a broken one, gives its code.
func (p *Printer) causeText(code diagnostics.Cause) cause.Text {
	kb, err := cause.Core()
	if err != nil {
		panic(err) // embedded and tested: a defect of the build
	}
	e, ok := kb.Entry(code)
	if t, has := e.Text[p.lang]; ok && has {
		return t
	}
	if key := "cause." + string(code) + "."; p.Has(key + "sentence") {
		return cause.Text{
			Short: p.T(key + "short"), Sentence: p.T(key + "sentence"), Breaks: p.T(key + "breaks"), Now: p.T(key + "now"),
		}
	}
	return cause.Text{Short: string(code), Sentence: string(code), Now: p.T("diagnosis.undetermined.now")}
}

func (p *Printer) ruledOut(areas []string) string {
	if len(areas) == 0 {
		return ""
	}
	// One line, not a list of twenty things that work.
	const most = 5
	var names []string
	for i, a := range areas {
		if left := len(areas) - i; len(names) == most && left > 1 {
			names = append(names, p.N("diagnosis.more", left))
			break
		}
		names = append(names, p.Area(a))
	}
	return p.T("diagnosis.ruled_out", "areas", p.list(names))
}

func (p *Printer) also(list []cause.Also) string {
	var sentences []string
	for _, a := range list {
		sentences = append(sentences, p.fill(p.causeText(a.Cause).Sentence, a.Facts))
	}
	if len(sentences) == 0 {
		return ""
	}
	return p.T("diagnosis.also", "sentences", strings.Join(sentences, " "))
}

// list joins names as one says them: "a, b and c".
func (p *Printer) list(names []string) string {
	n := len(names)
	if n < 2 {
		return strings.Join(names, "")
	}
	return p.T("diagnosis.and", "first", strings.Join(names[:n-1], ", "), "last", names[n-1])
}

var placeholder = regexp.MustCompile(`\{[a-z0-9_.]+\}`)

// fill puts facts into a text's places. A fact that was withheld leaves an ellipsis.
func (p *Printer) fill(text string, facts []diagnostics.Fact) string {
	return placeholder.ReplaceAllStringFunc(text, func(place string) string {
		key := strings.Trim(place, "{}")
		for _, f := range facts {
			if f.Key == key {
				return p.Fact(f)
			}
		}
		return "…"
	})
}

// Fact is a fact's value with its unit, as people of this language write it.
func (p *Printer) Fact(f diagnostics.Fact) string {
	switch v := f.Value.(type) {
	case string:
		return p.valueWord(f.Key, v)
	case bool:
		return p.T("value.bool." + strconv.FormatBool(v))
	case []string:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = p.valueWord(f.Key, v[i])
		}
		return strings.Join(parts, ", ")
	case []any: // what a list becomes on its way through JSON
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = p.valueWord(f.Key, fmt.Sprint(v[i]))
		}
		return strings.Join(parts, ", ")
	case int64:
		return p.Quantity(float64(v), f.Unit)
	case int:
		return p.Quantity(float64(v), f.Unit)
	case float64:
		return p.Quantity(v, f.Unit)
	}
	return fmt.Sprint(f.Value)
}

// valueWord translates the codes that our own facts use as values; all else is left as it was found.
func (p *Printer) valueWord(key, value string) string {
	for _, area := range []string{"value.", "factvalue."} {
		if k := area + key + "." + value; p.Has(k) {
			return p.T(k)
		}
	}
	return value
}

// Quantity is a number and its unit, rounded to what matters: durations in the largest unit that fits, sizes
// in the units of disks.
func (p *Printer) Quantity(v float64, unit string) string {
	switch unit {
	case "s":
		return p.duration(v)
	case "d":
		return p.N("unit.day", int(math.Round(v)))
	case "B":
		return p.size(v)
	case "":
		return p.number(v)
	case "ms":
		// Nobody thinks in thousands of thousandths.
		const second = 1000
		if math.Abs(v) >= second {
			return p.number(v/second) + "\u00a0s"
		}
	case "%":
		return p.T("unit.percent", "n", p.number(v))
	}
	return p.number(v) + "\u00a0" + unit
}

func (p *Printer) duration(seconds float64) string {
	const minute, hour, day = 60, 3600, 86400
	s := math.Abs(seconds)
	for _, u := range []struct {
		key  string
		size float64
	}{{"unit.day", day}, {"unit.hour", hour}, {"unit.minute", minute}} {
		// Two of a unit or more: "90 minutes" says more than "2 hours".
		if s >= 2*u.size || s == u.size {
			return p.N(u.key, int(math.Round(s/u.size)))
		}
	}
	return p.N("unit.second", int(math.Round(s)))
}

func (p *Printer) size(bytes float64) string {
	const step = 1000
	units := []string{"byte", "kilobyte", "megabyte", "gigabyte", "terabyte"}
	i := 0
	for bytes >= step && i < len(units)-1 {
		bytes /= step
		i++
	}
	return p.T("unit."+units[i], "n", p.number(bytes))
}

// number has one decimal below ten, with the language's comma.
func (p *Printer) number(v float64) string {
	const few = 10
	s := strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	if math.Abs(v) < few && v != math.Round(v) {
		s = strconv.FormatFloat(v, 'f', 1, 64)
	}
	if p.lang == "fr" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// Question is a diagnosis' question in words; one that no table has gives its code.
func (p *Printer) Question(id string) string {
	if key := "question." + id + ".text"; p.Has(key) {
		return p.T(key)
	}
	return id
}

// Option is an answer that a question offers, in words.
func (p *Printer) Option(question, option string) string {
	for _, key := range [...]string{"question." + question + ".option." + option, "question.option." + option} {
		if p.Has(key) {
			return p.T(key)
		}
	}
	return option
}
