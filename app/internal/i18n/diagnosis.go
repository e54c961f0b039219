package i18n

import (
	"balise/diagnostics"
	"balise/diagnostics/cause"
)

// Diagnosis is a diagnosis in words.
type Diagnosis struct {
	Sentence   string // what is wrong, one plain sentence
	Breaks     string // what it breaks; may be empty
	RuledOut   string // what works, one sentence; may be empty
	Now        string // what to do now
	Actor      string // who can act
	Confidence string // how sure
	Also       string // what else was noticed; may be empty
}

// Diagnosis puts a diagnosis into words. Texts' places are filled from the diagnosis' own facts, so a
// diagnosis whose facts were redacted gives a redacted text.
func (p *Printer) Diagnosis(d cause.Diagnosis) Diagnosis {
	return Diagnosis{Sentence: string(d.Cause)}
}

// Check is the name of a self-test.
func (p *Printer) Check(id string) string { return id }

// Cause is a cause in a few words.
func (p *Printer) Cause(code diagnostics.Cause) string { return string(code) }
