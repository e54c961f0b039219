package redact

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"balise/diagnostics"
)

// maxScan bounds what one scan reads; our files are a few megabytes at most.
const maxScan = 64 << 20

// Leak is something that must not leave, found in final bytes. It does not say what, so that it can be logged.
type Leak struct {
	Kind   string `json:"kind"`   // a diagnostics.Kind or "secret"
	Form   string `json:"form"`   // how it was written: "plain", "escaped", "base64", "hex", "utf-16", "pattern"
	Offset int64  `json:"offset"` // of the first byte
}

// Scan looks for known identifiers and secrets in final bytes, the machine's name among them.
func Scan(r io.Reader, known Known) ([]Leak, error) {
	return New(Params{Known: known, WithholdMachine: true}).Scan(r)
}

// Scan looks for what this Redactor would have replaced, by the dictionary and by the certain shapes of
// secrets. An error means that the bytes could not be judged, and so must not leave either.
func (r *Redactor) Scan(in io.Reader) ([]Leak, error) {
	raw, err := io.ReadAll(io.LimitReader(in, maxScan+1))
	if err != nil {
		return nil, fmt.Errorf("scan: %w", err)
	}
	if len(raw) > maxScan {
		return nil, fmt.Errorf("scan: more than %d bytes", maxScan)
	}
	text := string(raw)
	var leaks []Leak
	for _, m := range r.secrets.find(text) {
		leaks = append(leaks, Leak{"secret", r.secrets.patterns[m.pattern].form, int64(m.start)})
	}
	var allowed []match
	for _, m := range r.names.find(text) {
		p := r.names.patterns[m.pattern]
		if it := r.known.Items[p.item]; it.Class != diagnostics.Machine || r.p.WithholdMachine {
			leaks = append(leaks, Leak{kindName(it.Kind), p.form, int64(m.start)})
		} else {
			allowed = append(allowed, m)
		}
	}
	for _, sh := range r.short {
		if sh.item.Class == diagnostics.Machine && !r.p.WithholdMachine {
			continue
		}
		for _, m := range sh.strict.FindAllStringIndex(text, -1) {
			// "host: bob-pc" names the machine, which may be seen, not its user.
			if !slices.ContainsFunc(allowed, func(a match) bool { return a.start < m[1] && m[0] < a.end }) {
				leaks = append(leaks, Leak{kindName(sh.item.Kind), "plain", int64(m[0])})
			}
		}
	}
	readable := unescapeLines(text)
	for _, c := range certainSecrets {
		if !c.maybe(readable) {
			continue
		}
		for _, m := range c.re.FindAllStringIndex(readable, -1) {
			leaks = append(leaks, Leak{"secret", "pattern", int64(m[0])})
		}
	}
	return leaks, nil
}

// unescapeLines undoes what JSON and HTML do to line ends and quotes, which end a secret: in JSON,
// "http://host:80\nzoe@example.org" would else look like a URL with a password.
func unescapeLines(s string) string {
	s = strings.NewReplacer(`\\`, `\\`, `\n`, " \n", `\t`, " \t", `\"`, ` "`).Replace(s)
	if strings.Contains(s, "&") {
		s = html.UnescapeString(s)
	}
	return s
}
