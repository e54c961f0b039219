package pack

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How long texts may be, in characters: what fits where it is shown.
const (
	maxTitle    = 80
	maxSentence = 400
	maxLong     = 800 // what a step asks, what the technician reads
	maxPhrase   = 120
	maxValue    = 500 // a variable's
	maxAddress  = 300
)

// markup is what a text must not hold: it is shown as it is, everywhere, and some of these places are web pages
// of the desk. Links stand where they can be judged, in contacts and in the verb page.open.
var markup = regexp.MustCompile("<[A-Za-z/!?]|&#?[A-Za-z0-9]{1,31};|\\]\\(|\\*\\*|`|[{}]")

// text judges a text in the pack's languages. One that may be left out is only judged where it is there.
func (l *linter) text(path string, t Text, limit int) {
	if len(t) == 0 {
		return
	}
	for _, lang := range l.f.Pack.Languages {
		if s, ok := t[lang]; !ok || strings.TrimSpace(s) == "" {
			l.fail(path, "language_missing", "language", lang)
		}
	}
	for lang, s := range t {
		if !slices.Contains(l.f.Pack.Languages, lang) {
			l.fail(atKey(path, lang), "language_extra", "language", lang)
			continue
		}
		l.line(atKey(path, lang), s, limit)
	}
}

// line judges one text that people read.
func (l *linter) line(path, s string, limit int) {
	if n := utf8.RuneCountInString(s); n > limit {
		l.fail(path, "text_long", "have", strconv.Itoa(n), "max", strconv.Itoa(limit))
	}
	if r := hidden(s); r != 0 {
		l.fail(path, "text_control", "character", "U+"+strings.ToUpper(strconv.FormatInt(int64(r), 16)))
	}
	if bad := markup.FindString(s); bad != "" {
		l.fail(path, "text_markup", "found", bad)
	}
	if lower := strings.ToLower(s); strings.Contains(lower, "://") || strings.Contains(lower, "www.") ||
		strings.Contains(lower, "mailto:") || strings.Contains(lower, "balise:") {
		l.fail(path, "text_link")
	}
}

// hidden is the first character that is not seen, or that changes how others are seen: control characters, line
// breaks, marks of direction, spaces of no width, private characters. 0 is none. The spaces that French
// typography wants are no such.
func hidden(s string) rune {
	for _, r := range s {
		if r == utf8.RuneError || unicode.Is(unicode.C, r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return r
		}
	}
	return 0
}

// phrases are what people say, by language. A desk may know fewer ways to say it in one language than in the
// other, but none is too few.
func (l *linter) phrases(path string, says map[string][]string) {
	for _, lang := range l.f.Pack.Languages {
		if len(says[lang]) == 0 {
			l.fail(path, "language_missing", "language", lang)
		}
	}
	for lang, list := range says {
		if !slices.Contains(l.f.Pack.Languages, lang) {
			l.fail(atKey(path, lang), "language_extra", "language", lang)
			continue
		}
		l.most(atKey(path, lang), len(list), maxPhrases)
		for i, s := range list {
			sub := at0(atKey(path, lang), i)
			if strings.TrimSpace(s) == "" {
				l.fail(sub, "text_empty")
			}
			l.line(sub, s, maxPhrase)
		}
	}
}

// word judges a short plain word that may be left out: a queue, a phone number.
func (l *linter) word(path, s string) {
	if s != "" {
		l.line(path, s, maxTitle)
	}
}

// https judges a link that people may click.
func (l *linter) https(path, s string) {
	if s != "" && !secureLink(s) {
		l.fail(path, "https_only", "value", s)
	}
}

func secureLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.Opaque == "" &&
		len(s) <= maxAddress && hidden(s) == 0 && !strings.ContainsAny(s, " \\<>\"")
}

func (l *linter) address(path, s string) {
	if s == "" {
		return
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > maxAddress {
		l.fail(path, "bad_mail", "value", s)
	}
}

func (l *linter) contact(path string, c Contact) {
	l.text(path+".name", c.Name, maxTitle)
	l.text(path+".hours", c.Hours, maxTitle)
	l.word(path+".phone", c.Phone)
	l.address(path+".mail", c.Mail)
	l.https(path+".url", c.URL)
}

func (l *linter) branding() {
	b := l.f.Branding
	l.text("branding.name", b.Name, maxTitle)
	if b.Logo != "" && !picture.MatchString(b.Logo) {
		l.fail("branding.logo", "bad_logo", "value", b.Logo)
	}
	if b.Accent != "" && !accent.MatchString(b.Accent) {
		l.fail("branding.accent", "bad_accent", "value", b.Accent)
	}
}
