package cli

import (
	"regexp"
	"strings"
)

// symptomID is the form of a symptom's id (see package pack).
var symptomID = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`)

// maxSymptomID is the longest id of a symptom.
const maxSymptomID = 64

// isLink tells whether a word is a balise: link.
func isLink(s string) bool { return strings.HasPrefix(strings.ToLower(s), "balise:") }

// parseLink reads a balise: link. There are two: "balise:" and "balise:describe" open the describe page,
// "balise:describe?symptom=ID" opens it on a symptom. Whatever else one says is refused, and not guessed at: a
// link comes from anywhere, and must never start a self-test, a repair or a send. Programs that hand links on
// may have put slashes into them.
func parseLink(s string) (symptom string, ok bool) {
	if !isLink(s) {
		return "", false
	}
	rest := strings.TrimPrefix(s[len("balise:"):], "//")
	page, query, asked := strings.Cut(rest, "?")
	page = strings.TrimSuffix(page, "/")
	if page != "" && page != "describe" || asked && page == "" {
		return "", false
	}
	if !asked {
		return "", true
	}
	symptom, ok = strings.CutPrefix(query, "symptom=")
	if !ok || len(symptom) > maxSymptomID || !symptomID.MatchString(symptom) {
		return "", false
	}
	return symptom, true
}
