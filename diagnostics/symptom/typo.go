package symptom

// How words that nobody knows are recognised: by how they sound, and by at most two slips of the finger.

// shortest is how long a word must be for a slip to be forgiven: short words are too near each other.
const shortest = 5

// slips is how many a word of this length may have.
func slips(n int) int {
	switch {
	case n < shortest:
		return 0
	case n < 8:
		return 1
	default:
		return 2
	}
}

// typos finds known words near to one that is unknown.
type typos struct {
	words []string         // the known words, in the order in which they were added
	sound map[string][]int // by how they sound
	near  map[string][]int // by how they sound with one letter less; the sound itself is among them
}

func newTypos() *typos {
	return &typos{sound: map[string][]int{}, near: map[string][]int{}}
}

func (t *typos) add(w string) {
	if len(w) < shortest-1 || !ascii(w) {
		return
	}
	n := len(t.words)
	t.words = append(t.words, w)
	key := sound(w)
	t.sound[key] = append(t.sound[key], n)
	if len(w) < shortest {
		return
	}
	t.near[key] = append(t.near[key], n)
	without(key, func(k string) { t.near[k] = append(t.near[k], n) })
}

// without calls f with every form of a word that has one letter less.
func without(w string, f func(string)) {
	for i := range len(w) {
		if i > 0 && w[i] == w[i-1] {
			continue // the same form again
		}
		f(w[:i] + w[i+1:])
	}
}

// find is the known word nearest to one that is unknown, and how near it is: 1 is the word itself.
func (t *typos) find(w string) (known string, near float64) {
	if len(w) < shortest-1 || len(w) > 40 || !ascii(w) || digits(w) {
		return "", 0
	}
	key := sound(w)
	best, least := -1, slips(len(w))+1
	look := func(list []int) {
		for _, n := range list {
			d := distance(w, t.words[n], least)
			if d < least || d == least && best >= 0 && n < best {
				best, least = n, d
			}
		}
	}
	if list := t.sound[key]; len(list) > 0 {
		least = 3 + len(w)/4 // what sounds the same may be written quite differently
		look(list)
		if best >= 0 {
			return t.words[best], 0.9
		}
		least = slips(len(w)) + 1
	}
	if len(w) < shortest {
		return "", 0
	}
	look(t.near[key])
	without(key, func(k string) { look(t.near[k]) })
	if best < 0 {
		return "", 0
	}
	return t.words[best], [...]float64{1, 0.8, 0.65}[min(least, 2)]
}

func digits(w string) bool {
	for i := range len(w) {
		if w[i] <= '9' {
			return true
		}
	}
	return false
}

// sound is roughly how a word sounds in French or English: what is often written for one another becomes the same
// letter, double letters become one, and a mute ending falls away.
func sound(w string) string {
	b := make([]byte, 0, len(w))
	for i := 0; i < len(w); i++ {
		c := w[i]
		next := byte(0)
		if i+1 < len(w) {
			next = w[i+1]
		}
		switch {
		case c == 'p' && next == 'h':
			c, i = 'f', i+1
		case c == 'q' && next == 'u':
			c, i = 'k', i+1
		case c == 'c' && next == 'k':
			c, i = 'k', i+1
		case c == 'c' && (next == 'e' || next == 'i' || next == 'y'):
			c = 's'
		case c == 'c' && next != 'h', c == 'q':
			c = 'k'
		case c == 'e' && next == 'a' && i+2 < len(w) && w[i+2] == 'u':
			c, i = 'o', i+2
		case c == 'a' && next == 'u':
			c, i = 'o', i+1
		case (c == 'a' || c == 'e') && next == 'i':
			c, i = 'e', i+1
		case c == 'e' && (next == 'n' || next == 'm') && i+2 < len(w) && !vowel(w[i+2]):
			c = 'a'
		case c == 'y':
			c = 'i'
		case c == 'z':
			c = 's'
		case c == 'h' && i > 0:
			if p := w[i-1]; p == 's' || p == 'c' {
				break
			}
			continue
		case c == 'm' && (next == 'p' || next == 'b'):
			c = 'n'
		}
		if len(b) == 0 || b[len(b)-1] != c {
			b = append(b, c)
		}
	}
	for len(b) > 3 {
		switch b[len(b)-1] {
		case 'e', 's', 't', 'd', 'x':
			b = b[:len(b)-1]
			continue
		}
		break
	}
	return string(b)
}

// distance is how many letters must be changed, added, left out or swapped with their neighbour to make one word of
// the other; limit or more counts as limit.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	if len(a) > 48 || len(b) > 48 {
		return limit
	}
	var rows [3][49]int
	before, above, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if least >= limit {
			return limit
		}
		before, above, row = above, row, before
	}
	return min(above[len(b)], limit)
}
