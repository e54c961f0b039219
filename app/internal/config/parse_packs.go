package config

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"balise/diagnostics/pack"
)

// What settings say about support packs. Who may sign them decides what Balise believes, so that only the
// administrator's settings are heeded; the same line in a user's file is a mistake that is told.

// publisherKey wants a publisher's key as `balise pack keygen` prints it.
func publisherKey(s string) error {
	_, err := pack.ParseKey(s)
	return err
}

// publishers are checked keys as bytes.
func publishers(byName map[string]string) map[string]ed25519.PublicKey {
	if byName == nil {
		return nil
	}
	keys := make(map[string]ed25519.PublicKey, len(byName))
	for name, text := range byName {
		if k, err := pack.ParseKey(text); err == nil {
			keys[name] = k
		}
	}
	return keys
}

// texts reads texts by name.
func (w *walker) textsByName(k key, n ast.Node) (value, error) {
	v := value{byName: map[string]string{}}
	if _, null := n.(*ast.NullNode); !null && len(pairs(n)) == 0 {
		return value{}, w.fail(n, k.name, "is not a list of names and keys", k.want)
	}
	for _, p := range pairs(n) {
		name := p.Key.GetToken().Value
		if _, twice := v.byName[name]; twice {
			return value{}, w.fail(p.Key, k.name+"."+name, "stands twice", "one value")
		}
		if !pack.IsPublisher(name) {
			return value{}, w.fail(p.Key, k.name, fmt.Sprintf("%q is not a publisher's name", name),
				"small letters, digits and _")
		}
		s, err := w.scalar(key{name: k.name + "." + name, want: k.want, check: k.check}, p.Value)
		if err != nil {
			return value{}, err
		}
		v.byName[name] = s
	}
	return v, nil
}

// parseByName reads texts by name from one text, "acme=ed25519:..., globex=ed25519:...", as the registry of
// Windows holds them.
func parseByName(k key, text string) (value, error) {
	v := value{byName: map[string]string{}}
	for part := range strings.SplitSeq(text, ",") {
		name, s, ok := strings.Cut(strings.TrimSpace(part), "=")
		err := errors.New("is not name=key")
		if ok && pack.IsPublisher(name) {
			err = checkText(k, s)
		}
		if err != nil || s == "" {
			return value{}, &Error{File: "settings", Key: k.name, Problem: fmt.Sprintf("%q: %v", part, err), Want: k.want}
		}
		v.byName[name] = s
	}
	return v, nil
}

// others are keys of a layer that is not the administrator's and that only the administrator may set. They are
// taken out.
func (l layer) others() (mistakes []error) {
	for _, k := range keys {
		if v, ok := l.values[k.name]; ok && k.admin && l.source != "policy" {
			delete(l.values, k.name)
			mistakes = append(mistakes, &Error{
				File: l.file, Line: v.line, Column: v.column, Key: k.name,
				Problem: "may only stand in the administrator's settings", Want: "it in the policy file",
			})
		}
	}
	return mistakes
}
