package i18n

import "regexp"

// Error says what happened and what to do next, for an api.Error. A code without texts, of a newer agent or
// of a defect, gives the texts of "internal": both sentences are always there.
func (p *Printer) Error(code string, args map[string]string) (what, next string) {
	if !p.Has("error." + code + ".what") {
		code = "internal"
	}
	pairs := make([]any, 0, 2*len(args))
	for name, value := range args {
		// A few arguments are codes themselves ("expired").
		if key := "error_" + name + "." + value; p.Has(key) {
			value = p.T(key)
		}
		pairs = append(pairs, name, value)
	}
	clean := func(s string) string { return unfilled.ReplaceAllString(s, "…") }
	return clean(p.T("error."+code+".what", pairs...)), clean(p.T("error."+code+".next", pairs...))
}

// unfilled is a place whose argument the caller did not have.
var unfilled = regexp.MustCompile(`\{[a-z_]+\}`)
