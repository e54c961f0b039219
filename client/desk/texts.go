package desk

import (
	"fmt"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/language"

	"balise/assets"
)

// texts is the page's words in one language. They live in assets/translations/<language>/practice.yaml with
// everybody else's; package i18n belongs to the programs and is not for this layer.
type texts struct {
	lang  string
	words map[string]string
}

// textsPrefix is what all keys of the page begin with.
const textsPrefix = "practice."

func loadTexts(lang string) (*texts, error) {
	file := path.Join("translations", lang, "practice.yaml")
	raw, err := fs.ReadFile(assets.FS, file)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		return nil, fmt.Errorf("read texts %s: %w", file, err)
	}
	t := &texts{lang: lang, words: map[string]string{}}
	t.flatten("", tree)
	return t, nil
}

func (t *texts) flatten(prefix string, tree map[string]any) {
	for k, v := range tree {
		if sub, ok := v.(map[string]any); ok {
			t.flatten(prefix+k+".", sub)
			continue
		}
		t.words[prefix+k] = fmt.Sprint(v)
	}
}

// T is the text of a key of the page; args are name, value pairs for its {name} places. A missing key gives
// itself, and a test looks for such.
func (t *texts) T(key string, args ...any) string {
	text, ok := t.words[textsPrefix+key]
	if !ok {
		return textsPrefix + key
	}
	for i := 0; i+1 < len(args); i += 2 {
		text = strings.ReplaceAll(text, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return text
}

// Or is T, or fallback where there is no such key: for words that come from outside, such as categories.
func (t *texts) Or(key, fallback string) string {
	if text, ok := t.words[textsPrefix+key]; ok {
		return text
	}
	return fallback
}

// N is T on key.one or key.other. French counts zero as singular.
func (t *texts) N(key string, n int) string {
	form := ".other"
	if n == 1 || (n == 0 && t.lang == "fr") {
		form = ".one"
	}
	return t.T(key+form, "n", n)
}

// Ago says how long something is past, as people do.
func (t *texts) Ago(now, at time.Time) string {
	d := now.Sub(at)
	switch {
	case d < time.Minute:
		return t.T("ago.now")
	case d < time.Hour:
		return t.N("ago.minute", int(d/time.Minute))
	case d < 24*time.Hour:
		return t.N("ago.hour", int(d/time.Hour))
	case d < 30*24*time.Hour:
		return t.N("ago.day", int(d/(24*time.Hour)))
	}
	return t.Date(at)
}

// Date is the day in the order of the language.
func (t *texts) Date(at time.Time) string {
	if t.lang == "fr" {
		return at.Local().Format("02/01/2006")
	}
	return at.Local().Format("2 Jan 2006")
}

// Moment is day and time.
func (t *texts) Moment(at time.Time) string { return t.Date(at) + " " + at.Local().Format("15:04") }

// Size is a number of bytes as people read it.
func (t *texts) Size(n int64) string {
	units := []string{"B", "kB", "MB"}
	if t.lang == "fr" {
		units = []string{"o", "ko", "Mo"}
	}
	v, i := float64(n), 0
	for v >= 1000 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	digits := 0
	if i > 0 && v < 10 {
		digits = 1
	}
	text := strconv.FormatFloat(math.Round(v*10)/10, 'f', digits, 64)
	if t.lang == "fr" {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text + "\u00a0" + units[i]
}

// matcher chooses the page's language from what the browser asks for; English is for all others.
func matcher() language.Matcher {
	return language.NewMatcher([]language.Tag{language.English, language.French})
}

func chooseLanguage(m language.Matcher, accept string) string {
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return "en"
	}
	if _, i, confidence := m.Match(tags...); i == 1 && confidence != language.No {
		return "fr"
	}
	return "en"
}
