package incident

import (
	"strings"
	"unicode/utf8"

	"balise/diagnostics"
)

// body is the ticket's text. It is written for readers with proportional letters as much as for those with
// fixed ones: headings, short lines and hyphens, no columns.
func (v *view) body() string {
	var b strings.Builder
	for _, id := range []string{
		SectionRequest, SectionDiagnosis, SectionDescription, SectionChanges, SectionTried, SectionChecks, SectionMoment,
		SectionMachine, SectionSnapshot,
	} {
		if text := v.section(id); text != "" {
			b.WriteString(text)
			b.WriteString("\n\n")
		} else if id == SectionDiagnosis && v.R.Request == nil {
			b.WriteString(v.Top() + "\n\n")
		}
	}
	if text := v.footer(); text != "" {
		b.WriteString(text + "\n\n")
	}
	b.WriteString(v.p.T("report.code", "code", v.R.Code) + "\n")
	b.WriteString("Ref " + string(v.R.Ref) + "\n")
	return b.String()
}

// section is the exact text of one section in the body, without a line end; empty when there is none.
func (v *view) section(id string) string {
	switch id {
	case SectionRequest:
		return v.requestText()
	case SectionDiagnosis:
		return v.diagnosisText()
	case SectionDescription:
		return v.wordsText()
	case SectionChanges:
		return v.changesText()
	case SectionTried:
		return v.triedText()
	case SectionChecks:
		return v.checksText()
	case SectionMoment:
		return v.momentText()
	case SectionMachine:
		if line := v.MachineLine(); line != "" {
			return v.heading("machine") + line
		}
	case SectionSnapshot:
		return v.snapshotText()
	}
	return ""
}

func (v *view) heading(id string) string {
	return strings.ToUpper(v.p.T("report.heading."+id)) + "\n"
}

func (v *view) diagnosisText() string {
	d := v.R.Diagnosis
	if d == nil {
		return ""
	}
	// The first line stays one line: lists of tickets show it.
	lines := []string{v.Top()}
	for _, s := range []string{d.Breaks, d.RuledOut, d.Also} {
		if s != "" {
			lines = append(lines, wrap(s, "", ""))
		}
	}
	if s := v.RouteLine(); s != "" {
		lines = append(lines, s)
	}
	for _, e := range d.Evidence {
		if fact := v.fact(e.Fact); fact != "" {
			lines = append(lines, wrap(v.named(v.p.Check(e.Check), fact), "- ", "  "))
		}
	}
	for _, a := range d.Asked {
		lines = append(lines, wrap(v.AskedText(a), "- ", "  "))
	}
	if d.Fingerprint != "" {
		lines = append(lines, v.p.T("report.fingerprint", "code", d.Fingerprint))
	}
	return strings.Join(lines, "\n")
}

func (v *view) wordsText() string {
	text := v.R.Description
	if text == "" {
		text = v.p.T("report.no_description")
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, wrap(strings.TrimRight(line, " \t"), "", ""))
	}
	for i, s := range v.SymptomLines() {
		if i == 0 {
			lines = append(lines, "")
		}
		lines = append(lines, wrap(s, "", ""))
	}
	if v.R.DescriptionCut {
		lines = append(lines, "", v.p.T("report.description_cut", "file", nameDescription))
	}
	return v.heading("description") + strings.Join(lines, "\n")
}

func (v *view) triedText() string {
	if v.isWithheld(SectionTried) && len(v.R.Tried) == 0 {
		return ""
	}
	var lines []string
	for _, t := range v.R.Tried {
		lines = append(lines, wrap(v.TriedHead(t), "- ", "  "))
		for _, n := range v.TriedNotes(t) {
			lines = append(lines, wrap(n, "  ", "  "))
		}
	}
	if len(lines) == 0 {
		lines = []string{v.p.T("report.tried.nothing")}
	}
	return v.heading("tried") + strings.Join(lines, "\n")
}

func (v *view) checksText() string {
	if len(v.R.Checks) == 0 {
		return ""
	}
	lines := []string{v.ChecksTitle()}
	for _, c := range v.Problems() {
		lines = append(lines, wrap(v.Head(c), "- ", "  "))
		for _, n := range v.Notes(c) {
			lines = append(lines, wrap(n, "  ", "  "))
		}
	}
	for _, status := range []diagnostics.Status{
		diagnostics.Pass, diagnostics.Unknown, diagnostics.Skip, diagnostics.NA,
	} {
		if line := v.OthersLine(status); line != "" {
			lines = append(lines, wrap(line, "", "  "))
		}
	}
	return v.heading("checks") + strings.Join(lines, "\n")
}

func (v *view) snapshotText() string {
	list := v.Lines()
	if len(list) == 0 {
		return ""
	}
	lines := make([]string, 0, len(list))
	for _, l := range list {
		lines = append(lines, wrap(v.named(l.Title, l.Text), "- ", "  "))
	}
	return v.heading("snapshot") + strings.Join(lines, "\n")
}

// named is "Disk: 40 GB", with the language's own space before the colon.
func (v *view) named(name, text string) string {
	return v.p.T("report.line.named", "name", name, "text", text)
}

// footer is what is not here, and why names look odd.
func (v *view) footer() string {
	lines := v.WithheldLines()
	for i := range lines {
		lines[i] = wrap(lines[i], "", "  ")
	}
	if m := v.MaskedLine(); m != "" {
		lines = append(lines, wrap(m, "", "  "))
	}
	if len(v.R.Attachments) > 0 {
		var names []string
		for _, a := range v.R.Attachments {
			names = append(names, v.attachment(a))
		}
		lines = append(lines, wrap(v.p.T("report.attached", "files", strings.Join(names, ", ")), "", "  "))
	}
	return strings.Join(lines, "\n")
}

// wrap breaks a line at spaces so that it fits a narrow reader. A word longer than a line stays whole: it may
// be an address to click. Spaces that do not break hold a number and its unit together.
func wrap(s, first, rest string) string {
	if utf8.RuneCountInString(first+s) <= bodyColumns {
		return first + s
	}
	var b strings.Builder
	b.WriteString(first)
	column := utf8.RuneCountInString(first)
	start := true
	for word := range strings.SplitSeq(s, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case start:
		case column+1+n > bodyColumns && n > 0:
			b.WriteString("\n" + rest)
			column = utf8.RuneCountInString(rest)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
		start = false
	}
	return b.String()
}
