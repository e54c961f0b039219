package incident

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"

	"balise/assets"
	"balise/diagnostics"
)

const templateFile = "report/report.html.tmpl"

// html is the report as one page without script or remote resource. html/template escapes everything in it.
func (v *view) html() ([]byte, error) {
	raw, err := fs.ReadFile(assets.FS, templateFile)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	t, err := template.New("report").Funcs(v.functions()).Parse(string(raw))
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (v *view) functions() template.FuncMap {
	return template.FuncMap{
		"t":          func(key string, args ...any) string { return v.p.T("report."+key, args...) },
		"fact":       v.fact,
		"named":      v.named,
		"check":      v.p.Check,
		"attachment": v.attachment,
		"others":     func(s string) string { return v.OthersLine(diagnostics.Status(s)) },
		"statuses":   func() []string { return []string{"pass", "unknown", "skip", "na"} },
		"tone":       tone,
	}
}

// tone is the colour of the top line; it is said in words beside.
func tone(d *Verdict) string {
	switch {
	case d == nil, d.Cause == "undetermined":
		return "open"
	case d.Cause == "healthy":
		return "fine"
	}
	return "bad"
}
