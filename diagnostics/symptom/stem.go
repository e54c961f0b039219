package symptom

// shortestStem is how many letters are left at least when an ending is taken off.
const shortestStem = 4

// endings are taken off after a plural, the first that fits; French and English together, since people mix them.
// They are written without accents, as text is when it comes here.
func endings() []string {
	return []string{
		"ations", "ation", "itions", "ition", "ements", "ement", "atrice", "ateur", "euse", "antes", "ante", "aient",
		"ant", "ent", "eur", "ing", "ees", "ee", "ait", "ai", "er", "ez", "ed", "ly", "dre",
	}
}

// stemmer takes the endings off words.
type stemmer struct{ endings []string }

func newStemmer() stemmer { return stemmer{endings()} }

// stem is what words of one family have in common: "imprimantes" and "imprimer" give "imprim". It need not be a word;
// it must only be the same for the pack's words and for people's.
func (s stemmer) stem(w string) string {
	if len(w) <= 3 || !ascii(w) {
		return w
	}
	if last := w[len(w)-1]; len(w) > 3 && (last == 's' && w[len(w)-2] != 's' || last == 'x') {
		w = w[:len(w)-1]
	}
	for _, end := range s.endings {
		if n := len(w) - len(end); n >= shortestStem && w[n:] == end {
			w = w[:n]
			if end == "dre" {
				w += "d"
			}
			break
		}
	}
	if len(w) > shortestStem && w[len(w)-1] == 'e' {
		w = w[:len(w)-1]
	}
	if n := len(w); n > shortestStem && w[n-1] == w[n-2] && !vowel(w[n-1]) {
		w = w[:n-1]
	}
	if n := len(w); n > 3 && w[n-1] == 'y' {
		return w[:n-1] + "i"
	}
	return w
}

func vowel(c byte) bool {
	switch c {
	case 'a', 'e', 'i', 'o', 'u', 'y':
		return true
	}
	return false
}

func ascii(w string) bool {
	for i := range len(w) {
		if w[i] >= 0x80 {
			return false
		}
	}
	return true
}
