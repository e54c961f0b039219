package agent

import (
	"strings"

	"balise/app/internal/incident"
	"balise/app/internal/ipc/api"
)

// word gives the child that writes the report the packs' words: what it tests and repairs by, and what this
// incident's symptom asks. The words of all the other symptoms and forms stay here.
func (a *Agent) word(req *incident.RenderRequest, i api.Incident) {
	now := a.packs.get()
	symptomID := ""
	if s, ok := a.symptomOf(i); ok {
		symptomID = s.ID
		lang := a.deskLanguage()
		req.Symptom = &incident.Symptom{
			ID: s.ID, Title: s.Title.In(lang), Technician: s.Technician.In(lang), Category: s.Category, Level: s.Level,
			Urgency: s.Urgency, Queue: s.Queue,
		}
	}
	req.Words = wordsFor(now.words[req.Language], symptomID)
	if req.UserLanguage != req.Language {
		req.UserWords = wordsFor(now.words[req.UserLanguage], symptomID)
	} else {
		req.UserWords = req.Words
	}
}

func wordsFor(all map[string]string, symptom string) map[string]string {
	out := map[string]string{}
	for key, text := range all {
		area, _, _ := strings.Cut(key, ".")
		switch area {
		case "symptom", "form":
		case "question":
			if symptom != "" && strings.HasPrefix(key, "question."+symptom+".") {
				out[key] = text
			}
		default:
			out[key] = text
		}
	}
	return out
}
