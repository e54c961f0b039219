package redact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A secret is not aliased but dropped, with its line: what stands around a password often says which door it
// opens. In a line that is a paragraph only its sentence goes, or the whole complaint would be lost.
const longLine = 160

// shape is the form of one kind of secret. No text matches re that has none of the hints (in small letters):
// looking for those costs a hundredth.
type shape struct {
	hints []string
	re    *regexp.Regexp
}

func (s shape) maybe(text string) bool {
	for _, h := range s.hints {
		if containsFold(text, h) {
			return true
		}
	}
	return false
}

// certainSecrets have a shape that nothing else has: these are looked for in the final bytes too.
var certainSecrets = []shape{
	{[]string{"eyj"}, regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*`)},
	{[]string{"ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-"}, regexp.MustCompile(
		`\b(?:ghp|gho|ghs|ghu|ghr)_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}`)},
	{[]string{"sk-", "sk_"}, regexp.MustCompile(`\bsk[-_](?:[a-z]+[-_])*[A-Za-z0-9]{16,}`)},
	{[]string{"akia", "asia"}, regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`)},
	{[]string{"xox"}, regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`)},
	{[]string{"aiza"}, regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{30,}`)},
	{[]string{"bearer"}, regexp.MustCompile(`(?i)\bbearer[ \t]+(?:[A-Za-z._~+/-]*[0-9][A-Za-z0-9._~+/-]{7,}|` +
		`[A-Za-z0-9._~+/-]{7,}[0-9]|[A-Za-z0-9._~+/-]{24,})=*`)},
	{[]string{"authorization"}, regexp.MustCompile(`(?i)\bauthorization[ \t]*[:=][ \t]*\S.*`)},
	{[]string{"cookie"}, regexp.MustCompile(`(?i)\b(?:set-)?cookie[ \t]*:[ \t]*\S+=\S.*`)},
	{[]string{"://"}, regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://[^\s/:@"'<>]*:[^\s/@"'<>]+@`)},
	{[]string{"private key"}, regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----`)},
}

// said are the words before a secret in reAssigned, reOption and reSaid.
var said = shape{hints: []string{
	"pass", "pwd", "mdp", "secret", "token", "jeton", "pin", "psk", "key", "sid", "session_id", "clé", "wifi",
	"wi-fi", "api",
}}

const secretWord = `(?:password|passwort|passwd|passwrd|pwd|passphrase|mot de passe|mdp|code pin|` +
	`pin(?: code)?|psk|secret|client_secret|` +
	`(?:api|access|secret|private|wi-?fi|clé|cle)[ _-]?(?:key|wi-?fi|token|api|clé)|[a-z0-9_-]*token|jeton|` +
	`sessionid|session_id|phpsessid|jsessionid|sid)`

var (
	// password=x, --token x, PASSWORD='x': always.
	reAssigned = regexp.MustCompile(`(?i)(?:^|[^a-zà-ÿ])` + secretWord + `["']?\s?(?:=|:=)\s*["']?[^\s"']+`)
	reOption   = regexp.MustCompile(`(?i)--?(?:password|passwd|pass|token|secret|api-key|apikey)[ =]+[^\s-]\S*`)
	// "password: x", "mon mot de passe est x": only when x looks like one, because "Password: forgotten" is a
	// complaint.
	reSaid = regexp.MustCompile(`(?i)(?:^|[^a-zà-ÿ])` + secretWord +
		`["']?\s*(?::|\s+(?:is|est|was|était|c'est)\s)\s*["'«]?\s*(\S+)`)
	rePEM = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*-----|\z)`)
)

// dropSecrets returns s without the lines that hold a secret, and how many there were.
func (r *Redactor) dropSecrets(s string) (string, int) {
	dropped := 0
	if strings.Contains(s, "-----BEGIN") {
		s = rePEM.ReplaceAllStringFunc(s, func(string) string { dropped++; return r.p.Dropped })
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		spans := r.secretSpans(line)
		if len(spans) == 0 {
			continue
		}
		dropped++
		if len(line) <= longLine {
			lines[i] = r.p.Dropped
			continue
		}
		lines[i] = cutSpans(line, spans, r.p.Dropped)
	}
	return strings.Join(lines, "\n"), dropped
}

func (r *Redactor) secretSpans(line string) [][]int {
	var spans [][]int
	for _, m := range r.secrets.find(line) {
		spans = append(spans, []int{m.start, m.end})
	}
	for _, c := range certainSecrets {
		if c.maybe(line) {
			spans = append(spans, c.re.FindAllStringIndex(line, -1)...)
		}
	}
	if !said.maybe(line) {
		return spans
	}
	spans = append(spans, reAssigned.FindAllStringIndex(line, -1)...)
	spans = append(spans, reOption.FindAllStringIndex(line, -1)...)
	for _, m := range reSaid.FindAllStringSubmatchIndex(line, -1) {
		if looksSecret(line[m[2]:m[3]]) {
			spans = append(spans, []int{m[0], m[1]})
		}
	}
	return spans
}

// looksSecret tells a made-up word from a word: it mixes letters with digits, signs or capitals.
func looksSecret(w string) bool {
	w = strings.Trim(w, `.,;:!?"'»)`)
	var letter, digit, sign, upperInside bool
	for i, c := range w {
		switch {
		case unicode.IsDigit(c):
			digit = true
		case unicode.IsUpper(c):
			letter = true
			upperInside = upperInside || i > 0
		case unicode.IsLetter(c):
			letter = true
		case c != '\'' && c != '’' && c != '-' && c != '/' && c != '…':
			sign = true
		}
	}
	lower := strings.ToUpper(w) != w
	return len(w) >= 4 && (digit || letter && sign || letter && upperInside && lower)
}

// containsFold is strings.Contains without regard to the case of ASCII letters; sub is in lower case.
func containsFold(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if fold(s[i]) == sub[0] && equalFold(s[i:i+len(sub)], sub) {
			return true
		}
	}
	return false
}

// cutSpans replaces each span, and the sentence around it.
func cutSpans(s string, spans [][]int, with string) string {
	cut := make([]bool, len(s))
	for _, sp := range spans {
		from, to := sentence(s, sp[0], sp[1])
		for i := from; i < to; i++ {
			cut[i] = true
		}
	}
	var b strings.Builder
	for i := range len(s) {
		switch {
		case !cut[i]:
			b.WriteByte(s[i])
		case i == 0 || !cut[i-1]:
			b.WriteString(with)
		}
	}
	return b.String()
}

// sentence widens a span to where sentences end, at most a line's length to each side, and never into a
// character.
func sentence(s string, from, to int) (int, int) {
	for n := 0; from > 0 && n < longLine && !ends(s, from-1); n++ {
		from--
	}
	for n := 0; to < len(s) && n < longLine && !ends(s, to); n++ {
		to++
	}
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	return from, to
}

// ends tells whether a sentence ends at the blank s[i].
func ends(s string, i int) bool {
	return s[i] == ' ' && i > 0 && strings.IndexByte(".!?;", s[i-1]) >= 0
}
