package pack

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// seenFile keeps the highest version of each signed pack that this computer has taken, in the state folder.
const seenFile = "packs.json"

// seen are those versions. Without a folder they are forgotten at the end.
type seen struct {
	file     string
	versions map[string]string
	changed  bool
	err      error
}

func newSeen(dir string) *seen {
	s := &seen{versions: map[string]string{}}
	if dir == "" {
		return s
	}
	s.file = filepath.Join(dir, seenFile)
	raw, err := os.ReadFile(s.file)
	if errors.Is(err, os.ErrNotExist) {
		return s
	}
	if err == nil {
		err = json.Unmarshal(raw, &s.versions)
	}
	if err != nil {
		// What was seen is lost. That is said aloud, and the file is written anew: a pack that nobody can load
		// any more would help nobody.
		s.err, s.changed, s.versions = fmt.Errorf("read versions of packs: %w", err), true, map[string]string{}
	}
	return s
}

// atLeast tells whether a version is not older than what was seen.
func (s *seen) atLeast(id, version string) bool {
	before, known := s.versions[id]
	return !known || CompareVersions(version, before) >= 0
}

func (s *seen) note(id, version string) {
	if before, known := s.versions[id]; !known || CompareVersions(version, before) > 0 {
		s.versions[id], s.changed = version, true
	}
}

// save writes what is new, atomically. The error is also what reading met.
func (s *seen) save() error {
	if !s.changed || s.file == "" {
		return s.err
	}
	raw, err := json.MarshalIndent(s.versions, "", "  ")
	if err != nil {
		return errors.Join(s.err, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(s.file), ".packs-*") // 0600 by CreateTemp
	if err != nil {
		return errors.Join(s.err, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(append(raw, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), s.file)
	}
	return errors.Join(s.err, err)
}
