package config

import (
	"strings"

	"github.com/jeandeaual/go-locale"
)

// ResolveLanguage turns the setting ("auto", "fr", "en") into a language that Balise speaks. "auto" is the
// first of the system's languages that we have, and English when there is none.
func ResolveLanguage(setting string) string {
	if setting == "fr" || setting == "en" {
		return setting
	}
	tags, err := locale.GetLocales()
	if err != nil {
		return "en" // a system that cannot say its language must not keep anyone from asking for help
	}
	return firstSpoken(tags)
}

func firstSpoken(tags []string) string {
	for _, tag := range tags {
		switch head, _, _ := strings.Cut(strings.ToLower(tag), "-"); head {
		case "fr", "en":
			return head
		}
	}
	return "en"
}
