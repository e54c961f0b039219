// Package i18n makes text from keys and codes, in French and English.
//
// Texts live in assets/translations/<language>/<area>.yaml and, for causes, in assets/packs/core. Fyne's
// own lang package cannot choose a language, which is why this one exists; Fyne's dialog words follow the
// system.
package i18n

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"balise/assets"
)

// Languages are the languages that every text exists in.
var Languages = [...]string{"en", "fr"}

// Printer makes text in one language. It is safe for concurrent use.
type Printer struct {
	lang  string
	texts map[string]string
	more  map[string]string // of support packs; what stands in texts counts
}

var load = sync.OnceValues(func() (map[string]map[string]string, error) {
	all := map[string]map[string]string{}
	for _, lang := range Languages {
		texts, err := loadLanguage(lang)
		if err != nil {
			return nil, err
		}
		all[lang] = texts
	}
	return all, nil
})

// New returns the printer of a language ("fr", "en"); any other is English.
func New(lang string) *Printer {
	all, err := load()
	if err != nil {
		// The texts are embedded and a test parses them all: this is a build defect, not a user's.
		panic(err)
	}
	if all[lang] == nil {
		lang = "en"
	}
	return &Printer{lang: lang, texts: all[lang]}
}

// With is the printer with the texts of support packs beside its own. None of them replaces one of Balise's.
func (p *Printer) With(words map[string]string) *Printer {
	return &Printer{lang: p.lang, texts: p.texts, more: words}
}

// Lang is the printer's language.
func (p *Printer) Lang() string { return p.lang }

// Has tells whether a key has a text.
func (p *Printer) Has(key string) bool { _, ok := p.text(key); return ok }

func (p *Printer) text(key string) (string, bool) {
	if text, ok := p.texts[key]; ok {
		return text, true
	}
	text, ok := p.more[key]
	return text, ok
}

// T is the text of a key. args are name, value pairs for the text's {name} places. A missing key gives the
// key itself: ugly, visible, and caught by the test that compares the languages.
func (p *Printer) T(key string, args ...any) string {
	text, ok := p.text(key)
	if !ok {
		return key
	}
	if len(args) < 2 {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// N is T on key+".one" or key+".other" by the number, which is also the argument {n}. French counts zero as
// singular, English as plural.
func (p *Printer) N(key string, n int, args ...any) string {
	form := ".other"
	if n == 1 || (n == 0 && p.lang == "fr") {
		form = ".one"
	}
	return p.T(key+form, append([]any{"n", n}, args...)...)
}

func loadLanguage(lang string) (map[string]string, error) {
	texts := map[string]string{}
	dir := path.Join("translations", lang)
	files, err := fs.ReadDir(assets.FS, dir)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	for _, f := range files {
		raw, err := fs.ReadFile(assets.FS, path.Join(dir, f.Name()))
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		var tree map[string]any
		if err := yaml.Unmarshal(raw, &tree); err != nil {
			return nil, fmt.Errorf("read texts %s/%s: %w", dir, f.Name(), err)
		}
		if err := flatten(texts, "", tree); err != nil {
			return nil, fmt.Errorf("read texts %s/%s: %w", dir, f.Name(), err)
		}
	}
	return texts, nil
}

func flatten(into map[string]string, prefix string, tree map[string]any) error {
	for k, v := range tree {
		key := prefix + k
		switch v := v.(type) {
		case map[string]any:
			if err := flatten(into, key+".", v); err != nil {
				return err
			}
		case string:
			if _, twice := into[key]; twice {
				return fmt.Errorf("key %q stands twice", key)
			}
			into[key] = v
		default:
			return fmt.Errorf("key %q: want text, have %T", key, v)
		}
	}
	return nil
}
