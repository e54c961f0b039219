package i18n

// PackProblem says what is wrong with a support pack, and what to do (pack.Problem). Wishes are codes
// themselves ("duration"). A code without a text gives the code.
func (p *Printer) PackProblem(code string, args map[string]string) string {
	s := p.packText("pack.problem."+code, code, args)
	if near := args["near"]; near != "" {
		s += " " + p.T("cli.pack.near", "near", near)
	}
	return s
}

// PackRefusal says why a support pack was not taken, and what to do (pack.Refusal).
func (p *Printer) PackRefusal(code string, args map[string]string) string {
	return p.packText("pack.refused."+code, code, args)
}

func (p *Printer) packText(key, code string, args map[string]string) string {
	if !p.Has(key) {
		return code
	}
	pairs := make([]any, 0, 2*len(args))
	for name, value := range args {
		if name == "want" && p.Has("pack.want."+value) {
			value = p.T("pack.want."+value, "among", args["among"], "min", args["min"], "max", args["max"])
		}
		pairs = append(pairs, name, value)
	}
	return unfilled.ReplaceAllString(p.T(key, pairs...), "…")
}
